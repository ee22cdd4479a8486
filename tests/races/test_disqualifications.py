"""Disqualifications while grabs, the void worker and the bureau itself are at work (§4.1.3)."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.races import requests, sanctions, seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.races.sanctions import APPROVE, path_of
from tests.races.seed_data import QUOTA_FEN
from tests.support.backend import World
from voucher.models.entitlements import Entitlement
from voucher.models.orders import Order
from voucher.models.vouchers import Voucher
from voucher.store import organisations

WHY = {"reason": "复查有误"}
HELD_FEN = 200_000


def place_uncontracted_order(parties: Parties) -> None:
    """An order that a disqualification ends."""
    body = requests.order_body(parties.product_id, parties.voucher_id, HELD_FEN)
    steps.expect(parties.world.call(parties.enterprise.person, "POST", "/orders", body, key="uncontracted"), 201)


@pytest.mark.clause("§4.1.3")
def test_what_a_late_worker_takes_is_given_back_and_nothing_is_taken_after_that(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    place_uncontracted_order(parties)
    sanctions.disqualify(parties)

    def work() -> None:
        # a worker that was overtaken leaves its message in the queue
        sanctions.void(parties)

    restore = partial(requests.insist, world, BUREAU_TWO, f"{path_of(parties)}/restore", WHY)
    restored, _ = Interleaving(seed).run([restore, work])
    assert restored is not None
    assert restored.status == 200
    work()
    [voucher] = tables.list_records(Voucher, "vouchers", "VOUCHER#")
    [entitlement] = tables.list_records(Entitlement, "vouchers", "ENTITLEMENT")
    [order] = tables.list_records(Order, "orders", "RECORD")
    held_fen = HELD_FEN if order.state == "placed" else 0
    assert (voucher.state, voucher.balance_fen) in {("active", QUOTA_FEN - HELD_FEN), ("void", 0)}
    assert entitlement.left_fen + voucher.balance_fen + held_fen == QUOTA_FEN
    assert entitlement.lapsed is False
    tables.assert_books_hold()


@pytest.mark.clause("§4.1.3")
def test_after_the_answer_that_it_is_disqualified_an_enterprise_is_granted_nothing(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    [fresh] = seed_data.add_enterprises(1)
    batch_id = seed_data.open_batch(world, QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    parties = Parties(world, batch_id, fresh, fresh, "no voucher yet", "no product")
    sanctions.propose(parties)
    threads, then = Interleaving(seed), list[int]()

    def granted() -> int:
        return len(tables.list_items("vouchers", "VOUCHER#"))

    def approve() -> Reply:
        reply = requests.insist(world, BUREAU, f"{path_of(parties)}/disqualify/approve", APPROVE)
        with threads.without_turns():
            then.append(granted())
        return reply

    replies = threads.run([approve, partial(requests.grab, world, batch_id, fresh)])
    assert replies[0].status == 200
    assert (replies[1].status, replies[1].code) in {(201, None), (422, "NOT_ELIGIBLE")}
    assert [granted()] == then


@pytest.mark.clause("§4.1.3")
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_of_two_decisions_at_once_one_counts_and_no_statement_comes_after_it(
    world: World, stopped_clock: StoppedClock, seed: int, decision: str
) -> None:
    parties = seed_parties(world)
    path = f"{path_of(parties)}/disqualify"
    steps.expect(world.call(OPERATOR, "POST", path, WHY), 200)
    statement = partial(requests.insist, world, parties.enterprise.person, f"{path}/statement", {"text": "有异议"})
    decide = partial(requests.insist, world, body={"decision": decision, "reason": "已核实"})
    said, *decided = Interleaving(seed).run(
        [statement, *(partial(decide, person, f"{path}/approve") for person in (BUREAU, BUREAU_TWO))]
    )
    enterprise = organisations.get_enterprise(parties.enterprise.uscc)
    sanction = enterprise.sanction
    assert sanction is not None
    assert (said.code, sanction.statement) in {(None, "有异议"), ("ALREADY_REVIEWED", None)}
    codes = sorted(reply.code or "" for reply in decided)
    assert codes in (["", "ALREADY_REVIEWED"], ["TOO_EARLY", "TOO_EARLY"], ["", "TOO_EARLY"])
    assert enterprise.state == ("disqualified" if "" in codes and decision == "approve" else "approved")
