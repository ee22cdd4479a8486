"""How an order is cancelled: both parties ask in writing, before its acceptance the enterprise alone; the operator
decides (§3.5.1(5))."""

from typing import Any, Literal

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Versioned, WithReason
from voucher.edge.identity import party_of, require
from voucher.edge.replies import Answer, reply
from voucher.models.base import Mark, united
from voucher.models.orders import CancelRequest, Order
from voucher.rules.four_eyes import check_four_eyes, stepped_by_party
from voucher.rules.lifecycle import check_version, stepped
from voucher.rules.orders import check_cancel_asked
from voucher.rules.settlements import check_withdrawable, settlement_without_line
from voucher.store import orders, organisations, rounds, settlements, vouchers
from voucher.store.engine.table import Write

app = Api()


class Decision(Versioned):
    decision: Literal["approve", "reject"]


@app.post("/orders/<order_id>/cancellation")
def request_cancel(order_id: str) -> Answer[Order]:
    """§3.5.1(5): a party asks in writing to cancel."""
    old = orders.get(order_id)
    party = party_of(app.caller, *orders.find_parties(old))
    reason = app.body(WithReason).reason
    if app.is_repeat(old, "request_cancel"):
        return reply(old, replay=True)
    changes: dict[str, Any] = {f"{party}_cancel": CancelRequest(by=app.caller.sub, at=clock.now(), reason=reason)}
    new = stepped_by_party(old, "request_cancel", app.mark, **changes)
    orders.commit_step(old, new, *_hands_in_settlement_writes(new))
    return reply(new)


def _hands_in_settlement_writes(order: Order) -> list[Write]:
    """Whoever asks while the order is in settlement is known to its line and round, too, whose next steps are then by
    somebody else."""
    if order.state != "settling":
        return []
    line = settlements.get_line(order.settlement_id or "", order.order_id)
    writes = [settlements.line_write(line, line.next_version(hands=united([line.hands, order.hands])))]
    if line.round_id:
        round_ = rounds.load(line.round_id)
        writes.append(rounds.step_write(round_, round_.next_version(hands=united([round_.hands, order.hands]))))
    return writes


@app.post("/orders/<order_id>/cancellation/review")
def review_cancel(order_id: str) -> Answer[Order]:
    """§3.5.1(5): the operator decides. If approved, the order is cancelled and its money goes back the way it
    came; if rejected, both parties have to ask anew."""
    require(app.caller, "platform")
    old = orders.get(order_id)
    body = app.body(Decision)
    is_approved = body.decision == "approve"
    if app.is_repeat(old, "cancel" if is_approved else "request_cancel"):
        return reply(old, replay=True)
    check_version(old, body.version)
    check_four_eyes(app.caller.sub, "review_cancel", old, *organisations.list_parties([old]))
    return _cancel(old) if is_approved else _keep(old)


def _keep(old: Order) -> Answer[Order]:
    new = stepped(old, "request_cancel", app.mark, enterprise_cancel=None, agency_cancel=None)
    orders.commit_kept(old, new, app.caller.sub)
    return reply(new)


def _cancel(old: Order) -> Answer[Order]:
    mark = app.mark
    new = stepped(old, "cancel", mark, drawn={}, settlement_id=None)
    check_cancel_asked(old, organisations.find_agency(old.agency_uscc))
    line_writes = _line_withdrawal_writes(old, mark) if old.state == "settling" else []
    orders.commit_cancellation(old, new, vouchers.load(old.voucher_id), mark, *line_writes)
    return reply(new)


def _line_withdrawal_writes(order: Order, mark: Mark) -> list[Write]:
    """§3.5.1(5): an order in settlement takes its line out of the application. Raises LINE_UNDER_REVIEW."""
    settlement = settlements.load(order.settlement_id or "")
    lines = {line.order_id: line for line in settlements.list_lines(settlement.settlement_id)}
    line = lines.pop(order.order_id)
    check_withdrawable(line)
    return [
        settlements.step_write(settlement, settlement_without_line(settlement, lines.values(), mark)),
        settlements.line_write(line, stepped(line, "withdraw", mark)),
        *settlements.free_invoice_writes(line),
    ]


handler = app.handle
