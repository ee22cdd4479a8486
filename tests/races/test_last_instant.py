"""A voucher's last instant (§4.2.2): an order or a cancellation just in time, and the sweep that ends the voucher."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from infra.client.http import OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.races import requests, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.races.seed_data import QUOTA_FEN, YEAR
from tests.support.backend import World, function
from voucher.models.orders import Order
from voucher.models.pools import SURPLUS_SHARDS, surplus_pool
from voucher.models.vouchers import Voucher
from voucher.store.engine import pools

VOUCHER_END = datetime(2026, 11, 30, 16, tzinfo=UTC)
VOUCHER_END_TEXT = "2026-11-30T16:00:00.000Z"
IN_TIME = VOUCHER_END - timedelta(milliseconds=1)


def sweep_bucket(parties: Parties) -> None:
    """The worker handles the sweep's message for the voucher's bucket, at the voucher's end."""
    function("void_vouchers").work(requests.lapse_message(parties.batch_id, parties.voucher_id, VOUCHER_END_TEXT))


def assert_swept(parties: Parties) -> None:
    """A last sweep leaves no money on the voucher."""
    sweep_bucket(parties)
    [voucher] = tables.list_records(Voucher, "vouchers", "VOUCHER#")
    assert (voucher.state, voucher.balance_fen) == ("expired", 0)


def surplus_fen() -> int:
    """The year's surplus, in fen."""
    return pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen


@pytest.mark.clause("§4.2.2")
def test_orders_placed_in_a_vouchers_last_millisecond_and_its_end_share_its_money(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    stopped_clock.instant = IN_TIME
    body = requests.order_body(parties.product_id, parties.voucher_id, 300_000)

    def order(number: int) -> Callable[[], Reply | None]:
        return lambda: requests.insist(world, parties.enterprise.person, "/orders", body, key=f"late-{number}")

    sweeps: list[Callable[[], Reply | None]] = [lambda: sweep_bucket(parties)] * 2
    outcomes = Interleaving(seed).run([order(0), order(1), order(2), *sweeps, order(3)])
    replies = [reply for reply in outcomes if reply is not None]
    assert {(reply.status, reply.code) for reply in replies} <= {
        (201, None),
        (422, "VOUCHER_ENDED"),
        (422, "OVER_BALANCE"),
    }
    assert_swept(parties)
    held_fen = sum(each.voucher_fen for each in tables.list_records(Order, "orders", "RECORD"))
    assert held_fen == 300_000 * [reply.status for reply in replies].count(201)
    assert held_fen + surplus_fen() == QUOTA_FEN
    tables.assert_books_hold()


@pytest.mark.clause("§3.5.1(5)")
def test_a_cancellation_in_a_vouchers_last_millisecond_loses_no_fen(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    stopped_clock.instant = IN_TIME
    order_id = parties.place_order(700_000)
    requests.both_ask_to_cancel(world, order_id, parties.enterprise.person, parties.agency.person)
    path, approve = f"/orders/{order_id}/cancellation/review", {"decision": "approve"}

    def cancel() -> Reply | None:
        return requests.insist(world, OPERATOR, path, approve)

    sweeps: list[Callable[[], Reply | None]] = [lambda: sweep_bucket(parties)] * 2
    outcomes = Interleaving(seed).run([*sweeps, cancel, cancel])
    assert [reply.status for reply in outcomes if reply is not None] == [200, 200]
    assert_swept(parties)
    assert tables.list_states(Order, "orders") == ["cancelled"]
    assert surplus_fen() == QUOTA_FEN
    tables.assert_books_hold()
