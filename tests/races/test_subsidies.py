"""Other subsidies that come to be known, or are decided on, while an order's money is on its way (§5.2b)."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO, Reply
from tests.conftest import StoppedClock
from tests.races import requests, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.races.seed_data import TODAY
from tests.support.backend import World
from tests.support.bucket import BucketInMemory
from tests.support.settlement_scenario import list_subsidies
from voucher.edge import queues
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.settlements import Line
from voucher.store import payouts, settlements
from voucher.store.engine import sealing
from voucher.store.standing import read_standings

Decide = Callable[[], Reply]
OTHER = {"decision": "other", "reason": "不是同一事项"}
SAME = {"decision": "same", "reason": "同一合同已获技改补助"}


def lines() -> list[Line]:
    return sorted(tables.list_records(Line, "settlements", "LINE#"), key=lambda line: line.order_id)


def say(world: World, line: Line, decision: dict[str, Any]) -> Reply:
    """The bureau's word on a line."""
    path = f"/settlements/{line.settlement_id}/lines/{line.order_id}/subsidy"
    return requests.insist(world, BUREAU, path, decision)


def approval(world: World, parties: Parties, order_ids: list[str]) -> Decide:
    """The approval of a round, which is only gathered."""
    gathering = {"settlement_ids": [parties.pass_application(order_ids)]}
    round_ = steps.expect(world.call(OPERATOR, "POST", "/rounds", gathering), 201)
    path = f"/rounds/{round_['round_id']}/approve"
    return partial(requests.insist, world, BUREAU_TWO, path, {"decision": "approve"})


def closing(world: World, parties: Parties, order_ids: list[str]) -> Decide:
    """The closing of a notice, which is only running."""
    path = f"/notices/{parties.open_notice(order_ids)['notice_id']}/close"
    return partial(requests.insist, world, BUREAU_TWO, path)


def payment(world: World, parties: Parties, order_ids: list[str]) -> Decide:
    """The payouts of a round, which is only owed."""
    return partial(requests.insist, world, OPERATOR_TWO, f"/rounds/{parties.owe(order_ids)}/payouts")


def money_so_far() -> tuple[list[str], list[str]]:
    """How far the lines are, and which payouts were made."""
    made = [each["pk"] for each in tables.list_items("settlements", "RECORD") if each["pk"].startswith("PAYOUT#")]
    return [each.state for each in lines()], made


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("step", [approval, closing, payment])
@pytest.mark.parametrize("how", ["listed", "decided"])
def test_after_a_listing_or_the_word_that_it_is_the_same_no_line_goes_further(
    world: World,
    stopped_clock: StoppedClock,
    seed: int,
    step: Callable[..., Decide],
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And what went on before is not undone. How far the money is, is noted in the turn of the write itself."""
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(2)]
    decide = step(world, parties, order_ids)
    if how == "decided":
        list_subsidies(parties.enterprise.uscc, {"project": "技改"})
        for line in lines():
            steps.expect(say(world, line, OTHER), 200)
    before = money_so_far()
    threads, then = Interleaving(seed), list[tuple[list[str], list[str]]]()

    def noting(write: Callable[..., object]) -> Callable[..., None]:
        def noted(*facts: Any, **more: Any) -> None:
            write(*facts, **more)
            with threads.without_turns():
                then.append(money_so_far())

        return noted

    monkeypatch.setattr(settlements, "commit_subsidy_decision", noting(settlements.commit_subsidy_decision))

    def stop() -> None:
        for _ in range(Random(seed).randrange(16)):  # calls that let the other thread run
            read_standings([parties.enterprise.uscc])
        if how == "listed":
            noting(list_subsidies)(parties.enterprise.uscc, {"project": "技改"})
        else:
            assert say(world, lines()[0], SAME).status == 200

    decided, _ = threads.run([decide, stop])
    code = "SUBSIDY_UNDECIDED" if how == "listed" else "OTHER_SUBSIDY"
    assert (decided.status, decided.code) in {(200, None), (201, None), (409, code), (422, code)}
    stopped = slice(None) if how == "listed" else slice(1)
    (states, made), (states_then, made_then) = money_so_far(), then[0]
    assert (states[stopped], made) == (states_then[stopped], made_then)
    assert decided.code == code or then[0] != before
    tables.assert_books_hold()


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("step", ["file", "result", "payouts"])
def test_after_the_word_that_it_is_the_same_its_payout_does_not_reach_the_bank(
    world: World,
    stopped_clock: StoppedClock,
    bucket: BucketInMemory,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    step: str,
) -> None:
    """Either the bank is told first, or never; and a payout that is made at the same moment knows of it."""
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(2)]
    round_id = parties.owe(order_ids)
    if step != "payouts":
        steps.expect(world.call(OPERATOR_TWO, "POST", f"/rounds/{round_id}/payouts"), 201)
    list_subsidies(parties.enterprise.uscc, {"project": "技改"})
    if step == "payouts":
        for line in lines():
            steps.expect(say(world, line, OTHER), 200)
    monkeypatch.setenv("BANK_ACCOUNTS_KEY", "key")
    monkeypatch.setattr(queues, "send", lambda *_: None)
    monkeypatch.setattr(sealing, "unseal_account", lambda *_, **__: "6200000000000000018")
    [payable] = tables.list_records(Payable, "settlements", "PAYABLE#")
    payout_id, paid = payouts.payout_id(payable, 1), {"state": "paid", "bank_reference": "BK-1"}
    calls: dict[str, Callable[[], Reply]] = {
        "file": partial(requests.insist, world, OPERATOR, f"/rounds/{round_id}/payout-file", method="GET"),
        "result": partial(
            requests.insist, world, FINANCE, f"/payouts/{payout_id}/result", {**paid, "paid_on": TODAY.isoformat()}
        ),
        "payouts": partial(requests.insist, world, OPERATOR_TWO, f"/rounds/{round_id}/payouts"),
    }
    said = lines()[0]
    gone, decided = Interleaving(seed).run([calls[step], partial(say, world, said, SAME)])
    payout = payouts.find(payout_id)
    if gone.status in (200, 201):
        assert payout is not None
        assert payout.held_order_ids == ((said.order_id,) if decided.status == 200 else ())
        assert decided.status == 200 or (step, decided.code, payout.state) == ("result", "WRONG_STATE", "paid")
    else:
        assert (gone.code, decided.status) == ("OTHER_SUBSIDY" if step == "payouts" else "HELD", 200)
        assert payout is None or (payout.state, payout.file_number) == ("made", None)
    tables.assert_books_hold()


@pytest.mark.clause("§5.2b")
def test_of_two_decisions_on_one_line_the_second_replaces_the_first(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    """Neither is lost, and each repetition is known."""
    parties = seed_parties(world)
    parties.pass_application([parties.complete_order(100_000)])
    list_subsidies(parties.enterprise.uscc, {"project": "技改"})
    [line] = lines()
    replies = Interleaving(seed).run([partial(say, world, line, each) for each in (OTHER, SAME, OTHER, SAME)])
    assert {reply.status for reply in replies} == {200}
    [order] = tables.list_records(Order, "orders", "RECORD")
    assert {each.decision for each in order.subsidy_decisions} == {"same", "other"}
    [after] = lines()
    assert not after.subsidy_open
