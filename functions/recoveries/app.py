"""Recoveries: the bureau claims money back after it was paid out, or withdraws a claim; finance records what came in
(§5.2b)."""

from typing import Any

from voucher.actions import allowed_actions
from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import WithReason
from voucher.edge.creation import key_write
from voucher.edge.identity import require
from voucher.edge.recoveries import Claim, MoneyIn
from voucher.edge.replies import Answer, reply
from voucher.models.orders import Order, PublicRecovery, Receipt, Recovery
from voucher.refusals import FieldError, Refusal, Refused, not_found
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.payouts import check_bank_day
from voucher.rules.recoveries import check_recovery, claim_with_receipt, due_day_of, is_overdue, unclaimed_fen
from voucher.rules.working_days import shanghai_date
from voucher.store import orders, organisations, recoveries, violations

app = Api()


@app.post("/orders/<order_id>/recoveries")
def recover(order_id: str) -> Answer[PublicRecovery]:
    """§5.2b: the bureau claims back a paid order's money, part or all of it, perhaps for a violation on record, until a
    day."""
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
    facts = {**body.model_dump(), "due_on": due_day_of(body.due_on, clock.today())}
    recovery = Recovery(recovery_id=recovery_id, by=app.caller.sub, at=clock.now(), **facts)
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
    claim = _get_claim(old, recovery_id)
    if claim.withdrawn_at and (claim.withdrawn_by, claim.withdrawal_reason) == (app.caller.sub, body.reason):
        return reply(_public_recovery(old, claim), replay=True)
    check_step(old, "withdraw_recovery")
    if claim.state != "demanded":
        raise Refused(Refusal.WRONG_STATE, of=claim)
    check_four_eyes(app.caller.sub, "withdraw_claim", old, claim, *organisations.list_parties([old]))
    changes = {
        "state": "withdrawn",
        "withdrawn_by": app.caller.sub,
        "withdrawn_at": clock.now(),
        "withdrawal_reason": body.reason,
    }
    withdrawn = claim.model_copy(update=changes)
    new = stepped(
        old,
        "withdraw_recovery",
        app.mark,
        seq=old.seq + 1,
        recovered_fen=old.recovered_fen - claim.amount_fen,
        recoveries=_replaced(old, claim, withdrawn),
    )
    recoveries.commit_withdrawal(old, new, withdrawn, app.mark)
    return reply(_public_recovery(new, withdrawn))


@app.post("/orders/<order_id>/recoveries/<recovery_id>/receipts")
def receive(order_id: str, recovery_id: str) -> Answer[PublicRecovery]:
    """§5.2b: finance records what came in on a claim; who made the claim does not."""
    require(app.caller, "finance")
    receipt_id = app.new_id("rp")
    body = app.body(MoneyIn)
    old = orders.get(order_id)
    claim = _get_claim(old, recovery_id)
    if (earlier_sha256 := old.recovery_requests.get(receipt_id)) is not None:
        app.check_same(earlier_sha256)
        return reply(_public_recovery(old, claim), replay=True)
    check_step(old, "receive")
    check_four_eyes(app.caller.sub, "receive_claim", old, claim, *organisations.list_parties([old]))
    check_bank_day("received_on", body.received_on, shanghai_date(claim.at), clock.today())
    receipt = Receipt(receipt_id=receipt_id, by=app.caller.sub, at=clock.now(), **body.model_dump())
    after = claim_with_receipt(claim, receipt)
    new = stepped(
        old,
        "receive",
        app.mark,
        seq=old.seq + 1,
        recoveries=_replaced(old, claim, after),
        recovery_requests={**old.recovery_requests, receipt_id: app.request_sha256},
    )
    recoveries.commit_receipt(old, new, claim, receipt, key_write(app))
    return reply(_public_recovery(new, after), 201)


def _get_claim(order: Order, recovery_id: str) -> Recovery:
    claim = next((each for each in order.recoveries if each.recovery_id == recovery_id), None)
    if claim is None:
        raise not_found("recovery")
    return claim


def _replaced(order: Order, claim: Recovery, after: Recovery) -> tuple[Recovery, ...]:
    return tuple(after if each is claim else each for each in order.recoveries)


def _public_recovery(order: Order, recovery: Recovery) -> dict[str, Any]:
    amounts = {"recovered_fen": order.recovered_fen, "left_fen": unclaimed_fen(order)}
    possible = {"demanded": ("withdraw_recovery", "receive"), "part": ("receive",)}.get(recovery.state, ())
    steps = [each for each in allowed_actions(order) if each["action"] in possible]
    now = {"overdue": is_overdue(recovery, clock.today()), "allowed_actions": steps}
    return {"order_id": order.order_id, **recovery.public(), **amounts, **now}


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
