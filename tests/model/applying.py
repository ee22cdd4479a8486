"""The model of settlement applications (§3.5.1, §3.5.2): opened, filled in, handed in, pre-reviewed, withdrawn."""

from typing import Any

from tests.model.answers import AGAIN, CREATED, OK, Answer, no
from tests.model.claims import ENDED, WITHDRAWABLE, Application, Line
from tests.model.records import City, Order
from tests.model.trading import forfeit

Json = dict[str, Any]


def open_application(
    city: City, by: str, key: str, member: bool, seller: tuple[str, str], orders: list[Order], body: Json
) -> tuple[Answer, Application | None]:
    """§3.5.1: completed orders, each in one live application."""
    if not member:
        return no("NOT_FOUND"), None
    faults = {
        "ORDER_IN_SETTLEMENT": any(each.line for each in orders),
        "ORDER_NOT_COMPLETED": any(each.line is None and each.state != "completed" for each in orders),
    }
    if any(faults.values()):
        return no(*(code for code, holds in faults.items() if holds)), None
    step, uscc = ("open", by, body), seller[0]
    application = Application(key, body, uscc, seller[1], orders[0].voucher.batch.year, step)
    for order in orders:
        order.line = Line(application, order, order.contract_fen, step)
        order.state, order.last = "settling", step
        application.lines.append(order.line)
    city.applications.append(application)
    return CREATED, application


def fill_in(city: City, line: Line, by: str, member: bool, body: Json) -> Answer:
    """§3.5.1(2)(3), §5.2b: the own share to the fen, and an invoice that nobody else handed in."""
    step = ("edit", by, body)
    if not member:
        return no("NOT_FOUND")
    if line.last == step:
        return AGAIN
    if line.state not in ("draft", "returned"):
        return no("WRONG_STATE")
    own_share_fen = body["contract_fen"] - line.most_fen(body["contract_fen"])
    if {body["invoice"]["amount_fen"], sum(each["amount_fen"] for each in body["transfers"])} != {own_share_fen}:
        return no("OWN_SHARE_MISMATCH")
    number = body["invoice"]["number"]
    if city.invoices.get(number, line) is not line:
        return no("INVOICE_USED")
    if line.invoice is not None:
        del city.invoices[line.invoice]
    city.invoices[number] = line
    line.invoice, line.contract_fen, line.own_share_fen, line.last = number, body["contract_fen"], own_share_fen, step
    return OK


def submit(application: Application, by: str, member: bool) -> Answer:
    """§3.5.1: handed in once every line that waits for the agency is filled in."""
    step = ("submit", by, None)
    if not member:
        return no("NOT_FOUND")
    waiting = application.lines_in("draft", "returned")
    if application.last == step and not waiting:
        return AGAIN
    if application.state not in ("draft", "submitted", "reviewed") or not waiting:
        return no("WRONG_STATE")
    if any(line.invoice is None for line in waiting):
        return no("EVIDENCE_MISSING")
    if not all(line.adds_up for line in waiting):
        return no("OWN_SHARE_MISMATCH")
    for line in waiting:
        line.state, line.submitted_by, line.last = "submitted", by, step
    application.state, application.submitted_by, application.last = "submitted", by, step
    return OK


def withdraw(city: City, application: Application, by: str, member: bool, body: Json) -> Answer:
    """§3.5.1: taken back, as long as no line of it is under review or beyond."""
    step = ("withdraw", by, body)
    if not member:
        return no("NOT_FOUND")
    if application.last == step:
        return AGAIN
    left = [line for line in application.lines if line.state not in ENDED]
    if application.state == "withdrawn" or any(line.state not in WITHDRAWABLE for line in left):
        return no("WRONG_STATE")
    for line in left:
        line.free(city, "withdrawn", ("withdraw with all", by, body))
    application.state, application.last = "withdrawn", step
    return OK


def withdraw_line(city: City, line: Line, by: str, member: bool, body: Json) -> Answer:
    """§3.5.1: one line is taken back."""
    step = ("withdraw", by, body)
    if not member:
        return no("NOT_FOUND")
    if line.last == step:
        return AGAIN
    if line.state not in WITHDRAWABLE:
        return no("WRONG_STATE")
    line.free(city, "withdrawn", step)
    line.application.go_on_without()
    line.application.last = ("withdraw_line", by, body)
    return OK


def pre_review(city: City, application: Application, by: str, decided: list[tuple[Line, Json]]) -> Answer:
    """§3.5.2: the operator's opinion on some submitted lines; what is not verified goes back at once."""
    step = ("pre_review", by, [said for _, said in decided])
    if application.last == step:
        return AGAIN
    if application.state != "submitted":
        return no("WRONG_STATE" if application.state == "draft" else "ALREADY_REVIEWED")
    if by in {application.submitted_by, *(line.submitted_by for line, _ in decided)}:
        return no("FOUR_EYES")
    if any(said.get("verified_fen", 0) > verifiable_fen(line, said) for line, said in decided):
        return no("VERIFIED_TOO_HIGH")
    for line, said in decided:
        judge(city, line, by, said)
    if not application.lines_in("submitted"):
        application.state = "reviewed"
    application.last = step
    return OK


def verifiable_fen(line: Line, said: Json) -> int:
    """§2.3.2, §3.5.2: the most that can be verified, the contract being what it turned out to be."""
    return line.most_fen(min(line.contract_fen, said.get("verified_contract_fen", line.contract_fen)))


def judge(city: City, line: Line, by: str, said: Json) -> None:
    """One line passes, goes back, or ends."""
    line.pre_reviewed_by, step = by, (said["decision"], by, said)
    if said["decision"] == "reject":
        line.free(city, "rejected", step)
        return
    line.state, line.last, line.verified_fen = {"pass": "passed", "return": "returned"}[said["decision"]], step, None
    if said["decision"] == "pass":
        line.verified_fen = said.get("verified_fen", verifiable_fen(line, said))
        reduce(city, line, line.verified_fen, step)


def reduce(city: City, line: Line, verified_fen: int, step: tuple[str, str, Json]) -> None:
    """§3.5.2: the rest returns to its voucher, or lapses if that has ended."""
    order, voucher = line.order, line.order.voucher
    released_fen = order.voucher_fen - verified_fen
    if not released_fen:
        return
    order.voucher_fen, order.last = verified_fen, step
    if voucher.has_ended(city.now):
        forfeit(voucher, released_fen)
    else:
        voucher.balance_fen += released_fen
