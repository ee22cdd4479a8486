"""What each agency is owed in a round (§3.5.4), in the settlements table."""

from collections.abc import Iterable, Mapping
from typing import Any

from voucher.models.accounts import Movement, order_account, payable_account
from voucher.models.agencies import Agency
from voucher.models.base import Mark
from voucher.models.invoices import InvoiceNumber
from voucher.models.orders import Order
from voucher.models.payables import Account, KnownAccount, Payable
from voucher.models.rounds import Round
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import conditions, keys, orders, organisations, rounds, settlements
from voucher.store.engine.pages import Keep, Page, Selection, read_page
from voucher.store.engine.postings import order_posting_write
from voucher.store.engine.reading import find_item, load_item, read_many, read_partition
from voucher.store.engine.table import (
    Write,
    add_write,
    advance_write,
    commit,
    commit_if_unchanged,
    item_check,
    update_write,
)


def list_of_round(round_id: str) -> list[Payable]:
    """What each agency is owed in a round."""
    return [Payable.model_validate(item) for item in read_partition(keys.round_(round_id), "PAYABLE#")]


def find(round_id: str, agency_uscc: str) -> Payable | None:
    """What one agency is owed in a round, None before its notice is closed."""
    item = find_item(keys.payable(round_id, agency_uscc))
    return Payable.model_validate(item) if item else None


def get(round_id: str, agency_uscc: str) -> Payable:
    """What one agency, which a request names, is owed in a round. Raises NOT_FOUND."""
    if (payable := find(round_id, agency_uscc)) is None:
        raise not_found("payable")
    return payable


