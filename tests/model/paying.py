"""The model of the way to the money (§3.5.2-§3.5.4, §5.2b): rounds, notices, what is owed, paid and recovered."""

from typing import Any

from tests.model.answers import AGAIN, CREATED, OK, Answer, no
from tests.model.claims import UNDER_REVIEW, Application, Line, Objection, Payable, Payout, Round
from tests.model.records import City, Claim, Order, Step

Json = dict[str, Any]
OBJECTIONS_PER_ADDRESS_AND_HOUR = 10


def gather(city: City, by: str, body: Json, applications: list[Application]) -> tuple[Answer, Round | None]:
    """§3.5.2: the operator gathers what passed."""
    lines = [line for each in applications for line in each.lines_in("passed")]
    if not lines:
        return no("NOTHING_PASSED"), None
    submitters, reviewers = {line.submitted_by for line in lines}, {line.pre_reviewed_by for line in lines}
    made = Round(applications, submitters, reviewers, by, ("gather", by, body))
    for line in lines:
        line.state, line.round, line.last = "gathered", made, made.last
    city.rounds.append(made)
    return CREATED, made


def approve(city: City, found: Round, by: str, body: Json) -> Answer:
    """§3.5.2: the bureau's decision, by none of the earlier hands; at least one line must go on."""
    step, lines = ("approve", by, body), found.lines_in("gathered")
    if found.last == step:
        return AGAIN
    if found.state != "gathered":
        return no("ALREADY_REVIEWED")
    if by in decided_before(found):
        return no("FOUR_EYES")
    own = {each["order_id"]: each["decision"] for each in body["lines"]}
    for line in lines:
        decision = own.get(line.order.name, body["decision"])
        if decision == "reject":
            line.free(city, "rejected", step)
        else:
            line.state, line.last = {"approve": "approved", "return": "returned"}[decision], step
            line.round = found if decision == "approve" else None
    found.state = "approved" if found.lines_in("approved") else "rejected"
    found.approved_by, found.last = by, step
    return OK


def publish(found: Round, by: str, body: Json) -> Answer:
    """§3.5.3: the notice begins."""
    step = ("notice", by, body)
    if found.last == step:
        return AGAIN
    if found.state != "approved":
        return no("WRONG_STATE")
    for line in found.lines_in("approved"):
        line.state, line.last = "noticed", step
    found.state, found.last = "noticed", step
    return CREATED


def object_to(city: City, found: Round, order: Order) -> tuple[Answer, Objection | None]:
    """§3.5.3: anybody may, until the notice is closed; here everybody sits at one address."""
    if found.state == "closed":
        return no("NOTICE_ENDED"), None
    hour = city.now.replace(minute=0, second=0, microsecond=0)
    if sum(each.hour == hour for each in found.objections) == OBJECTIONS_PER_ADDRESS_AND_HOUR:
        return no("TOO_MANY_OBJECTIONS"), None
    found.objections.append(Objection(order, hour))
    return CREATED, found.objections[-1]


def resolve(found: Round, objection: Objection, by: str, decision: str) -> Answer:
    """§3.5.3: upheld, the line goes back to the agency; rejected, it goes on, in the next round if this one closed."""
    step = (decision, by, None)
    if objection.last == step:
        return AGAIN
    if objection.state != "standing":
        return no("ALREADY_REVIEWED")
    if by in decided_before(found):
        return no("FOUR_EYES")
    objection.state, objection.last = {"uphold": "upheld", "reject": "rejected"}[decision], step
    for line in found.lines_in("noticed"):
        if line.order is objection.order and decision == "uphold":
            line.state, line.round, line.last = "returned", None, step
        elif line.order is objection.order and found.state == "closed" and not found.holds_back(line):
            line.state, line.round, line.last = "passed", None, step
    return OK


def close(found: Round, by: str) -> Answer:
    """§3.5.3: what nobody objects to is owed from here on."""
    step = ("close", by, None)
    if found.closed == step:
        return AGAIN
    if found.state != "noticed":
        return no("WRONG_STATE")
    if by in decided_before(found):
        return no("FOUR_EYES")
    owed = [line for line in found.lines_in("noticed") if not found.holds_back(line)]
    for line in owed:
        line.state, line.last, line.order.state, line.order.last = "payable", step, "payable", step
    for uscc, seller in sorted({(line.application.seller_uscc, line.application.seller) for line in owed}):
        lines = [line for line in owed if line.application.seller_uscc == uscc]
        found.payables.append(Payable(found, uscc, seller, lines, step))
    found.state, found.closed, found.last = "closed", step, step
    return OK


def take_out(city: City, found: Round, line: Line, by: str, bureau: bool, body: Json) -> Answer:
    """§3.5.1(5), §5.2b: the operator takes a line out before it is owed, the bureau what is owed before it is paid."""
    step = ("take_out", by, body)
    if line.last == step:
        return AGAIN
    if line.round is not found:
        return no("NOT_FOUND")
    if bureau != (line.state == "payable"):
        return no("ROLE_REQUIRED")
    if line.state == "payable":
        [owed] = [each for each in found.payables if line in each.lines]
        if owed.state not in ("awaiting_invoice", "invoiced"):
            return no("WRONG_STATE")
        take_back(city, owed, line, step)
    line.free(city, "withdrawn", step)
    if found.state in ("gathered", "approved") and not found.lines_in(*UNDER_REVIEW):
        found.state, found.last = "rejected", step
    return OK


