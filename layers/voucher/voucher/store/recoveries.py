"""Money claimed back after it was paid out (§5.2b)."""

from voucher.models.orders import Order, Recovery
from voucher.store import orders
from voucher.store.engine.postings import order_posting_write
from voucher.store.engine.table import commit


def commit_recovery(old: Order, new: Order, recovery: Recovery) -> None:
    """§5.2b: money claimed back after payout: paid → receivable, in the write that the order counts it."""
    target, reason = f"receivable:{new.order_id}", recovery.reason
    source, at, by = f"paid:{new.year}", recovery.at, recovery.by
    commit(
        [
            orders.step_write(old, new),
            order_posting_write(new, "recover", source, target, recovery.amount_fen, at, by, reason),
        ]
    )


def commit_withdrawal(old: Order, new: Order, withdrawn: Recovery) -> None:
    """§5.2b: a claim is withdrawn: receivable → paid, in the write that the order counts it less."""
    source, reason = f"receivable:{new.order_id}", withdrawn.withdrawal_reason
    target, at, by = f"paid:{new.year}", withdrawn.withdrawn_at or new.created_at, withdrawn.withdrawn_by or ""
    amount_fen = withdrawn.amount_fen
    commit(
        [
            orders.step_write(old, new),
            order_posting_write(new, "unrecover", source, target, amount_fen, at, by, reason),
        ]
    )
