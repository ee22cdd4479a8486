"""Settlement applications: opened by an agency, submitted when every line is filled in, shown (§3.5.1)."""

from typing import Annotated, Any

from pydantic import Field

from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.creation import key_write
from voucher.edge.fields import Identifier, Uscc
from voucher.edge.identity import as_party, as_party_or_staff, check_party_named, reads_books, require
from voucher.edge.pages import ListOf, Search, empty_page, reply_list
from voucher.edge.queries import QueryId
from voucher.edge.replies import Answer, reply
from voucher.edge.settlements import public_settlement
from voucher.models.base import Request
from voucher.models.settlements import Line, PublicSettlement, Settlement, SettlementState
from voucher.refusals import FieldError, Refusal, Refused, not_found
from voucher.rules.four_eyes import check_own_side, stepped_by_party
from voucher.rules.lifecycle import allows, check_step, stepped
from voucher.rules.settlements import check_completed, check_evidence, check_own_shares, new_line
from voucher.rules.subsidies import check_subsidies, submitted_line
from voucher.rules.terms import check_in_time, check_settlement_open
from voucher.store import orders, organisations, programmes, settlements, standing
from voucher.store.engine.table import commit

app = Api()


class Opening(Request):
    agency_uscc: Uscc
    order_ids: Annotated[list[Identifier], Field(min_length=1, max_length=settlements.MOST_LINES)]


class OfAgency(Search[SettlementState]):
    agency_uscc: QueryId | None = None


@app.post("/settlements")
def open_application() -> Answer[PublicSettlement]:
    """§3.5.1: an agency applies for completed orders of one year, each in one application at a time."""
    settlement_id = app.new_id("s")
    body = app.body(Opening)
    as_party(app.caller, organisations.find_agency(body.agency_uscc), "agency")
    found = {order.order_id: order for order in orders.find_many(body.order_ids)}
    existing = settlements.find(settlement_id)  # read last: see Api.handle
    if existing is not None:
        return _replay(existing)
    if any(order_id not in found or found[order_id].agency_uscc != body.agency_uscc for order_id in body.order_ids):
        raise not_found("order")
    old = [found[order_id] for order_id in dict.fromkeys(body.order_ids)]
    if len({order.year for order in old}) > 1:
        raise Refused(
            Refusal.MALFORMED, errors=[FieldError("order_ids", "订单须属于同一年度，请按年度分别申请。", "not_allowed")]
        )
    policy = programmes.get(old[0].year).policy
    check_settlement_open(old[0].year, policy, app.mark.at)
    check_completed(old)
    creation = app.creation("open")
    settlement = Settlement(
        settlement_id=settlement_id,
        year=old[0].year,
        agency_uscc=body.agency_uscc,
        order_ids=tuple(order.order_id for order in old),
        submit_by=policy.settlement_day(old[0].year),
        state="draft",
        **creation,
    )
    mark = app.mark
    new = [stepped_by_party(order, "settle", "agency", mark, settlement_id=settlement_id) for order in old]
    lines = [new_line(settlement, order, creation) for order in new]
    if not settlements.commit_application(settlement, lines, old, new, key_write(app)):
        return _replay(settlements.load(settlement_id))
    return reply(_public(settlement, lines), 201)


def _replay(existing: Settlement) -> Answer[PublicSettlement]:
    app.check_same(existing.request_sha256)
    return reply(_public(existing, settlements.list_lines(existing.settlement_id)), 200, replay=True)


def _public(settlement: Settlement, lines: list[Line]) -> dict[str, Any]:
    return public_settlement(settlement, lines, None if app.caller.role == "agency" else app.caller)


@app.post("/settlements/<settlement_id>/submit")
def submit(settlement_id: str) -> Answer[PublicSettlement]:
    """§3.5.1, §5.2b: the agency submits the application; all that is missing is named in one answer."""
    old = settlements.get(settlement_id)
    as_party(app.caller, organisations.find_agency(old.agency_uscc), "settlement")
    app.body(Nothing)
    lines = settlements.list_lines(settlement_id)
    open_lines = [line for line in lines if allows("line", line.state, "submit")]
    # a line that was returned since is submitted again by an equal request, which is then no repetition
    if app.is_repeat(old, "submit") and not open_lines:
        return reply(_public(old, lines), replay=True)
    check_step(old, "submit")
    if not open_lines:
        raise Refused(Refusal.WRONG_STATE, of=old)
    policy, mark = programmes.get(old.year).policy, app.mark
    check_in_time(open_lines, policy, mark.at)
    check_evidence(open_lines)
    check_own_shares(open_lines, policy)
    standings = standing.read_standings(line.enterprise_uscc for line in open_lines)
    found = {order.order_id: order for order in orders.load_many(line.order_id for line in open_lines)}
    check_subsidies(open_lines, found.values(), standings, decided=False)
    check_own_side(app.caller.sub, "agency", *found.values(), *open_lines)
    new = stepped(old, "submit", mark, submitted_by=mark.by)
    submitted = [
        submitted_line(line, found[line.order_id], standings[line.enterprise_uscc], mark) for line in open_lines
    ]
    line_writes = [settlements.line_write(before, after) for before, after in zip(open_lines, submitted, strict=True)]
    checks = [standing.unchanged_check(each) for each in standings.values()]
    commit([settlements.step_write(old, new), *line_writes, *checks])
    return reply(_public(new, settlements.list_lines(settlement_id)))


@app.get("/settlements")
def list_settlements(query: OfAgency) -> Answer[ListOf[Settlement]]:
    """Applications of an agency, for its members and staff; all applications, for staff but `discipline`. `q` looks
    into their ids and the agency's code."""
    if not query.agency_uscc:
        check_party_named(app.caller, "agency_uscc")
        require(app.caller, "platform", "bureau", "finance", "admin")
    is_open = not query.agency_uscc or reads_books(
        app.caller, organisations.find_agency(query.agency_uscc, app.caller.sub), "agency"
    )
    keep = query.finds("settlement_id", "agency_uscc")
    page = settlements.list_page(query.selection(), keep, query.agency_uscc) if is_open else empty_page(query)
    return reply_list(page, Settlement.model_validate)


@app.get("/settlements/<settlement_id>")
def show(settlement_id: str) -> Answer[PublicSettlement]:
    """One application with its lines, for the agency's members and staff."""
    settlement = settlements.get(settlement_id)
    as_party_or_staff(app.caller, organisations.find_agency(settlement.agency_uscc), "settlement")
    return reply(_public(settlement, settlements.list_lines(settlement_id)))


handler = app.handle
