"""Recoveries: the bureau claims money back after it was paid out, and withdraws a claim (§5.2b)."""

from typing import Any

from voucher.actions import allowed_actions
from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import WithReason
from voucher.edge.creation import key_write
from voucher.edge.fields import Identifier, PositiveFen, Text
from voucher.edge.identity import require
from voucher.edge.replies import Answer, reply
from voucher.models.base import Request
from voucher.models.orders import Order, PublicRecovery, Recovery
from voucher.refusals import FieldError, Refusal, Refused, not_found
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.recoveries import check_recovery, unclaimed_fen
from voucher.store import orders, organisations, recoveries, violations

app = Api()


class Claim(Request):
    amount_fen: PositiveFen
    reason: Text
    violation_id: Identifier | None = None


@app.post("/orders/<order_id>/recoveries")
def recover(order_id: str) -> Answer[PublicRecovery]:
    """§5.2b: the bureau claims back a paid order's money, part or all of it, perhaps for a violation on record."""
    require(app.caller, "bureau")
    recovery_id = app.new_id("rc")
    body = app.body(Claim)
    old = orders.get(order_id)
    if (earlier_sha256 := old.recovery_requests.get(recovery_id)) is not None:
        app.check_same(earlier_sha256)
        earlier = next(each for each in old.recoveries if each.recovery_id == recovery_id)
        return reply(_public_recovery(old, earlier), replay=True)
    check_step(old, "recover")
    check_four_eyes(app.caller.sub, "claim_back", old, *organisations.list_parties([old]))
    _check_violation(old, body.violation_id)
    check_recovery(old, body.amount_fen)
    recovery = Recovery(recovery_id=recovery_id, by=app.caller.sub, at=clock.now(), **body.model_dump())
    new = stepped(
        old,
        "recover",
        app.mark,
        seq=old.seq + 1,
        recovered_fen=old.recovered_fen + body.amount_fen,
        recoveries=(*old.recoveries, recovery),
        recovery_requests={**old.recovery_requests, recovery_id: app.request_sha256},
    )
    recoveries.commit_recovery(old, new, recovery, key_write(app))
    return reply(_public_recovery(new, recovery), 201)


@app.post("/orders/<order_id>/recoveries/<recovery_id>/withdraw")
def withdraw_recovery(order_id: str, recovery_id: str) -> Answer[PublicRecovery]:
    """§5.2b: the bureau withdraws a claim, for example because the bank had sent the money back before the claim."""
    require(app.caller, "bureau")
    body = app.body(WithReason)
    old = orders.get(order_id)
    claim = next((each for each in old.recoveries if each.recovery_id == recovery_id), None)
    if claim is None:
        raise not_found("recovery")
    if claim.withdrawn_at and (claim.withdrawn_by, claim.withdrawal_reason) == (app.caller.sub, body.reason):
        return reply(_public_recovery(old, claim), replay=True)
    check_step(old, "withdraw_recovery")
    if claim.withdrawn_at:
        raise Refused(Refusal.WRONG_STATE, of=claim)
    check_four_eyes(app.caller.sub, "withdraw_claim", old, claim, *organisations.list_parties([old]))
    changes = {"withdrawn_by": app.caller.sub, "withdrawn_at": clock.now(), "withdrawal_reason": body.reason}
    withdrawn = claim.model_copy(update=changes)
    new = stepped(
        old,
        "withdraw_recovery",
        app.mark,
        seq=old.seq + 1,
        recovered_fen=old.recovered_fen - claim.amount_fen,
        recoveries=tuple(withdrawn if each is claim else each for each in old.recoveries),
    )
    recoveries.commit_withdrawal(old, new, withdrawn, app.mark)
    return reply(_public_recovery(new, withdrawn))


def _public_recovery(order: Order, recovery: Recovery) -> dict[str, Any]:
    amounts = {"recovered_fen": order.recovered_fen, "left_fen": unclaimed_fen(order)}
    is_standing = recovery.state == "standing"
    steps = [each for each in allowed_actions(order) if each["action"] == "withdraw_recovery" and is_standing]
    return {"order_id": order.order_id, **recovery.public(), **amounts, "allowed_actions": steps}


def _check_violation(order: Order, violation_id: str | None) -> None:
    """§5.2b: a violation that a claim names stands on record, and one of the order's parties committed it."""
    if violation_id is None:
        return
    violation = violations.find(violation_id)
    parties = (order.enterprise_uscc, order.agency_uscc)
    if violation is None or violation.state != "standing" or violation.uscc not in parties:
        error = FieldError("violation_id", "该违规记录不属于订单的任何一方，请核对。", "unknown")
        raise Refused(Refusal.MALFORMED, errors=[error])


handler = app.handle
