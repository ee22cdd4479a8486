"""The model of settlement applications (§3.5.1, §3.5.2): open, fill in, submit, pre-review, withdraw."""

from typing import Any

from tests.model.reference import subsidies, year_end
from tests.model.reference.answers import CREATED, OK, REPLAY, ExpectedAnswer, refusal
from tests.model.reference.orders import forfeit
from tests.model.reference.records import City, Order, Payment
from tests.model.reference.settlement_records import ENDED, WITHDRAWABLE, Application, Line

Json = dict[str, Any]


def open_application(
    city: City, by: str, key: str, member: bool, agency_member: tuple[str, str], orders: list[Order], body: Json
) -> tuple[ExpectedAnswer, Application | None]:
    """§3.5.1: an application for completed orders; an order is in one running application at most."""
    if not member:
        return refusal("NOT_FOUND"), None
    if year_end.is_over(orders[0].voucher.batch.year.settled_until, city.now):
        return refusal("SETTLEMENT_ENDED"), None
    faults = {
        "ORDER_IN_SETTLEMENT": any(each.line for each in orders),
        "ORDER_NOT_COMPLETED": any(each.line is None and each.state != "completed" for each in orders),
    }
    if any(faults.values()):
        return refusal(*(code for code, holds in faults.items() if holds)), None
    step, uscc = ("open", by, body), agency_member[0]
    application = Application(key, body, uscc, agency_member[1], orders[0].voucher.batch.year, step)
    for order in orders:
        order.hands.add(by)
        order.line = Line(application, order, order.contract_fen, step, hands=order.hands | order.deciders)
        order.state, order.last = "settling", step
        application.lines.append(order.line)
    city.applications.append(application)
    return CREATED, application


def fill_in(city: City, line: Line, by: str, member: bool, body: Json) -> ExpectedAnswer:
    """§3.5.1(2)(3), §5.2b: invoice and transfers are exactly the own share; an invoice is used once."""
    step = ("edit", by, body)
    if not member:
        return refusal("NOT_FOUND")
    if line.last == step:
        return REPLAY
    if line.state not in ("draft", "returned"):
        return refusal("WRONG_STATE")
    [part] = body["transfers"]
    if part.get("total_fen", part["amount_fen"]) < part["amount_fen"]:
        return refusal("MALFORMED")
    own_share_fen = body["contract_fen"] - line.most_fen(body["contract_fen"])
    if {body["invoice"]["amount_fen"], sum(each["amount_fen"] for each in body["transfers"])} != {own_share_fen}:
        return refusal("OWN_SHARE_MISMATCH")
    # all enterprises of the machine have one name, and a payer is known by the name
    number = invoice_name(body["invoice"])
    if city.invoices.get(number) not in (None, line):
        return refusal("INVOICE_USED")
    payment = city.transfers.setdefault((part["reference"], part["paid_on"]), Payment())
    if not payment.has_room(line, part["amount_fen"], part.get("total_fen")):
        return refusal("TRANSFER_OVERUSED")
    line.leave_transfers(city)
    payment.parts_fen[line] = part["amount_fen"]
    payment.total_fen = part.get("total_fen", payment.total_fen)
    if line.invoice is not None:
        del city.invoices[line.invoice]
    city.invoices[number] = line
    line.hands.add(by)
    line.invoice, line.contract_fen, line.own_share_fen, line.last = number, body["contract_fen"], own_share_fen, step
    line.subsidy_open = subsidies.is_open(city, line)
    return OK


def invoice_name(invoice: Json) -> str:
    """§5.2b: an invoice is known by its kind, its code and its number; the number suffices where there is no code."""
    code = invoice.get("code")
    return f"{invoice['kind']}#{code}#{invoice['number']}" if code else str(invoice["number"])


def submit(city: City, application: Application, by: str, member: bool) -> ExpectedAnswer:
    """§3.5.1, §5.2b: submitted once every draft or returned line is filled in, and none is known to be subsidised."""
    step = ("submit", by, None)
    if not member:
        return refusal("NOT_FOUND")
    open_lines = application.lines_in("draft", "returned")
    if application.last == step and not open_lines:
        return REPLAY
    if application.state not in ("draft", "submitted", "reviewed") or not open_lines:
        return refusal("WRONG_STATE")
    if any(year_end.is_line_over(line, city.now) for line in open_lines):
        return refusal("SETTLEMENT_ENDED")
    if any(line.invoice is None for line in open_lines):
        return refusal("EVIDENCE_MISSING")
    if not all(line.adds_up for line in open_lines):
        return refusal("OWN_SHARE_MISMATCH")
    if code := subsidies.refusal_of(city, (line.order for line in open_lines), decided=False):
        return refusal(code)
    for line in open_lines:
        line.state, line.submitted_by, line.last = "submitted", by, step
        line.hands.add(by)
        line.subsidy_open = subsidies.is_open(city, line)
    application.state, application.submitted_by, application.last = "submitted", by, step
    return OK


