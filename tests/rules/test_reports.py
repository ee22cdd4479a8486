"""What an enterprise counts for in a year's report, and how much is added when that changes (§5.1)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import records
from voucher.models.accounts import Movement, Posting
from voucher.models.orders import Order, Rating
from voucher.models.reports import FirmYear, KeptReport, Rows
from voucher.policy import Category
from voucher.rules import reports

JULY = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
AUGUST = datetime(2026, 8, 1, 2, 0, tzinfo=UTC)
VOUCHER = "2026.b1.firm"
PAYABLE = f"payable:r1.{records.AGENCY}"
ROW, AGENCY_ROW = "category.digital", f"agency.{records.AGENCY}"


def order(order_id: str = "o1", **changes: Any) -> Order:
    """An order of 10,000 yuan, 7,000 of them by voucher, with a contract."""
    facts: dict[str, Any] = {
        "state": "paid",
        "order_id": order_id,
        "year": 2026,
        "product_id": f"{records.AGENCY}.p1",
        "agency_uscc": records.AGENCY,
        "enterprise_uscc": records.FIRM,
        "voucher_id": VOUCHER,
        "category": Category.DIGITAL,
        "price_fen": 1_000_000,
        "price_unit": "项",
        "contract_fen": 1_000_000,
        "voucher_fen": 700_000,
        "contract_number": "1",
        "contract_agreed_at": records.NOW,
        "drawn": {},
        **records.MADE,
    }
    return Order(**facts | changes)


def posting(entry: Any, source: str, target: str, fen: int, at: datetime = records.NOW) -> Posting:
    """One movement."""
    return Posting.of(Movement(entry, source, target, fen, at, "someone"), f"{entry}.{source}.{at}", 2026)


def hold(order_id: str = "o1", fen: int = 700_000) -> Posting:
    """The hold of an order."""
    return posting("hold", f"voucher:{VOUCHER}", f"order:{order_id}", fen)


def firm(*postings: Posting, orders: tuple[Order, ...] = (), **changes: Any) -> FirmYear:
    """A firm with one voucher of 10,000 yuan."""
    voucher = records.voucher(voucher_id=VOUCHER, batch_id="2026.b1", granted_at=records.NOW, **changes)
    return FirmYear(records.entitlement(), [voucher], list(orders), list(postings))


def months(rows: Rows, row: str, measure: str) -> dict[str, int]:
    """A measure of a row by month."""
    letter = reports.LETTERS[measure]
    return {cell[:4]: fen for cell, fen in rows.get(row, {}).items() if cell[4:] == letter}


@pytest.mark.clause("§5.1")
def test_a_payout_counts_for_each_order_what_was_owed_of_it_then() -> None:
    approvals = [posting("approve", f"order:{each}", PAYABLE, fen) for each, fen in (("o1", 700_000), ("o2", 100_000))]
    paid = posting("pay", PAYABLE, "paid:2026", 700_000, AUGUST)
    taken_back = posting("take_back", PAYABLE, "order:o2", 100_000, JULY)
    both = firm(paid, hold(), hold("o2", 100_000), *approvals, taken_back, orders=(order(), order("o2")))
    rows = reports.counted(both)
    assert months(rows, ROW, "verified_fen") == {"2606": 800_000, "2607": -100_000}
    assert months(rows, ROW, "paid_fen") == {"2608": 700_000}
    assert reports.accounts_of(rows)["payable"] == 0


@pytest.mark.clause("§5.1")
def test_what_the_bank_sent_back_counts_against_the_month_in_which_it_came() -> None:
    paid = posting("pay", PAYABLE, "paid:2026", 700_000, JULY)
    returned = posting("return", "paid:2026", PAYABLE, 700_000, AUGUST)
    approval = posting("approve", "order:o1", PAYABLE, 700_000)
    rows = reports.counted(firm(hold(), approval, paid, returned, orders=(order(),)))
    assert months(rows, reports.TOTAL, "paid_fen") == {"2607": 700_000, "2608": -700_000}
    assert reports.accounts_of(rows) == {"voucher": 300_000, "order": 0, "payable": 700_000, "paid": 0, "receivable": 0}


@pytest.mark.clause("§5.1")
def test_what_is_paid_was_owed_before_even_if_the_clocks_of_two_processes_differ() -> None:
    paid = posting("pay", PAYABLE, "paid:2026", 700_000, JULY)
    approval = posting("approve", "order:o1", PAYABLE, 700_000, JULY + timedelta(seconds=2))
    rows = reports.counted(firm(hold(), paid, approval, orders=(order(),)))
    assert reports.accounts_of(rows) == {"voucher": 300_000, "order": 0, "payable": 0, "paid": 700_000, "receivable": 0}
    early = order(entered={"accepted": records.NOW - timedelta(seconds=2)})
    assert (
        reports.figures_of(reports.counted(firm(hold(), orders=(early,)))[ROW].items())["stage_days"]["answer"] == 0.0
    )


@pytest.mark.clause("§5.1")
def test_a_cancelled_contract_counts_against_the_month_of_its_end() -> None:
    ended = order(state="cancelled", entered={"cancelled": JULY})
    rows = reports.counted(firm(hold(), orders=(ended,)))
    assert months(rows, reports.TOTAL, "contract_fen") == {"2606": 1_000_000, "2607": -1_000_000}
    never_agreed = order(state="cancelled", contract_agreed_at=None, entered={"cancelled": JULY})
    assert months(reports.counted(firm(hold(), orders=(never_agreed,))), reports.TOTAL, "contract_fen") == {}


@pytest.mark.clause("§5.1")
def test_a_firm_counts_once_in_each_row_in_the_month_in_which_it_came_there() -> None:
    later = order("o2", created_at=AUGUST)
    rows = reports.counted(firm(hold(), orders=(later, order(created_at=JULY))))
    assert months(rows, ROW, "firms") == {"2607": 1}
    assert months(rows, reports.TOTAL, "firms") == {"2606": 1}


@pytest.mark.clause("§5.1")
def test_an_agency_is_counted_by_the_year_and_adds_up_to_its_category() -> None:
    rows = reports.counted(
        firm(hold(), posting("release", "order:o1", f"voucher:{VOUCHER}", 5, JULY), orders=(order(),))
    )
    assert set(months(rows, AGENCY_ROW, "held_fen")) == {"0000"}
    assert reports.figures_of(rows[AGENCY_ROW].items()) == reports.figures_of(rows[ROW].items())


@pytest.mark.clause("§5.1")
def test_a_month_begins_at_midnight_in_lishui() -> None:
    midnight = datetime(2026, 6, 30, 16, 0, tzinfo=UTC)
    assert (reports.month_of(midnight), reports.month_of(datetime(2026, 6, 30, 15, 59, tzinfo=UTC))) == ("2607", "2606")


@pytest.mark.clause("§5.1")
def test_what_became_void_is_told_apart_from_what_lapsed() -> None:
    lapse = posting("lapse", f"voucher:{VOUCHER}", "surplus:2026", 1_000_000, JULY)
    void, lapsed = (reports.counted(firm(lapse, state=state)) for state in ("void", "expired"))
    assert (months(void, reports.TOTAL, "void_fen"), months(void, reports.TOTAL, "lapsed_fen")) == (
        {"2607": 1_000_000},
        {},
    )
    assert months(lapsed, reports.TOTAL, "lapsed_fen") == {"2607": 1_000_000}


@pytest.mark.clause("§5.1")
def test_a_voucher_counts_by_what_its_firm_was_when_it_was_granted() -> None:
    groups = frozenset({"list.little_giant_nursery", "district.liandu", "size.small", "industry.3411"})
    known = FirmYear(records.entitlement(groups=groups), firm().vouchers)
    assert {"list.little_giant_nursery", "district.liandu", "size_class.small"} <= reports.counted(known).keys()
    unknown = FirmYear(records.entitlement(groups=None), firm().vouchers)
    assert {"list.none", "district.unknown", "size_class.unknown"} <= reports.counted(unknown).keys()


@pytest.mark.clause("§5.1")
def test_a_stage_lasts_from_one_state_to_the_next_and_ratings_have_an_average() -> None:
    rated = order(entered={"accepted": JULY}, rating=Rating(score=4, comment="", at=JULY))
    figures = reports.figures_of(reports.counted(firm(hold(), orders=(rated,)))[ROW].items())
    assert (figures["stage_days"]["answer"], figures["stage_days"]["deliver"]) == (16.0, None)
    assert (figures["rating_count"], figures["rating_average"]) == (1, 4.0)


def test_rows_are_shown_in_the_order_of_their_dimensions_with_their_months() -> None:
    rows: Rows = {"batch.b1": {"2607g": 5}, ROW: {"2608h": 1, "2607h": 2, "0000n": 3}}
    shown = reports.usage_of(2026, KeptReport(rows=rows), 0)["rows"]
    assert [(each["dimension"], each["value"]) for each in shown] == [
        ("total", "all"),
        ("category", "digital"),
        ("batch", "b1"),
    ]
    assert [(each["month"], each["figures"]["held_fen"]) for each in shown[1]["months"]] == [
        ("2026-07", 2),
        ("2026-08", 1),
    ]


Cells = st.dictionaries(st.sampled_from(["2606h", "2606g", "2607h"]), st.integers(-5, 5).filter(bool), min_size=1)
SomeRows = st.dictionaries(st.sampled_from("abcd"), Cells)


@given(before=SomeRows, after=SomeRows, most=st.integers(1, 4))
def test_adding_the_difference_in_parts_makes_the_one_of_the_other(before: Rows, after: Rows, most: int) -> None:
    kept, counted = before, before
    while counted != after:
        step = reports.towards(counted, after, most)
        added = reports.difference(counted, step)
        assert 0 < len(added) <= most
        kept, counted = reports.united([kept, added]), step
    assert kept == after
