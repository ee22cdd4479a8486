"""How much may be claimed back after payout (§5.2b)."""

from datetime import date, timedelta

from voucher.models.orders import KeptRecovery, Order, Receipt, Recovery
from voucher.policy import policy_on
from voucher.refusals import FieldError, Refusal, Refused


def unclaimed_fen(order: Order) -> int:
    """§5.2b: what was paid for an order and is not claimed back, in fen."""
    return order.voucher_fen - order.recovered_fen


def check_recovery(order: Order, amount_fen: int) -> None:
    """§5.2b: at most what was paid and is not claimed back may be claimed. Raises OVER_PAID with what is left."""
    left_fen = unclaimed_fen(order)
    if amount_fen > left_fen:
        raise Refused(Refusal.OVER_PAID, left_fen=left_fen)


def due_day_of(due_on: date | None, today: date) -> date:
    """§5.2b: the last day on which a claim of today is to be paid back: as the bureau says, else some days on. Raises
    MALFORMED for a day that is over."""
    if due_on is not None and due_on < today:
        error = FieldError("due_on", "退回期限不得早于今日。", "out_of_range", min=str(today))
        raise Refused(Refusal.MALFORMED, errors=[error])
    return due_on or today + timedelta(days=policy_on(today).recovery_days)


def is_overdue(claim: Recovery | KeptRecovery, today: date) -> bool:
    """§5.2b: the claim's last day is over, and not all of it came in."""
    is_open = claim.state in ("demanded", "part")
    return is_open and claim.due_on is not None and claim.due_on < today


def claim_with_receipt(claim: Recovery, receipt: Receipt) -> Recovery:
    """§5.2b: the claim once another part of it came in; the parts never exceed it. Raises WRONG_STATE for one that is
    settled or withdrawn, ALREADY_EXISTS for a transfer that is on record, OVER_CLAIM with what has not come in."""
    if claim.state not in ("demanded", "part"):
        raise Refused(Refusal.WRONG_STATE, of=claim)
    if any(
        (each.bank_reference, each.received_on) == (receipt.bank_reference, receipt.received_on)
        for each in claim.receipts
    ):
        raise Refused(Refusal.ALREADY_EXISTS, errors=[FieldError("bank_reference", "该笔到账已登记。", "not_allowed")])
    left_fen = claim.amount_fen - claim.received_fen
    if receipt.amount_fen > left_fen:
        raise Refused(Refusal.OVER_CLAIM, left_fen=left_fen)
    state = "received" if receipt.amount_fen == left_fen else "part"
    received = {"received_fen": claim.received_fen + receipt.amount_fen, "receipts": (*claim.receipts, receipt)}
    return claim.model_copy(update={"state": state, **received})
