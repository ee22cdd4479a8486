"""Money that comes in on a claim at the same moment: its parts never exceed the claim (§5.2b)."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, Person, Reply
from tests.conftest import StoppedClock
from tests.races import seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.support.backend import World
from voucher.models.orders import KeptRecovery, Order

CLAIM_FEN = 100_000


def claimed(world: World) -> tuple[Parties, str]:
    """A paid order with a claim; the path of the claim."""
    parties = seed_parties(world)
    payout_id = parties.make_payout([parties.complete_order(700_000)])
    result = {"state": "paid", "bank_reference": "BK-1", "paid_on": seed_data.TODAY.isoformat()}
    steps.expect(world.call(FINANCE, "POST", f"/payouts/{payout_id}/result", result), 200)
    [order] = tables.list_records(Order, "orders", "RECORD")
    path, body = f"/orders/{order.order_id}/recoveries", {"amount_fen": CLAIM_FEN, "reason": "重复享受补助"}
    claim = steps.expect(world.call(BUREAU, "POST", path, body, key="claim"), 201)
    return parties, f"{path}/{claim['recovery_id']}"


def receive(world: World, path: str, amount_fen: int, key: str) -> Reply:
    """Finance records a part, again as long as only another request came first."""
    body = {"amount_fen": amount_fen, "bank_reference": key, "received_on": seed_data.TODAY.isoformat()}
    for _ in range(40):
        reply = world.call(FINANCE, "POST", f"{path}/receipts", body, key=key)
        if reply.code not in ("CHANGED_MEANWHILE", "BUSY"):
            break
    return reply


def assert_listed_as_kept(order: Order) -> None:
    """What lists show of the claim is what its order has."""
    [listed], [claim] = tables.list_records(KeptRecovery, "orders", "RECOVERY#"), order.recoveries
    assert (listed.state, listed.received_fen) == (claim.state, claim.received_fen)


@pytest.mark.clause("§5.2b")
def test_of_parts_that_come_in_at_once_only_those_that_the_claim_holds_count(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    _, path = claimed(world)
    calls = [partial(receive, world, path, 40_000, f"in-{number}") for number in range(5)]
    codes = sorted(reply.code or "done" for reply in Interleaving(seed).run(calls))
    assert codes == ["OVER_CLAIM"] * 3 + ["done"] * 2
    [order] = tables.list_records(Order, "orders", "RECORD")
    assert (order.received_fen, order.recoveries[0].state, len(order.recoveries[0].receipts)) == (80_000, "part", 2)
    accounts = tables.assert_books_hold()
    assert accounts["receivable"] == CLAIM_FEN - 80_000
    assert_listed_as_kept(order)


@pytest.mark.clause("§5.2b")
def test_a_claim_is_withdrawn_or_paid_and_never_both(world: World, stopped_clock: StoppedClock, seed: int) -> None:
    _, path = claimed(world)

    def withdraw(person: Person) -> Reply:
        for _ in range(40):
            reply = world.call(person, "POST", f"{path}/withdraw", {"reason": "误登"})
            if reply.code not in ("CHANGED_MEANWHILE", "BUSY"):
                break
        return reply

    calls = [partial(receive, world, path, CLAIM_FEN, "in"), partial(withdraw, BUREAU_TWO)]
    codes = sorted(reply.code or "done" for reply in Interleaving(seed).run(calls))
    assert codes == ["WRONG_STATE", "done"]
    assert tables.assert_books_hold()["receivable"] == 0
    [order] = tables.list_records(Order, "orders", "RECORD")
    assert_listed_as_kept(order)
