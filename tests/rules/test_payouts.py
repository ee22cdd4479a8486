"""Payouts: on which days a bank moved money, and what it cannot send back (§3.5.4)."""

from datetime import date

import pytest

from tests.rules.records import refusal_of, refused_by
from tests.rules.settlement_records import order
from voucher.refusals import Refusal
from voucher.rules.payouts import check_bank_day, check_not_recovered

ORDERED_ON, TODAY = date(2026, 6, 15), date(2026, 6, 20)


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize(
    ("day", "refusal"),
    [
        (date(2026, 6, 14), Refusal.MALFORMED),
        (ORDERED_ON, None),
        (TODAY, None),
        (date(2026, 6, 21), Refusal.MALFORMED),
    ],
)
def test_a_bank_moves_money_after_it_was_told_to_and_not_in_the_future(day: date, refusal: Refusal | None) -> None:
    assert refusal_of(check_bank_day, "paid_on", day, ORDERED_ON, TODAY) is refusal


@pytest.mark.clause("§3.5.4")
def test_money_of_which_a_fen_is_claimed_back_is_not_sent_back() -> None:
    claimed = order(order_id="o2", state="paid", recovered_fen=1)
    assert refusal_of(check_not_recovered, [order(state="paid")]) is None
    no = refused_by(check_not_recovered, [order(state="paid"), claimed])
    assert no is not None and no.refusal is Refusal.ALREADY_RECOVERED
    assert [(each.field, each.message) for each in no.errors] == [("o2", "已追回 0.01 元。")]
    assert no.state == "paid"
