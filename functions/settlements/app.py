"""Settlement applications: opened by an agency, handed in when every line is filled in, withdrawn (§3.5.1)."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.fields import Identifier, Text, Uscc
from voucher.edge.identity import as_member, as_member_or_staff, require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.orders import Order
from voucher.models.settlements import Line, Settlement
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.flags import shown_line
from voucher.rules.settlements import (
    ENDED_LINES,
    check_completed,
    check_evidence,
    check_own_shares,
    check_subsidies,
    step_after_withdrawal,
)
from voucher.store import orders, organisations, programmes, settlements, standing
from voucher.store.engine.large import commit_in_parts
from voucher.store.engine.table import Write, commit

app = Api()


class Opening(Request):
    agency_uscc: Uscc
    order_ids: Annotated[list[Identifier], Field(min_length=1, max_length=settlements.MAX_LINES)]


class Why(Request):
    reason: Text


@app.post("/settlements")
def open_application() -> Response[str]:
    """§3.5.1: completed orders of one agency and year, each in one live application."""
    settlement_id = app.new_id("s", key_required=True)
    body = app.body(Opening)
    as_member(app.caller, organisations.find_agency(body.agency_uscc))
    # before the application: else a twin of this very call, coming between, would look like another application
    found = {order.order_id: order for order in orders.find_many(body.order_ids)}
    if existing := settlements.find(settlement_id):
        return _replayed(existing)
    if any(order_id not in found or found[order_id].agency_uscc != body.agency_uscc for order_id in body.order_ids):
        raise Refused(Refusal.NOT_FOUND)
    old = [found[order_id] for order_id in dict.fromkeys(body.order_ids)]
    if len({order.year for order in old}) > 1:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("order_ids", "须属于同一年度。")])
    check_completed(old)
    now, step = clock.now(), app.step("open")
    made = {"created_at": now, "created_by": app.caller.sub, **step}
    settlement = Settlement(
        settlement_id=settlement_id,
        year=old[0].year,
        agency_uscc=body.agency_uscc,
        order_ids=tuple(order.order_id for order in old),
        state="draft",
        request_sha256=app.request_sha256,
        **made,
    )
    lines = [_line(settlement, order, made) for order in old]
    new = [
        order.next_version(
            state=lifecycle.next_state("order", order.state, "settle"), settlement_id=settlement_id, **step
        )
        for order in old
    ]
    if not settlements.commit_application(settlement, lines, old, new):
        return _replayed(settlements.load(settlement_id))
    return reply(_shown(settlement, lines), 201)


def _replayed(existing: Settlement) -> Response[str]:
    app.check_same(existing.request_sha256)
    return reply(_shown(existing, settlements.list_lines(existing.settlement_id)), 200, replay=True)


def _line(settlement: Settlement, order: Order, made: dict[str, Any]) -> Line:
    return Line(
        settlement_id=settlement.settlement_id,
        order_id=order.order_id,
        agency_uscc=order.agency_uscc,
        enterprise_uscc=order.enterprise_uscc,
        category=order.category,
        year=order.year,
        contract_fen=order.contract_fen,
        voucher_fen=order.voucher_fen,
        state="draft",
        **made,
    )


def _shown(settlement: Settlement, lines: list[Line]) -> dict[str, Any]:
    uses = settlements.read_file_uses(lines)
    return settlement.public() | {"lines": [shown_line(line, uses, app.caller.is_staff) for line in lines]}


def _mine(settlement_id: str) -> Settlement:
    settlement = settlements.find(settlement_id)
    if settlement is None:
        raise Refused(Refusal.NOT_FOUND)
    as_member(app.caller, organisations.find_agency(settlement.agency_uscc))
    return settlement


@app.post("/settlements/<settlement_id>/submit")
def submit(settlement_id: str) -> Response[str]:
    """§3.5.1, §5.2b: hand the application in; all that is missing in one answer."""
    old = _mine(settlement_id)
    app.body(Nothing)
    lines = settlements.list_lines(settlement_id)
    open_lines = [line for line in lines if line.state in ("draft", "returned")]
    # with a line that came back since, the same call is another one
    if app.is_repeat(old, "submit") and not open_lines:
        return reply(_shown(old, lines), replay=True)
    state = lifecycle.next_state("settlement", old.state, "submit")
    if not open_lines:
        raise Refused(Refusal.WRONG_STATE, of=old)
    check_evidence(open_lines)
    check_own_shares(open_lines, programmes.get(old.year).policy)
    standings = standing.read_standings(line.enterprise_uscc for line in open_lines)
    check_subsidies(open_lines, standings)
    step = app.step("submit")
    by = {"submitted_by": app.caller.sub}
    moved = [
        line.next_version(state=lifecycle.next_state("line", line.state, "submit"), **by, **step) for line in open_lines
    ]
    new = old.next_version(state=state, **by, **step)
    steps = [settlements.line_write(before, after) for before, after in zip(open_lines, moved, strict=True)]
    checks = [standing.unchanged_check(each) for each in standings.values()]
    commit([settlements.step_write(old, new), *steps, *checks])
    return reply(_shown(new, settlements.list_lines(settlement_id)))


@app.post("/settlements/<settlement_id>/withdraw")
def withdraw(settlement_id: str) -> Response[str]:
    """§3.5.1: the agency takes the application back, as long as no round has gathered a line of it."""
    old, why = _mine(settlement_id), app.body(Why)
    lines = settlements.list_lines(settlement_id)
    if app.is_repeat(old, "withdraw"):
        return reply(_shown(old, lines), replay=True)
    left = [line for line in lines if line.state not in ENDED_LINES]
    groups = [_withdrawn(line, why.reason) for line in left]
    new = old.next_version(state=lifecycle.next_state("settlement", old.state, "withdraw"), **app.step("withdraw"))
    commit_in_parts(groups, [settlements.step_write(old, new)], [settlements.unchanged_check(old)])
    return reply(_shown(new, settlements.list_lines(settlement_id)))


@app.post("/settlements/<settlement_id>/lines/<order_id>/withdraw")
def withdraw_line(settlement_id: str, order_id: str) -> Response[str]:
    """§3.5.1: the agency takes one line back; its order may be settled again, or cancelled."""
    old, why = _mine(settlement_id), app.body(Why)
    line = _line_of(settlement_id, order_id)
    if app.is_repeat(line, "withdraw"):
        return reply(_shown(old, settlements.list_lines(settlement_id)), replay=True)
    writes = _withdrawn(line, why.reason)
    others = [each for each in settlements.list_lines(settlement_id) if each.order_id != order_id]
    action = step_after_withdrawal(old.state, others)
    state = lifecycle.next_state("settlement", old.state, action) if action else old.state
    new = old.next_version(state=state, **app.step("withdraw_line"))
    commit([settlements.step_write(old, new), *writes])
    return reply(_shown(new, settlements.list_lines(settlement_id)))


def _line_of(settlement_id: str, order_id: str) -> Line:
    if (line := settlements.find_line(settlement_id, order_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return line


def _withdrawn(line: Line, reason: str) -> list[Write]:
    step = app.step("withdraw")
    state = lifecycle.next_state("line", line.state, "withdraw")
    order = orders.load(line.order_id)
    freed = order.next_version(state=lifecycle.next_state("order", order.state, "unsettle"), settlement_id=None, **step)
    return settlements.ended_line_writes(
        line, line.next_version(state=state, withdrawal_reason=reason, **step), order, freed
    )


@app.get("/settlements")
def list_settlements() -> Response[str]:
    """Applications of an agency for its members; all of them for staff."""
    limit, cursor = app.limit, app.query("cursor")
    if uscc := app.query("agency_uscc"):
        as_member_or_staff(app.caller, organisations.find_agency(uscc))
        page = settlements.list_page("by_agency", uscc, limit, cursor)
    else:
        require(app.caller, "platform", "bureau", "finance", "admin")
        page = settlements.list_page("by_newest", "SETTLEMENT", limit, cursor)
    items = [Settlement.model_validate(item).public() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


@app.get("/settlements/<settlement_id>")
def show(settlement_id: str) -> Response[str]:
    """One application with its lines, for the agency's members and staff."""
    settlement = settlements.find(settlement_id)
    if settlement is None:
        raise Refused(Refusal.NOT_FOUND)
    as_member_or_staff(app.caller, organisations.find_agency(settlement.agency_uscc))
    return reply(_shown(settlement, settlements.list_lines(settlement_id)))


handler = app.handle
