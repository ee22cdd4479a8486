"""The demo city is as designed: every rule refuses somebody, and the enterprises to be approved break no rule.

Sizes, ages and check digits are computed here a second time from the published tables, without the city's own code.
"""

import io
from collections import Counter
from datetime import date, timedelta
from functools import cache

import openpyxl
import pytest
from stdnum.cn import uscc as credit_code

from infra.city.agencies import make_agencies
from infra.city.enterprises import Enterprise, make_enterprises
from infra.city.lists import make_list_files

ISO_DAYS = ("2026-11-23", "2024-02-29", "2025-02-28", "2026-12-31", "2027-01-01", "2028-02-29")
DAYS = [date.fromisoformat(day) for day in ISO_DAYS]
SEEDS = [1, 2, 20241231]

# fmt: off
REGISTRATION_FIELDS = [
    "uscc", "name", "district", "established_on", "industry_code", "employees", "revenue_fen", "assets_fen",
    "is_legal_person", "legal_representative", "contact_name", "contact_phone", "address",
    "declarations",
]
# fmt: on

# Large, medium, small: at least this many people and this revenue in 10,000 yuan (工信部联企业〔2011〕300号).
SIZE_BOUNDS = {
    "industry": ((1_000, 40_000), (300, 2_000), (20, 300)),
    "transmission": ((2_000, 100_000), (100, 1_000), (10, 100)),
    "software": ((300, 10_000), (100, 1_000), (10, 50)),
}


@cache
def enterprises_of(seed: int = 1, today: date = DAYS[0]) -> list[Enterprise]:
    return make_enterprises(seed, today, today.year)


@cache
def list_rows(seed: int, today: date) -> dict[str, list[tuple[object, ...]]]:
    files = make_list_files(enterprises_of(seed, today), seed, today.year)
    return {
        kind: list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))
        for kind, content in files.items()
    }


def sector_of(industry_code: str) -> str | None:
    division = int(industry_code[:2])
    if 6 <= division <= 46:
        return "industry"
    return {63: "transmission", 64: "transmission", 65: "software"}.get(division)


def size_class_of(enterprise: Enterprise) -> str:
    bounds = SIZE_BOUNDS[sector_of(enterprise.industry_code) or ""]
    for size_class, (people, revenue_wan) in zip(("large", "medium", "small"), bounds, strict=True):
        if enterprise.employees >= people and enterprise.revenue_fen >= revenue_wan * 1_000_000:
            return size_class
    return "micro"


def is_as_old_as(years: int, founded: date, today: date) -> bool:
    anniversary = (founded.year + years, founded.month, founded.day)
    if founded.month == 2 and founded.day == 29:
        anniversary = (founded.year + years, 2, 28)
    return anniversary <= (today.year, today.month, today.day)


def broken_rules(enterprise: Enterprise, today: date, rated_d: set[object]) -> set[str]:
    sector = sector_of(enterprise.industry_code)
    rules = {
        "district": enterprise.district not in {"city", "liandu", "development_zone"},
        "sector": sector is None,
        "not_legal_person": not enterprise.is_legal_person,
        "large": sector is not None and size_class_of(enterprise) == "large",
        "rated_d": enterprise.uscc in rated_d,
        "too_young": not is_as_old_as(1, enterprise.established_on, today),
        "violation": enterprise.has_violation,
    }
    return {name for name, is_broken in rules.items() if is_broken}


