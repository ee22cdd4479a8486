"""The last night of a year (§1.4b, §4.2.1): it closes while vouchers lapse, orders are cancelled and batches end."""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.races import requests, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.races.seed_data import QUOTA_FEN, YEAR
from tests.support.backend import World, function
from voucher.models.pools import SURPLUS_SHARDS, surplus_pool
from voucher.policy import Category
from voucher.refusals import Refused
from voucher.store import programmes
from voucher.store.engine import pools

YEAR_END = datetime(2026, 12, 31, 16, tzinfo=UTC)
YEAR_END_TEXT = "2026-12-31T16:00:00.000Z"
CONTRACTED_FEN, UNCONTRACTED_FEN = 300_000, 200_000
CLOSE_MESSAGE = {"year": YEAR, "instant": YEAR_END_TEXT}


def work_until_done(message: dict[str, Any]) -> None:
    """Hand a message to its worker until it succeeds, as the queue does when another writer came first."""
    worker = function("close_year" if message is CLOSE_MESSAGE else "void_vouchers")
    for _ in range(40):
        try:
            worker.work(message)
        except Refused as refused:
            if refused.refusal.name not in requests.RETRYABLE_CODES:
                raise
        else:
            return
    raise AssertionError("the message never got through")


def place_uncontracted_order(parties: Parties) -> str:
    """Place an order without a contract, which ends with the year; its id."""
    body = requests.order_body(parties.product_id, parties.voucher_id, UNCONTRACTED_FEN)
    reply = parties.world.call(parties.enterprise.person, "POST", "/orders", body, key="uncontracted")
    order_id: str = steps.expect(reply, 201)["order_id"]
    return order_id


@pytest.mark.clause("§1.4b")
@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("lapsed_before", [False, True])
def test_a_year_closes_once_and_leaves_no_money_behind_in_its_last_night(
    world: World, stopped_clock: StoppedClock, seed: int, lapsed_before: bool
) -> None:
    """Meanwhile a voucher lapses, an order is cancelled, and a batch is closed."""
    parties = seed_parties(world)
    contracted_id = parties.accept_order(CONTRACTED_FEN)
    requests.both_ask_to_cancel(world, contracted_id, parties.enterprise.person, parties.agency.person)
    uncontracted_id = place_uncontracted_order(parties)
    stopped_clock.instant = YEAR_END
    lapse = requests.lapse_message(parties.batch_id, parties.voucher_id, YEAR_END_TEXT)
    if lapsed_before:  # the voucher ended in November: only its orders are left
        work_until_done(lapse)
    lapse["year_over"] = True
    cancellation = f"/orders/{contracted_id}/cancellation/review"

    def cancel() -> Reply | None:
        return requests.insist(world, OPERATOR, cancellation, {"decision": "approve"})

    def close_batch() -> Reply | None:
        return requests.insist(world, BUREAU, f"/batches/{parties.batch_id}/close")

    def after_calls(action: Callable[[], Reply | None], calls: int) -> Callable[[], Reply | None]:
        """Start an action some calls later, because the closing reads many buckets before it writes."""
        return lambda: [programmes.get(YEAR) for _ in range(calls)] and action()

    random = Random(seed)
    others = [
        after_calls(each, random.randrange(1, 60))
        for each in (lambda: work_until_done(lapse), lambda: work_until_done(lapse), cancel)
    ]
    outcomes = Interleaving(seed).run([*[lambda: work_until_done(CLOSE_MESSAGE)] * 2, *others, close_batch])
    assert 200 in [reply.status for reply in outcomes if reply is not None]
    programme = programmes.get(YEAR)
    if programme.closing is not None:
        assert programme.closing.used_fen[Category.LEGAL] in (0, CONTRACTED_FEN), "what was cancelled is not frozen"
        assert world.call(OPERATOR, "GET", f"/orders/{uncontracted_id}").body["state"] == "cancelled"
    for message in (lapse, CLOSE_MESSAGE, lapse, CLOSE_MESSAGE):
        work_until_done(message)
    assert programmes.get(YEAR).closing == (programme.closing or programmes.get(YEAR).closing)
    assert world.call(OPERATOR, "GET", f"/programmes/{YEAR}").body["state"] == "closed"
    for order_id in (contracted_id, uncontracted_id):
        assert world.call(OPERATOR, "GET", f"/orders/{order_id}").body["state"] == "cancelled"
    surplus = pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS)
    assert surplus.remaining_fen == 100 * QUOTA_FEN
    tables.assert_books_hold()
