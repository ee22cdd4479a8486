"""What is owed and paid (§3.5.4): payables, payouts, the files for the bank, and money that comes back (§5.2b)."""

from voucher.models import Account, Order, Payable, Payout, PayoutFile, Posting, Recovery, Round
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys, orders, pools
from voucher.store.parts import commit_all
from voucher.store.postings import order_posting
from voucher.store.reading import load, load_together, query
from voucher.store.rounds import OTHER_HANDS
from voucher.store.settlements import claim_invoice, free_invoice
from voucher.store.table import Unmet, Write, add, advance, check, commit, update


def payables_of(round_id: str) -> list[Payable]:
    """What each agency is owed in a round."""
    return [Payable.model_validate(item) for item in query(keys.round_(round_id), "PAYABLE#")]


def find_payable(round_id: str, agency_uscc: str) -> Payable | None:
    """What one agency is owed in a round, None before its notice closed."""
    item = load(keys.payable(round_id, agency_uscc))
    return Payable.model_validate(item) if item else None


def load_payable(round_id: str, agency_uscc: str) -> Payable:
    """A payable that must exist, because a payout names it. Raises LookupError: the books are broken."""
    if (payable := find_payable(round_id, agency_uscc)) is None:
        raise LookupError("a payout outlived its payable")
    return payable


def step_payable(old: Payable, new: Payable, *more: str, **values: str) -> Write:
    """The write that moves a payable on, if nobody else moved it first."""
    return advance("payable", keys.payable(new.round_id, new.agency_uscc), old, new, None, *more, **values)


def hand_in_invoice(old: Payable, new: Payable, number: str, account: Account | None = None) -> bool:
    """§3.5.4, §5.2b: the summary invoice, its number used once. Raises INVOICE_USED or CHANGED_MEANWHILE.

    False, and nothing done, when `account` is another one than the agency was to be paid on before.
    """
    owner = f"{new.round_id}.{new.agency_uscc}"
    known = [_account_of(new, account, conditions.ACCOUNT_IS_KNOWN)] if account else []
    try:
        commit([step_payable(old, new), claim_invoice(owner, number), *known])
    except Unmet as unmet:
        if "account" in unmet.items and len(unmet.items) == 1:
            return False
        raise Refused(Refusal.INVOICE_USED if "invoice" in unmet.items else Refusal.CHANGED_MEANWHILE) from None
    return True


def _account_of(payable: Payable, account: Account, condition: str | None) -> Write:
    """Remember on which account an agency is paid, over all rounds."""
    change, key = "SET #fingerprint = :fingerprint", keys.account(payable.agency_uscc)
    return update("account", key, change, condition, fingerprint=account.fingerprint)


def take_back(
    owed: Payable, after: Payable, amount_fen: int, order: Order, freed: Order, line_steps: list[Write]
) -> None:
    """§5.2b: a line leaves what an agency is owed: payable → order, and the summary invoice's number is free again."""
    at, by = after.updated_at or after.created_at, after.last_by or ""
    owner = f"{owed.round_id}.{owed.agency_uscc}"
    commit_all(
        [
            step_payable(owed, after),
            *line_steps,
            order_posting(freed, "take_back", f"payable:{owner}", f"order:{order.order_id}", amount_fen, at, by),
            *orders.move_draws(order, "payable_fen", "held_fen"),
            *(free_invoice(owner, owed.invoice_number) if owed.invoice_number else []),
        ]
    )


def propose_account(old: Payable, new: Payable) -> None:
    """§3.5.4: the agency asks to be paid on another account; nothing is paid until that is decided."""
    commit_all([step_payable(old, new)])


def decide_account(old: Payable, new: Payable, caller: str) -> None:
    """§3.5.4: another account counts from here on, or does not, by the word of somebody who did not ask for it."""
    asked, invoiced = (conditions.NOT_BY_CALLER.format(attribute=name) for name in ("change.#by", "invoiced_by"))
    counts = [_account_of(new, new.account, None)] if new.account and new.account != old.account else []
    commit_all([step_payable(old, new, asked, invoiced, caller=caller), *counts])


# §3.5.4: who pays handed in neither the summary invoice nor the account
NOT_ITS_AGENCY = [conditions.NOT_BY_CALLER.format(attribute=name) for name in ("invoiced_by", "account_by")]

NOT_ITS_REVIEWERS = [conditions.CALLER_NOT_AMONG.format(attribute=name) for name in ("submitters", "pre_reviewers")]


def _hands(round_: Round, caller: str, *others: str) -> Write:
    condition = conditions.all_of(conditions.NOT_BY_CALLER.format(attribute="approved_by"), *others)
    return check("hands", keys.round_(round_.round_id), condition, caller=caller)


def make_payout(round_: Round, old: Payable, new: Payable, payout: Payout, standings_unchanged: list[Write]) -> None:
    """§3.5.4: one order to the bank per agency and round at a time, not by who handed in, pre-reviewed or approved."""
    by = payout.created_by
    commit_all(
        [
            step_payable(old, new, *NOT_ITS_AGENCY, caller=by),
            add("payout", keys.payout(payout.payout_id), payout),
            *standings_unchanged,
            _hands(round_, by, *NOT_ITS_REVIEWERS),
        ]
    )


def find_payout(payout_id: str) -> Payout | None:
    """A payout by its id, None when there is none."""
    item = load(keys.payout(payout_id))
    return Payout.model_validate(item) if item else None


def payout_id(payable: Payable, attempt: int) -> str:
    """The id of an agency's payout of a round, its first attempt numbered 1."""
    return f"{payable.round_id}.{payable.agency_uscc}.{attempt}"