def load(round_id: str, agency_uscc: str) -> Payable:
    """A payable that must exist, because a payout names it. Raises LookupError: the books are broken."""
    name = f"the payable of {agency_uscc} in round {round_id}"
    return Payable.model_validate(load_item(keys.payable(round_id, agency_uscc), name))


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of what agencies are owed, over all rounds."""
    return read_page("settlements", "PAYABLE", selection, keep)


def _index_entry(payable: Payable) -> dict[str, str]:
    return keys.index_entry("PAYABLE", payable.created_at, payable.round_id, payable.agency_uscc, state=payable.state)


def new_write(payable: Payable) -> Write:
    """The write that records what an agency is owed."""
    key = keys.payable(payable.round_id, payable.agency_uscc)
    return add_write("payable", key, payable, index=_index_entry(payable))


def step_write(old: Payable, new: Payable, *more: str, **values: Any) -> Write:
    """The write that moves a payable on, if nobody else moved it first."""
    key = keys.payable(new.round_id, new.agency_uscc)
    return advance_write("payable", key, old, new, *more, index=_index_entry(new), **values)


def unchanged_check(payable: Payable) -> Write:
    """Insist that a payable is still the one that was read: no payout was made of it meanwhile."""
    key = keys.payable(payable.round_id, payable.agency_uscc)
    return item_check("payable", key, conditions.UNCHANGED, seen_version=payable.version)


def hands_write(old: Payable, new: Payable, step: str, caller: str) -> Write:
    """The write that moves a payable on, if the caller may take the step as far as the payable tells."""
    return step_write(old, new, conditions.by_other_hands(step, "payable"), caller=caller)


def commit_invoice(
    old: Payable, new: Payable, agency: Agency, invoice: InvoiceNumber, account: Account | None = None
) -> bool:
    """§3.5.4, §5.2b: the summary invoice, which is used once. Raises INVOICE_USED, or CHANGED_MEANWHILE, also if the
    agency is not as it was read: whoever names an account acts for it until it is written.

    With `account` only if it is the one that was confirmed last for this agency, by whom the payable says: else False,
    and nothing is written.
    """
    number = settlements.invoice_write(_invoice_owner(new), invoice)
    writes = [step_write(old, new), number, organisations.unchanged_check(agency)]
    if account:
        known = conditions.all_of(conditions.ACCOUNT_IS_KNOWN, conditions.CONFIRMER_AS_SEEN)
        writes += _account_writes(new, account, known)
    try:
        commit(
            writes,
            invoice=Refusal.INVOICE_USED,
            payable=Refusal.CHANGED_MEANWHILE,
            account=Refusal.ACCOUNT_UNDECIDED,
        )
    except Refused as refused:
        if refused.refusal is not Refusal.ACCOUNT_UNDECIDED:
            raise
        return False
    return True


def _invoice_owner(payable: Payable) -> str:
    """Whose the number of a summary invoice is."""
    return f"{payable.round_id}.{payable.agency_uscc}"


def _account_writes(payable: Payable, account: Account, condition: str | None) -> list[Write]:
    """Remember on which account an agency is paid, over all rounds, and who confirmed it; and of the account, that this
    agency is one of those it was confirmed for (§5.2b)."""
    agency_uscc = payable.agency_uscc
    change = "SET #fingerprint = :fingerprint, #confirmed_by = :confirmer, #match = :match"
    facts = {"fingerprint": account.fingerprint, "confirmer": payable.account_confirmed_by, "match": account.match}
    writes = [update_write("account", keys.account(agency_uscc), change, condition, **facts)]
    if account.match is not None:
        place, change = keys.account_uses(account.match), "ADD #agency_usccs :agencies"
        writes.append(update_write("account uses", place, change, None, agencies={agency_uscc}))
    return writes


def read_account_sharers(matches: Mapping[str, str | None]) -> dict[str, list[str]]:
    """§5.2b: for each of some agencies, by the `match` of its account, the other agencies for which the same account
    was confirmed, now or before."""
    wanted = sorted({match for match in matches.values() if match is not None})
    items = zip(wanted, read_many(map(keys.account_uses, wanted)), strict=True)
    uses = {match: set((item or {}).get("agency_usccs", ())) for match, item in items}
    return {agency: sorted(uses.get(match or "", set()) - {agency}) for agency, match in matches.items()}


def read_known_matches(agency_usccs: Iterable[str]) -> dict[str, str | None]:
    """The `match` of the account on which each agency is paid."""
    wanted = sorted(set(agency_usccs))
    items = read_many(map(keys.account, wanted))
    return {agency: (item or {}).get("match") for agency, item in zip(wanted, items, strict=True)}


def find_known_account(agency_uscc: str) -> KnownAccount | None:
    """On which account an agency is paid; None before its first one was confirmed."""
    item = find_item(keys.account(agency_uscc))
    return KnownAccount(item["fingerprint"], item.get("confirmed_by")) if item else None


def commit_take_back(
    old: Payable, new: Payable, amount_fen: int, order: Order, freed: Order, line_writes: list[Write], mark: Mark
) -> None:
    """§5.2b: a line leaves what an agency is owed: payable → order. The number of the summary invoice is free again,
    because the agency submits another invoice."""
    source, target = payable_account(old.round_id, old.agency_uscc), order_account(order.order_id)
    invoice = old.invoice_known_by
    commit(
        [
            step_write(old, new),
            *line_writes,
            order_posting_write(freed, Movement("take_back", source, target, amount_fen, mark.at, mark.by)),
            *orders.move_writes(order, "payable_fen", "held_fen"),
            *(settlements.free_number_writes(_invoice_owner(old), invoice) if invoice else []),
        ]
    )


def commit_proposed_account(old: Payable, new: Payable, agency: Agency) -> None:
    """§3.5.4: the agency proposes another account. Raises CHANGED_MEANWHILE as `commit_invoice` does."""
    commit([step_write(old, new), organisations.unchanged_check(agency)])


def commit_decided_account(old: Payable, new: Payable, round_: Round, caller: str) -> None:
    """§3.5.4: the operator's decision on another account. Raises CHANGED_MEANWHILE, also if the caller proposed it,
    submitted the summary invoice, acted for a party of the round or is a member of the agency."""
    writes = [
        hands_write(old, new, "decide_account", caller),
        rounds.hands_check(round_, "decide_account", caller),
        organisations.stranger_check("agency", old.agency_uscc, "decide_account", caller),
    ]
    if new.account and new.account != old.account:
        # a confirmed account becomes the known one, whatever the agency was paid on before
        writes += _account_writes(new, new.account, None)
    commit(writes)


def commit_erased(old: Payable, new: Payable) -> bool:
    """Erase the sealed account number of a payable. False if it moved meanwhile."""
    return commit_if_unchanged([step_write(old, new)])
