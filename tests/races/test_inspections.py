"""Two inspectors on one check, and a finding beside a payout: one comes first, and the other one learns it (§5.1)."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import OPERATOR_TWO, Person, Reply
from tests.conftest import StoppedClock
from tests.races import requests, tables
from tests.races.inspections import AGREE, reported_check
from tests.races.interleaving import Interleaving
from tests.races.order_parties import seed_parties
from tests.support.backend import World
from voucher.models.inspections import Check
from voucher.models.orders import Order
from voucher.store import payouts

THIRD = Person("operator-three", "platform")


@pytest.mark.clause("§5.1.1")
def test_of_two_who_stand_for_a_check_one_does_and_the_other_learns_it(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_id = parties.complete_order(100_000)
    path = f"{reported_check(parties.agency.uscc, order_id)}/countersign"
    asked = [partial(requests.insist, world, person, path, AGREE) for person in (OPERATOR_TWO, THIRD)]
    replies = dict(zip((OPERATOR_TWO, THIRD), Interleaving(seed).run(asked), strict=True))
    assert sorted(reply.status for reply in replies.values()) == [200, 409]
    [winner] = [person for person, reply in replies.items() if reply.status == 200]
    [check] = tables.list_records(Check, "supervision", "CHECK#")
    assert (check.state, check.countersigned_by) == ("referred", winner.name)
    [order] = tables.list_records(Order, "orders", "RECORD")
    assert order.held_by_finding == (check.check_id,)


@pytest.mark.clause("§5.1.1")
@pytest.mark.clause("§5.2b")
def test_a_payout_and_a_finding_that_holds_its_order_come_one_after_the_other(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(2)]
    payouts_path = f"/rounds/{parties.owe(order_ids)}/payouts"
    path = f"{reported_check(parties.agency.uscc, order_ids[1])}/countersign"
    threads, then = Interleaving(seed), list[str]()

    def agree() -> Reply:
        reply = requests.insist(world, THIRD, path, AGREE)
        with threads.without_turns():
            made_so_far = [each["pk"] for each in tables.list_items("settlements", "RECORD")]
            then.extend(pk for pk in made_so_far if pk.startswith("PAYOUT#"))
        return reply

    made, agreed = threads.run([partial(requests.insist, world, OPERATOR_TWO, payouts_path), agree])
    steps.expect(agreed, 200)
    assert (made.status, made.code) == ((201, None) if then else (409, "HELD"))
    tables.assert_books_hold()


@pytest.mark.clause("§5.2b")
def test_a_finding_holds_the_payout_that_is_on_its_way_to_the_bank(world: World, stopped_clock: StoppedClock) -> None:
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(2)]
    payout_id = parties.make_payout(order_ids)
    path = f"{reported_check(parties.agency.uscc, order_ids[1])}/countersign"
    steps.expect(world.call(THIRD, "POST", path, AGREE), 200)
    assert payouts.load(payout_id).held_order_ids == (order_ids[1],)
