"""Money claimed back after it was paid out (§5.2b)."""

from voucher.models.accounts import Movement, paid_account, receivable_account
from voucher.models.base import Mark
from voucher.models.orders import Order, Recovery
from voucher.store import conditions, orders
from voucher.store.engine.postings import order_posting_write
from voucher.store.engine.table import Write, commit


def commit_recovery(old: Order, new: Order, recovery: Recovery, *also: Write) -> None:
    """§5.2b: money claimed back after payout: paid → receivable, in the write that the order counts it. Raises
    CHANGED_MEANWHILE, also for a caller who acted for a party of the order, or is a member of one."""
    source, target = paid_account(new.year), receivable_account(new.order_id)
    movement = Movement(
        "recover", source, target, recovery.amount_fen, recovery.at, recovery.by, reason=recovery.reason
    )
    decided = orders.decided_writes(old, new, "claim_back", recovery.by)
    commit([*decided, order_posting_write(new, movement), *also])


def commit_withdrawal(old: Order, new: Order, withdrawn: Recovery, mark: Mark) -> None:
    """§5.2b: a claim is withdrawn: receivable → paid, in the write that the order counts it less. Raises
    CHANGED_MEANWHILE as `commit_recovery` does, and for the person who made the claim."""
    source, target = receivable_account(new.order_id), paid_account(new.year)
    reason = withdrawn.withdrawal_reason
    movement = Movement("unrecover", source, target, withdrawn.amount_fen, mark.at, mark.by, reason=reason)
    place = [each.recovery_id for each in old.recoveries].index(withdrawn.recovery_id)
    claimant = conditions.not_by_caller(f"recoveries[{place}].by")
    decided = orders.decided_writes(old, new, "withdraw_claim", mark.by, claimant)
    commit([*decided, order_posting_write(new, movement)])
