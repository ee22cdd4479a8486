"""Payouts and the files for the bank (§3.5.4), in the settlements table."""

from typing import Any

from voucher.models.accounts import Movement, Posting, paid_account, payable_account
from voucher.models.base import Mark
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.payouts import Payout, PayoutFile
from voucher.models.pools import category_pool
from voucher.models.rounds import Round
from voucher.store import conditions, keys, orders, payables, rounds
from voucher.store.engine import pools
from voucher.store.engine.postings import payout_posting_write
from voucher.store.engine.reading import find_item, read_partition, read_together
from voucher.store.engine.table import Write, add_write, advance_write, commit, item_check

NOT_ITS_REVIEWERS = [conditions.caller_not_among(name) for name in ("submitters", "pre_reviewers")]


def _hands_check(round_: Round, caller: str, *others: str) -> Write:
    condition = conditions.all_of(conditions.not_by_caller("approved_by"), *others)
    return item_check("hands", keys.round_(round_.round_id), condition, caller=caller)


def commit_payout(round_: Round, old: Payable, new: Payable, payout: Payout, standings_unchanged: list[Write]) -> None:
    """§3.5.4: one order to the bank per agency and round at a time, not by who handed in, pre-reviewed or approved."""
    by = payout.created_by
    commit(
        [
            payables.step_write(old, new, *payables.NOT_ITS_AGENCY, caller=by),
            add_write("payout", keys.payout(payout.payout_id), payout),
            *standings_unchanged,
            _hands_check(round_, by, *NOT_ITS_REVIEWERS),
        ]
    )


def find(payout_id: str) -> Payout | None:
    """A payout by its id, None when there is none."""
    item = find_item(keys.payout(payout_id))
    return Payout.model_validate(item) if item else None


def payout_id(payable: Payable, attempt: int) -> str:
    """The id of an agency's payout of a round, its first attempt numbered 1."""
    return f"{payable.round_id}.{payable.agency_uscc}.{attempt}"


def list_of(payables: list[Payable]) -> list[Payout]:
    """Every payout ever made for some payables, in order."""
    ids = [payout_id(payable, attempt) for payable in payables for attempt in range(1, payable.attempts + 1)]
    found = []
    for start in range(0, len(ids), 100):
        items = read_together(*(keys.payout(each) for each in ids[start : start + 100]))
        found += [Payout.model_validate(item) for item in items if item]
    return found


def _step_write(old: Payout, new: Payout, *more: str, **values: Any) -> Write:
    return advance_write("payout", keys.payout(new.payout_id), old, new, *more, **values)


def commit_result(
    round_: Round, old: Payout, new: Payout, owed: Payable, after: Payable, paid: list[tuple[Order, Order]], mark: Mark
) -> None:
    """§3.5.4: the bank's answer. Paid: payable → paid in the same write, with its orders. By none of the earlier
    hands."""
    writes = _by_other_hands_writes(round_, old, new, owed, after, mark.by)
    if new.state == "paid":
        source, target = payable_account(new.round_id, new.agency_uscc), paid_account(new.year)
        movement = Movement("pay", source, target, new.amount_fen, mark.at, mark.by, about=new.bank_reference)
        moved = _category_writes([before for before, _ in paid], "payable_fen", "paid_fen")
        writes += [payout_posting_write(new, movement), *moved, *_order_writes(paid)]
    commit(writes)


def _by_other_hands_writes(
    round_: Round, old: Payout, new: Payout, owed: Payable, after: Payable, caller: str
) -> list[Write]:
    four_eyes = conditions.not_by_caller("created_by")
    return [
        _step_write(old, new, four_eyes, caller=caller),
        payables.step_write(owed, after, *payables.NOT_ITS_AGENCY, caller=caller),
        _hands_check(round_, caller, *rounds.OTHER_HANDS),
    ]


def commit_return(
    round_: Round,
    old: Payout,
    new: Payout,
    owed: Payable,
    after: Payable,
    unpaid: list[tuple[Order, Order]],
    mark: Mark,
) -> None:
    """§3.5.4: the bank sent back what it had paid: paid → payable, so that a new payout may follow."""
    source, target = paid_account(new.year), payable_account(new.round_id, new.agency_uscc)
    about, reason = new.return_reference, new.return_reason
    movement = Movement("return", source, target, new.amount_fen, mark.at, mark.by, reason, about)
    commit(
        [
            *_by_other_hands_writes(round_, old, new, owed, after, mark.by),
            payout_posting_write(new, movement),
            *_category_writes([before for before, _ in unpaid], "paid_fen", "payable_fen"),
            *_order_writes(unpaid),
        ]
    )


def _order_writes(moved: list[tuple[Order, Order]]) -> list[Write]:
    return [orders.step_write(before, after) for before, after in moved]


def _category_writes(paid: list[Order], source: str, target: str) -> list[Write]:
    totals: dict[str, dict[int, int]] = {}
    for order in paid:
        pool_id = category_pool(order.year, order.category)
        plan = totals.setdefault(pool_id, {})
        for shard, fen in order.drawn[pool_id].items():
            plan[int(shard)] = plan.get(int(shard), 0) + fen
    return [write for pool_id, plan in totals.items() for write in pools.move_writes(pool_id, plan, source, target)]


def list_postings(round_id: str) -> list[Posting]:
    """The payments of a round, and what came back of them."""
    return [Posting.model_validate(item) for item in read_partition(keys.round_(round_id), "POSTING#")]


def list_files(round_id: str) -> list[PayoutFile]:
    """The payout files of a round, in the order they were made."""
    return [PayoutFile.model_validate(item) for item in read_partition(keys.round_(round_id), "PAYOUT_FILE#")]


def commit_file(made: PayoutFile, moved: list[tuple[Payout, Payout]]) -> None:
    """§3.5.4: a new file, and the payouts that stand in it, in no other before or after. Raises CHANGED_MEANWHILE."""
    key = keys.round_(made.round_id, f"PAYOUT_FILE#{made.number}")
    commit([add_write("payout file", key, made), *(_step_write(before, after) for before, after in moved)])
