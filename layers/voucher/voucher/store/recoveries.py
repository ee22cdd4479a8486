"""Money claimed back after it was paid out (§5.2b)."""

from voucher.models.accounts import Movement, paid_account, receivable_account
from voucher.models.base import Mark
from voucher.models.orders import Order, Recovery
from voucher.store import orders
from voucher.store.engine.postings import order_posting_write
from voucher.store.engine.table import Write, commit


def commit_recovery(old: Order, new: Order, recovery: Recovery, *also: Write) -> None:
    """§5.2b: money claimed back after payout: paid → receivable, in the write that the order counts it."""
    source, target = paid_account(new.year), receivable_account(new.order_id)
    movement = Movement(
        "recover", source, target, recovery.amount_fen, recovery.at, recovery.by, reason=recovery.reason
    )
    commit([orders.step_write(old, new), order_posting_write(new, movement), *also])


def commit_withdrawal(old: Order, new: Order, withdrawn: Recovery, mark: Mark) -> None:
    """§5.2b: a claim is withdrawn: receivable → paid, in the write that the order counts it less."""
    source, target = receivable_account(new.order_id), paid_account(new.year)
    reason = withdrawn.withdrawal_reason
    movement = Movement("unrecover", source, target, withdrawn.amount_fen, mark.at, mark.by, reason=reason)
    commit([orders.step_write(old, new), order_posting_write(new, movement)])
