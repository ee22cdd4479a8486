"""The model of payouts (§3.5.4, §5.2b): summary invoice, payout, the bank's answer, recovery."""

from dataclasses import replace
from typing import Any

from tests.model.reference import subsidies
from tests.model.reference.answers import CREATED, OK, REPLAY, ExpectedAnswer, refusal
from tests.model.reference.records import MEMBER_OF_ALL_AGENCIES, City, Order, Recovery
from tests.model.reference.rounds import reviewers_before
from tests.model.reference.settlement_records import BankAccount, Payable, Payout, Round

Json = dict[str, Any]


def submit_invoice(city: City, payable: Payable, by: str, member: bool, body: Json) -> ExpectedAnswer:
    """§3.5.4, §5.2b: one summary invoice of exactly the payable amount."""
    step = ("invoice", by, body)
    if not member:
        return refusal("NOT_FOUND")
    if payable.last == step:
        return REPLAY
    if payable.state != "awaiting_invoice":
        return refusal("WRONG_STATE")
    if body["amount_fen"] != payable.amount_fen:
        return refusal("SUMMARY_INVOICE_MISMATCH")
    if city.invoices.get(body["invoice_number"], payable) is not payable:
        return refusal("INVOICE_USED")
    city.invoices[body["invoice_number"]] = payable
    payable.state, payable.invoiced_by, payable.last = "invoiced", by, step
    named, known = BankAccount(body["bank_account"], by), city.accounts.get(payable.agency_uscc)
    if known and known.number == named.number:
        payable.account = replace(named, confirmed_by=known.confirmed_by)
    else:
        payable.waiting = named
    return OK


def propose_account(payable: Payable, by: str, body: Json) -> ExpectedAnswer:
    """§3.5.4: the agency names another account, which waits for a second person."""
    step = ("propose_account", by, body)
    if payable.last == step:
        return REPLAY
    if payable.state != "invoiced":
        return refusal("WRONG_STATE")
    payable.waiting, payable.last = BankAccount(body["bank_account"], by), step
    return OK


def decide_account(city: City, payable: Payable, by: str, body: Json) -> ExpectedAnswer:
    """§3.5.4: a second person confirms or rejects the account that waits: nobody who asked for the money."""
    step = (body["decision"], by, body)
    if payable.last == step:
        return REPLAY
    if payable.state != "invoiced" or payable.waiting is None:
        return refusal("WRONG_STATE")
    claimants = {payable.invoiced_by, payable.waiting.by, payable.account and payable.account.by}
    if by in claimants | payable.round.hands | payable.round.submitters | {MEMBER_OF_ALL_AGENCIES}:
        return refusal("FOUR_EYES")
    if body["decision"] == "confirm":
        payable.account = replace(payable.waiting, confirmed_by=by)
        city.accounts[payable.agency_uscc] = payable.account
    payable.waiting, payable.last = None, step
    return OK


def make_payouts(city: City, round_: Round, by: str) -> tuple[ExpectedAnswer, list[Payable]]:
    """§3.5.4, §5.2b: the operator makes a payout for each invoiced payable, but for one with an order that a violation
    or another subsidy stops; whoever acted earlier is refused."""
    step, invoiced_payables = ("make_payout", by, None), [each for each in round_.payables if each.state == "invoiced"]
    ready = [each for each in invoiced_payables if each.account and not each.waiting]
    if not ready:
        is_repeat = any(each.state == "paying" and each.last == step for each in round_.payables)
        code = "ACCOUNT_UNDECIDED" if invoiced_payables else "NOTHING_PAYABLE"
        return (REPLAY if is_repeat else refusal(code)), []
    claimants = round_.hands | round_.submitters
    for each in ready:
        claimants |= askers_of(each)
    if by in claimants | round_.pre_reviewers | {round_.approved_by, MEMBER_OF_ALL_AGENCIES}:
        return refusal("FOUR_EYES"), []
    orders = {each: [line.order for line in each.lines] for each in ready}
    held = [each for each, found in orders.items() if any(order.violations for order in found)]
    free = [each for each, found in orders.items() if each not in held and not subsidies.refusal_of(city, found)]
    if not free:
        is_repeat = any(each.state == "paying" and each.last == step for each in round_.payables)
        code = subsidies.refusal_of(city, (order for found in orders.values() for order in found))
        return (REPLAY if is_repeat else refusal("HELD" if held else str(code))), []
    for each in free:
        each.state, each.last = "paying", step
        each.payouts.append(Payout(by))
    return CREATED, free


def askers_of(payable: Payable) -> set[str | None]:
    """Who sent the invoice, who named the account, and who confirmed it."""
    account = payable.account
    return {payable.invoiced_by} | ({account.by, account.confirmed_by} if account else set())


