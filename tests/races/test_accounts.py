"""An account is named, confirmed and paid to at the same moment (§3.5.4): nothing goes to one that nobody confirmed."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import OPERATOR, OPERATOR_TWO, Person, Reply
from tests.conftest import StoppedClock
from tests.races import requests
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.support.backend import World
from voucher.models.payables import Payable
from voucher.store import payables

FIRST, SECOND = "6200000000000008888", "6200000000000009999"


@pytest.fixture
def parties(world: World, stopped_clock: StoppedClock) -> Parties:
    """Their agency is owed money, on an account that counts."""
    return seed_parties(world)


def naming(parties: Parties, number: str) -> dict[str, str]:
    """The body that names an account."""
    names = {"bank_name": "某行", "account_name": "服务机构", "reason": "换户"}
    return {"agency_uscc": parties.agency.uscc, "bank_account": number, **names}


def owed(round_id: str) -> Payable:
    """The one payable of a round."""
    [payable] = payables.list_of_round(round_id)
    return payable


@pytest.mark.clause("§3.5.4")
def test_after_the_answer_that_somebody_is_removed_they_name_no_account(parties: Parties, seed: int) -> None:
    world, round_id, owner = parties.world, parties.owe([parties.complete_order(100_000)]), parties.agency.person
    place, guest = f"/organisations/{parties.agency.uscc}", Person("guest")
    code = steps.expect(world.call(owner, "POST", f"{place}/invitations", {"role": "finance"}), 201)["code"]
    steps.expect(world.call(guest, "POST", "/invitations/accept", {"code": code}), 200)
    seen = steps.expect(world.call(guest, "GET", f"{place}/members"), 200)["items"]
    [guest_id] = [each["member_id"] for each in seen if each["is_caller"]]
    threads, waiting_then = Interleaving(seed, conflict_share=0), list[bool]()

    def remove() -> Reply:
        reply = requests.insist(world, owner, f"{place}/members/{guest_id}/remove")
        with threads.without_turns():
            waiting_then.append(owed(round_id).change is not None)
        return reply

    body = naming(parties, SECOND)
    named, removed = threads.run(
        [partial(requests.insist, world, guest, f"/rounds/{round_id}/bank-account", body), remove]
    )
    assert removed.status == 200
    assert [owed(round_id).change is not None] == waiting_then == [named.status == 200]
    assert named.code in (None, "NOT_FOUND")


@pytest.mark.clause("§3.5.4")
def test_what_is_paid_out_has_no_account_that_waits(parties: Parties, seed: int) -> None:
    world, round_id = parties.world, parties.owe([parties.complete_order(100_000)])
    path, body = f"/rounds/{round_id}", naming(parties, SECOND)
    named, paid = Interleaving(seed).run(
        [
            partial(requests.insist, world, parties.agency.person, f"{path}/bank-account", body),
            partial(requests.insist, world, OPERATOR_TWO, f"{path}/payouts"),
        ]
    )
    payable = owed(round_id)
    assert payable.account and payable.account.last_digits == "0018"
    if paid.status == 201:
        assert (payable.state, payable.change, named.code) == ("paying", None, "WRONG_STATE")
    else:
        assert (paid.code, named.status) == ("ACCOUNT_UNDECIDED", 200)
        assert payable.change and payable.change.account.last_digits == "9999"


@pytest.mark.clause("§3.5.4")
def test_the_account_that_was_confirmed_is_the_one_that_was_looked_at(parties: Parties, seed: int) -> None:
    world, round_id = parties.world, parties.owe([parties.complete_order(100_000)])
    path, person = f"/rounds/{round_id}", parties.agency.person
    first = steps.expect(world.call(person, "POST", f"{path}/bank-account", naming(parties, FIRST)), 200)
    decision = {"change_id": first["proposed_account"]["change_id"], "decision": "confirm"}
    body = {"agency_uscc": parties.agency.uscc, **decision}
    named, confirmed = Interleaving(seed, conflict_share=0).run(
        [
            partial(world.call, person, "POST", f"{path}/bank-account", naming(parties, SECOND)),
            partial(world.call, OPERATOR, "POST", f"{path}/bank-account/review", body),
        ]
    )
    payable = owed(round_id)
    assert payable.account
    if confirmed.status == 200:
        assert payable.account.last_digits == "8888"
        assert named.status == 200 or payable.change is None
    else:
        assert (confirmed.code, named.status) == ("CHANGED_MEANWHILE", 200)
        assert payable.account.last_digits == "0018"
        assert payable.change and payable.change.account.last_digits == "9999"
