"""§3.1 as a truth table in which equality passes, and what only an approved agency may do (§3.2, §3.3)."""

from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest

from tests.rules.records import NOW, POLICY, TODAY, agency, fields_at_fault, policy, refusal_of, refused_by
from voucher.policy import Category
from voucher.refusals import Refusal, Refused, refuse_first
from voucher.rules.agencies import (
    approval_ends_on,
    check_active,
    check_scope,
    check_signed_after_approval,
    conditions_not_met,
    first_approved_on,
    is_active,
    renewing_agency,
    waived_conditions,
)

# `records.agency` meets each condition exactly; each of these is one fen, day, square metre or person less
FAILS: dict[Refusal, tuple[dict[str, Any], str, str]] = {
    Refusal.AGENCY_NOT_LEGAL_PERSON: ({"is_legal_person": False}, "§3.1.1", "服务机构不具有独立法人资格。"),
    Refusal.AGENCY_TOO_YOUNG: ({"established_on": date(2024, 6, 16)}, "§3.1.1", "服务机构运营不足24个月。"),
    Refusal.AGENCY_AT_LOSS: ({"net_profit_last_year_fen": -1}, "§3.1.1", "服务机构上一年度经营亏损。"),
    Refusal.AGENCY_PREMISES: ({"premises_m2": 49}, "§3.1.2", "固定服务场所不足50平方米。"),
    Refusal.AGENCY_MANAGEMENT: ({"has_management_system": False}, "§3.1.3", "服务机构没有健全的管理制度。"),
    Refusal.AGENCY_STAFF: ({"insured_staff": 4}, "§3.1.4", "缴纳社保的专职服务人员不足5人。"),
}


@pytest.mark.clause("§3.1.1")
@pytest.mark.clause("§3.1.2")
@pytest.mark.clause("§3.1.3")
@pytest.mark.clause("§3.1.4")
def test_an_agency_that_meets_every_condition_exactly_passes() -> None:
    assert conditions_not_met(agency(), POLICY) == {}


@pytest.mark.clause("§3.1.1")
@pytest.mark.clause("§3.1.2")
@pytest.mark.clause("§3.1.3")
@pytest.mark.clause("§3.1.4")
@pytest.mark.parametrize("refusal", FAILS)
def test_exactly_one_condition_fails_just_below_its_bound(refusal: Refusal) -> None:
    changes, clause, words = FAILS[refusal]
    found = conditions_not_met(agency(**changes), POLICY).values()
    assert [(each.refusal, each.clause, each.detail) for each in found] == [(refusal, clause, words)]


@pytest.mark.clause("§3.1.1")
def test_every_combination_of_shortcomings_is_named_in_full() -> None:
    for count in range(len(FAILS) + 1):
        for broken in combinations(FAILS, count):
            changes = {name: value for each in broken for name, value in FAILS[each][0].items()}
            assert [each.refusal for each in conditions_not_met(agency(**changes), POLICY).values()] == list(broken)


@pytest.mark.clause("§3.1.1")
@pytest.mark.parametrize(
    ("established_on", "applied_on", "old_enough"),
    [
        (date(2024, 6, 15), date(2026, 6, 15), True),
        (date(2024, 6, 16), date(2026, 6, 15), False),
        (date(2024, 2, 29), date(2026, 2, 28), True),
        (date(2024, 2, 29), date(2026, 2, 27), False),
    ],
)
def test_two_years_of_operation_count_to_the_day_of_the_application(
    established_on: date, applied_on: date, old_enough: bool
) -> None:
    found = conditions_not_met(agency(established_on=established_on, applied_on=applied_on), POLICY)
    assert (not found) is old_enough


@pytest.mark.clause("§3.1.1")
def test_the_thresholds_are_the_programmes_own() -> None:
    stricter = policy(
        agency_min_net_profit_fen=1,
        agency_min_premises_m2=51,
        agency_min_insured_staff=6,
        agency_min_age_months=25,
    )
    assert [each.detail for each in conditions_not_met(agency(), stricter).values()] == [
        "服务机构运营不足25个月。",
        "服务机构上一年度经营亏损。",
        "固定服务场所不足51平方米。",
        "缴纳社保的专职服务人员不足6人。",
    ]