def organisation_code_holds(code: str) -> bool:
    organisation = code[8:17]
    values = ["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(char) for char in organisation[:8]]
    total = sum(value * weight for value, weight in zip(values, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    check = 10 if organisation[8] == "X" else int(organisation[8])
    return (total + check) % 11 == 0


def test_the_oracle_for_organisation_codes_knows_a_right_one_from_a_wrong_one() -> None:
    assert organisation_code_holds("91110000600037341L")
    assert not organisation_code_holds("91331100MA2EFLCR5B")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("today", DAYS, ids=str)
def test_every_code_is_valid_by_both_check_digits_and_used_once(seed: int, today: date) -> None:
    enterprises, agencies = enterprises_of(seed, today), make_agencies(seed, today)
    on_lists = [str(row[0]) for rows in list_rows(seed, today).values() for row in rows[1:]]
    codes = [*(each.uscc for each in enterprises), *(each.uscc for each in agencies)]
    assert len(codes) == len(set(codes))
    for code in [*codes, *on_lists]:
        assert credit_code.is_valid(code), code
        assert organisation_code_holds(code), code
        assert code[2:6] == "3311"
    assert {each.uscc[:2] for each in enterprises} == {"91"}
    assert {each.uscc[:2] for each in agencies} == {"91", "12", "31", "51", "52"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("today", DAYS, ids=str)
def test_each_enterprise_breaks_exactly_the_rule_it_says_and_no_other(seed: int, today: date) -> None:
    rated_d = {row[0] for row in list_rows(seed, today)["rated_d"]}
    for enterprise in enterprises_of(seed, today):
        expected = {enterprise.refusal_reason} if enterprise.refusal_reason else set()
        assert broken_rules(enterprise, today, rated_d) == expected, enterprise


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_an_enterprise_that_is_too_young_is_so_for_a_week_to_come(today: date) -> None:
    young = [each for each in enterprises_of(1, today) if each.refusal_reason == "too_young"]
    assert len(young) >= 2
    next_week = today + timedelta(days=7)
    assert not any(is_as_old_as(1, each.established_on, next_week) for each in young)
    assert all(each.established_on <= today for each in young)


def test_every_rule_of_eligibility_refuses_at_least_two_under_its_own_clause() -> None:
    refusals = Counter((each.refusal_reason, each.expected_refusal) for each in enterprises_of() if each.refusal_reason)
    assert dict(refusals.keys()) == {
        "district": "§2.1",
        "sector": "§2.1",
        "not_legal_person": "§2.1",
        "large": "§2.1",
        "rated_d": "§2.1.1",
        "too_young": "§2.1.2",
        "violation": "§2.1.3",
    }
    assert min(refusals.values()) >= 2


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_one_enterprise_is_just_twelve_months_old_and_passes(today: date) -> None:
    to_approve = [each for each in enterprises_of(1, today) if each.expected_refusal is None]
    newest = max(each.established_on for each in to_approve)
    assert is_as_old_as(1, newest, today)
    assert not is_as_old_as(1, newest + timedelta(days=1), today)


def test_sixty_enterprises_of_every_district_sector_and_size() -> None:
    enterprises = enterprises_of()
    in_sector = [each for each in enterprises if sector_of(each.industry_code)]
    assert len(enterprises) >= 60
    assert {each.district for each in enterprises} == {"city", "liandu", "development_zone", "other"}
    assert {size_class_of(each) for each in in_sector} == {"micro", "small", "medium", "large"}
    assert all(size_class_of(each) == each.size_class for each in in_sector)
    divisions = {int(each.industry_code[:2]) for each in in_sector}
    assert len(divisions) >= 25
    assert {63, 64, 65} <= divisions
    assert min(divisions) < 13 and divisions & {44, 45, 46}


def test_some_enterprises_stand_exactly_on_the_bounds_of_their_size() -> None:
    figures = {(each.employees, each.revenue_fen // 1_000_000): each.size_class for each in enterprises_of()}
    assert figures[1_500, 39_999] == "medium"
    assert figures[1_200, 100] == "micro"
    assert figures[1_000, 40_000] == "large"
    assert figures[20, 300] == "small"


def test_the_larger_of_two_lists_gives_the_quota() -> None:
    to_approve = [each for each in enterprises_of() if each.expected_refusal is None]
    quotas_fen = Counter((tuple(sorted(each.on_lists)), each.expected_quota_fen) for each in to_approve)
    assert quotas_fen[("newly_above_scale",), 2_000_000] == 8
    assert quotas_fen[("little_giant_nursery", "newly_above_scale"), 2_000_000] == 2
    assert quotas_fen[("little_giant_nursery",), 1_000_000] == 6
    assert quotas_fen[("other_subsidy",), 1_000_000] == 2
    assert quotas_fen[(), 1_000_000] == len(to_approve) - 18
    assert all(each.expected_quota_fen == 0 for each in enterprises_of() if each.expected_refusal)


def test_a_registration_has_the_fields_of_the_contract_and_whole_numbers_only() -> None:
    for enterprise in enterprises_of():
        body = enterprise.registration()
        assert list(body) == REGISTRATION_FIELDS
        assert body["declarations"] == {"accurate": True, "no_violation": True}
        assert date.fromisoformat(str(body["established_on"])) <= DAYS[0]
        assert {type(body[name]) for name in ("employees", "revenue_fen", "assets_fen")} == {int}
