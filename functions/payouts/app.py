"""Payouts: the operator makes them, finance records what the bank paid, refused or sent back (§3.5.4).

This function knows account numbers only sealed.
"""

from itertools import chain
from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.identity import require
from voucher.edge.payouts import BankResult, BankReturn
from voucher.edge.replies import Answer, reply
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.payouts import NewPayouts, Payout
from voucher.models.rounds import Round
from voucher.models.standing import Standing
from voucher.refusals import Refusal, Refused
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.holds import BUREAU_SETS_ASIDE, check_bank_was_told, check_unstopped, held_ids
from voucher.rules.lifecycle import stepped
from voucher.rules.payouts import check_bank_day, check_not_recovered
from voucher.rules.subsidies import refusals_of
from voucher.rules.working_days import shanghai_date
from voucher.store import orders, organisations, payables, payouts, rounds, settlements, standing
from voucher.store.payouts import PayoutFacts

app = Api()
# What the bank did → the step of the orders in the payout; a failed payment leaves them as they are.
ORDER_ACTIONS = {"paid": "pay", "send_back": "send_back"}


@app.post("/rounds/<round_id>/payouts")
def make_payouts(round_id: str) -> Answer[NewPayouts]:
    """§3.5.4, §5.2b: one payout for each agency that submitted its summary invoice and whose account is decided. It
    waits as long as a violation holds one of its orders, or the bureau's word on another subsidy is wanted."""
    require(app.caller, "platform")
    app.body(Nothing)
    round_ = rounds.get(round_id)
    payables_of_round = payables.list_of_round(round_id)
    invoiced = [each for each in payables_of_round if each.state == "invoiced"]
    ready = [each for each in invoiced if each.account and each.change is None]
    for each in ready:
        check_four_eyes(app.caller.sub, "make_payouts", round_, each, organisations.find_agency(each.agency_uscc))
    orders_of = {each.agency_uscc: orders.load_many(each.order_ids) for each in ready}
    all_orders = list(chain.from_iterable(orders_of.values()))
    standings = standing.read_standings(order.enterprise_uscc for order in all_orders)
    lines = settlements.load_lines_of(all_orders)
    stopped = {*held_ids(all_orders), *refusals_of(lines, all_orders, standings, decided=True)}
    payable = [each for each in ready if stopped.isdisjoint(each.order_ids)]
    new_payouts = [_make_payout(round_, each, orders_of[each.agency_uscc], standings) for each in payable]
    if new_payouts:
        return reply({"items": [each.public() for each in new_payouts]}, 201)
    repeated = [each for each in payables_of_round if each.state == "paying" and app.is_repeat(each, "make_payout")]
    if repeated:
        earlier = [payouts.load(payouts.payout_id(each, each.attempts)) for each in repeated]
        return reply({"items": [each.public() for each in earlier]}, replay=True)
    check_unstopped(lines, all_orders, standings, way_words=BUREAU_SETS_ASIDE)
    if invoiced:
        raise Refused(Refusal.ACCOUNT_UNDECIDED, of=invoiced[0])
    raise Refused(Refusal.NOTHING_PAYABLE, of=round_)


def _make_payout(round_: Round, old: Payable, orders_of_payable: list[Order], standings: dict[str, Standing]) -> Payout:
    new = stepped(old, "make_payout", app.mark, attempts=old.attempts + 1)
    payout = Payout(
        payout_id=payouts.payout_id(new, new.attempts),
        round_id=new.round_id,
        year=new.year,
        agency_uscc=new.agency_uscc,
        amount_fen=new.amount_fen,
        state="made",
        **app.creation("make_payout"),
    )
    payouts.commit_payout(round_, old, new, payout, orders_of_payable, standings)
    return payout


@app.get("/payouts/<payout_id>")
def show(payout_id: str) -> Answer[Payout]:
    """One payout, for staff."""
    require(app.caller, "platform", "bureau", "finance")
    return reply(payouts.get(payout_id))


@app.post("/payouts/<payout_id>/result")
def record_result(payout_id: str) -> Answer[Payout]:
    """§3.5.4: finance records what the bank did. If it failed, the money is payable again. §5.2b: what the bank paid
    counts, also of a held order, if the payout stands in a file: only so the bank knows of it."""
    require(app.caller, "finance")
    body = app.body(BankResult)
    old = payouts.get_facts(payout_id)
    if app.is_repeat(old.payout, body.state):
        return reply(old.payout, replay=True)
    changes = {"bank_reference": body.bank_reference, "paid_on": body.paid_on, "paid_by": app.caller.sub}
    new = _facts_after(old, body.state, **changes)
    _check_hands(old)
    check_bank_day("paid_on", body.paid_on, shanghai_date(old.payout.created_at), clock.today())
    if body.state == "paid":
        check_bank_was_told(old.payout, old.orders)
    payouts.commit_result(old, new, app.mark)
    return reply(new.payout)


@app.post("/payouts/<payout_id>/return")
def record_return(payout_id: str) -> Answer[Payout]:
    """§3.5.4: the bank sent back what it had paid: the money is payable again, and another payout may follow."""
    require(app.caller, "finance")
    body = app.body(BankReturn)
    old = payouts.get_facts(payout_id)
    if app.is_repeat(old.payout, "send_back"):
        return reply(old.payout, replay=True)
    changes = {"return_reference": body.bank_reference, "returned_on": body.returned_on, "return_reason": body.reason}
    new = _facts_after(old, "send_back", **changes)
    _check_hands(old)
    if old.payout.paid_on:
        check_bank_day("returned_on", body.returned_on, old.payout.paid_on, clock.today())
    check_not_recovered(old.orders)
    payouts.commit_return(old, new, app.mark)
    return reply(new.payout)


def _facts_after(old: PayoutFacts, action: str, **changes: Any) -> PayoutFacts:
    """A payout with `changes`, and all that moves on with it, after what the bank did. Raises WRONG_STATE."""
    mark = app.mark
    payout = stepped(old.payout, action, mark, **changes)
    moved = [stepped(order, word, mark) for order in old.orders] if (word := ORDER_ACTIONS.get(action)) else old.orders
    return PayoutFacts(payout, old.round, stepped(old.payable, action, mark), moved)


def _check_hands(facts: PayoutFacts) -> None:
    """§3.5.4: what the bank did is recorded by somebody who is new to the round and its payouts, and to the agency."""
    agency = organisations.find_agency(facts.payout.agency_uscc)
    check_four_eyes(app.caller.sub, "record_payment", facts.round, facts.payable, facts.payout, agency)


handler = app.handle