@pytest.mark.clause("§3.1.1")
@pytest.mark.clause("§3.1.2")
@pytest.mark.parametrize("refusal", FAILS)
def test_an_override_waives_the_legal_person_and_the_premises_and_nothing_else(refusal: Refusal) -> None:
    broken = agency(**FAILS[refusal][0])
    assert refusal_of(waived_conditions, broken, POLICY, None, None) is refusal
    waivable = {Refusal.AGENCY_NOT_LEGAL_PERSON: ("legal_person",), Refusal.AGENCY_PREMISES: ("premises",)}
    if refusal in waivable:
        assert waived_conditions(broken, POLICY, "会议纪要", None) == waivable[refusal]
    else:
        assert refusal_of(waived_conditions, broken, POLICY, "会议纪要", None) is refusal


@pytest.mark.clause("§3.1.1")
def test_an_override_that_names_what_it_waives_waives_no_more() -> None:
    both = agency(is_legal_person=False, premises_m2=49)
    assert waived_conditions(both, POLICY, "会议纪要", ["legal_person", "premises"]) == ("legal_person", "premises")
    assert refusal_of(waived_conditions, both, POLICY, "会议纪要", ["legal_person"]) is Refusal.AGENCY_PREMISES
    assert refusal_of(waived_conditions, both, POLICY, "会议纪要", []) is Refusal.AGENCY_NOT_LEGAL_PERSON
    assert waived_conditions(agency(), POLICY, "会议纪要", ["premises"]) == ()


@pytest.mark.clause("§3.1.4")
def test_a_waiver_of_what_cannot_be_waived_or_without_a_reason_is_malformed() -> None:
    wrong = refused_by(waived_conditions, agency(), POLICY, "同意", ["staff", "premises"])
    assert wrong is not None
    assert [(each.field, each.clause, each.allowed) for each in wrong.errors] == [
        ("waives", "§3.1.4", ("legal_person", "premises"))
    ]
    assert fields_at_fault(Refusal.MALFORMED, waived_conditions, agency(), POLICY, None, ["premises"]) == ["override"]


@pytest.mark.clause("§3.1.1")
def test_of_several_shortcomings_the_first_in_the_text_stands_in_front() -> None:
    both = {"insured_staff": 4, "net_profit_last_year_fen": -1}
    with pytest.raises(Refused) as no:
        refuse_first(conditions_not_met(agency(**both), POLICY).values())
    assert no.value.refusal is Refusal.AGENCY_AT_LOSS
    assert [each.clause for each in no.value.errors] == ["§3.1.1", "§3.1.4"]


@pytest.mark.clause("§3.2.3")
@pytest.mark.parametrize(
    ("approved_on", "last_day"),
    [(date(2026, 6, 15), date(2028, 6, 15)), (date(2024, 2, 29), date(2026, 2, 28))],
)
def test_an_approval_lasts_two_years(approved_on: date, last_day: date) -> None:
    never, renewing = agency(valid_until=None), agency(valid_until=approved_on, renewal=True)
    assert approval_ends_on(never, POLICY, approved_on) == last_day
    assert approval_ends_on(renewing, POLICY, approved_on) == last_day


@pytest.mark.clause("§3.2.3")
def test_an_approval_that_was_only_reopened_keeps_its_end() -> None:
    reopened = agency(state="pre_reviewed", valid_until=date(2027, 1, 2))
    assert approval_ends_on(reopened, POLICY, date(2026, 6, 15)) == date(2027, 1, 2)


@pytest.mark.clause("§3.2.3")
def test_an_approval_that_was_only_reopened_is_not_given_again_after_its_end() -> None:
    reopened = agency(state="pre_reviewed", valid_until=TODAY)
    assert approval_ends_on(reopened, POLICY, TODAY) == TODAY
    no = refused_by(approval_ends_on, reopened, POLICY, TODAY + timedelta(days=1))
    assert no is not None
    assert (no.refusal, no.clause, "2026-06-15" in no.detail) == (Refusal.RENEWAL_REQUIRED, "§3.2.3", True)


