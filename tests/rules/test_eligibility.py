"""§2.1 as a truth table: everything right passes, then one paragraph fails at a time, at its boundary."""

from datetime import date
from itertools import combinations
from typing import Any

import pytest

from tests.rules.records import POLICY, TODAY, YEAR, enterprise, policy, standing
from voucher.policy import SizeClass
from voucher.refusals import Refusal, Refused, refuse_first
from voucher.rules.eligibility import findings, latest_rating_is_d, refusals, size_class

# rule → what an enterprise or its standing needs to fail it, alone
ENTERPRISE_FAILS: dict[str, dict[str, Any]] = {
    "district": {"district": "other"},
    "legal_person": {"is_legal_person": False},
    "direction": {"outside_direction": True},
    "sector": {"industry_code": "4710"},
    "size": {"employees": 5_000, "revenue_fen": 10**12, "assets_fen": 10**12},
    "age": {"established_on": date(2025, 6, 16)},
}
STANDING_FAILS: dict[str, dict[str, Any]] = {
    "rated_d": {"listed": {"rated_d": (YEAR,)}},
    "violation": {"violations": ("v1",)},
}
RULES = {
    "district": (Refusal.OUTSIDE_DISTRICT, "§2.1"),
    "legal_person": (Refusal.NOT_LEGAL_PERSON, "§2.1"),
    "direction": (Refusal.OUTSIDE_DIRECTION, "§2.1"),
    "sector": (Refusal.OUTSIDE_SECTOR, "§2.1"),
    "size": (Refusal.NOT_SME, "§2.1"),
    "rated_d": (Refusal.RATED_D, "§2.1.1"),
    "age": (Refusal.TOO_YOUNG, "§2.1.2"),
    "violation": (Refusal.HAS_VIOLATION, "§2.1.3"),
}


def failed(enterprise_changes: dict[str, Any], standing_changes: dict[str, Any] | None = None) -> list[str]:
    """The rules that an otherwise flawless applicant fails."""
    applicant, facts = enterprise(**enterprise_changes), standing(**standing_changes or {})
    return [each.rule for each in findings(applicant, facts, POLICY, TODAY) if not each.passed]


def applicant_failing(rules: set[str]) -> list[Any]:
    """Arguments of `findings` for an applicant who should fail exactly these rules."""
    own: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for rule in rules:
        own |= ENTERPRISE_FAILS.get(rule, {})
        facts |= STANDING_FAILS.get(rule, {})
    return [enterprise(**own), standing(**facts), POLICY, TODAY]


@pytest.mark.clause("§2.1")
def test_an_enterprise_that_meets_all_passes_eight_checks_in_the_order_of_the_text() -> None:
    found = findings(enterprise(), standing(), POLICY, TODAY)
    assert [(each.rule, each.clause, each.passed) for each in found] == [
        (rule, clause, True) for rule, (_, clause) in RULES.items()
    ]
    assert refusals(found) == []


@pytest.mark.clause("§2.1")
@pytest.mark.parametrize("rule", RULES)
def test_exactly_one_paragraph_fails_and_is_refused_with_its_own_clause_and_words(rule: str) -> None:
    found = findings(*applicant_failing({rule}))
    refusal, clause = RULES[rule]
    assert [each.rule for each in found if not each.passed] == [rule]
    (refused,) = refusals(found)
    words = refusal.sentence.format(months=12)
    assert (refused.refusal, refused.clause, refused.detail) == (refusal, clause, words)
    assert [(each.field, each.message) for each in refused.errors] == [(rule, words)]


@pytest.mark.clause("§2.1")
def test_of_all_128_combinations_each_fails_exactly_the_paragraphs_it_breaks() -> None:
    for count in range(len(RULES) + 1):
        for broken in combinations(RULES, count):
            found = findings(*applicant_failing(set(broken)))
            assert [each.rule for each in found if not each.passed] == list(broken)


@pytest.mark.clause("§2.1")
def test_when_all_paragraphs_fail_the_first_stands_in_front_and_all_are_named() -> None:
    with pytest.raises(Refused) as no:
        refuse_first(refusals(findings(*applicant_failing(set(RULES)))))
    assert no.value.refusal is Refusal.OUTSIDE_DISTRICT
    assert [each.code for each in no.value.errors] == [refusal.name for refusal, _ in RULES.values()]
    assert [each.message for each in no.value.errors if each.code == "TOO_YOUNG"] == ["企业申请时成立不足12个月。"]


@pytest.mark.clause("§2.1")
@pytest.mark.parametrize(
    ("district", "inside"), [("city", True), ("liandu", True), ("development_zone", True), ("other", False)]
)
def test_the_three_parts_of_the_urban_area_are_inside_and_nothing_else(district: str, inside: bool) -> None:
    assert failed({"district": district}) == ([] if inside else ["district"])


@pytest.mark.clause("§2.1")
@pytest.mark.parametrize(
    ("industry", "inside"),
    [
        ("0511", False), ("0610", True), ("46", True), ("4710", False),
        ("6210", False), ("63", True), ("6410", True), ("6599", True), ("7210", False),
    ],
)  # fmt: skip
def test_industry_runs_from_division_06_to_46_and_information_from_63_to_65(industry: str, inside: bool) -> None:
    assert failed({"industry_code": industry}) == ([] if inside else ["sector"])