def payouts_of(payables: list[Payable]) -> list[Payout]:
    """Every payout ever made for some payables, in order."""
    ids = [payout_id(payable, attempt) for payable in payables for attempt in range(1, payable.attempts + 1)]
    found = []
    for start in range(0, len(ids), 100):
        items = load_together(*(keys.payout(each) for each in ids[start : start + 100]))
        found += [Payout.model_validate(item) for item in items if item]
    return found


def _step_payout(old: Payout, new: Payout, *more: str, **values: str) -> Write:
    return advance("payout", keys.payout(new.payout_id), old, new, None, *more, **values)


def record_result(
    round_: Round, old: Payout, new: Payout, owed: Payable, after: Payable, paid: list[tuple[Order, Order]], caller: str
) -> None:
    """§3.5.4: the bank's answer. Paid: payable → paid in the same write, with its orders. By none of the earlier
    hands."""
    writes = _by_other_hands(round_, old, new, owed, after, caller)
    if new.state == "paid":
        account = f"payable:{new.round_id}.{new.agency_uscc}"
        moved = _category_moves([before for before, _ in paid], "payable_fen", "paid_fen")
        writes += [_posting(new, "pay", account, f"paid:{new.year}", caller), *moved, *_order_steps(paid)]
    commit_all(writes)


def _by_other_hands(round_: Round, old: Payout, new: Payout, owed: Payable, after: Payable, caller: str) -> list[Write]:
    four_eyes = conditions.NOT_BY_CALLER.format(attribute="created_by")
    return [
        _step_payout(old, new, four_eyes, caller=caller),
        step_payable(owed, after, *NOT_ITS_AGENCY, caller=caller),
        _hands(round_, caller, *OTHER_HANDS),
    ]


def record_return(
    round_: Round,
    old: Payout,
    new: Payout,
    owed: Payable,
    after: Payable,
    unpaid: list[tuple[Order, Order]],
    caller: str,
) -> None:
    """§3.5.4: the bank sent back what it had paid: paid → payable, so that a new payout may follow."""
    account = f"payable:{new.round_id}.{new.agency_uscc}"
    commit_all(
        [
            *_by_other_hands(round_, old, new, owed, after, caller),
            _posting(new, "return", f"paid:{new.year}", account, caller),
            *_category_moves([before for before, _ in unpaid], "paid_fen", "payable_fen"),
            *_order_steps(unpaid),
        ]
    )


def _order_steps(moved: list[tuple[Order, Order]]) -> list[Write]:
    return [orders.step(before, after) for before, after in moved]


def _posting(payout: Payout, entry: str, source: str, target: str, by: str) -> Write:
    """A payout is paid once and returned once: its id is in the posting's key."""
    posting = Posting(
        posting_id=f"{payout.payout_id}.{entry}",
        year=payout.year,
        entry=entry,
        from_account=source,
        to_account=target,
        amount_fen=payout.amount_fen,
        at=payout.updated_at or payout.created_at,
        by=by,
        about=payout.bank_reference if entry == "pay" else payout.return_reference,
        reason=payout.return_reason,
    )
    return add("posting is new", keys.round_(payout.round_id, f"POSTING#{payout.payout_id}.{entry}"), posting)


def _category_moves(paid: list[Order], source: str, target: str) -> list[Write]:
    totals: dict[str, dict[int, int]] = {}
    for order in paid:
        pool_id = pools.category_pool(order.year, order.category)
        plan = totals.setdefault(pool_id, {})
        for shard, fen in order.drawn[pool_id].items():
            plan[int(shard)] = plan.get(int(shard), 0) + fen
    return [write for pool_id, plan in totals.items() for write in pools.move(pool_id, plan, source, target)]


def postings_of(round_id: str) -> list[Posting]:
    """The payments of a round, and what came back of them."""
    return [Posting.model_validate(item) for item in query(keys.round_(round_id), "POSTING#")]


def recover(old: Order, new: Order, recovery: Recovery) -> None:
    """§5.2b: money claimed back after payout: paid → receivable, in the write that the order counts it."""
    target, reason = f"receivable:{new.order_id}", recovery.reason
    source, at, by = f"paid:{new.year}", recovery.at, recovery.by
    commit_all(
        [orders.step(old, new), order_posting(new, "recover", source, target, recovery.amount_fen, at, by, reason)]
    )


def withdraw_recovery(old: Order, new: Order, withdrawn: Recovery) -> None:
    """§5.2b: a claim is withdrawn: receivable → paid, in the write that the order counts it less."""
    source, reason = f"receivable:{new.order_id}", withdrawn.withdrawal_reason
    target, at, by = f"paid:{new.year}", withdrawn.withdrawn_at or new.created_at, withdrawn.withdrawn_by or ""
    amount_fen = withdrawn.amount_fen
    commit_all([orders.step(old, new), order_posting(new, "unrecover", source, target, amount_fen, at, by, reason)])


def files_of(round_id: str) -> list[PayoutFile]:
    """The payout files of a round, in the order they were made."""
    return [PayoutFile.model_validate(item) for item in query(keys.round_(round_id), "PAYOUT_FILE#")]


def make_file(made: PayoutFile, moved: list[tuple[Payout, Payout]]) -> None:
    """§3.5.4: a new file, and the payouts that stand in it, in no other before or after. Raises CHANGED_MEANWHILE."""
    key = keys.round_(made.round_id, f"PAYOUT_FILE#{made.number}")
    commit_all([add("payout file", key, made), *(_step_payout(before, after) for before, after in moved)])
