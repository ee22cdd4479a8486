"""Violations that are recorded while an order's money is on its way: whichever comes first counts (§5.2b)."""

from collections.abc import Callable
from functools import partial

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
from voucher.edge import queues
from voucher.models.orders import Order
from voucher.models.settlements import Line
from voucher.store import payouts
from voucher.store.engine import sealing

Decide = Callable[[], Reply]


def accuse(world: World, parties: Parties, *order_ids: str) -> Reply:
    """The bureau records a violation of the agency that names some orders."""
    body = {"uscc": parties.agency.uscc, "facts": "虚报服务", "order_ids": list(order_ids)}
    return requests.insist(world, BUREAU, "/violations", body, key="breach")


def approval(world: World, parties: Parties, order_ids: list[str]) -> tuple[str, Decide]:
    """The state that an approved line is in, and the approval of a round."""
    gathering = {"settlement_ids": [parties.pass_application(order_ids)]}
    round_ = steps.expect(world.call(OPERATOR, "POST", "/rounds", gathering), 201)
    path = f"/rounds/{round_['round_id']}/approve"
    return "approved", partial(requests.insist, world, BUREAU_TWO, path, {"decision": "approve"})


def closing(world: World, parties: Parties, order_ids: list[str]) -> tuple[str, Decide]:
    """The state that a line is in once its notice is closed, and the closing of a notice."""
    path = f"/notices/{parties.open_notice(order_ids)['notice_id']}/close"
    return "payable", partial(requests.insist, world, BUREAU_TWO, path)


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("step", [approval, closing])
def test_after_the_answer_that_a_violation_is_recorded_its_line_goes_no_further(
    world: World, stopped_clock: StoppedClock, seed: int, step: Callable[..., tuple[str, Decide]]
) -> None:
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(2)]
    state, decide = step(world, parties, order_ids)
    threads, then = Interleaving(seed), list[str]()

    def states() -> list[str]:
        lines = tables.list_records(Line, "settlements", "LINE#")
        return [each.state for each in lines if each.order_id == order_ids[0]]

    def record() -> Reply:
        reply = accuse(world, parties, order_ids[0])
        with threads.without_turns():
            then.extend(states())
        return reply

    decided, recorded = threads.run([decide, record])
    assert recorded.status == 201
    assert (decided.status, decided.code) in {(200, None), (409, "HELD")}
    assert (states() == [state]) == (then == [state])
    [held] = [each for each in tables.list_records(Order, "orders", "RECORD") if each.held_by_violation]
    assert held.order_id == order_ids[0]
    tables.assert_books_hold()