@pytest.mark.clause("§2.1")
def test_a_programme_may_name_finer_codes_of_the_industries() -> None:
    narrow = policy(sector_divisions=("65", "7310"))
    for code, passes in (("6510", True), ("7310", True), ("7320", False), ("73", False), ("1300", False)):
        found = findings(enterprise(industry_code=code), standing(), narrow, TODAY)
        assert [each.passed for each in found if each.rule == "sector"] == [passes]


@pytest.mark.clause("§2.1")
@pytest.mark.parametrize(("code", "fits"), [("16", False), ("1610", False), ("1510", True)])
def test_an_excluded_industry_and_all_below_it_are_outside_the_direction(code: str, fits: bool) -> None:
    excluding = policy(excluded_industries=("16",))
    found = findings(enterprise(industry_code=code), standing(), excluding, TODAY)
    assert [each.passed for each in found if each.rule == "direction"] == [fits]


@pytest.mark.clause("§2.1")
def test_digital_economy_beyond_these_divisions_counts_once_a_reviewer_confirmed_it() -> None:
    assert failed({"industry_code": "7210", "digital_economy": True}) == []


@pytest.mark.clause("§2.1")
@pytest.mark.parametrize(
    ("employees", "revenue_fen", "size"),
    [
        (1_000, 40_000_000_000, SizeClass.LARGE),
        (999, 40_000_000_000, SizeClass.MEDIUM),
        (1_000, 39_999_999_999, SizeClass.MEDIUM),
        (20, 300_000_000, SizeClass.SMALL),
        (19, 300_000_000, SizeClass.MICRO),
    ],
)
def test_only_a_large_enterprise_is_refused_for_its_size(employees: int, revenue_fen: int, size: SizeClass) -> None:
    numbers = {"employees": employees, "revenue_fen": revenue_fen}
    assert size_class(enterprise(**numbers)) is size
    assert failed(numbers) == (["size"] if size is SizeClass.LARGE else [])


@pytest.mark.clause("§2.1")
@pytest.mark.parametrize("code", ["6610", "70", "53"])
def test_an_enterprise_of_unknown_size_is_asked_for_another_industry_code(
    code: str,
) -> None:
    unknown = enterprise(industry_code=code, digital_economy=True)
    [no] = refusals(findings(unknown, standing(), POLICY, TODAY))
    assert (no.refusal, no.clause) == (Refusal.SIZE_UNKNOWN, "§2.1")
    assert "行业代码" in no.detail


@pytest.mark.clause("§2.1.1")
@pytest.mark.parametrize(
    ("listed", "is_d"),
    [
        ({}, False),
        ({"rated_d": ()}, False),
        ({"rated_d": (YEAR,)}, True),
        ({"rated_d": (YEAR - 1,)}, True),
        ({"rated_d": (YEAR + 1,)}, True),  # of a programme whose own dates run on into the next year
        ({"newly_above_scale": (YEAR,), "other_subsidy": (YEAR,)}, False),
    ],
)
def test_the_latest_d_list_counts_whatever_its_year_and_an_unrated_enterprise_passes(
    listed: dict[str, tuple[int, ...]], is_d: bool
) -> None:
    assert latest_rating_is_d(standing(listed=listed)) is is_d
    assert failed({}, {"listed": listed}) == (["rated_d"] if is_d else [])


@pytest.mark.clause("§2.1.2")
@pytest.mark.parametrize(
    ("established_on", "applied_on", "old_enough"),
    [
        (date(2025, 6, 15), date(2026, 6, 15), True),
        (date(2025, 6, 16), date(2026, 6, 15), False),
        (date(2024, 2, 29), date(2025, 2, 28), True),
        (date(2024, 2, 29), date(2025, 2, 27), False),
        (date(2023, 3, 1), date(2024, 2, 29), False),
        (date(2027, 2, 28), date(2028, 2, 28), True),
        (date(2027, 3, 1), date(2028, 2, 29), False),
    ],
)
def test_twelve_months_count_to_the_day_and_29_february_has_its_day_on_the_28th(
    established_on: date, applied_on: date, old_enough: bool
) -> None:
    days = {"established_on": established_on, "applied_on": applied_on}
    assert failed(days) == ([] if old_enough else ["age"])


@pytest.mark.clause("§2.1.2")
def test_the_day_of_application_counts_not_the_day_somebody_looks() -> None:
    young = {"established_on": date(2025, 7, 1)}
    later = date(2026, 12, 1)
    applied, not_yet = enterprise(**young), enterprise(applied_on=None, **young)
    assert not findings(applied, standing(), POLICY, later)[6].passed
    assert findings(not_yet, standing(), POLICY, later)[6].passed


@pytest.mark.clause("§2.1.2")
def test_the_words_name_the_months_the_programme_asks_for() -> None:
    found = findings(enterprise(), standing(), policy(enterprise_min_age_months=25), TODAY)
    assert [each.detail for each in refusals(found)] == ["企业申请时成立不足25个月。"]


@pytest.mark.clause("§2.1.3")
def test_one_violation_is_enough_whatever_its_year() -> None:
    assert failed({}, {"violations": ("from-long-ago",)}) == ["violation"]
