"""What becomes of an order: accepted or refused, contracted, delivered, rated, cancelled (§4.2, §3.5.1(5))."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.fields import Day, Number, PositiveFen, Text
from voucher.edge.identity import as_member, require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.orders import CancelRequest, Order, Rating
from voucher.refusals import Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.orders import (
    check_cancel_asked,
    check_contract_day,
    check_has_contract,
    check_may_contract,
    check_ratio,
    has_contract,
)
from voucher.rules.programmes import year_is_over
from voucher.rules.settlements import step_after_withdrawal
from voucher.store import keys, orders, organisations, programmes, settlements, vouchers
from voucher.store.engine.table import Write

app = Api()
Guards = Callable[[Order], list[Write]]


class Contract(Request):
    contract_number: Number
    contract_signed_on: Day
    contract_fen: PositiveFen


class Why(Request):
    reason: Text


class Decision(Request):
    decision: Literal["approve", "reject"]


class Stars(Request):
    score: Annotated[int, Field(ge=1, le=5)]
    comment: Text | None = None


def _today() -> date:
    return clock.today()


def _found(order_id: str) -> Order:
    if (order := orders.find(order_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return order


def _as_agency(order: Order) -> None:
    as_member(app.caller, organisations.find_agency(order.agency_uscc))


def _as_enterprise(order: Order) -> None:
    as_member(app.caller, organisations.find_enterprise(order.enterprise_uscc))


def _party(order: Order) -> str:
    """Which party the caller acts for: enterprise or agency; NOT_FOUND for anybody else."""
    enterprise = organisations.find_enterprise(order.enterprise_uscc)
    if enterprise is not None and app.caller.sub in enterprise.members:
        return "enterprise"
    _as_agency(order)
    return "agency"


def _advance(old: Order, action: str, guards: Guards = lambda _: [], **changes: Any) -> Response[str]:
    if app.is_repeat(old, action):
        return reply(old, replay=True)
    new = old.next_version(state=lifecycle.next_state("order", old.state, action), **changes, **app.step(action))
    orders.commit_step(old, new, *guards(old))
    return reply(new)


def _parties_may_contract(order: Order) -> list[Write]:
    """§4.1.3, §1.4b: contracted orders run on whatever becomes of the parties, but no more are contracted; insists that
    both are as they were read."""
    if has_contract(order):
        return []
    enterprise = organisations.find_enterprise(order.enterprise_uscc)
    agency = organisations.find_agency(order.agency_uscc)
    check_may_contract(enterprise, agency, _today())
    return [organisations.unchanged_check(party) for party in (enterprise, agency) if party]


@app.post("/orders/<order_id>/accept")
def accept(order_id: str) -> Response[str]:
    """§4.2.1: the agency takes the order on."""
    app.body(Nothing)
    order = _found(order_id)
    _as_agency(order)
    return _advance(order, "accept", _parties_may_contract)


@app.post("/orders/<order_id>/refuse")
def refuse(order_id: str) -> Response[str]:
    """§5.2a: the agency declines with a reason, which the operator sees; the money goes back."""
    order = _found(order_id)
    _as_agency(order)
    reason = app.body(Why).reason
    return _release(order, "refuse", refusal_reason=reason)


def _release(old: Order, action: str, *also: Write, **changes: Any) -> Response[str]:
    if app.is_repeat(old, action):
        return reply(old, replay=True)
    state = lifecycle.next_state("order", old.state, action)
    new = old.next_version(state=state, drawn={}, **changes, **app.step(action))
    voucher = vouchers.load(old.voucher_id)
    orders.commit_release(old, new, old.voucher_fen, voucher, clock.now(), app.caller.sub, *also)
    return reply(new)


@app.post("/orders/<order_id>/contract")
def sign(order_id: str) -> Response[str]:
    """§4.2.1, §2.3.2: the contract, if it was not given at once; year and 70 % are checked again."""
    old = _found(order_id)
    _party(old)
    body = app.body(Contract)
    if app.is_repeat(old, "contract"):
        return reply(old, replay=True)
    state = lifecycle.next_state("order", old.state, "contract")
    policy = programmes.get(old.year).policy
    if not has_contract(old) and year_is_over(policy, old.year, clock.now()):
        raise Refused(Refusal.CONTRACT_YEAR)  # the order is about to be cancelled, and no sweep decides by coming late
    check_contract_day(body.contract_signed_on, policy, old.year, _today())
    check_ratio(old.voucher_fen, body.contract_fen, policy)
    new = old.next_version(state=state, **body.model_dump(), **app.step("contract"))
    changed = old.contract_number and keys.contract(old.contract_number) != keys.contract(body.contract_number)
    orders.commit_step(
        old,
        new,
        orders.contract_write(order_id, body.contract_number),
        *(orders.free_contract_writes(old) if changed else []),
        *_parties_may_contract(old),
    )
    return reply(new)


@app.post("/orders/<order_id>/deliver")
def deliver(order_id: str) -> Response[str]:
    """The agency has done the work, under a contract that is on record."""
    app.body(Nothing)
    order = _found(order_id)
    _as_agency(order)
    check_has_contract(order)
    return _advance(order, "deliver")


@app.post("/orders/<order_id>/confirm")
def confirm(order_id: str) -> Response[str]:
    """The enterprise confirms that the work is done."""
    app.body(Nothing)
    order = _found(order_id)
    _as_enterprise(order)
    return _advance(order, "confirm")


@app.post("/orders/<order_id>/cancellation")
def request_cancel(order_id: str) -> Response[str]:
    """§3.5.1(5): a party asks in writing to cancel."""
    order = _found(order_id)
    party = _party(order)
    asked = CancelRequest(by=app.caller.sub, at=clock.now(), reason=app.body(Why).reason)
    changes: dict[str, Any] = {f"{party}_cancel": asked}
    return _advance(order, "request_cancel", **changes)


@app.post("/orders/<order_id>/cancellation/review")
def review_cancel(order_id: str) -> Response[str]:
    """§3.5.1(5): both asked and the operator agrees: the money goes back the way it came, the order is void."""
    require(app.caller, "platform")
    order, body = _found(order_id), app.body(Decision)
    if body.decision == "reject":
        return _advance(order, "request_cancel", enterprise_cancel=None, agency_cancel=None)
    if lifecycle.allows("order", order.state, "cancel"):
        check_cancel_asked(order, organisations.find_agency(order.agency_uscc))
    if order.state == "settling":
        return _release(order, "cancel", *_line_withdrawn(order), settlement_id=None)
    return _release(order, "cancel")


def _line_withdrawn(order: Order) -> list[Write]:
    """§3.5.1(5): an order in settlement takes its line with it, unless that is under review or on notice."""
    settlement = settlements.find(order.settlement_id or "")
    lines = settlements.list_lines(order.settlement_id or "")
    line = next((each for each in lines if each.order_id == order.order_id), None)
    if settlement is None or line is None:
        raise LookupError("an order is in a settlement that does not have it")
    if not lifecycle.allows("line", line.state, "withdraw"):
        raise Refused(Refusal.LINE_UNDER_REVIEW, of=line)
    step = app.step("withdraw")
    withdrawn = line.next_version(state=lifecycle.next_state("line", line.state, "withdraw"), **step)
    action = step_after_withdrawal(settlement.state, [each for each in lines if each is not line])
    state = lifecycle.next_state("settlement", settlement.state, action) if action else settlement.state
    without = settlement.next_version(state=state, **step)
    moved = [settlements.step_write(settlement, without), settlements.line_write(line, withdrawn)]
    return [*moved, *settlements.free_invoice_writes(line)]


@app.post("/orders/<order_id>/rating")
def rate(order_id: str) -> Response[str]:
    """§4.2.3: the enterprise's satisfaction, once, after the service."""
    order = _found(order_id)
    _as_enterprise(order)
    body = app.body(Stars)
    if order.rating is not None and not app.is_repeat(order, "rate"):
        raise Refused(Refusal.ALREADY_EXISTS)
    return _advance(order, "rate", rating=Rating(score=body.score, comment=body.comment or "", at=clock.now()))


handler = app.handle
