"""Several hands end or keep one order at the same moment (§4.2.1, §3.5.1(5)): one comes first, and no fen is lost."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from infra.client.http import OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.races import requests, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.races.seed_data import QUOTA_FEN
from tests.support.backend import World, function
from voucher.models.orders import Order
from voucher.models.vouchers import Voucher
from voucher.refusals import Refused
from voucher.store import organisations
from voucher.store.engine.table import commit, transact

VOUCHER_FEN = 700_000
WHY = {"reason": "改期"}
TERM_OVER = datetime(2026, 6, 23, 16, 5, tzinfo=UTC)


def end_by_schedule(order_id: str) -> None:
    """The worker ends an order whose term is over, as often as its message comes."""
    message = {"task": "end_order", "order_id": order_id, "instant": TERM_OVER.isoformat()}
    for _ in range(40):
        try:
            function("end_orders").work(message)
        except Refused as refused:
            if refused.refusal.name not in requests.RETRYABLE_CODES:
                raise
        else:
            return
    raise AssertionError("the message never got through")


def assert_ended_once(states: set[str]) -> str:
    """The order is in one of these states, and holds its money or has given all of it back; the state."""
    [order] = tables.list_records(Order, "orders", "RECORD")
    [voucher] = tables.list_records(Voucher, "vouchers", "VOUCHER#")
    assert order.state in states
    held_fen = VOUCHER_FEN if order.state == "accepted" else 0
    assert voucher.balance_fen == QUOTA_FEN - held_fen
    tables.assert_books_hold()
    return str(order.state)


def steps_of(parties: Parties, order_id: str) -> dict[str, Callable[[], Reply | None]]:
    """What may be asked of a placed order: state that it leads to → the step."""
    path = f"/orders/{order_id}"

    def step(by_agency: bool, word: str) -> Callable[[], Reply | None]:
        person = (parties.agency if by_agency else parties.enterprise).person
        body = None if word == "accept" else WHY
        return lambda: requests.insist(parties.world, person, f"{path}/{word}", body)

    return {
        "accepted": step(True, "accept"),
        "refused": step(True, "refuse"),
        "withdrawn": step(False, "withdraw"),
        "cancelled": lambda: end_by_schedule(order_id),
    }


@pytest.mark.clause("§4.2.1")
def test_of_acceptance_refusal_withdrawal_and_the_end_of_the_term_one_counts(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_id = parties.place_order(VOUCHER_FEN)
    stopped_clock.instant = TERM_OVER
    steps = steps_of(parties, order_id)
    outcomes = Interleaving(seed).run([*steps.values()] * 2)
    state = assert_ended_once(set(steps))
    replies = dict(zip([*steps] * 2, outcomes, strict=True))
    replies.pop("cancelled")
    assert {name for name, reply in replies.items() if reply and reply.status == 200} == {state} - {"cancelled"}
    assert {reply.code for reply in outcomes if reply} <= {None, "WRONG_STATE"}


@pytest.mark.clause("§3.5.1(5)")
def test_a_request_that_is_taken_back_cancels_nothing_or_came_too_late(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_id = parties.place_order(VOUCHER_FEN)
    accepted = world.call(parties.agency.person, "POST", f"/orders/{order_id}/accept")
    assert accepted.status == 200
    requests.both_ask_to_cancel(world, order_id, parties.enterprise.person, parties.agency.person)
    path = f"/orders/{order_id}/cancellation"
    review, back = Interleaving(seed).run(
        [
            lambda: requests.insist(world, OPERATOR, f"{path}/review", {"decision": "approve"}),
            lambda: requests.insist(world, parties.enterprise.person, f"{path}/withdraw"),
        ]
    )
    state = assert_ended_once({"accepted", "cancelled"})
    expected = {"cancelled": (None, "WRONG_STATE"), "accepted": ("CANCEL_NOT_ASKED", None)}
    assert (review.code, back.code) == expected[state] or (state, back.code) == ("cancelled", "NO_CANCEL_REQUEST")


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("decision", ["confirm", "return", "cancel"])
def test_of_the_enterprises_word_and_the_operators_decision_on_a_delivery_one_counts(
    world: World, stopped_clock: StoppedClock, seed: int, decision: str
) -> None:
    parties = seed_parties(world)
    order_id = parties.place_order(VOUCHER_FEN)
    path, agency, owner = f"/orders/{order_id}", parties.agency.person, parties.enterprise.person
    for word in ("accept", "deliver"):
        assert world.call(agency, "POST", f"{path}/{word}").status == 200
    stopped_clock.instant = datetime(2026, 7, 1, tzinfo=UTC)
    body = {"decision": decision, "reason": "已核实"}
    decide, confirm, dispute = Interleaving(seed).run(
        [
            lambda: requests.insist(world, OPERATOR, f"{path}/decision", body),
            lambda: requests.insist(world, owner, f"{path}/confirm"),
            lambda: requests.insist(world, owner, f"{path}/dispute", WHY),
        ]
    )
    led_to = {"confirm": "completed", "return": "accepted", "cancel": "cancelled"}[decision]
    [order] = tables.list_records(Order, "orders", "RECORD")
    [voucher] = tables.list_records(Voucher, "vouchers", "VOUCHER#")
    assert sorted([decide.status, confirm.status]) == [200, 409]
    assert order.state == ("completed" if confirm.status == 200 else led_to)
    assert voucher.balance_fen == QUOTA_FEN - (0 if order.state == "cancelled" else VOUCHER_FEN)
    assert {decide.code, confirm.code, dispute.code} <= {None, "WRONG_STATE"}
    tables.assert_books_hold()


@pytest.mark.clause("§3.5.1(5)")
def test_a_party_that_comes_back_meanwhile_is_not_passed_over(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    """The operator cancels on the agency's word, because the enterprise is out; at that moment it is let in again."""
    parties = seed_parties(world)
    order_id = parties.place_order(VOUCHER_FEN)
    path, agency = f"/orders/{order_id}", parties.agency.person
    assert world.call(agency, "POST", f"{path}/accept").status == 200
    assert world.call(agency, "POST", f"{path}/cancellation", WHY).status == 200
    firm = organisations.find_enterprise(parties.enterprise.uscc)
    assert firm is not None
    gone = firm.next_version(state="disqualified")
    transact([organisations.step_write(firm, gone)])
    approve = {"decision": "approve", "reason": "企业已被取消资格"}
    review, _ = Interleaving(seed).run(
        [
            lambda: requests.insist(world, OPERATOR, f"{path}/cancellation/review", approve),
            lambda: commit([organisations.step_write(gone, gone.next_version(state="approved"))]),
        ]
    )
    assert (review is not None and review.code) in (None, "CANCEL_NOT_ASKED")
    assert_ended_once({"accepted", "cancelled"})
