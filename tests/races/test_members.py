"""Who acts for an enterprise, decided during grabs, and by several at once (§4.1.1, §4.1.4)."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import Person, Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.seed_data import QUOTA_FEN, Organisation
from tests.support.backend import World
from voucher.models.enterprises import Enterprise
from voucher.models.vouchers import Voucher

GUESTS = (Person("guest-1"), Person("guest-2"))


def place(enterprise: Organisation) -> str:
    return f"/organisations/{enterprise.uscc}"


def code_of(world: World, enterprise: Organisation, role: str = "handler") -> str:
    """The code of an invitation by the enterprise's owner."""
    path = f"{place(enterprise)}/invitations"
    code: str = steps.expect(world.call(enterprise.person, "POST", path, {"role": role}, key=role), 201)["code"]
    return code


def members_of(enterprise: Organisation) -> frozenset[str]:
    """Who acts for it by its own record; the guests' own lists say the same."""
    [found] = [each for each in tables.list_records(Enterprise, "registry", "RECORD") if each.uscc == enterprise.uscc]
    guests = {person.name for person in GUESTS}
    listed = {item.get("sub") for item in tables.list_items("registry", "MEMBER#") if "ended_at" not in item}
    assert listed & guests == found.members & guests
    return found.members


@pytest.mark.clause("§4.1.4")
def test_after_the_answer_that_somebody_is_removed_they_grab_nothing(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    first = seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN, partial_allowed=True)
    batches = [first, *(seed_data.open_batch(world, 20 * QUOTA_FEN, partial_allowed=True) for _ in range(3))]
    [enterprise] = seed_data.add_enterprises(1)
    steps.expect(world.call(GUESTS[0], "POST", "/invitations/accept", {"code": code_of(world, enterprise)}), 200)
    seen = steps.expect(world.call(GUESTS[0], "GET", f"{place(enterprise)}/members"), 200)["items"]
    [guest_id] = [each["member_id"] for each in seen if each["is_caller"]]
    threads, granted_then = Interleaving(seed), set[str]()

    def granted() -> set[str]:
        return {each.voucher_id for each in tables.list_records(Voucher, "vouchers", "VOUCHER#")}

    def remove() -> Reply:
        path = f"{place(enterprise)}/members/{guest_id}/remove"
        reply = requests.insist(world, enterprise.person, path)
        with threads.without_turns():
            granted_then.update(granted())
        return reply

    def grab(batch_id: str) -> Reply:
        body = enterprise.grab_body(amount_fen=200_000)
        return world.call(GUESTS[0], "POST", f"/batches/{batch_id}/vouchers", body)

    removed, *grabs = threads.run([remove, *(partial(grab, each) for each in batches)])
    assert removed.status == 200
    assert {(reply.status, reply.code) for reply in grabs} <= {(201, None), (404, "NOT_FOUND")}
    assert granted() == granted_then
    assert members_of(enterprise) == {enterprise.person.name}
    assert grab(batches[0]).status == 404
    tables.assert_books_hold()


def test_of_two_who_enter_one_code_at_once_one_joins(world: World, seed: int) -> None:
    seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [enterprise] = seed_data.add_enterprises(1)
    body = {"code": code_of(world, enterprise)}
    replies = Interleaving(seed).run(
        partial(requests.insist, world, person, "/invitations/accept", body) for person in GUESTS
    )
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(200, ""), (409, "INVITATION_ENDED")]
    winner = GUESTS[[reply.status for reply in replies].index(200)]
    assert members_of(enterprise) == {enterprise.person.name, winner.name}


def test_of_two_owners_who_leave_at_once_one_stays(world: World, seed: int) -> None:
    seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [enterprise] = seed_data.add_enterprises(1)
    body = {"code": code_of(world, enterprise, "owner")}
    steps.expect(world.call(GUESTS[0], "POST", "/invitations/accept", body), 200)
    owners = (enterprise.person, GUESTS[0])
    replies = Interleaving(seed).run(
        partial(requests.insist, world, person, f"{place(enterprise)}/leave") for person in owners
    )
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(200, ""), (409, "LAST_OWNER")]
    assert len(members_of(enterprise)) == 1
