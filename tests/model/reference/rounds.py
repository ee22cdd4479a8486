"""The model of rounds and notices (§3.5.2, §3.5.3, §5.2b): gather, approve, publish, object, close, withdraw a line."""

from typing import Any

from tests.model.reference import subsidies
from tests.model.reference.answers import CREATED, OK, REPLAY, ExpectedAnswer, refusal
from tests.model.reference.records import City, Order, Step, day_of
from tests.model.reference.settlement_records import UNDER_REVIEW, Application, Line, Objection, Payable, Round

Json = dict[str, Any]
OBJECTIONS_PER_LINE_AND_HOUR = 10
OBJECTIONS_PER_ADDRESS_AND_HOUR = 50


def gather(city: City, by: str, body: Json, applications: list[Application]) -> tuple[ExpectedAnswer, Round | None]:
    """§3.5.2: the operator gathers the passed lines into a round."""
    lines = [line for each in applications for line in each.lines_in("passed")]
    if not lines:
        return refusal("NOTHING_PASSED"), None
    if any(by in line.hands for line in lines) or is_for_member(by, lines):
        return refusal("FOUR_EYES"), None
    submitters, reviewers = {line.submitted_by for line in lines}, {line.pre_reviewed_by for line in lines}
    hands = {each for line in lines for each in line.hands}
    round_ = Round(applications, submitters, reviewers, by, ("gather", by, body), hands=hands)
    for line in lines:
        line.state, line.round, line.last = "gathered", round_, round_.last
    city.rounds.append(round_)
    return CREATED, round_


def approve(city: City, round_: Round, by: str, body: Json) -> ExpectedAnswer:
    """§3.5.2: the bureau decides on every line; whoever acted earlier is refused. Without an approved line it ends."""
    step, lines = ("approve", by, body), round_.lines_in("gathered")
    if round_.last == step:
        return REPLAY
    if round_.state != "gathered":
        return refusal("ALREADY_REVIEWED")
    if by in reviewers_before(round_) or is_for_member(by, lines):
        return refusal("FOUR_EYES")
    own = {each["order_id"]: each["decision"] for each in body["lines"]}
    decisions = {line.order.name: own.get(line.order.name, body["decision"]) for line in lines}
    if any(line.order.violations and decisions[line.order.name] == "approve" for line in lines):
        return refusal("HELD")
    if code := subsidies.refusal_of(city, (each.order for each in lines if decisions[each.order.name] == "approve")):
        return refusal(code)
    for line in lines:
        decision = decisions[line.order.name]
        if decision == "reject":
            line.end_and_free_order(city, "rejected", step)
        else:
            line.state, line.last = {"approve": "approved", "return": "returned"}[decision], step
            line.round = round_ if decision == "approve" else None
    round_.state = "approved" if round_.lines_in("approved") else "rejected"
    round_.approved_by, round_.last = by, step
    return OK


def publish(city: City, round_: Round, by: str, body: Json) -> ExpectedAnswer:
    """§3.5.3: the operator publishes the notice."""
    step = ("notice", by, body)
    if round_.last == step:
        return REPLAY
    if round_.state != "approved":
        return refusal("WRONG_STATE")
    if by in round_.hands or is_for_member(by, round_.lines_in("approved")):
        return refusal("FOUR_EYES")
    for line in round_.lines_in("approved"):
        line.state, line.last = "noticed", step
    round_.state, round_.last, round_.published_on = "noticed", step, day_of(city.now)
    return CREATED


def object_to(city: City, round_: Round, order: Order) -> tuple[ExpectedAnswer, Objection | None]:
    """§3.5.3: anybody may object on the day of a notice without working days, until it is closed. In the model all
    callers share one address, and none of them makes an effort."""
    if round_.state == "closed" or day_of(city.now) != round_.published_on:
        return refusal("NOTICE_ENDED"), None
    hour = city.now.replace(minute=0, second=0, microsecond=0)
    of_this_hour = [each.order for each in round_.objections if each.hour == hour]
    alike = sum(each is order for each in of_this_hour)
    if alike == OBJECTIONS_PER_LINE_AND_HOUR or len(of_this_hour) == OBJECTIONS_PER_ADDRESS_AND_HOUR:
        return refusal("TOO_MANY_OBJECTIONS"), None
    round_.objections.append(Objection(order, hour))
    return CREATED, round_.objections[-1]