def take_back(city: City, owed: Payable, line: Line, step: Step) -> None:
    """§5.2b: what an agency is owed without one line; its summary invoice's number is free again."""
    for number in [number for number, holder in city.invoices.items() if holder is owed]:
        del city.invoices[number]
    owed.lines.remove(line)
    owed.state, owed.invoiced_by, owed.last = "awaiting_invoice" if owed.lines else "dropped", None, step


def hand_in_invoice(city: City, owed: Payable, by: str, member: bool, body: Json) -> Answer:
    """§3.5.4, §5.2b: one summary invoice of exactly what is owed."""
    step = ("invoice", by, body)
    if not member:
        return no("NOT_FOUND")
    if owed.last == step:
        return AGAIN
    if owed.state != "awaiting_invoice":
        return no("WRONG_STATE")
    if body["amount_fen"] != owed.amount_fen:
        return no("SUMMARY_INVOICE_MISMATCH")
    if city.invoices.get(body["invoice_number"], owed) is not owed:
        return no("INVOICE_USED")
    city.invoices[body["invoice_number"]] = owed
    owed.state, owed.invoiced_by, owed.last = "invoiced", by, step
    return OK


def make_payouts(found: Round, by: str) -> tuple[Answer, list[Payable]]:
    """§3.5.4: the operator sends to the bank what is invoiced, with clean hands."""
    step, ready = ("make_payout", by, None), [each for each in found.payables if each.state == "invoiced"]
    if not ready:
        again = any(each.state == "paying" and each.last == step for each in found.payables)
        return (AGAIN if again else no("NOTHING_PAYABLE")), []
    if by in found.submitters | found.pre_reviewers | {found.approved_by} | {each.invoiced_by for each in ready}:
        return no("FOUR_EYES"), []
    for each in ready:
        each.state, each.last = "paying", step
        each.payouts.append(Payout(by))
    return CREATED, ready


def hands_before(owed: Payable, payout: Payout) -> set[str | None]:
    """Everybody through whose hands the money went before finance records it."""
    return decided_before(owed.round) | {owed.round.approved_by, owed.invoiced_by, payout.made_by}


def decided_before(found: Round) -> set[str | None]:
    """§3.5.2: who handed in, pre-reviewed or gathered a round."""
    return found.submitters | found.pre_reviewers | {found.gathered_by}


def record_result(owed: Payable, payout: Payout, by: str, body: Json) -> Answer:
    """§3.5.4: paid, or failed and to be paid again; recorded by none of the earlier hands."""
    step = (body["state"], by, body)
    if payout.last == step:
        return AGAIN
    if payout.state != "made":
        return no("WRONG_STATE")
    if by in hands_before(owed, payout):
        return no("FOUR_EYES")
    payout.state, payout.last, owed.last = body["state"], step, step
    owed.state = "paid" if payout.state == "paid" else "invoiced"
    for line in owed.lines if payout.state == "paid" else ():
        line.order.state, line.order.last = "paid", step
    return OK


def record_return(owed: Payable, payout: Payout, by: str, body: Json) -> Answer:
    """§3.5.4: the bank sent it back; it is payable again, unless part of it was claimed back already."""
    step = ("send_back", by, body)
    if payout.last == step:
        return AGAIN
    if payout.state != "paid":
        return no("WRONG_STATE")
    if by in hands_before(owed, payout):
        return no("FOUR_EYES")
    if any(line.order.recovered_fen for line in owed.lines):
        return no("ALREADY_RECOVERED")
    payout.state, payout.last, owed.state, owed.last = "returned", step, "invoiced", step
    for line in owed.lines:
        line.order.state, line.order.last = "payable", step
    return OK


def recover(order: Order, by: str, body: Json) -> Answer:
    """§5.2b: claimed back, never more than was paid."""
    if order.state != "paid":
        return no("WRONG_STATE")
    if body["amount_fen"] > order.voucher_fen - order.recovered_fen:
        return no("OVER_PAID")
    order.recovered_fen, order.last = order.recovered_fen + body["amount_fen"], ("recover", by, body)
    order.claims.append(Claim(body["amount_fen"]))
    return CREATED


def withdraw_claim(order: Order, claim: Claim, by: str, body: Json) -> Answer:
    """§5.2b: the bureau withdraws a claim, once."""
    if claim.withdrawn == (by, body):
        return AGAIN
    if order.state != "paid" or claim.withdrawn is not None:
        return no("WRONG_STATE")
    claim.withdrawn, order.recovered_fen = (by, body), order.recovered_fen - claim.amount_fen
    order.last = ("withdraw_recovery", by, body)
    return OK