@pytest.mark.clause("§5.2b")
def test_a_payout_and_a_violation_that_names_its_order_come_one_after_the_other(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(2)]
    round_id = parties.owe(order_ids)
    threads, then = Interleaving(seed), list[str]()

    def record() -> Reply:
        reply = accuse(world, parties, order_ids[1])
        with threads.without_turns():
            made_so_far = [each["pk"] for each in tables.list_items("settlements", "RECORD")]
            then.extend(pk for pk in made_so_far if pk.startswith("PAYOUT#"))
        return reply

    path = f"/rounds/{round_id}/payouts"
    made, recorded = threads.run([partial(requests.insist, world, OPERATOR_TWO, path), record])
    assert recorded.status == 201
    assert (made.status, made.code) == ((201, None) if then else (409, "HELD"))
    tables.assert_books_hold()


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("step", ["file", "result"])
def test_after_a_violation_is_recorded_its_payout_does_not_reach_the_bank(
    world: World,
    stopped_clock: StoppedClock,
    bucket: BucketInMemory,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    step: str,
) -> None:
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(2)]
    payout_id = parties.make_payout(order_ids)
    threads, then = Interleaving(seed), list[bool]()

    monkeypatch.setenv("BANK_ACCOUNTS_KEY", "key")
    monkeypatch.setattr(queues, "send", lambda *_: None)
    monkeypatch.setattr(sealing, "unseal_account", lambda *_, **__: "6200000000000000018")

    def went() -> bool:
        payout = payouts.load(payout_id)
        return payout.file_number is not None or payout.state == "paid"

    def record() -> Reply:
        reply = accuse(world, parties, order_ids[1])
        with threads.without_turns():
            then.append(went())
        return reply

    if step == "file":
        path = f"/rounds/{payout_id.partition('.')[0]}/payout-file"
        go_on = partial(requests.insist, world, OPERATOR, path, method="GET")
    else:
        body = {"state": "paid", "bank_reference": "BK-1", "paid_on": TODAY.isoformat()}
        go_on = partial(requests.insist, world, FINANCE, f"/payouts/{payout_id}/result", body)
    gone, recorded = threads.run([go_on, record])
    assert recorded.status == 201
    assert (gone.status, gone.code) == ((200, None) if then == [True] else (409, "HELD"))
    assert then == [went()]
    tables.assert_books_hold()


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("other", ["file", "release"])
def test_a_held_payout_is_withdrawn_or_goes_on_and_never_both(
    world: World,
    stopped_clock: StoppedClock,
    bucket: BucketInMemory,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    other: str,
) -> None:
    """While the order is released, or, released just before, while the bank is told of it."""
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(2)]
    payout_id = parties.make_payout(order_ids)
    round_id = payout_id.partition(".")[0]
    violation_id = accuse(world, parties, order_ids[1]).body["violation_id"]
    monkeypatch.setenv("BANK_ACCOUNTS_KEY", "key")
    monkeypatch.setattr(queues, "send", lambda *_: None)
    monkeypatch.setattr(sealing, "unseal_account", lambda *_, **__: "6200000000000000018")
    why, released = {"reason": "复查"}, f"/violations/{violation_id}/orders/{order_ids[1]}/release"

    def go_on() -> Reply:
        reply = requests.insist(world, BUREAU_TWO, released, why)
        if other == "file":
            return requests.insist(world, OPERATOR, f"/rounds/{round_id}/payout-file", method="GET")
        return reply

    withdraw = partial(requests.insist, world, FINANCE, f"/payouts/{payout_id}/withdraw", why)
    ended, gone = Interleaving(seed).run([withdraw, go_on])
    payout = payouts.load(payout_id)
    assert (payout.state, ended.code) in {("withdrawn", None), ("made", "PAYOUT_GOES_ON")}
    assert (gone.code == "NO_PAYOUT_FILE") == (other == "file" and payout.state == "withdrawn")
    assert (payout.file_number is not None) == (other == "file" and payout.state == "made")
    tables.assert_books_hold()


@pytest.mark.clause("§5.2b")
def test_a_violation_that_is_lifted_while_one_order_is_released_holds_none_of_them(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(2)]
    violation_id = accuse(world, parties, *order_ids).body["violation_id"]
    path, why = f"/violations/{violation_id}", {"reason": "复查"}
    actions = [
        partial(requests.insist, world, BUREAU_TWO, f"{path}/lift", why),
        partial(requests.insist, world, BUREAU_TWO, f"{path}/orders/{order_ids[0]}/release", why),
    ]
    lifted, released = Interleaving(seed).run(actions)
    assert lifted.status == 200
    assert (released.status, released.code) in {(200, None), (409, "WRONG_STATE")}
    assert [each.held_by_violation for each in tables.list_records(Order, "orders", "RECORD")] == [(), ()]


@pytest.mark.clause("§2.1.3")
@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("party", ["enterprise", "agency"])
def test_after_a_violation_is_recorded_no_order_is_placed_or_accepted(
    world: World, stopped_clock: StoppedClock, seed: int, party: str
) -> None:
    parties = seed_parties(world)
    waiting = parties.place_order(100_000)
    threads, then = Interleaving(seed), list[tuple[str, str]]()

    def states() -> list[tuple[str, str]]:
        return sorted((each.order_id, each.state) for each in tables.list_records(Order, "orders", "RECORD"))

    def record() -> Reply:
        uscc = parties.enterprise.uscc if party == "enterprise" else parties.agency.uscc
        reply = requests.insist(world, BUREAU, "/violations", {"uscc": uscc, "facts": "虚报服务"}, key="breach")
        with threads.without_turns():
            then.extend(states())
        return reply

    body = requests.order_body(parties.product_id, parties.voucher_id, 100_000)
    place = partial(requests.insist, world, parties.enterprise.person, "/orders", body, key="late")
    accept = partial(requests.insist, world, parties.agency.person, f"/orders/{waiting}/accept")
    placed, accepted, recorded = threads.run([place, accept, record])
    assert recorded.status == 201
    assert (placed.status, placed.code) in {(201, None), (422, "HAS_VIOLATION")}
    assert (accepted.status, accepted.code) in {(200, None), (422, "HAS_VIOLATION")}
    assert states() == then
    tables.assert_books_hold()
