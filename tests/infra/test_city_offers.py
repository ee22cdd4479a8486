"""The city's agencies by §3.1, its products by §3.3, its list files; and that a seed is all it depends on."""

import io
from datetime import date
from itertools import pairwise

import openpyxl
import pytest
import time_machine

from infra.city.agencies import make_agencies
from infra.city.enterprises import make_enterprises
from infra.city.lists import list_year, make_list_files
from infra.city.products import make_products

TODAY = date(2026, 11, 23)
DAYS = [TODAY, date(2025, 2, 28), date(2026, 12, 31), date(2028, 2, 29)]

CATEGORIES = {
    "hr",
    "tech_innovation",
    "tax_audit",
    "legal",
    "management",
    "testing",
    "ip",
    "digital",
    "skills",
}
APPLICATION_FIELDS = [
    "uscc",
    "name",
    "established_on",
    "is_legal_person",
    "net_profit_last_year_fen",
    "premises_m2",
    "insured_staff",
    "has_management_system",
    "categories",
    "contact_name",
    "contact_phone",
    "legal_representative",
    "address",
]
LISTING_FIELDS = ["agency_uscc", "category", "name", "area", "content", "term", "price_fen", "price_unit"]


def is_two_years_old(founded: date, today: date) -> bool:
    day = 28 if (founded.month, founded.day) == (2, 29) else founded.day
    return date(founded.year + 2, founded.month, day) <= today


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_ten_agencies_meet_every_minimum_and_two_miss_one(today: date) -> None:
    agencies = make_agencies(1, today)
    assert len(agencies) == 12
    for agency in agencies:
        is_sound = agency.is_legal_person and is_two_years_old(agency.established_on, today)
        misses = {
            "§3.1.1": not (is_sound and agency.net_profit_last_year_fen >= 0),
            "§3.1.2": agency.premises_m2 < 50,
            "§3.1.3": not agency.has_management_system,
            "§3.1.4": agency.insured_staff < 5,
        }
        assert [clause for clause, missed in misses.items() if missed] == (
            [agency.expected_refusal] if agency.expected_refusal else []
        )
    assert sorted(each.expected_refusal for each in agencies if each.expected_refusal) == ["§3.1.1", "§3.1.4"]


def test_one_agency_stands_on_all_four_minima() -> None:
    minima = {
        (each.established_on, each.net_profit_last_year_fen, each.premises_m2, each.insured_staff)
        for each in make_agencies(1, TODAY)
        if each.expected_refusal is None
    }
    assert (date(2024, 11, 23), 0, 50, 5) in minima


@pytest.mark.parametrize("seed", [1, 2, 20241231])
def test_forty_products_of_nine_categories_are_by_approved_agencies_of_them(seed: int) -> None:
    agencies = make_agencies(seed, TODAY)
    products = make_products(seed, agencies)
    may_list = {each.uscc: set(each.categories) for each in agencies if each.expected_refusal is None}
    assert len(products) == 40
    assert {each.category for each in products} == CATEGORIES
    assert all(each.category in may_list[each.agency_uscc] for each in products)
    assert {each.agency_uscc for each in products} == set(may_list)
    assert all(200_000 <= each.price_fen <= 6_000_000 for each in products)
    assert len({each.name for each in products}) == 40


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_list_files_hold_text_only_and_name_enterprises_of_the_city_and_others(today: date) -> None:
    enterprises = make_enterprises(1, today, today.year)
    registered = {each.uscc for each in enterprises}
    for kind, content in make_list_files(enterprises, 1, today.year).items():
        header, *rows = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
        assert header[:2] == ("统一社会信用代码", "企业名称")
        assert header[2] == ("评价结果" if kind == "rated_d" else "年度")
        assert {type(cell) for row in rows for cell in row} == {str}
        assert {row[2] for row in rows} == {"D" if kind == "rated_d" else str(list_year(kind, today.year))}
        codes = {row[0] for row in rows}
        assert len(codes) == len(rows)
        assert codes & registered == {each.uscc for each in enterprises if kind in each.on_lists}
        assert len(codes - registered) >= 5


def test_applications_and_products_have_the_fields_of_the_api_and_whole_numbers() -> None:
    agencies = make_agencies(1, TODAY)
    for agency in agencies:
        body = agency.application()
        assert list(body) == APPLICATION_FIELDS
        assert {type(body[name]) for name in APPLICATION_FIELDS[4:7]} == {int}
        assert isinstance(body["categories"], list)
    for product in make_products(1, agencies):
        assert list(product.listing()) == LISTING_FIELDS
        assert type(product.listing()["price_fen"]) is int


def test_phones_are_well_formed_and_belong_to_nobody() -> None:
    enterprises, agencies = make_enterprises(1, TODAY, TODAY.year), make_agencies(1, TODAY)
    phones = [*(each.contact_phone for each in enterprises), *(each.contact_phone for each in agencies)]
    assert len(phones) == len(set(phones))
    assert all(len(phone) == 11 and phone.isdigit() and phone.startswith("1990000") for phone in phones)


def test_the_same_seed_makes_the_same_city_to_the_byte() -> None:
    first, second = (make_enterprises(7, TODAY, 2026) for _ in range(2))
    assert first == second
    assert make_agencies(7, TODAY) == make_agencies(7, TODAY)
    assert make_products(7, make_agencies(7, TODAY)) == make_products(7, make_agencies(7, TODAY))
    with time_machine.travel("2024-08-09T08:00:00Z"):
        earlier = make_list_files(first, 7, 2026)
    assert make_list_files(second, 7, 2026) == earlier


def test_another_seed_makes_another_city() -> None:
    names = [{each.name for each in make_enterprises(seed, TODAY, TODAY.year)} for seed in (1, 2, 3)]
    assert all(first != second for first, second in pairwise(names))
