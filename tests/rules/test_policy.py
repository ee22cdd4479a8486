"""The numbers of the regulation as its text has them, overrides by name, and the edition in force on a day."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from tests.rules.records import POLICY, policy
from voucher import policy as policies
from voucher.policy import AGENCY_DOCUMENTS, CATEGORY_WORDS, EDITIONS, ENTERPRISE_DOCUMENTS, Category, Policy, policy_on


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("grants_from", date(2024, 8, 9), marks=pytest.mark.clause("§6")),
        pytest.param("grants_until", date(2026, 12, 31), marks=pytest.mark.clause("§6")),
        pytest.param("enterprise_min_age_months", 12, marks=pytest.mark.clause("§2.1.2")),
        pytest.param("quota_default_fen", 10_000_00, marks=pytest.mark.clause("§2.3.1")),
        pytest.param("quota_newly_above_scale_fen", 20_000_00, marks=pytest.mark.clause("§2.3.1")),
        pytest.param("quota_little_giant_nursery_fen", 10_000_00, marks=pytest.mark.clause("§2.3.1")),
        pytest.param("quota_combination", "max", marks=pytest.mark.clause("§2.3.1")),
        pytest.param("key_floor_percent", 40, marks=pytest.mark.clause("§2.2.floor")),
        pytest.param(
            "key_categories",
            {Category.TECH_INNOVATION, Category.IP, Category.DIGITAL},
            marks=pytest.mark.clause("§2.2.floor"),
        ),
        pytest.param("voucher_max_percent", 70, marks=pytest.mark.clause("§2.3.2")),
        pytest.param("agency_min_age_months", 24, marks=pytest.mark.clause("§3.1.1")),
        pytest.param("agency_min_net_profit_fen", 0, marks=pytest.mark.clause("§3.1.1")),
        pytest.param("agency_min_premises_m2", 50, marks=pytest.mark.clause("§3.1.2")),
        pytest.param("agency_min_insured_staff", 5, marks=pytest.mark.clause("§3.1.4")),
        pytest.param("agency_approval_months", 24, marks=pytest.mark.clause("§3.2.3")),
        pytest.param("material_change_days", 15, marks=pytest.mark.clause("§4.1.3")),
        pytest.param("notice_working_days", 5, marks=pytest.mark.clause("§3.5.3")),
        pytest.param("districts", {"city", "liandu", "development_zone"}, marks=pytest.mark.clause("§2.1")),
    ],
)
def test_the_edition_in_force_has_the_numbers_of_the_text(name: str, value: Any) -> None:
    kept = getattr(policy_on(date(2026, 6, 15)), name)
    assert (set(kept) if isinstance(value, set) else kept) == value


@pytest.mark.clause("§2.2")
def test_there_are_nine_categories_each_with_its_words() -> None:
    assert len(Category) == 9
    assert CATEGORY_WORDS.keys() == set(Category)
    assert len(set(CATEGORY_WORDS.values())) == 9


@pytest.mark.clause("§2.2.cap")
def test_every_category_has_its_cap() -> None:
    assert POLICY.cap_percent == {
        Category.HR: 30,
        Category.TECH_INNOVATION: 30,
        Category.TAX_AUDIT: 10,
        Category.LEGAL: 30,
        Category.MANAGEMENT: 10,
        Category.TESTING: 30,
        Category.IP: 30,
        Category.DIGITAL: 30,
        Category.SKILLS: 30,
    }


@pytest.mark.clause("§4.1.1")
@pytest.mark.clause("§3.2.1")
def test_an_enterprise_submits_six_documents_and_an_agency_ten() -> None:
    assert (len(ENTERPRISE_DOCUMENTS), len(AGENCY_DOCUMENTS)) == (6, 10)


def test_an_override_by_name_changes_that_value_and_no_other() -> None:
    changed = policy(notice_working_days=0, quota_combination="sum")
    assert changed.model_dump(exclude={"notice_working_days", "quota_combination"}) == POLICY.model_dump(
        exclude={"notice_working_days", "quota_combination"}
    )
    assert (changed.notice_working_days, POLICY.notice_working_days) == (0, 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("notice_working_days", "3"),
        ("notice_working_days", True),
        ("notice_working_days", 3.0),
        ("notice_working_days", -1),
        ("notice_working_days", None),
        ("quota_default_fen", "1000000"),
        ("quota_default_fen", 1_000_000.5),
        ("quota_default_fen", -1),
        ("quota_combination", "mean"),
        ("voucher_max_percent", 101),
        ("voucher_max_percent", "70"),
        ("key_floor_percent", -1),
        ("agency_min_net_profit_fen", True),
        ("agency_min_net_profit_fen", "0"),
        ("cap_percent", {"hr": 20}),
        ("cap_percent", {category.value: 101 for category in Category}),
        ("cap_percent", {category.value: 10 for category in Category} | {"gold": 1}),
        ("key_categories", ["gold"]),
        ("year_ends_on", "2026-02-30"),
        ("quota_default_fen", 0),
        ("quota_default_fen", 10**13 + 1),
        ("agency_min_net_profit_fen", 10**13 + 1),
        ("agency_min_net_profit_fen", -(10**13) - 1),
        ("batch_shards", 0),
        ("batch_shards", 65),
        ("batch_shards", "4"),
        ("yearly_shards", 0),
        ("yearly_shards", 9),
    ],
)
def test_an_override_with_a_value_of_the_wrong_kind_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as no:
        policy(**{name: value})
    assert {each["loc"][0] for each in no.value.errors()} == {name}


@pytest.mark.clause("§2.2.cap")
def test_an_override_of_the_caps_that_names_every_category_is_taken() -> None:
    capped = policy(cap_percent={category.value: 25 for category in Category})
    assert capped.cap_percent == dict.fromkeys(Category, 25)


def test_a_running_years_policy_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        POLICY.notice_working_days = 0  # type: ignore[misc]


@pytest.mark.clause("§1.4b")
def test_a_year_runs_from_january_to_december_unless_the_programme_says_otherwise() -> None:
    demo = policy(year_starts_on="2026-07-01", year_ends_on="2026-07-10")
    assert (POLICY.first_day(2025), POLICY.last_day(2025)) == (date(2025, 1, 1), date(2025, 12, 31))
    assert (demo.first_day(2026), demo.last_day(2026)) == (date(2026, 7, 1), date(2026, 7, 10))


@pytest.mark.clause("§6")
@pytest.mark.parametrize(
    ("day", "edition"),
    [
        (date(2020, 1, 1), "first"),
        (date(2024, 8, 9), "first"),
        (date(2026, 12, 31), "first"),
        (date(2027, 1, 1), "first"),
        (date(2027, 2, 28), "first"),
        (date(2027, 3, 1), "second"),
        (date(2099, 1, 1), "second"),
    ],
)
def test_the_edition_of_a_day_is_the_latest_that_had_begun_also_after_its_end(
    day: date, edition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Policy(edition="first", grants_from=date(2024, 8, 9), grants_until=date(2026, 12, 31))
    second = Policy(edition="second", grants_from=date(2027, 3, 1), grants_until=date(2029, 12, 31))
    monkeypatch.setattr(policies, "EDITIONS", (first, second))
    assert policy_on(day).edition == edition


@pytest.mark.clause("§6")
def test_editions_stand_in_the_order_of_their_days_and_do_not_overlap() -> None:
    days = [day for edition in EDITIONS for day in (edition.grants_from, edition.grants_until)]
    assert days == sorted(set(days))
