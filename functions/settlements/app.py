"""Settlement applications: opened by an agency, handed in when every line is filled in, withdrawn (§3.5.1)."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api, Nothing, reply
from voucher.edge.fields import Identifier, Text, Uscc
from voucher.edge.identity import as_member, as_member_or_staff, require
from voucher.models import Line, Order, Request, Settlement
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules import settling as rules
from voucher.rules.flags import shown_line
from voucher.store import orders, organisations, programmes, standing
from voucher.store import settlements as store
from voucher.store.parts import commit_in_parts
from voucher.store.table import Unmet, Write

app = Api()


class Opening(Request):
    agency_uscc: Uscc
    order_ids: Annotated[list[Identifier], Field(min_length=1, max_length=store.MAX_LINES)]


class Why(Request):
    reason: Text


@app.post("/settlements")
def open_application() -> Response[str]:
    """§3.5.1: completed orders of one agency and year, each in one live application."""
    settlement_id = app.new_id("s", key_required=True)
    body = app.body(Opening)
    as_member(app.caller, organisations.find_agency(body.agency_uscc))
    # before the application: else a twin of this very call, coming between, would look like another application
    found = {order.order_id: order for order in orders.find_orders(body.order_ids)}
    if existing := store.find(settlement_id):
        return _replayed(existing)
    if any(order_id not in found or found[order_id].agency_uscc != body.agency_uscc for order_id in body.order_ids):
        raise Refused(Refusal.NOT_FOUND)
    old = [found[order_id] for order_id in dict.fromkeys(body.order_ids)]
    if len({order.year for order in old}) > 1:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("order_ids", "须属于同一年度。")])
    rules.check_completed(old)
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
        order.moved(state=lifecycle.next_state("order", order.state, "settle"), settlement_id=settlement_id, **step)
        for order in old
    ]
    try:
        store.open_application(settlement, lines, old, new)
    except Unmet as unmet:
        if "settlement" in unmet.items and (existing := store.find(settlement_id)):
            return _replayed(existing)
        raise Refused(Refusal.CHANGED_MEANWHILE) from None
    return reply(_shown(settlement, lines), 201)


def _replayed(existing: Settlement) -> Response[str]:
    app.check_same(existing.request_sha256)
    return reply(_shown(existing, store.lines_of(existing.settlement_id)), 200, replay=True)


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
    uses = store.file_uses(lines)
    return settlement.public() | {"lines": [shown_line(line, uses, app.caller.is_staff) for line in lines]}


def _mine(settlement_id: str) -> Settlement:
    settlement = store.find(settlement_id)
    if settlement is None:
        raise Refused(Refusal.NOT_FOUND)
    as_member(app.caller, organisations.find_agency(settlement.agency_uscc))
    return settlement


@app.post("/settlements/<settlement_id>/submit")
def submit(settlement_id: str) -> Response[str]:
    """§3.5.1, §5.2b: hand the application in; all that is missing in one answer."""
    old = _mine(settlement_id)
    app.body(Nothing)
    lines = store.lines_of(settlement_id)
    open_lines = [line for line in lines if line.state in ("draft", "returned")]
    # with a line that came back since, the same call is another one
    if app.is_repeat(old, "submit") and not open_lines:
        return reply(_shown(old, lines), replay=True)
    state = lifecycle.next_state("settlement", old.state, "submit")
    if not open_lines:
        raise Refused(Refusal.WRONG_STATE, state=old.state)
    rules.check_evidence(open_lines)
    rules.check_own_shares(open_lines, programmes.load_programme(old.year).policy)
    standings = standing.load_standings(line.enterprise_uscc for line in open_lines)
    rules.check_subsidies(open_lines, standings)
    step = app.step("submit")
    by = {"submitted_by": app.caller.sub}
    moved = [line.moved(state=lifecycle.next_state("line", line.state, "submit"), **by, **step) for line in open_lines]
    new = old.moved(state=state, **by, **step)
    steps = [store.step_line(before, after) for before, after in zip(open_lines, moved, strict=True)]
    store.commit_steps(store.step(old, new), *steps, *(standing.unchanged(each) for each in standings.values()))
    return reply(_shown(new, store.lines_of(settlement_id)))


@app.post("/settlements/<settlement_id>/withdraw")
def withdraw(settlement_id: str) -> Response[str]:
    """§3.5.1: the agency takes the application back, as long as no round has gathered a line of it."""
    old, why = _mine(settlement_id), app.body(Why)
    lines = store.lines_of(settlement_id)
    if app.is_repeat(old, "withdraw"):
        return reply(_shown(old, lines), replay=True)
    left = [line for line in lines if line.state not in rules.ENDED_LINES]
    groups = [_withdrawn(line, why.reason) for line in left]
    new = old.moved(state=lifecycle.next_state("settlement", old.state, "withdraw"), **app.step("withdraw"))
    commit_in_parts(groups, [store.step(old, new)], [store.unchanged(old)])
    return reply(_shown(new, store.lines_of(settlement_id)))


@app.post("/settlements/<settlement_id>/lines/<order_id>/withdraw")
def withdraw_line(settlement_id: str, order_id: str) -> Response[str]:
    """§3.5.1: the agency takes one line back; its order may be settled again, or cancelled."""
    old, why = _mine(settlement_id), app.body(Why)
    line = _line_of(settlement_id, order_id)
    if app.is_repeat(line, "withdraw"):
        return reply(_shown(old, store.lines_of(settlement_id)), replay=True)
    writes = _withdrawn(line, why.reason)
    others = [each for each in store.lines_of(settlement_id) if each.order_id != order_id]
    action = rules.step_after_withdrawal(old.state, others)
    state = lifecycle.next_state("settlement", old.state, action) if action else old.state
    new = old.moved(state=state, **app.step("withdraw_line"))
    store.commit_steps(store.step(old, new), *writes)
    return reply(_shown(new, store.lines_of(settlement_id)))


def _line_of(settlement_id: str, order_id: str) -> Line:
    if (line := store.find_line(settlement_id, order_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return line


def _withdrawn(line: Line, reason: str) -> list[Write]:
    step = app.step("withdraw")
    state = lifecycle.next_state("line", line.state, "withdraw")
    order = orders.load_order(line.order_id)
    freed = order.moved(state=lifecycle.next_state("order", order.state, "unsettle"), settlement_id=None, **step)
    return store.end_line(line, line.moved(state=state, withdrawal_reason=reason, **step), order, freed)


@app.get("/settlements")
def list_settlements() -> Response[str]:
    """Applications of an agency for its members; all of them for staff."""
    limit, cursor = app.limit, app.query("cursor")
    if uscc := app.query("agency_uscc"):
        as_member_or_staff(app.caller, organisations.find_agency(uscc))
        page = store.list_settlements("by_agency", uscc, limit, cursor)
    else:
        require(app.caller, "platform", "bureau", "finance", "admin")
        page = store.list_settlements("listing", "SETTLEMENT", limit, cursor)
    items = [Settlement.model_validate(item).public() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


@app.get("/settlements/<settlement_id>")
def show(settlement_id: str) -> Response[str]:
    """One application with its lines, for the agency's members and staff."""
    settlement = store.find(settlement_id)
    if settlement is None:
        raise Refused(Refusal.NOT_FOUND)
    as_member_or_staff(app.caller, organisations.find_agency(settlement.agency_uscc))
    return reply(_shown(settlement, store.lines_of(settlement_id)))


handler = app.handle
