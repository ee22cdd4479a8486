"""A year against its limits: the pace at which it goes on, and what is out of the ordinary (§2.2, §2.3.2, §5.2a)."""

from datetime import date
from typing import Any

import pytest

from tests.rules import records
from tests.rules.test_reports import order
from voucher.models.orders import OrderDecision
from voucher.models.reports import FirmYear, KeptReport, Rows
from voucher.policy import Category
from voucher.rules.compliance import compliance_of, day_reached, exceptions_of, shares_of

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def reached(months: dict[str, int], room_fen: int, today: date) -> date | None:
    """The day on which a limit of the year is reached."""
    return day_reached(months, room_fen, today, FIRST, LAST)


@pytest.mark.clause("§2.2.cap")
def test_a_limit_is_reached_at_the_pace_of_this_month_and_the_two_before() -> None:
    used = {"2602": 1_000, "2603": 10, "2604": 10, "2605": 10}  # 30 fen in 92 days, what was before does not count
    assert reached(used, 30, date(2026, 5, 31)) == date(2026, 8, 31)
    assert reached(used, 31, date(2026, 5, 31)) == date(2026, 9, 4)
    assert reached({"2601": 10}, 10, date(2026, 1, 10)) == date(2026, 1, 20)  # in the first days of a year


@pytest.mark.clause("§2.2.cap")
def test_a_limit_not_reached_within_the_year_has_no_day_and_without_room_today() -> None:
    today = date(2026, 5, 31)
    assert (reached({}, 5, today), reached({"2605": -3}, 5, today), reached({"2605": 1}, 10**9, today)) == (None,) * 3
    assert (reached({}, 0, today), reached({"2605": 7}, -1, today)) == (today, today)


@pytest.mark.clause("§2.2.floor")
def test_a_share_of_nothing_is_none_and_not_zero() -> None:
    assert shares_of(0, 100, 0, 0) == {"of_budget": 0.0, "of_granted": None, "of_used": None}
    assert shares_of(1, 3, 2, 1) == {"of_budget": 33.33, "of_granted": 50.0, "of_used": 100.0}


def report(rows: Rows, **changes: Any) -> dict[str, Any]:
    """The compliance report of a year of 1,000 fen."""
    programme = records.programme(**{"total_fen": 1_000, **changes})
    return compliance_of(programme, KeptReport(rows=rows), date(2026, 6, 30))


@pytest.mark.clause("§2.2.floor")
def test_the_floor_counts_what_went_back_and_shows_the_share_month_by_month() -> None:
    rows: Rows = {
        "category.digital": {"2605h": 200, "2606b": 100},
        "category.legal": {"2606h": 300},
        "total.all": {"2605g": 800},
    }
    floor = report(rows)["floor"]
    assert floor["shares"] == {"of_budget": 10.0, "of_granted": 12.5, "of_used": 25.0}
    assert [each["key_share_percent"] for each in floor["trend"]] == [100.0, 25.0]
    assert floor["room_fen"] == 600 - 300


@pytest.mark.clause("§2.2.cap")
def test_caps_follow_another_total_of_the_year() -> None:
    rows: Rows = {"category.digital": {"2606h": 100}}
    before, after = ({each["category"]: each for each in report(rows, total_fen=fen)["caps"]} for fen in (1_000, 2_000))
    assert after["digital"]["cap_fen"] == 2 * before["digital"]["cap_fen"]
    assert after["digital"]["room_fen"] == after["digital"]["cap_fen"] - 100


@pytest.mark.clause("§2.3.2", "§5.2a", "§4.2.1")
def test_an_order_is_listed_at_the_whole_share_above_its_price_or_decided_alone() -> None:
    decision = OrderDecision(decision="confirm", ground="silent", reason="已核实", by="o", at=records.NOW)

    def kinds(**changes: Any) -> list[str]:
        firm = FirmYear(None, orders=[order(category=Category.DIGITAL, **changes)])
        return sorted(each.kind for each in exceptions_of(firm, records.POLICY).values())

    assert kinds() == ["full_share"]
    assert kinds(voucher_fen=699_999) == []
    assert kinds(voucher_fen=1, price_fen=999_999) == ["above_price"]
    assert kinds(voucher_fen=1, price_fen=500_000, quantity=2) == []
    assert kinds(voucher_fen=1, decision=decision) == ["decided_alone"]
    assert kinds(state="cancelled", decision=decision) == ["decided_alone"]
    assert kinds(state="withdrawn") == []
    assert kinds(state="placed") == ["full_share"]
