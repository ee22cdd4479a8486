"""Money claimed back after it was paid out (§5.2b)."""

from voucher.models.accounts import TREASURY, Movement, paid_account, receivable_account
from voucher.models.base import Mark
from voucher.models.orders import KeptRecovery, Order, Receipt, Recovery
from voucher.store import conditions, keys, orders
from voucher.store.engine.pages import Keep, Page, Party, Selection, read_page, read_whole
from voucher.store.engine.postings import order_posting_write
from voucher.store.engine.table import Write, commit, put_write


def _kept_write(order: Order, recovery_id: str) -> Write:
    """What lists and tasks show of a claim; which of two steps comes first, the order's own write decides."""
    kept = KeptRecovery.of(order, recovery_id)
    index = keys.index_entry("RECOVERY", kept.created_at, recovery_id, state=kept.state)
    return put_write("recovery", keys.recovery(order.order_id, recovery_id), kept, None, index=index)


def list_page(selection: Selection, keep: Keep | None, agency_uscc: str | None) -> Page:
    """A page of the claims that `keep` accepts: of all agencies, or of one."""
    party = Party("by_agency", agency_uscc) if agency_uscc else None
    return read_page("orders", "RECOVERY", selection, keep, party)


def list_of_year(year: int) -> list[KeptRecovery]:
    """Every claim on an order of a year, whenever it was made, the newest first."""
    found = read_whole("orders", "RECOVERY", keep=lambda item: item["year"] == year)
    return [KeptRecovery.model_validate(item) for item in found]


def commit_recovery(old: Order, new: Order, recovery: Recovery, *also: Write) -> None:
    """§5.2b: money claimed back after payout: paid → receivable, in the write that the order counts it. Raises
    CHANGED_MEANWHILE, also for a caller who acted for a party of the order, or is a member of one."""
    source, target = paid_account(new.year), receivable_account(new.order_id)
    movement = Movement(
        "recover", source, target, recovery.amount_fen, recovery.at, recovery.by, reason=recovery.reason
    )
    decided = orders.decided_writes(old, new, "claim_back", recovery.by)
    commit([*decided, _kept_write(new, recovery.recovery_id), order_posting_write(new, movement), *also])


def commit_withdrawal(old: Order, new: Order, withdrawn: Recovery, mark: Mark) -> None:
    """§5.2b: a claim is withdrawn: receivable → paid, in the write that the order counts it less. Raises
    CHANGED_MEANWHILE as `commit_recovery` does, and for the person who made the claim."""
    source, target = receivable_account(new.order_id), paid_account(new.year)
    reason = withdrawn.withdrawal_reason
    movement = Movement("unrecover", source, target, withdrawn.amount_fen, mark.at, mark.by, reason=reason)
    decided = orders.decided_writes(old, new, "withdraw_claim", mark.by, _by_another(old, withdrawn))
    commit([*decided, _kept_write(new, withdrawn.recovery_id), order_posting_write(new, movement)])


def commit_receipt(old: Order, new: Order, claim: Recovery, receipt: Receipt, *also: Write) -> None:
    """§5.2b: money came in on a claim: receivable → treasury, in the write that the claim counts it, so the parts never
    exceed the claim. Raises CHANGED_MEANWHILE as `commit_withdrawal` does."""
    source = receivable_account(new.order_id)
    movement = Movement("receive", source, TREASURY, receipt.amount_fen, receipt.at, receipt.by)
    decided = orders.decided_writes(old, new, "receive_claim", receipt.by, _by_another(old, claim))
    commit([*decided, _kept_write(new, claim.recovery_id), order_posting_write(new, movement), *also])


def _by_another(order: Order, claim: Recovery) -> str:
    """The condition that the caller did not make the claim."""
    place = [each.recovery_id for each in order.recoveries].index(claim.recovery_id)
    return conditions.not_by_caller(f"recoveries[{place}].by")
