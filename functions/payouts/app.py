"""Payouts: made by the operator, answered by the bank, recorded by finance, and what the bank sends back (§3.5.4).

This function knows account numbers only sealed.
"""

from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.fields import Day, Number, Text
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.payouts import Payout
from voucher.models.rounds import Round
from voucher.refusals import Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.payouts import check_bank_day, check_not_recovered
from voucher.rules.settlements import check_subsidies, subsidised_orders
from voucher.rules.working_days import shanghai_date
from voucher.store import orders, payables, payouts, rounds, standing
from voucher.store.engine.table import Write

app = Api()


class BankResult(Request):
    state: Literal["paid", "failed"]
    bank_reference: Number
    paid_on: Day


class BankReturn(Request):
    bank_reference: Number
    returned_on: Day
    reason: Text


def _round(round_id: str) -> Round:
    if (round_ := rounds.find(round_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return round_


def _payout(payout_id: str) -> Payout:
    if (payout := payouts.find(payout_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return payout


@app.post("/rounds/<round_id>/payouts")
def make_payouts(round_id: str) -> Response[str]:
    """§3.5.4, §5.2b: one payout for each agency whose invoice is in, whose account is settled, and none of whose
    enterprises a list of other subsidies names by now."""
    require(app.caller, "platform")
    app.body(Nothing)
    round_, owed = _round(round_id), payables.list_of_round(round_id)
    made: list[Payout] = []
    invoiced = [each for each in owed if each.state == "invoiced"]
    ready = [each for each in invoiced if each.account and each.change is None]
    for each in ready:
        earlier = (*round_.submitters, *round_.pre_reviewers, round_.approved_by, each.invoiced_by, each.account_by)
        check_four_eyes(app.caller.sub, "§3.5.4", *earlier)
    served = {each.agency_uscc: orders.load_many(each.order_ids) for each in ready}
    standings = standing.read_standings(order.enterprise_uscc for found in served.values() for order in found)
    clear = [each for each in ready if not subsidised_orders(served[each.agency_uscc], standings)]
    for each in clear:
        unchanged = {order.enterprise_uscc: standings[order.enterprise_uscc] for order in served[each.agency_uscc]}
        made.append(_make_payout(round_, each, [standing.unchanged_check(known) for known in unchanged.values()]))
    if made:
        return reply({"items": [each.public() for each in made]}, 201)
    mine = [each for each in owed if each.state == "paying" and app.is_repeat(each, "make_payout")]
    if mine:
        again = [payouts.find(payouts.payout_id(each, each.attempts)) for each in mine]
        return reply({"items": [each.public() for each in again if each]}, replay=True)
    check_subsidies([order for found in served.values() for order in found], standings)
    if invoiced:
        raise Refused(Refusal.ACCOUNT_UNDECIDED, of=invoiced[0])
    raise Refused(Refusal.NOTHING_PAYABLE, of=round_)


def _check_hands(round_: Round, owed: Payable, payout: Payout) -> None:
    """§3.5.4: who says that money left, or came back, had no earlier step in their hands."""
    earlier = (round_.created_by, round_.approved_by, owed.invoiced_by, owed.account_by, payout.created_by)
    check_four_eyes(app.caller.sub, "§3.5.4", *round_.submitters, *round_.pre_reviewers, *earlier)


def _make_payout(round_: Round, old: Payable, standings_unchanged: list[Write]) -> Payout:
    step = app.step("make_payout")
    state = lifecycle.next_state("payable", old.state, "make_payout")
    new = old.next_version(state=state, attempts=old.attempts + 1, **step)
    payout = Payout(
        payout_id=payouts.payout_id(new, new.attempts),
        round_id=new.round_id,
        year=new.year,
        agency_uscc=new.agency_uscc,
        amount_fen=new.amount_fen,
        state="made",
        created_at=clock.now(),
        created_by=app.caller.sub,
        **step,
    )
    payouts.commit_payout(round_, old, new, payout, standings_unchanged)
    return payout


@app.get("/payouts/<payout_id>")
def show(payout_id: str) -> Response[str]:
    """One payout, for staff."""
    require(app.caller, "platform", "bureau", "finance")
    return reply(_payout(payout_id))


@app.post("/payouts/<payout_id>/result")
def record_result(payout_id: str) -> Response[str]:
    """§3.5.4: finance records what the bank did. Failed: the money is payable again."""
    require(app.caller, "finance")
    body, found = app.body(BankResult), _payout(payout_id)
    round_, owed = _round(found.round_id), payables.load(found.round_id, found.agency_uscc)
    before = orders.load_many(owed.order_ids)
    # after all it decides on: else a twin of this very call, coming between, would leave them in a strange state
    old = _payout(payout_id)
    if app.is_repeat(old, body.state):
        return reply(old, replay=True)
    state = lifecycle.next_state("payout", old.state, body.state)
    _check_hands(round_, owed, old)
    check_bank_day("paid_on", body.paid_on, shanghai_date(old.created_at), clock.today())
    step = app.step(body.state)
    told = {"bank_reference": body.bank_reference, "paid_on": body.paid_on}
    new = old.next_version(state=state, paid_by=app.caller.sub, **told, **step)
    after = owed.next_version(state=lifecycle.next_state("payable", owed.state, body.state), **step)
    paid = _moved(before, "pay", step) if state == "paid" else []
    payouts.commit_result(round_, old, new, owed, after, paid, app.mark)
    return reply(new)


def _moved(before: list[Order], action: str, step: dict[str, Any]) -> list[tuple[Order, Order]]:
    return [
        (order, order.next_version(state=lifecycle.next_state("order", order.state, action), **step))
        for order in before
    ]


@app.post("/payouts/<payout_id>/return")
def record_return(payout_id: str) -> Response[str]:
    """§3.5.4: the bank sent back what it had paid: the money is payable again, and a new payout may follow."""
    require(app.caller, "finance")
    body, found = app.body(BankReturn), _payout(payout_id)
    round_, owed = _round(found.round_id), payables.load(found.round_id, found.agency_uscc)
    before = orders.load_many(owed.order_ids)
    old = _payout(payout_id)
    if app.is_repeat(old, "send_back"):
        return reply(old, replay=True)
    state = lifecycle.next_state("payout", old.state, "send_back")
    _check_hands(round_, owed, old)
    if old.paid_on:
        check_bank_day("returned_on", body.returned_on, old.paid_on, clock.today())
    check_not_recovered(before)
    step = app.step("send_back")
    told = {"return_reference": body.bank_reference, "returned_on": body.returned_on, "return_reason": body.reason}
    new = old.next_version(state=state, **told, **step)
    after = owed.next_version(state=lifecycle.next_state("payable", owed.state, "send_back"), **step)
    payouts.commit_return(round_, old, new, owed, after, _moved(before, "send_back", step), app.mark)
    return reply(new)


handler = app.handle
