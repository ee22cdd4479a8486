"""Using a voucher toward a contract: 70 % in whole fen, the end of a voucher, the year of the contract, its parties."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.records import (
    AGENCY,
    FIRM,
    NOW,
    POLICY,
    TODAY,
    YEAR,
    YEAR_END,
    agency,
    enterprise,
    policy,
    product,
    programme,
    refusal_of,
    refused_by,
    voucher,
)
from tests.rules.settlement_records import order
from voucher.models.order_facts import OrderFacts
from voucher.policy import Category
from voucher.refusals import Refusal, Refused
from voucher.rules.orders import (
    check_contract_day,
    check_order,
    check_parties,
    check_quotable,
    check_ratio,
    max_voucher_fen,
    pools_to_draw,
    quote_of,
    room_refusal,
)
from voucher.rules.vouchers import check_balance, check_category, check_usable, has_ended, shown_state

ONE_MILLISECOND = timedelta(milliseconds=1)


def facts(**changes: Any) -> OrderFacts:
    """What `order()` is decided on, with everything right about it."""
    right = {"product": product(), "voucher": voucher(), "enterprise": enterprise(), "agency": agency()}
    return OrderFacts(**{**right, "programme": programme(), **changes})


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({}, None),
        ({"enterprise": enterprise(state="disqualified")}, Refusal.DISQUALIFIED),
        ({"enterprise": enterprise(state="submitted")}, Refusal.NOT_APPROVED),
        ({"agency": agency(state="removed")}, Refusal.AGENCY_NOT_ACTIVE),
        ({"agency": None}, Refusal.AGENCY_NOT_ACTIVE),
        ({"agency": agency(categories=(Category.HR,))}, Refusal.OUTSIDE_AGENCY_SCOPE),
        ({"product": product(state="withdrawn")}, Refusal.PRODUCT_NOT_LISTED),
        ({"product": product(agency_uscc=FIRM)}, Refusal.SELF_DEALING),
        ({"voucher": voucher(state="void")}, Refusal.VOUCHER_ENDED),
        ({"voucher": voucher(categories=(Category.HR,))}, Refusal.CATEGORY_NOT_ALLOWED),
    ],
)
def test_an_order_and_its_quote_are_refused_for_each_fact_that_is_wrong(
    changes: dict[str, Any], refusal: Refusal | None
) -> None:
    assert refusal_of(check_order, order(), facts(**changes), True) is refusal
    assert refusal_of(check_quotable, facts(**changes), NOW) is refusal


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize(
    ("changes", "no_other_subsidy", "refusal"),
    [
        ({"contract_number": None}, True, Refusal.MALFORMED),
        ({"contract_fen": 999_999}, True, Refusal.OVER_RATIO),
        ({"contract_fen": 2_000_000, "voucher_fen": 1_000_001}, True, Refusal.OVER_BALANCE),
        ({"contract_signed_on": TODAY + timedelta(days=1)}, True, Refusal.CONTRACT_YEAR),
        ({"contract_number": None, "contract_signed_on": None}, True, None),
        ({}, False, Refusal.OTHER_SUBSIDY),
    ],
)
def test_an_order_is_refused_for_each_of_its_own_figures_that_is_wrong(
    changes: dict[str, Any], no_other_subsidy: bool, refusal: Refusal | None
) -> None:
    assert refusal_of(check_order, order(**changes), facts(), no_other_subsidy) is refusal


@pytest.mark.clause("§4.2.1")
def test_an_order_is_refused_with_all_that_it_fails_the_first_in_precedence_in_front() -> None:
    no = refused_by(check_order, order(voucher_fen=1_000_001), facts(voucher=voucher(state="void")), False)
    assert no is not None
    assert no.refusal is Refusal.VOUCHER_ENDED
    assert [each.code for each in no.errors] == ["VOUCHER_ENDED", "OVER_RATIO", "OVER_BALANCE", "OTHER_SUBSIDY"]


@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
def test_an_order_draws_on_its_cap_and_outside_the_key_categories_on_their_room() -> None:
    key, other = Category.TECH_INNOVATION, Category.TAX_AUDIT
    assert key in POLICY.key_categories
    assert other not in POLICY.key_categories
    assert pools_to_draw(facts(product=product(category=key))) == [f"category.{YEAR}.{key}"]
    assert pools_to_draw(facts(product=product(category=other))) == [f"category.{YEAR}.{other}", f"nonkey.{YEAR}"]


@pytest.mark.clause("§2.3.2")
@given(contract_fen=st.integers(0, 10**13), voucher_fen=st.integers(0, 10**13))
def test_a_voucher_part_is_accepted_exactly_up_to_seven_tenths_of_the_contract(
    contract_fen: int, voucher_fen: int
) -> None:
    accepted = refusal_of(check_ratio, voucher_fen, contract_fen, POLICY) is None
    assert accepted is (voucher_fen * 10 <= contract_fen * 7)


@pytest.mark.clause("§2.3.2")
@given(contract_fen=st.integers(0, 10**13))
def test_the_largest_part_is_accepted_and_one_fen_more_is_not(contract_fen: int) -> None:
    most_fen = max_voucher_fen(contract_fen, POLICY)
    assert most_fen * 10 <= contract_fen * 7 < (most_fen + 1) * 10
    assert refusal_of(check_ratio, most_fen, contract_fen, POLICY) is None
    assert refusal_of(check_ratio, most_fen + 1, contract_fen, POLICY) is Refusal.OVER_RATIO


@pytest.mark.clause("§2.3.2")
def test_seventy_percent_of_142857_fen_is_rounded_down_to_99999_fen() -> None:
    assert round(142_857 * 0.7) == 100_000
    assert max_voucher_fen(142_857, POLICY) == 99_999


@pytest.mark.clause("§2.3.2")
def test_a_refusal_over_the_ratio_names_the_largest_part_possible() -> None:
    with pytest.raises(Refused) as no:
        check_ratio(100_000, 142_857, POLICY)
    assert no.value.clause == "§2.3.2"
    assert no.value.detail == "抵用额超过合同金额的 70%，本单最多可抵用 999.99 元。"
    assert max_voucher_fen(1_000, policy(voucher_max_percent=50)) == 500


@pytest.mark.clause("§2.3.2")
def test_an_order_takes_the_whole_balance_but_never_a_fen_more() -> None:
    half_spent = voucher(balance_fen=500_000)
    assert refusal_of(check_balance, 500_000, half_spent) is None
    assert refusal_of(check_balance, 500_001, half_spent) is Refusal.OVER_BALANCE


@pytest.mark.clause("§2.3.2")
@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
@pytest.mark.parametrize(
    ("balance_fen", "category_fen", "floor_fen", "most_fen", "binding"),
    [
        (800, 800, 800, 700, "ratio"),
        (699, 800, 800, 699, "balance"),
        (800, 698, 800, 698, "category_cap"),
        (800, 800, 697, 697, "key_floor"),
        (800, 800, None, 700, "ratio"),
        (700, 700, 700, 700, "ratio"),
        (600, 600, 600, 600, "balance"),
        (800, 600, 600, 600, "category_cap"),
        (800, 800, 0, 0, "key_floor"),
    ],
)
def test_a_quote_is_the_smallest_of_its_limits_and_names_the_one_that_binds(
    balance_fen: int, category_fen: int, floor_fen: int | None, most_fen: int, binding: str
) -> None:
    limits = {"ratio": 700, "balance": balance_fen, "category_cap": category_fen}
    if floor_fen is not None:
        limits["key_floor"] = floor_fen
    quoted = quote_of(1_000, voucher(balance_fen=balance_fen), POLICY, category_fen, floor_fen)
    assert (quoted.max_voucher_fen, quoted.binding) == (most_fen, binding)
    assert quoted.limits == limits


@pytest.mark.clause("§4.2.2")
@pytest.mark.parametrize(
    ("state", "balance_fen", "now", "ended", "shown"),
    [
        ("active", 1, YEAR_END - ONE_MILLISECOND, False, "active"),
        ("active", 0, YEAR_END - ONE_MILLISECOND, False, "used_up"),
        ("active", 1, YEAR_END, True, "expired"),
        ("active", 0, YEAR_END, True, "expired"),
        ("expired", 0, YEAR_END, True, "expired"),
        ("void", 0, NOW, True, "void"),
    ],
)
def test_a_voucher_ends_by_the_clock_whether_or_not_it_was_swept(
    state: str, balance_fen: int, now: datetime, ended: bool, shown: str
) -> None:
    held = voucher(state=state, balance_fen=balance_fen)
    assert has_ended(held, now) is ended
    assert refusal_of(check_usable, held, now) is (Refusal.VOUCHER_ENDED if ended else None)
    assert shown_state(held, now) == shown


@pytest.mark.clause("§5.2b")
def test_an_enterprise_does_not_buy_from_itself() -> None:
    assert refusal_of(check_parties, FIRM, AGENCY) is None
    assert refusal_of(check_parties, FIRM, FIRM) is Refusal.SELF_DEALING


@pytest.mark.clause("§2.2")
def test_a_voucher_pays_for_any_category_unless_its_batch_names_some() -> None:
    named = voucher(categories=(Category.IP, Category.DIGITAL))
    paid_by_any = [each for each in Category if refusal_of(check_category, voucher(), each) is None]
    paid_by_named = [each for each in Category if refusal_of(check_category, named, each) is None]
    assert paid_by_any == list(Category)
    assert paid_by_named == [Category.IP, Category.DIGITAL]
    assert refusal_of(check_category, named, Category.HR) is Refusal.CATEGORY_NOT_ALLOWED


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize(
    ("signed_on", "today", "accepted"),
    [
        (date(2026, 1, 1), TODAY, True),
        (date(2025, 12, 31), TODAY, False),
        (TODAY, TODAY, True),
        (TODAY + timedelta(days=1), TODAY, False),
        (date(2026, 12, 31), date(2027, 1, 5), True),
        (date(2027, 1, 1), date(2027, 1, 5), False),
    ],
)
def test_a_contract_is_signed_within_the_programme_year_and_not_in_the_future(
    signed_on: date, today: date, accepted: bool
) -> None:
    refusal = refusal_of(check_contract_day, signed_on, POLICY, YEAR, today)
    assert refusal is (None if accepted else Refusal.CONTRACT_YEAR)


@pytest.mark.clause("§4.2.1")
def test_a_programme_with_dates_of_its_own_takes_contracts_of_those_days_only() -> None:
    demo = policy(year_starts_on="2026-06-10", year_ends_on="2026-06-14")
    days = [date(2026, 6, day) for day in (9, 10, 14, 15)]
    refused = [refusal_of(check_contract_day, day, demo, YEAR, TODAY) for day in days]
    assert refused == [Refusal.CONTRACT_YEAR, None, None, Refusal.CONTRACT_YEAR]


@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
def test_a_yearly_pool_without_room_refuses_with_its_own_clause_and_what_is_left() -> None:
    cap = room_refusal("category.2026.tax_audit", 5, Category.TAX_AUDIT)
    floor = room_refusal("non_key.2026", 7, Category.TAX_AUDIT)
    assert (cap.refusal, cap.clause) == (Refusal.CATEGORY_CAP, "§2.2.cap")
    assert cap.detail == "“财税审计服务”类本年度限额不足（剩余 0.05 元），请减少抵用额或另选。"
    assert (floor.refusal, floor.clause) == (Refusal.KEY_FLOOR, "§2.2.floor")
    assert floor.detail == "非重点类别年度限额不足（剩余 0.07 元），请减少或选重点类别。"