def earlier_actors(payable: Payable, payout: Payout) -> set[str | None]:
    """Everybody who acted on this money before finance, or is a member of its agency."""
    agents = askers_of(payable) | {payable.agency_member, MEMBER_OF_ALL_AGENCIES}
    return reviewers_before(payable.round) | {payable.round.approved_by, payout.created_by} | agents


def is_held(payable: Payable) -> bool:
    """§5.2b: a violation holds one of its orders, or the bureau says that the item was subsidised before."""
    return any(line.order.violations or line.order.subsidy_word == "same" for line in payable.lines)


def record_result(payable: Payable, payout: Payout, by: str, body: Json) -> ExpectedAnswer:
    """§3.5.4, §5.2b: finance records that the bank paid, or failed; whoever acted earlier is refused. No payout of a
    run stands in a file, so the bank cannot have paid one with a held order."""
    step = (body["state"], by, body)
    if payout.last == step:
        return REPLAY
    if payout.state != "made":
        return refusal("WRONG_STATE")
    if by in earlier_actors(payable, payout):
        return refusal("FOUR_EYES")
    if body["state"] == "paid" and is_held(payable):
        return refusal("HELD")
    payout.state, payout.last, payable.last = body["state"], step, step
    payable.state = "paid" if payout.state == "paid" else "invoiced"
    for line in payable.lines if payout.state == "paid" else ():
        line.order.state, line.order.last = "paid", step
    return OK


def withdraw(payable: Payable, payout: Payout, by: str, body: Json) -> ExpectedAnswer:
    """§5.2b: finance ends a payout of which an order is held; none of a run stands in a file."""
    step = ("withdraw", by, body)
    if payout.last == step:
        return REPLAY
    if payout.state != "made":
        return refusal("WRONG_STATE")
    if not is_held(payable):
        return refusal("PAYOUT_GOES_ON")
    if by in earlier_actors(payable, payout):
        return refusal("FOUR_EYES")
    payout.state, payout.last, payable.state, payable.last = "withdrawn", step, "invoiced", step
    return OK


def record_return(payable: Payable, payout: Payout, by: str, body: Json) -> ExpectedAnswer:
    """§3.5.4: the bank returned the money, which is payable again; refused if a part was recovered already."""
    step = ("send_back", by, body)
    if payout.last == step:
        return REPLAY
    if payout.state != "paid":
        return refusal("WRONG_STATE")
    if by in earlier_actors(payable, payout):
        return refusal("FOUR_EYES")
    if any(line.order.recovered_fen for line in payable.lines):
        return refusal("ALREADY_RECOVERED")
    payout.state, payout.last, payable.state, payable.last = "returned", step, "invoiced", step
    for line in payable.lines:
        line.order.state, line.order.last = "payable", step
    return OK


def recover(order: Order, by: str, body: Json) -> ExpectedAnswer:
    """§5.2b: the bureau claims money back, at most the amount paid; nobody who acted for a party."""
    if order.state != "paid":
        return refusal("WRONG_STATE")
    if order.may_not_be_decided_by(by):
        return refusal("FOUR_EYES")
    if body["amount_fen"] > order.voucher_fen - order.recovered_fen:
        return refusal("OVER_PAID")
    order.recovered_fen, order.last = order.recovered_fen + body["amount_fen"], ("recover", by, body)
    order.recoveries.append(Recovery(body["amount_fen"], by))
    return CREATED


def withdraw_recovery(order: Order, recovery: Recovery, by: str, body: Json) -> ExpectedAnswer:
    """§5.2b: the bureau withdraws a recovery, once, by another person than who claimed."""
    if recovery.withdrawal == (by, body):
        return REPLAY
    if order.state != "paid" or recovery.withdrawal is not None or recovery.received_fen:
        return refusal("WRONG_STATE")
    if by == recovery.by or order.may_not_be_decided_by(by):
        return refusal("FOUR_EYES")
    recovery.withdrawal, order.recovered_fen = (by, body), order.recovered_fen - recovery.amount_fen
    order.last = ("withdraw_recovery", by, body)
    return OK


def receive(order: Order, recovery: Recovery, by: str, body: Json) -> ExpectedAnswer:
    """§5.2b: finance records what came in on a claim, never more than was claimed, and not by who claimed it."""
    if order.state != "paid":
        return refusal("WRONG_STATE")
    if by == recovery.by or order.may_not_be_decided_by(by):
        return refusal("FOUR_EYES")
    left_fen = recovery.amount_fen - recovery.received_fen
    if recovery.withdrawal is not None or not left_fen:
        return refusal("WRONG_STATE")
    if body["amount_fen"] > left_fen:
        return refusal("OVER_CLAIM")
    recovery.received_fen, order.last = recovery.received_fen + body["amount_fen"], ("receive", by, body)
    return CREATED