def withdraw(city: City, application: Application, by: str, member: bool, body: Json) -> ExpectedAnswer:
    """§3.5.1: the agency withdraws the whole application; refused if a line is under review or payable."""
    step = ("withdraw", by, body)
    if not member:
        return refusal("NOT_FOUND")
    if application.last == step:
        return REPLAY
    live_lines = [line for line in application.lines if line.state not in ENDED]
    if application.state == "withdrawn" or any(line.state not in WITHDRAWABLE for line in live_lines):
        return refusal("WRONG_STATE")
    for line in live_lines:
        line.end_and_free_order(city, "withdrawn", ("withdraw with all", by, body))
    application.state, application.last = "withdrawn", step
    return OK


def withdraw_line(city: City, line: Line, by: str, member: bool, body: Json) -> ExpectedAnswer:
    """§3.5.1: the agency withdraws one line."""
    step = ("withdraw", by, body)
    if not member:
        return refusal("NOT_FOUND")
    if line.last == step:
        return REPLAY
    if line.state not in WITHDRAWABLE:
        return refusal("WRONG_STATE")
    line.end_and_free_order(city, "withdrawn", step)
    line.application.update_after_line_left()
    line.application.last = ("withdraw_line", by, body)
    return OK


def pre_review(city: City, application: Application, by: str, opinions: list[tuple[Line, Json]]) -> ExpectedAnswer:
    """§3.5.2: the operator's opinion on some submitted lines; the amount not verified is released at once."""
    step = ("pre_review", by, [opinion for _, opinion in opinions])
    if application.last == step:
        return REPLAY
    if application.state != "submitted":
        return refusal("WRONG_STATE" if application.state == "draft" else "ALREADY_REVIEWED")
    if any(by in line.hands or line.order.may_not_be_decided_by(by) for line, _ in opinions):
        return refusal("FOUR_EYES")
    if any(line.order.violations for line, opinion in opinions if opinion["decision"] == "pass"):
        return refusal("HELD")
    passed = [line.order for line, opinion in opinions if opinion["decision"] == "pass"]
    if code := subsidies.refusal_of(city, passed, decided=False):
        return refusal(code)
    if any(opinion.get("verified_fen", 0) > verifiable_fen(line, opinion) for line, opinion in opinions):
        return refusal("VERIFIED_TOO_HIGH")
    if any(opinion.get("verified_fen", part) != part for part, opinion in map(adding_up, opinions)):
        return refusal("LINE_DOES_NOT_ADD_UP")
    for line, opinion in opinions:
        apply_opinion(city, line, by, opinion)
    if not application.lines_in("submitted"):
        application.state = "reviewed"
    application.last = step
    return OK


def verifiable_fen(line: Line, opinion: Json) -> int:
    """§2.3.2, §3.5.2: the most that can be verified, in fen, by the verified amount of the contract."""
    return line.most_fen(min(line.contract_fen, opinion.get("verified_contract_fen", line.contract_fen)))


def adding_up(line_and_opinion: tuple[Line, Json]) -> tuple[int, Json]:
    """§3.5.2: what the verified contract leaves to the voucher, in fen, beside the own share that is paid already."""
    line, opinion = line_and_opinion
    contract_fen = min(line.contract_fen, opinion.get("verified_contract_fen", line.contract_fen))
    return contract_fen - line.own_share_fen, opinion


def apply_opinion(city: City, line: Line, by: str, opinion: Json) -> None:
    """One line passes, is returned to the agency, or is rejected."""
    line.pre_reviewed_by, step = by, (opinion["decision"], by, opinion)
    if opinion["decision"] == "reject":
        line.end_and_free_order(city, "rejected", step)
        return
    line.state, line.last, line.verified_fen = {"pass": "passed", "return": "returned"}[opinion["decision"]], step, None
    if opinion["decision"] == "pass":
        line.verified_fen, _ = adding_up((line, opinion))
        release_unverified(city, line, line.verified_fen, step)


def release_unverified(city: City, line: Line, verified_fen: int, step: tuple[str, str, Json]) -> None:
    """§3.5.2: the part not verified returns to its voucher, or lapses if the voucher has ended."""
    order, voucher = line.order, line.order.voucher
    released_fen = order.voucher_fen - verified_fen
    if not released_fen:
        return
    order.voucher_fen, order.last = verified_fen, step
    if voucher.has_ended(city.now):
        forfeit(voucher, released_fen)
    else:
        voucher.balance_fen += released_fen
