"""How an order is left: before its acceptance the enterprise withdraws it; later both parties ask in writing to cancel,
and the operator decides (§4.2.1, §3.5.1(5))."""

from typing import Annotated, Any, Literal

from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, Versioned, WithReason
from voucher.edge.fields import Text
from voucher.edge.identity import as_party, party_of, require
from voucher.edge.replies import Answer, reply
from voucher.models.base import Mark, united
from voucher.models.orders import CancelRequest, Order, OrderDecision
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.four_eyes import Party, check_four_eyes, check_own_side, stepped_by_party
from voucher.rules.lifecycle import check_step, check_version, stepped
from voucher.rules.settlements import check_withdrawable, settlement_without_line
from voucher.rules.terms import Ground, ground_to_cancel, order_without_request
from voucher.rules.working_days import calendar_due
from voucher.store import orders, organisations, programmes, rounds, settlements, vouchers
from voucher.store.engine.table import Write

app = Api()


class Decision(Versioned):
    decision: Literal["approve", "reject"]
    reason: Annotated[Text | None, Field(description="needed where only one party asked")] = None


@app.post("/orders/<order_id>/withdraw")
def withdraw(order_id: str) -> Answer[Order]:
    """§4.2.1: before the agency accepts, the enterprise takes its order back by itself; the money goes back at once."""
    old = orders.get(order_id)
    as_party(app.caller, organisations.find_enterprise(old.enterprise_uscc), "order")
    reason = app.body(WithReason).reason
    if app.is_repeat(old, "withdraw"):
        return reply(old, replay=True)
    mark = app.mark
    new = stepped(old, "withdraw", mark, drawn={}, withdrawal_reason=reason)
    orders.commit_release(old, new, vouchers.load(old.voucher_id), mark)
    return reply(new)


@app.post("/orders/<order_id>/cancellation")
def request_cancel(order_id: str) -> Answer[Order]:
    """§3.5.1(5): a party asks in writing to cancel."""
    old = orders.get(order_id)
    party = party_of(app.caller, *orders.find_parties(old))
    reason = app.body(WithReason).reason
    if app.is_repeat(old, "request_cancel"):
        return reply(old, replay=True)
    answer_by = calendar_due(clock.today(), programmes.get(old.year).policy.cancellation_days)
    asked = CancelRequest(by=app.caller.sub, at=clock.now(), reason=reason, answer_by=answer_by)
    changes: dict[str, Any] = {f"{party}_cancel": asked}
    new = stepped_by_party(old, "request_cancel", party, app.mark, **changes)
    orders.commit_step(old, new, *_hands_in_settlement_writes(new, party))
    return reply(new)


def _hands_in_settlement_writes(order: Order, party: Party) -> list[Write]:
    """Whoever asks while the order is in settlement is known to its line and round, too, whose next steps are then by
    somebody else. Raises FOUR_EYES for whoever acted for the other party there (§5.2b)."""
    if order.state != "settling":
        return []
    line = settlements.get_line(order.settlement_id or "", order.order_id)
    check_own_side(app.caller.sub, party, line)
    writes = [settlements.line_write(line, line.next_version(hands=united([line.hands, order.hands])))]
    if line.round_id:
        round_ = rounds.load(line.round_id)
        writes.append(rounds.step_write(round_, round_.next_version(hands=united([round_.hands, order.hands]))))
    return writes


@app.post("/orders/<order_id>/cancellation/withdraw")
def withdraw_cancel(order_id: str) -> Answer[Order]:
    """§3.5.1(5): who asked to cancel takes the request back, as long as nobody decided on it."""
    app.body(Nothing)
    old = orders.get(order_id)
    party = party_of(app.caller, *orders.find_parties(old))
    if app.is_repeat(old, "withdraw_cancel"):
        return reply(old, replay=True)
    new = order_without_request(old, party, app.mark)
    orders.commit_step(old, new)
    return reply(new)


@app.post("/orders/<order_id>/cancellation/review")
def review_cancel(order_id: str) -> Answer[Order]:
    """§3.5.1(5): the operator decides. If approved, the order is cancelled and its money goes back the way it
    came; if rejected, both parties have to ask anew. One party's request suffices, with a reason of the operator, if
    the other one left it unanswered or is out of the programme."""
    require(app.caller, "platform")
    old = orders.get(order_id)
    body = app.body(Decision)
    is_approved = body.decision == "approve"
    if app.is_repeat(old, "cancel" if is_approved else "request_cancel"):
        return reply(old, replay=True)
    check_version(old, body.version)
    check_four_eyes(app.caller.sub, "review_cancel", old, *organisations.list_parties([old]))
    return _cancel(old, body.reason) if is_approved else _keep(old)


def _keep(old: Order) -> Answer[Order]:
    new = stepped(old, "request_cancel", app.mark, enterprise_cancel=None, agency_cancel=None)
    orders.commit_kept(old, new, app.caller.sub)
    return reply(new)


def _cancel(old: Order, reason: str | None) -> Answer[Order]:
    mark, parties = app.mark, orders.find_parties(old)
    check_step(old, "cancel")
    ground = ground_to_cancel(old, *parties, programmes.get(old.year).policy, clock.now())
    changes: dict[str, Any] = {"decision": _one_sided(ground, reason, mark)} if ground else {}
    new = stepped(old, "cancel", mark, drawn={}, settlement_id=None, **changes)
    line_writes = _line_withdrawal_writes(old, mark) if old.state == "settling" else []
    seen = parties if ground else ()
    orders.commit_cancellation(old, new, "review_cancel", vouchers.load(old.voucher_id), mark, seen, *line_writes)
    return reply(new)


def _one_sided(ground: Ground, reason: str | None, mark: Mark) -> OrderDecision:
    if reason is None:
        error = FieldError("reason", "仅一方申请取消的，须写明理由。", "missing")
        raise Refused(Refusal.MALFORMED, errors=[error])
    return OrderDecision(decision="cancel", ground=ground, reason=reason, by=mark.by, at=mark.at)


def _line_withdrawal_writes(order: Order, mark: Mark) -> list[Write]:
    """§3.5.1(5): an order in settlement takes its line out of the application. Raises LINE_UNDER_REVIEW."""
    settlement = settlements.load(order.settlement_id or "")
    lines = {line.order_id: line for line in settlements.list_lines(settlement.settlement_id)}
    line = lines.pop(order.order_id)
    check_withdrawable(line)
    return [
        settlements.step_write(settlement, settlement_without_line(settlement, lines.values(), mark)),
        settlements.line_write(line, stepped(line, "withdraw", mark)),
        *settlements.free_proof_writes(line),
    ]


handler = app.handle
