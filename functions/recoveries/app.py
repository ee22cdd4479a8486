"""Money claimed back after it was paid out, part or all of it, and claims withdrawn: by the bureau (§5.2b)."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Identifier, PositiveFen, Text
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.orders import Order, Recovery
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.recoveries import check_recovery
from voucher.store import orders, recoveries, violations

app = Api()


class Why(Request):
    reason: Text


class RecoveryGiven(Request):
    amount_fen: PositiveFen
    reason: Text
    violation_id: Identifier | None = None


@app.post("/orders/<order_id>/recoveries")
def recover(order_id: str) -> Response[str]:
    """§5.2b: the bureau claims money back after payout, part or all of it, perhaps for a violation on record."""
    require(app.caller, "bureau")
    recovery_id, body = app.new_id("rc", key_required=True), app.body(RecoveryGiven)
    old = orders.find(order_id)
    if old is None:
        raise Refused(Refusal.NOT_FOUND)
    if (earlier := old.recovery_requests.get(recovery_id)) is not None:
        app.check_same(earlier)
        done = next(each for each in old.recoveries if each.recovery_id == recovery_id)
        return reply(_shown(old, done), replay=True)
    state = lifecycle.next_state("order", old.state, "recover")
    _check_violation(old, body.violation_id)
    check_recovery(old, body.amount_fen)
    recovery = Recovery(recovery_id=recovery_id, by=app.caller.sub, at=clock.now(), **body.model_dump())
    new = old.next_version(
        state=state,
        seq=old.seq + 1,
        recovered_fen=old.recovered_fen + body.amount_fen,
        recoveries=(*old.recoveries, recovery),
        recovery_requests={**old.recovery_requests, recovery_id: app.request_sha256},
        **app.step("recover"),
    )
    recoveries.commit_recovery(old, new, recovery)
    return reply(_shown(new, recovery), 201)


@app.post("/orders/<order_id>/recoveries/<recovery_id>/withdraw")
def withdraw_recovery(order_id: str, recovery_id: str) -> Response[str]:
    """§5.2b: the bureau withdraws a claim, such as one whose money the bank had sent back before it was recorded."""
    require(app.caller, "bureau")
    body, old = app.body(Why), orders.find(order_id)
    found = next((each for each in old.recoveries if each.recovery_id == recovery_id), None) if old else None
    if old is None or found is None:
        raise Refused(Refusal.NOT_FOUND)
    if found.withdrawn_at and (found.withdrawn_by, found.withdrawal_reason) == (app.caller.sub, body.reason):
        return reply(_shown(old, found), replay=True)
    state = lifecycle.next_state("order", old.state, "withdraw_recovery")
    if found.withdrawn_at:
        raise Refused(Refusal.WRONG_STATE, of=found)
    told = {"withdrawn_by": app.caller.sub, "withdrawn_at": clock.now(), "withdrawal_reason": body.reason}
    withdrawn = found.model_copy(update=told)
    new = old.next_version(
        state=state,
        seq=old.seq + 1,
        recovered_fen=old.recovered_fen - found.amount_fen,
        recoveries=tuple(withdrawn if each is found else each for each in old.recoveries),
        **app.step("withdraw_recovery"),
    )
    recoveries.commit_withdrawal(old, new, withdrawn, app.mark)
    return reply(_shown(new, withdrawn))


def _shown(order: Order, recovery: Recovery) -> dict[str, Any]:
    left = {"recovered_fen": order.recovered_fen, "left_fen": order.voucher_fen - order.recovered_fen}
    return {"order_id": order.order_id, **recovery.public(), **left}


def _check_violation(order: Order, violation_id: str | None) -> None:
    """A violation named stands on record, and is of one of the order's parties."""
    if violation_id is None:
        return
    violation = violations.find(violation_id)
    parties = (order.enterprise_uscc, order.agency_uscc)
    if violation is None or violation.state != "standing" or violation.uscc not in parties:
        error = FieldError("violation_id", "没有订单双方的这一违规记录。")
        raise Refused(Refusal.MALFORMED, errors=[error])


handler = app.handle
