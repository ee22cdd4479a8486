"""The last night of a year (§1.4b, §4.2.1): it closes while vouchers lapse, orders are cancelled and batches end."""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.races import stage
from tests.races.stage import QUOTA_FEN, YEAR
from tests.races.trade import Trade, open_trade
from tests.races.turns import Turns
from tests.support.backend import World, function
from voucher.models.pools import SURPLUS_SHARDS, surplus_pool
from voucher.policy import Category
from voucher.refusals import Refused
from voucher.store import programmes
from voucher.store.engine import pools

YEAR_END = datetime(2026, 12, 31, 16, tzinfo=UTC)
TEXT = "2026-12-31T16:00:00.000Z"
CONTRACTED_FEN, UNCONTRACTED_FEN = 300_000, 200_000
CLOSE = {"year": YEAR, "instant": TEXT}


def work(message: dict[str, Any]) -> None:
    """The message's worker, whose queue brings back what somebody else came before."""
    worker = function("close_year" if message is CLOSE else "void_vouchers")
    for _ in range(40):
        try:
            worker.work(message)
        except Refused as no:
            if no.refusal.name not in stage.NOT_YET:
                raise
        else:
            return
    raise AssertionError("the message never got through")


def uncontracted(trade: Trade) -> str:
    """An order that nothing carries over the year's end; its id."""
    body = stage.order_body(trade.product_id, trade.voucher_id, UNCONTRACTED_FEN)
    placed = trade.world.call(trade.buyer.person, "POST", "/orders", body, key="uncontracted")
    order_id: str = steps.expect(placed, 201)["order_id"]
    return order_id


@pytest.mark.clause("§1.4b")
@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("lapsed_before", [False, True])
def test_a_year_closes_once_over_nothing_that_is_left_whatever_happens_in_its_last_night(
    world: World, stopped_clock: StoppedClock, seed: int, lapsed_before: bool
) -> None:
    trade = open_trade(world)
    going = trade.order(CONTRACTED_FEN)
    stage.both_ask_to_cancel(world, going, trade.buyer.person, trade.seller.person)
    left = uncontracted(trade)
    stopped_clock.instant = YEAR_END
    lapse = stage.lapse_message(trade.batch_id, trade.voucher_id, TEXT)
    if lapsed_before:  # the voucher ended in November: only its orders are left
        work(lapse)
    lapse["year_over"] = True
    cancellation = f"/orders/{going}/cancellation/review"

    def cancel() -> Reply | None:
        return stage.insist(world, OPERATOR, cancellation, {"decision": "approve"})

    def close_batch() -> Reply | None:
        return stage.insist(world, BUREAU, f"/batches/{trade.batch_id}/close")

    def later(action: Callable[[], Reply | None], calls: int) -> Callable[[], Reply | None]:
        """Closing looks at many buckets first: who comes later meets it anywhere on its way."""
        return lambda: [programmes.get(YEAR) for _ in range(calls)] and action()

    random = Random(seed)
    others = [later(each, random.randrange(1, 60)) for each in (lambda: work(lapse), lambda: work(lapse), cancel)]
    outcomes = Turns(seed).run([*[lambda: work(CLOSE)] * 2, *others, close_batch])
    assert 200 in [reply.status for reply in outcomes if reply is not None]
    closed = programmes.get(YEAR)
    if closed.closing is not None:
        assert closed.closing.used_fen[Category.LEGAL] in (0, CONTRACTED_FEN), "what was cancelled is not frozen"
        assert world.call(OPERATOR, "GET", f"/orders/{left}").body["state"] == "cancelled"
    for message in (lapse, CLOSE, lapse, CLOSE):
        work(message)
    assert programmes.get(YEAR).closing == (closed.closing or programmes.get(YEAR).closing)
    assert world.call(OPERATOR, "GET", f"/programmes/{YEAR}").body["state"] == "closed"
    for order_id in (going, left):
        assert world.call(OPERATOR, "GET", f"/orders/{order_id}").body["state"] == "cancelled"
    surplus = pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS)
    assert surplus.remaining_fen == 100 * QUOTA_FEN
    stage.assert_books_hold()
