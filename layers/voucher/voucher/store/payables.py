"""What each agency is owed in a round (§3.5.4), in the settlements table."""

from typing import Any

from voucher.models.accounts import Movement, order_account, payable_account
from voucher.models.base import Mark
from voucher.models.orders import Order
from voucher.models.payables import Account, Payable
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys, orders, settlements
from voucher.store.engine.postings import order_posting_write
from voucher.store.engine.reading import find_item, read_partition
from voucher.store.engine.table import Write, advance_write, commit, update_write


def list_of_round(round_id: str) -> list[Payable]:
    """What each agency is owed in a round."""
    return [Payable.model_validate(item) for item in read_partition(keys.round_(round_id), "PAYABLE#")]


def find(round_id: str, agency_uscc: str) -> Payable | None:
    """What one agency is owed in a round, None before its notice closed."""
    item = find_item(keys.payable(round_id, agency_uscc))
    return Payable.model_validate(item) if item else None


def load(round_id: str, agency_uscc: str) -> Payable:
    """A payable that must exist, because a payout names it. Raises LookupError: the books are broken."""
    if (payable := find(round_id, agency_uscc)) is None:
        raise LookupError("a payout outlived its payable")
    return payable


def step_write(old: Payable, new: Payable, *more: str, **values: Any) -> Write:
    """The write that moves a payable on, if nobody else moved it first."""
    return advance_write("payable", keys.payable(new.round_id, new.agency_uscc), old, new, *more, **values)


def commit_invoice(old: Payable, new: Payable, number: str, account: Account | None = None) -> bool:
    """§3.5.4, §5.2b: the summary invoice, its number used once. Raises INVOICE_USED or CHANGED_MEANWHILE.

    False, and nothing done, when `account` is another one than the agency was to be paid on before.
    """
    owner = f"{new.round_id}.{new.agency_uscc}"
    known = [_account_write(new, account, conditions.ACCOUNT_IS_KNOWN)] if account else []
    refusals = {
        "invoice": Refusal.INVOICE_USED,
        "payable": Refusal.CHANGED_MEANWHILE,
        "account": Refusal.ACCOUNT_UNDECIDED,
    }
    try:
        commit([step_write(old, new), settlements.invoice_write(owner, number), *known], **refusals)
    except Refused as refused:
        if refused.refusal is not Refusal.ACCOUNT_UNDECIDED:
            raise
        return False
    return True


def _account_write(payable: Payable, account: Account, condition: str | None) -> Write:
    """Remember on which account an agency is paid, over all rounds."""
    change, key = "SET #fingerprint = :fingerprint", keys.account(payable.agency_uscc)
    return update_write("account", key, change, condition, fingerprint=account.fingerprint)


def commit_take_back(
    owed: Payable, after: Payable, amount_fen: int, order: Order, freed: Order, line_steps: list[Write], mark: Mark
) -> None:
    """§5.2b: a line leaves what an agency is owed: payable → order, and the summary invoice's number is free again."""
    owner = f"{owed.round_id}.{owed.agency_uscc}"
    source, target = payable_account(owed.round_id, owed.agency_uscc), order_account(order.order_id)
    commit(
        [
            step_write(owed, after),
            *line_steps,
            order_posting_write(freed, Movement("take_back", source, target, amount_fen, mark.at, mark.by)),
            *orders.move_writes(order, "payable_fen", "held_fen"),
            *(settlements.free_number_writes(owner, owed.invoice_number) if owed.invoice_number else []),
        ]
    )


def commit_proposed_account(old: Payable, new: Payable) -> None:
    """§3.5.4: the agency asks to be paid on another account; nothing is paid until that is decided."""
    commit([step_write(old, new)])


def commit_decided_account(old: Payable, new: Payable, caller: str) -> None:
    """§3.5.4: another account counts from here on, or does not, by the word of somebody who did not ask for it."""
    asked, invoiced = (conditions.not_by_caller(name) for name in ("change.#by", "invoiced_by"))
    counts = [_account_write(new, new.account, None)] if new.account and new.account != old.account else []
    commit([step_write(old, new, asked, invoiced, caller=caller), *counts])


# §3.5.4: who pays handed in neither the summary invoice nor the account
NOT_ITS_AGENCY = [conditions.not_by_caller(name) for name in ("invoiced_by", "account_by")]
