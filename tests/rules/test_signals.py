"""Signals of fraud: each is there at its bound and not below, whatever order the changes came in (§5.1, §5.2b)."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import records
from tests.rules.test_reports import order
from voucher.models.orders import Order, OrderDecision
from voucher.models.reports import FirmYear, KeptReport, Rows
from voucher.policy import SIGNALS
from voucher.rules.compliance import exceptions_of
from voucher.rules.reports import counted, united, usage_of
from voucher.rules.signals import flags_of_signals, signals_of_agencies, signals_of_agency

OTHER = "91331100MA2E000099"


def numbered(number: int, **changes: Any) -> Order:
    """The n-th order, an hour after the one before it."""
    return order(f"o{number:02}", created_at=records.NOW + timedelta(hours=number), **changes)


def listed(*orders: Order, kind: str = "full_share_row") -> list[str]:
    """The orders of an enterprise that are listed as of that kind."""
    found = exceptions_of(FirmYear(None, orders=list(orders)), records.POLICY).values()
    return sorted(each.order_id for each in found if each.kind == kind)


@pytest.mark.clause("§5.1", "§2.3.2")
def test_orders_at_the_full_share_in_a_row_are_a_signal_once_they_are_enough() -> None:
    row = [numbered(number) for number in range(SIGNALS.full_shares)]
    assert listed(*row[1:]) == []
    assert listed(*row) == ["o00", "o01", "o02"]
    less = numbered(9, voucher_fen=699_999)
    assert listed(*row, less.model_copy(update={"created_at": records.NOW})) == []  # it came after the first one
    assert listed(*row, less) == ["o00", "o01", "o02"]
    elsewhere = row[2].model_copy(update={"agency_uscc": OTHER})
    assert listed(*row[:2], elsewhere) == []
    withdrawn = less.model_copy(update={"state": "withdrawn", "created_at": records.NOW})
    assert listed(row[0], withdrawn, *row[1:]) == ["o00", "o01", "o02"]


@pytest.mark.clause("§5.1", "§4.2.1")
def test_a_delivery_that_its_enterprise_confirms_within_minutes_is_a_signal() -> None:
    def fast(seconds: int, **changes: Any) -> list[str]:
        entered = {"delivered": records.NOW, "completed": records.NOW + timedelta(seconds=seconds)}
        return listed(order(entered=entered, **changes), kind="confirmed_fast")

    bound = SIGNALS.confirmed_minutes * 60
    assert (fast(bound), fast(bound + 1), fast(bound, state="cancelled")) == (["o1"], [], [])
    decided = OrderDecision(decision="confirm", ground="silent", reason="已核实", by="o", at=records.NOW)
    assert fast(0, decision=decided) == []  # the operator confirmed, and no enterprise
    assert listed(order(entered={"delivered": records.NOW}), kind="confirmed_fast") == []


def volume(before: tuple[int, int], month: tuple[int, int]) -> list[str | None]:
    """The months in which an agency's volume is sudden: its orders and the city's in May, and in June."""
    rows: Rows = {
        f"agency.{OTHER}": {"2605o": before[0], "2606o": month[0]},
        "total.all": {"2605o": before[1], "2606o": month[1]},
    }
    return [each["month"] for each in signals_of_agency(OTHER, rows) if each["kind"] == "sudden_volume"]


@pytest.mark.clause("§5.1")
def test_a_share_of_the_citys_orders_that_became_a_multiple_is_a_signal() -> None:
    base, least = SIGNALS.volume_base_orders, SIGNALS.volume_orders
    assert volume((5, base), (30, 100)) == ["2026-06"]  # 10 % before, three times as much now
    assert volume((5, base), (29, 100)) == []
    assert volume((5, base), (least, 33)) == ["2026-06"]
    assert volume((5, base), (least - 1, 9)) == []
    assert volume((0, base - 1), (least, 20)) == []  # too little to compare with
    assert volume((0, base), (least, 1_000)) == ["2026-06"]  # it had nothing before
    assert volume((5, base), (5, 50)) == []


def of_firm(uscc: str, *agencies: str) -> FirmYear:
    """An enterprise with an order at each of these agencies."""
    placed = [
        order(f"{uscc}.{number}", enterprise_uscc=uscc, agency_uscc=agency) for number, agency in enumerate(agencies)
    ]
    return FirmYear(records.entitlement(uscc=uscc), orders=placed)


def pairs(*firms: FirmYear) -> list[str]:
    """The agencies that deal with one enterprise only, which deals with them only."""
    found = signals_of_agencies(united(counted(each) for each in firms))
    return [each["agency_uscc"] for each in found if each["kind"] == "only_pair"]


@pytest.mark.clause("§5.1", "§5.2b")
def test_a_pair_that_deals_with_nobody_else_is_a_signal_once_its_orders_are_enough() -> None:
    agency, enough = records.AGENCY, SIGNALS.pair_orders
    assert pairs(of_firm("f1", *[agency] * enough)) == [agency]
    assert pairs(of_firm("f1", *[agency] * (enough - 1))) == []
    assert pairs(of_firm("f1", *[agency] * enough, OTHER)) == []
    assert pairs(of_firm("f1", *[agency] * enough), of_firm("f2", agency)) == []
    assert pairs(of_firm("f1", *[agency] * enough), of_firm("f2", agency, OTHER)) == []


@pytest.mark.clause("§5.1")
def test_the_orders_of_an_agency_are_kept_by_month_for_its_signals_and_not_shown_so() -> None:
    rows = counted(of_firm("f1", records.AGENCY, records.AGENCY))
    assert rows[f"agency.{records.AGENCY}"]["2606o"] == 2
    shown = usage_of(2026, KeptReport(rows=rows), 0)["rows"]
    [agency] = [each for each in shown if each["dimension"] == "agency"]
    assert (agency["figures"]["orders"], agency["months"]) == (2, [])


@pytest.mark.clause("§5.1")
def test_an_order_shows_the_signals_of_its_own_month_and_of_its_agency() -> None:
    rows: Rows = {
        f"agency.{records.AGENCY}": {"2605o": 1, "2606o": 40, "0000f": 1, "0000t": 1},
        "total.all": {"2605o": 100, "2606o": 100},
    }
    row = [numbered(number) for number in range(SIGNALS.full_shares)]
    found = list(exceptions_of(FirmYear(None, orders=row), records.POLICY).values())

    def codes(of: Order) -> list[str]:
        return [flag["code"] for flag in flags_of_signals(of, found, rows)]

    assert codes(row[0]) == ["FULL_SHARE_ROW", "SUDDEN_VOLUME", "ONLY_PAIR"]
    may = row[0].model_copy(update={"created_at": datetime.fromisoformat("2026-05-15T02:00:00Z")})
    assert codes(may) == ["FULL_SHARE_ROW", "ONLY_PAIR"]
    assert codes(order("another")) == ["SUDDEN_VOLUME", "ONLY_PAIR"]
    assert all(flag["message"].endswith("。") for flag in flags_of_signals(row[0], found, rows))


Placed = st.lists(
    st.tuples(
        st.sampled_from("fgh"), st.sampled_from([records.AGENCY, OTHER]), st.sampled_from([700_000, 700_000, 699_999])
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.clause("§5.1")
@given(placed=Placed, chance=st.randoms(use_true_random=False))
def test_signals_are_the_same_in_whatever_order_changes_are_counted(
    placed: list[tuple[str, str, int]], chance: Random
) -> None:
    orders = [
        numbered(number, enterprise_uscc=firm, agency_uscc=agency, voucher_fen=fen)
        for number, (firm, agency, fen) in enumerate(placed)
    ]

    def life(events: list[Order]) -> tuple[Any, Any]:
        """What is kept in the end, if each of these changes had its enterprise counted, as the worker does it."""
        rows, listed_of = dict[str, Rows](), dict[str, Any]()
        for event in events:
            own = [each for each in orders if each.enterprise_uscc == event.enterprise_uscc]
            year = FirmYear(None, orders=chance.sample(own, len(own)))
            rows[event.enterprise_uscc] = counted(year)
            listed_of[event.enterprise_uscc] = exceptions_of(year, records.POLICY)
        return signals_of_agencies(united(rows.values())), listed_of

    again = [*orders, *chance.choices(orders, k=3)]
    assert life(orders) == life(chance.sample(again, len(again)))
