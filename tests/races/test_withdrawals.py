"""What others need is taken away at the same moment: a product, a member, an invitation, a draft (§3.3, §1.4a)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.races.seed_data import QUOTA_FEN
from tests.support.backend import World
from voucher.models.orders import Order

GUEST = Person("guest")


@pytest.fixture
def parties(world: World, stopped_clock: StoppedClock) -> Parties:
    """An enterprise with a voucher, and an agency with a product."""
    return seed_parties(world)


def orders_placed() -> set[str]:
    return {each.order_id for each in tables.list_records(Order, "orders", "RECORD")}


def place(parties: Parties, person: Person, key: str) -> Reply:
    """One order of the product."""
    body = requests.order_body(parties.product_id, parties.voucher_id, 100_000)
    return requests.insist(parties.world, person, "/orders", body, key=key)


def beside(
    seed: int, step: Callable[[], Reply], calls: list[Callable[[], Reply]], look: Callable[[], Any]
) -> list[Reply]:
    """The answers to some calls beside a step; what there is at the answer to the step is what there is in the end."""
    threads, seen = Interleaving(seed), list[Any]()

    def taking_away() -> Reply:
        reply = step()
        with threads.without_turns():
            seen.append(look())
        return reply

    taken, *replies = threads.run([taking_away, *calls])
    assert taken.status == 200
    assert seen == [look()]
    return replies


@pytest.mark.clause("§3.3")
def test_after_the_answer_that_a_product_is_withdrawn_nobody_orders_it(parties: Parties, seed: int) -> None:
    withdraw = partial(requests.insist, parties.world, OPERATOR, f"/products/{parties.product_id}/withdraw")
    calls = [partial(place, parties, parties.enterprise.person, key) for key in "abcdef"]
    replies = beside(seed, withdraw, calls, orders_placed)
    assert {(reply.status, reply.code) for reply in replies} <= {(201, None), (422, "PRODUCT_NOT_LISTED")}
    assert len(orders_placed()) == [reply.status for reply in replies].count(201)
    tables.assert_books_hold()


def invited(parties: Parties) -> dict[str, Any]:
    """The guest's invitation by the enterprise."""
    path = f"/organisations/{parties.enterprise.uscc}/invitations"
    reply = parties.world.call(parties.enterprise.person, "POST", path, {"role": "handler"})
    return steps.expect(reply, 201)


@pytest.mark.clause("§4.2.1")
def test_after_the_answer_that_a_member_has_left_they_place_no_order(parties: Parties, seed: int) -> None:
    code = {"code": invited(parties)["code"]}
    steps.expect(parties.world.call(GUEST, "POST", "/invitations/accept", code), 200)
    leave = partial(requests.insist, parties.world, GUEST, f"/organisations/{parties.enterprise.uscc}/leave")
    replies = beside(seed, leave, [partial(place, parties, GUEST, key) for key in "abcdef"], orders_placed)
    assert {(reply.status, reply.code) for reply in replies} <= {(201, None), (404, "NOT_FOUND")}


def test_after_the_answer_that_an_invitation_is_withdrawn_nobody_joins_by_it(parties: Parties, seed: int) -> None:
    world, owner, invitation = parties.world, parties.enterprise.person, invited(parties)
    place_of = f"/organisations/{parties.enterprise.uscc}"

    def members() -> int:
        return len(steps.expect(world.call(owner, "GET", f"{place_of}/members"), 200)["items"])

    withdraw = partial(requests.insist, world, owner, f"{place_of}/invitations/{invitation['invitation_id']}/withdraw")
    join = partial(requests.insist, world, GUEST, "/invitations/accept", {"code": invitation["code"]})
    [joined] = beside(seed, withdraw, [join], members)
    assert (joined.status, joined.code, members()) in ((200, None, 2), (409, "INVITATION_ENDED", 1))


@pytest.mark.clause("§1.4a")
def test_a_draft_is_released_or_taken_back_and_never_both(parties: Parties, seed: int) -> None:
    batch_id = seed_data.draft_batch(parties.world, QUOTA_FEN)
    replies = Interleaving(seed).run(
        [
            partial(requests.publish_batch, parties.world, batch_id),
            partial(requests.insist, parties.world, OPERATOR, f"/batches/{batch_id}/withdraw", {}),
        ]
    )
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(200, ""), (409, "WRONG_STATE")]
    shown = parties.world.call(BUREAU, "GET", f"/batches/{batch_id}")
    assert shown.status == (200 if replies[0].status == 200 else 404)
    tables.assert_books_hold()
