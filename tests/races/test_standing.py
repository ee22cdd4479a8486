"""Who may take part, decided while others are already grabbing: registration (§4.1.1) and violations (§2.1.3)."""

from collections.abc import Callable

import pytest

from infra.client.http import BUREAU, Person, Reply
from tests.conftest import StoppedClock
from tests.races import stage
from tests.races.stage import QUOTA_FEN
from tests.races.turns import Turns
from tests.support import samples
from tests.support.backend import World
from voucher.models.enterprises import Enterprise
from voucher.models.vouchers import Voucher


@pytest.mark.clause("§4.1.1")
def test_of_two_people_who_register_one_company_at_once_one_becomes_its_member(world: World, seed: int) -> None:
    body = samples.enterprise().registration()
    people = [Person("first"), Person("second")]
    replies = Turns(seed).run(
        [lambda person=person: stage.insist(world, person, "/enterprises", body) for person in people]  # type: ignore[misc]
    )
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(201, ""), (409, "ALREADY_REGISTERED")]
    [kept] = stage.stored(Enterprise, "registry", "RECORD")
    winner = people[[reply.status for reply in replies].index(201)]
    assert kept.members == {winner.name}
    assert [item["sub"] for item in stage.items("registry", "MEMBER#")] == [winner.name]


@pytest.mark.clause("§2.1.3")
def test_after_the_answer_that_a_violation_is_recorded_no_voucher_is_granted(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    batches = [stage.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN, partial_allowed=True)]
    batches += [stage.open_batch(world, 20 * QUOTA_FEN, partial_allowed=True) for _ in range(3)]
    firms, turns = stage.enterprises(4), Turns(seed)
    held_then: dict[str, set[str]] = {}

    def vouchers_of(uscc: str) -> set[str]:
        kept = stage.stored(Voucher, "vouchers", "VOUCHER#")
        return {each.voucher_id for each in kept if each.enterprise_uscc == uscc}

    def breach(uscc: str) -> Reply:
        body = {"uscc": uscc, "facts": "转让服务券"}
        reply = stage.insist(world, BUREAU, "/violations", body, key=uscc)
        with turns.watching():
            held_then[uscc] = vouchers_of(uscc)
        return reply

    actions: list[Callable[[], Reply]] = [
        lambda firm=firm, batch_id=batch_id: stage.grab(world, batch_id, firm, amount_fen=200_000)  # type: ignore[misc]
        for firm in firms
        for batch_id in batches
    ]
    actions += [lambda uscc=firm.uscc: breach(uscc) for firm in firms]  # type: ignore[misc]
    replies = turns.run(actions)
    assert {(reply.status, reply.code) for reply in replies} <= {(201, None), (422, "NOT_ELIGIBLE")}
    assert {firm.uscc: vouchers_of(firm.uscc) for firm in firms} == held_then
    for firm in firms:
        late = stage.grab(world, batches[0], firm, amount_fen=100_000)
        assert late.status in (200, 422)
        assert late.status == 200 or late.body["clause"] == "§2.1.3"
    stage.assert_books_hold()