@pytest.mark.clause("§3.2.3")
@pytest.mark.parametrize(
    ("state", "on_its_way", "still_active"),
    [
        ("active", False, True),
        ("returned", True, True),
        ("rejected", True, True),
        ("returned", False, False),
        ("rejected", False, False),
    ],
)
def test_a_renewal_keeps_an_approval_that_counts_and_brings_none_back(
    state: str, on_its_way: bool, still_active: bool
) -> None:
    once = renewing_agency(agency(state=state, renewal=on_its_way), POLICY, TODAY)
    again = renewing_agency(once.model_copy(update={"state": "rejected"}), POLICY, TODAY)
    assert [is_active(each, TODAY) for each in (once, again)] == [still_active] * 2
    assert approval_ends_on(once, POLICY, TODAY) == date(2028, 6, 15)


@pytest.mark.clause("§3.2.2")
@pytest.mark.parametrize(
    "state",
    ["draft", "submitted", "pre_reviewed", "returned", "rejected", "removal_proposed", "removed"],
)
def test_an_agency_that_is_not_active_lists_nothing_and_takes_no_order(state: str) -> None:
    assert refusal_of(check_active, agency(state=state), TODAY) is Refusal.AGENCY_NOT_ACTIVE


@pytest.mark.clause("§3.2.3")
def test_an_active_agency_acts_on_the_last_day_of_its_approval_and_not_a_day_longer() -> None:
    assert refusal_of(check_active, agency(valid_until=TODAY), TODAY) is None
    for way in ({}, {"state": "submitted", "renewal": True}):
        no = refused_by(check_active, agency(valid_until=TODAY, **way), TODAY + timedelta(days=1))
        assert no is not None and (no.refusal, no.clause) == (Refusal.AGENCY_NOT_ACTIVE, "§3.2.3")


@pytest.mark.clause("§1.4b")
def test_a_contract_is_not_older_than_the_agencys_first_approval() -> None:
    renewed = agency(first_approved_on=TODAY, approved_at=NOW)
    assert refusal_of(check_signed_after_approval, TODAY, renewed) is None
    no = refusal_of(check_signed_after_approval, TODAY - timedelta(days=1), renewed)
    assert no is Refusal.CONTRACT_BEFORE_APPROVAL


@pytest.mark.clause("§1.4b")
def test_of_an_older_record_only_days_before_its_application_are_too_early() -> None:
    old = agency(created_at=datetime(2024, 9, 1, 17, tzinfo=UTC), approved_at=NOW)
    assert first_approved_on(old) == date(2024, 9, 2)
    assert first_approved_on(agency(approved_at=None)) is None
    assert refusal_of(check_signed_after_approval, date(2020, 1, 1), agency(approved_at=None)) is None


@pytest.mark.clause("§3.2.2")
def test_an_agency_that_is_not_approved_is_refused_for_that_whatever_its_last_day() -> None:
    for way in ({"state": "returned"}, {"state": "submitted", "renewal": True, "suspended": True}):
        no = refused_by(check_active, agency(**way), TODAY + timedelta(days=1))
        assert no is not None and (no.refusal, no.clause) == (Refusal.AGENCY_NOT_ACTIVE, "§3.2.2")


@pytest.mark.clause("§3.2.2")
def test_an_unknown_agency_and_one_without_a_term_are_not_active() -> None:
    assert refusal_of(check_active, None, TODAY) is Refusal.AGENCY_NOT_ACTIVE
    assert refusal_of(check_active, agency(valid_until=None), TODAY) is Refusal.AGENCY_NOT_ACTIVE


@pytest.mark.clause("§3.3")
def test_a_product_lies_within_what_the_agency_was_approved_for() -> None:
    seller = agency(categories=(Category.IP, Category.LEGAL))
    allowed = [category for category in Category if refusal_of(check_scope, seller, category) is None]
    assert allowed == [Category.LEGAL, Category.IP]
    assert refusal_of(check_scope, seller, Category.HR) is Refusal.OUTSIDE_AGENCY_SCOPE