def resolve(round_: Round, objection: Objection, by: str, decision: str) -> ExpectedAnswer:
    """§3.5.3: if upheld, the line returns to the agency; if rejected after the closing, it waits for a next round."""
    step = (decision, by, None)
    if objection.last == step:
        return REPLAY
    if objection.state != "standing":
        return refusal("ALREADY_REVIEWED")
    held = [line for line in round_.lines_in("noticed") if line.order is objection.order]
    if by in reviewers_before(round_) or is_for_member(by, held):
        return refusal("FOUR_EYES")
    objection.state, objection.last = {"uphold": "upheld", "reject": "rejected"}[decision], step
    for line in round_.lines_in("noticed"):
        if line.order is objection.order and decision == "uphold":
            line.state, line.round, line.last = "returned", None, step
        elif line.order is objection.order and round_.state == "closed" and not round_.is_held_by_objection(line):
            line.state, line.round, line.last = "passed", None, step
    return OK


def close(city: City, round_: Round, by: str) -> ExpectedAnswer:
    """§3.5.3: the bureau closes the notice; every line without an open or upheld objection becomes payable. §5.2b: a
    line whose order a violation holds waits for a next round; if there are only such, the notice stays open."""
    step = ("close", by, None)
    if round_.close_step == step:
        return REPLAY
    if round_.state != "noticed":
        return refusal("WRONG_STATE")
    if by in reviewers_before(round_) or is_for_member(by, round_.lines_in("noticed")):
        return refusal("FOUR_EYES")
    unobjected = [line for line in round_.lines_in("noticed") if not round_.is_held_by_objection(line)]
    payable_lines = [line for line in unobjected if not line.order.violations]
    if unobjected and not payable_lines:
        return refusal("HELD")
    if code := subsidies.refusal_of(city, (line.order for line in payable_lines)):
        return refusal(code)
    for line in unobjected:
        if line.order.violations:
            line.state, line.round, line.last = "passed", None, step
    for line in payable_lines:
        line.state, line.last, line.order.state, line.order.last = "payable", step, "payable", step
    agencies = {line.application.agency_uscc: line.application.agency_member for line in payable_lines}
    for uscc, member in sorted(agencies.items()):
        lines = [line for line in payable_lines if line.application.agency_uscc == uscc]
        round_.payables.append(Payable(round_, uscc, member, lines, step))
    round_.state, round_.close_step, round_.last = "closed", step, step
    return OK


def withdraw_line(city: City, round_: Round, line: Line, by: str, bureau: bool, body: Json) -> ExpectedAnswer:
    """§3.5.1(5), §5.2b: the operator withdraws a line before it is payable, the bureau a payable line before payout."""
    step = ("take_out", by, body)
    if line.last == step:
        return REPLAY
    if line.round is not round_:
        return refusal("NOT_FOUND")
    if bureau != (line.state == "payable"):
        return refusal("ROLE_REQUIRED")
    if by in line.hands or line.order.may_not_be_decided_by(by):
        return refusal("FOUR_EYES")
    if line.state == "payable":
        [payable] = [each for each in round_.payables if line in each.lines]
        if payable.state not in ("awaiting_invoice", "invoiced"):
            return refusal("WRONG_STATE")
        take_back_line(city, payable, line, step)
    line.end_and_free_order(city, "withdrawn", step)
    if round_.state in ("gathered", "approved") and not round_.lines_in(*UNDER_REVIEW):
        round_.state, round_.last = "rejected", step
    return OK


def take_back_line(city: City, payable: Payable, line: Line, step: Step) -> None:
    """§5.2b: one line leaves a payable; the number of its summary invoice may be used again."""
    for number in [number for number, holder in city.invoices.items() if holder is payable]:
        del city.invoices[number]
    payable.lines.remove(line)
    payable.state, payable.invoiced_by, payable.last = "awaiting_invoice" if payable.lines else "dropped", None, step
    payable.account = payable.waiting = None


def is_for_member(person: str, lines: list[Line]) -> bool:
    """§1.3, §3.5.2: True for a member of a party of one of some lines, who leaves them to others."""
    return any(line.order.has_member(person) for line in lines)


def reviewers_before(round_: Round) -> set[str | None]:
    """§3.5.2: everybody who acted for a party of the round's lines, submitted, pre-reviewed or gathered them."""
    return round_.hands | round_.submitters | round_.pre_reviewers | {round_.gathered_by}
