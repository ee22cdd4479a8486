"""A voucher's last instant (§4.2.2): an order or a cancellation just in time, and the sweep that ends the voucher."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from infra.client.http import OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.races import stage
from tests.races.stage import QUOTA_FEN, YEAR
from tests.races.trade import Trade, open_trade
from tests.races.turns import Turns
from tests.support.backend import World, function
from voucher.models.orders import Order
from voucher.models.pools import SURPLUS_SHARDS, surplus_pool
from voucher.models.vouchers import Voucher
from voucher.store.engine import pools

END = datetime(2026, 11, 30, 16, tzinfo=UTC)
END_TEXT = "2026-11-30T16:00:00.000Z"
IN_TIME = END - timedelta(milliseconds=1)


def sweep(trade: Trade) -> None:
    """The sweep's work on the voucher's bucket, at its end."""
    function("void_vouchers").work(stage.lapse_message(trade.batch_id, trade.voucher_id, END_TEXT))


def ended(trade: Trade) -> Voucher:
    """The voucher after a last sweep, which must leave nothing on it."""
    sweep(trade)
    [voucher] = stage.stored(Voucher, "vouchers", "VOUCHER#")
    assert (voucher.state, voucher.balance_fen) == ("expired", 0)
    return voucher


def lapsed_fen() -> int:
    """What came back to the year's surplus."""
    return pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen


@pytest.mark.clause("§4.2.2")
def test_orders_placed_in_a_vouchers_last_millisecond_and_its_end_share_its_money(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    trade = open_trade(world)
    stopped_clock.instant = IN_TIME
    body = stage.order_body(trade.product_id, trade.voucher_id, 300_000)

    def order(number: int) -> Callable[[], Reply | None]:
        return lambda: stage.insist(world, trade.buyer.person, "/orders", body, key=f"late-{number}")

    sweeps: list[Callable[[], Reply | None]] = [lambda: sweep(trade)] * 2
    outcomes = Turns(seed).run([order(0), order(1), order(2), *sweeps, order(3)])
    replies = [reply for reply in outcomes if reply is not None]
    assert {(reply.status, reply.code) for reply in replies} <= {
        (201, None),
        (422, "VOUCHER_ENDED"),
        (422, "OVER_BALANCE"),
    }
    ended(trade)
    held_fen = sum(each.voucher_fen for each in stage.stored(Order, "orders", "RECORD"))
    assert held_fen == 300_000 * [reply.status for reply in replies].count(201)
    assert held_fen + lapsed_fen() == QUOTA_FEN
    stage.assert_books_hold()


@pytest.mark.clause("§3.5.1(5)")
def test_a_cancellation_approved_in_a_vouchers_last_millisecond_loses_no_fen_to_its_end(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    trade = open_trade(world)
    stopped_clock.instant = IN_TIME
    order_id = trade.order(700_000)
    stage.both_ask_to_cancel(world, order_id, trade.buyer.person, trade.seller.person)
    path, approve = f"/orders/{order_id}/cancellation/review", {"decision": "approve"}

    def cancel() -> Reply | None:
        return stage.insist(world, OPERATOR, path, approve)

    sweeps: list[Callable[[], Reply | None]] = [lambda: sweep(trade)] * 2
    outcomes = Turns(seed).run([*sweeps, cancel, cancel])
    assert [reply.status for reply in outcomes if reply is not None] == [200, 200]
    ended(trade)
    assert stage.states(Order, "orders") == ["cancelled"]
    assert lapsed_fen() == QUOTA_FEN
    stage.assert_books_hold()
