"""A claim on an enterprise is approved while its former member grabs, and beside other decisions (§4.1.1, §4.1.4)."""

from functools import partial

import pytest

from infra.client.http import BUREAU, BUREAU_TWO, Person, Reply
from tests.races import requests, seed_data, tables
from tests.races.claim_scenario import CLAIMANT, NO, YES, forwarded_claim
from tests.races.interleaving import Interleaving
from tests.races.seed_data import QUOTA_FEN, Organisation
from tests.support.backend import World
from voucher.models.entitlements import Entitlement
from voucher.models.vouchers import Voucher
from voucher.store import organisations


def members_of(enterprise: Organisation) -> frozenset[str]:
    return organisations.get_enterprise(enterprise.uscc).members


@pytest.mark.clause("§4.1.4")
def test_after_the_answer_that_a_claim_is_approved_a_former_member_grabs_nothing(world: World, seed: int) -> None:
    first = seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN, partial_allowed=True)
    batches = [first, *(seed_data.open_batch(world, 20 * QUOTA_FEN, partial_allowed=True) for _ in range(3))]
    [enterprise] = seed_data.add_enterprises(1)
    path = forwarded_claim(world, enterprise)
    threads, granted_then = Interleaving(seed), set[str]()

    def granted() -> set[str]:
        return {each.voucher_id for each in tables.list_records(Voucher, "vouchers", "VOUCHER#")}

    def approve() -> Reply:
        reply = requests.insist(world, BUREAU, f"{path}/decision", YES)
        with threads.without_turns():
            granted_then.update(granted())
        return reply

    def grab(batch_id: str, person: Person = enterprise.person) -> Reply:
        body = enterprise.grab_body(amount_fen=200_000)
        return world.call(person, "POST", f"/batches/{batch_id}/vouchers", body)

    approved, *grabs = threads.run([approve, *(partial(grab, each) for each in batches)])
    assert approved.status == 200
    assert {(reply.status, reply.code) for reply in grabs} <= {(201, None), (404, "NOT_FOUND")}
    assert granted() == granted_then
    assert members_of(enterprise) == {CLAIMANT.name}
    [entitlement] = tables.list_records(Entitlement, "vouchers", "ENTITLEMENT")
    assert entitlement.members == {CLAIMANT.name}
    assert grab(batches[0]).status == 404
    tables.assert_books_hold()


def test_of_a_yes_and_a_no_to_one_claim_one_counts(world: World, seed: int) -> None:
    seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [enterprise] = seed_data.add_enterprises(1)
    path = f"{forwarded_claim(world, enterprise)}/decision"
    yes, no = Interleaving(seed).run(
        partial(requests.insist, world, person, path, body) for person, body in ((BUREAU, YES), (BUREAU_TWO, NO))
    )
    assert sorted([(yes.status, yes.code or ""), (no.status, no.code or "")]) == [(200, ""), (409, "WRONG_STATE")]
    member = CLAIMANT if yes.status == 200 else enterprise.person
    assert members_of(enterprise) == {member.name}


def test_of_two_claims_approved_at_once_the_second_waits_for_the_new_owner(world: World, seed: int) -> None:
    seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [enterprise] = seed_data.add_enterprises(1)
    rivals = (CLAIMANT, Person("rival-claimant"))
    paths = [f"{forwarded_claim(world, enterprise, each)}/decision" for each in rivals]
    replies = Interleaving(seed).run(partial(requests.insist, world, BUREAU, path, YES) for path in paths)
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(200, ""), (409, "CLAIM_OVERTAKEN")]
    winner = rivals[[reply.status for reply in replies].index(200)]
    assert members_of(enterprise) == {winner.name}
