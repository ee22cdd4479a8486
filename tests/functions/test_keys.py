"""One Idempotency-Key of a caller is good for one request, whatever other path it is sent to."""

from dataclasses import replace

import pytest

from infra.client import steps
from infra.client.http import BUREAU, Person, Reply
from tests.support.calls.call import STAFF, Call
from tests.support.calls.creating import CREATING
from tests.support.calls.everything import Everything
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import Settling, opened, settling, the_order
from tests.support.snapshots import everything_kept

# staff who are one person here, so that every one of their keys can meet every other
ALL_STAFF = Person("all-hands", ",".join(STAFF))


def calls_of(everything: Everything) -> dict[str, Call]:
    """The accepted call of every creating route; all of staff's by one person."""
    calls = {name: everything.calls[name] for name in CREATING}
    return {name: replace(call, person=ALL_STAFF) if call.roles else call for name, call in calls.items()}


def send(everything: Everything, call: Call, key: str) -> Reply:
    """A creation under a key."""
    return everything.town.world.call(call.person, "POST", call.path, call.body, key)


# whoever has the code of a complaint makes nothing else by a key
SIGNED_IN = [each for each in CREATING if each != "POST /complaints/{complaint_id}/documents"]


@pytest.mark.parametrize("name", SIGNED_IN)
def test_a_key_that_made_one_thing_makes_no_other_of_any_kind(everything: Everything, name: str) -> None:
    calls = calls_of(everything)
    first = calls.pop(name)
    assert send(everything, first, "one").status == 201
    before = everything_kept()
    others = [call for call in calls.values() if call.person == first.person]
    assert others
    for other in others:
        reply = send(everything, other, "one")
        assert (reply.status, reply.code) == (422, "IDEMPOTENCY_KEY_REUSED"), other.path
    assert everything_kept() == before
    again = send(everything, first, "one")
    assert again.status in (200, 201)
    assert everything_kept() == before


def test_the_same_key_of_another_caller_is_another_key(everything: Everything) -> None:
    calls = calls_of(everything)
    for name in ("POST /violations", "POST /products", "POST /enterprises/{uscc}/changes"):
        assert send(everything, calls[name], "one").status == 201


def two_paid_orders(submitted: tuple[Town, Json]) -> tuple[tuple[Settling, Json], tuple[Settling, Json]]:
    """Two orders of one agency, both paid."""
    case, first = settling(submitted), the_order(submitted)
    case.paid(first)
    second = case.town.complete(case.town.order(contract_fen=60_000, voucher_fen=40_000))
    other, settlement = opened(case.town, second)
    case.town.fill_in(settlement)
    steps.expect(other.call(SELLER, "POST", "submit"), 200)
    round_id = other.owed(second)
    steps.expect(other.invoice(round_id, "SUM-2", 40_000), 200)
    [payout] = steps.expect(other.payouts(round_id), 201)["items"]
    steps.expect(other.result(payout["payout_id"]), 200)
    return (case, first), (other, second)


def test_one_key_recovers_the_money_of_one_order(submitted: tuple[Town, Json]) -> None:
    (case, first), (other, second) = two_paid_orders(submitted)
    assert case.recover(first, 10_000, key="same").status == 201
    before = everything_kept()
    assert other.recover(second, 10_000, key="same").code == "IDEMPOTENCY_KEY_REUSED"
    assert everything_kept() == before
    assert case.town.world.call(BUREAU, "GET", f"/orders/{second['order_id']}").body["recovered_fen"] == 0
