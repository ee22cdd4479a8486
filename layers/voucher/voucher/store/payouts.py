"""Payouts and the files for the bank (§3.5.4), in the settlements table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from voucher.models.accounts import Movement, Posting, paid_account, payable_account
from voucher.models.base import Mark, instant_text
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.payouts import Payout, PayoutFile
from voucher.models.pools import category_pool
from voucher.models.rounds import Round
from voucher.models.standing import Standing
from voucher.refusals import not_found
from voucher.store import conditions, keys, orders, organisations, payables, rounds, standing
from voucher.store.engine import files, pools
from voucher.store.engine.pages import Keep, Page, Selection, read_page
from voucher.store.engine.postings import payout_posting_write
from voucher.store.engine.reading import find_item, load_item, read_many, read_partition
from voucher.store.engine.table import Write, add_write, advance_write, commit, update_write


def payout_id(payable: Payable, attempt: int) -> str:
    """The id of an agency's payout of a round; its first attempt has the number 1."""
    return f"{payable.round_id}.{payable.agency_uscc}.{attempt}"


def find(payout_id: str) -> Payout | None:
    """A payout by its id, or None."""
    item = find_item(keys.payout(payout_id))
    return Payout.model_validate(item) if item else None


def get(payout_id: str) -> Payout:
    """A payout that a request names. Raises NOT_FOUND."""
    if (payout := find(payout_id)) is None:
        raise not_found("payout")
    return payout


def load(payout_id: str) -> Payout:
    """A payout that must exist, because its payable counts it. Raises LookupError: the books are broken."""
    return Payout.model_validate(load_item(keys.payout(payout_id), f"the payout {payout_id}"))


def list_of(payables: list[Payable]) -> list[Payout]:
    """Every payout ever made for some payables, in order."""
    ids = [payout_id(payable, attempt) for payable in payables for attempt in range(1, payable.attempts + 1)]
    return [Payout.model_validate(item) for item in read_many(keys.payout(each) for each in ids) if item]


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of the payouts that `keep` accepts."""
    return read_page("settlements", "PAYOUT", selection, keep)


def _index_entry(payout: Payout) -> dict[str, str]:
    return keys.index_entry("PAYOUT", payout.created_at, payout.payout_id, state=payout.state)


def commit_payout(
    round_: Round, old: Payable, new: Payable, payout: Payout, paid: list[Order], standings: Mapping[str, Standing]
) -> None:
    """§3.5.4, §5.2b: one payout per agency and round at a time, if nothing has stopped one of the orders `paid`. Raises
    CHANGED_MEANWHILE, also if the caller may not make it because of an earlier step, or as a member of the agency."""
    caller = payout.created_by
    commit(
        [
            payables.hands_write(old, new, "make_payouts", caller),
            add_write("payout", keys.payout(payout.payout_id), payout, index=_index_entry(payout)),
            *(standing.unchanged_check(standings[uscc]) for uscc in sorted({each.enterprise_uscc for each in paid})),
            *(orders.unstopped_check(order) for order in paid),
            rounds.hands_check(round_, "make_payouts", caller),
            organisations.stranger_check("agency", old.agency_uscc, "make_payouts", caller),
        ]
    )


@dataclass(frozen=True)
class PayoutFacts:
    """A payout with its round, the payable that it pays, and the orders in that."""

    payout: Payout
    round: Round
    payable: Payable
    orders: list[Order]


def get_facts(payout_id: str) -> PayoutFacts:
    """A payout that a request names, with all that moves on with it. Raises NOT_FOUND."""
    payout = get(payout_id)
    round_ = rounds.load(payout.round_id)
    payable = payables.load(payout.round_id, payout.agency_uscc)
    orders_of_payable = orders.load_many(payable.order_ids)
    # read last: see Api.handle
    return PayoutFacts(get(payout_id), round_, payable, orders_of_payable)


def commit_result(old: PayoutFacts, new: PayoutFacts, mark: Mark) -> None:
    """§3.5.4: the bank's answer; if it paid: payable → paid, with the orders. Raises CHANGED_MEANWHILE, also if the
    caller took an earlier step of the round or of the payout."""
    payout = new.payout
    if payout.state != "paid":
        commit(_step_writes(old, new, mark.by))
        return
    source, target = payable_account(payout.round_id, payout.agency_uscc), paid_account(payout.year)
    movement = Movement("pay", source, target, payout.amount_fen, mark.at, mark.by, about=payout.bank_reference)
    commit(
        [
            *_step_writes(old, new, mark.by),
            payout_posting_write(payout, movement),
            *_category_writes(old.orders, "payable_fen", "paid_fen"),
            *_order_writes(old, new),
        ]
    )


def commit_return(old: PayoutFacts, new: PayoutFacts, mark: Mark) -> None:
    """§3.5.4: the bank sent back what it had paid: paid → payable, so that another payout may follow. Raises
    CHANGED_MEANWHILE, also if the caller took an earlier step of the round or of the payout."""
    payout = new.payout
    source, target = paid_account(payout.year), payable_account(payout.round_id, payout.agency_uscc)
    about, reason = payout.return_reference, payout.return_reason
    movement = Movement("return", source, target, payout.amount_fen, mark.at, mark.by, reason, about)
    commit(
        [
            *_step_writes(old, new, mark.by),
            payout_posting_write(payout, movement),
            *_category_writes(old.orders, "paid_fen", "payable_fen"),
            *_order_writes(old, new),
        ]
    )


def _step_write(old: Payout, new: Payout, *more: str, **values: Any) -> Write:
    return advance_write("payout", keys.payout(new.payout_id), old, new, *more, index=_index_entry(new), **values)


def hold_write(old: Payout, new: Payout) -> Write:
    """§5.2b: the write by which a payout on its way to the bank says which of its orders are held, if neither a file
    nor the bank's answer came first."""
    return _step_write(old, new)


def _step_writes(old: PayoutFacts, new: PayoutFacts, caller: str) -> list[Write]:
    maker = conditions.by_other_hands("record_payment", "payout")
    return [
        _step_write(old.payout, new.payout, maker, caller=caller),
        payables.hands_write(old.payable, new.payable, "record_payment", caller),
        rounds.hands_check(old.round, "record_payment", caller),
        organisations.stranger_check("agency", old.payout.agency_uscc, "record_payment", caller),
    ]


def _order_writes(old: PayoutFacts, new: PayoutFacts) -> list[Write]:
    return [orders.step_write(before, after) for before, after in zip(old.orders, new.orders, strict=True)]


def _category_writes(moved: list[Order], source: str, target: str) -> list[Write]:
    """Move what the orders drew, in each shard of each category: one write for a shard, however many orders."""
    plans: dict[str, dict[int, int]] = {}
    for order in moved:
        pool_id = category_pool(order.year, order.category)
        plan = plans.setdefault(pool_id, {})
        for shard, fen in order.drawn[pool_id].items():
            plan[int(shard)] = plan.get(int(shard), 0) + fen
    return [write for pool_id, plan in plans.items() for write in pools.move_writes(pool_id, plan, source, target)]


def list_postings(round_id: str) -> list[Posting]:
    """The payments of a round, and what came back of them."""
    return [Posting.model_validate(item) for item in read_partition(keys.round_(round_id), "POSTING#")]


def list_files(round_id: str) -> list[PayoutFile]:
    """The payout files of a round, in the order they were made."""
    return [PayoutFile.model_validate(item) for item in read_partition(keys.round_(round_id), "PAYOUT_FILE#")]


def commit_file(file: PayoutFile, payout_steps: list[tuple[Payout, Payout]]) -> None:
    """§3.5.4: a new file with the payouts that stand in it. Raises CHANGED_MEANWHILE when another file has one of them
    already, so that no bank gets a payout twice; §5.2b: also when a violation has come to hold an order of one."""
    key = keys.round_(file.round_id, f"PAYOUT_FILE#{file.number}")
    commit([add_write("payout file", key, file), *(_step_write(old, new) for old, new in payout_steps)])


def commit_file_erased(file: PayoutFile) -> None:
    """§3.5.4: delete the bytes of a payout file, and say so in its record; its hashes stay. The record first: a reader
    then hears that they are erased, and never that they are lost."""
    key = keys.round_(file.round_id, f"PAYOUT_FILE#{file.number}")
    at = file.erased_at and instant_text(file.erased_at)
    commit([update_write("payout file", key, "SET #erased_at = :at", None, at=at)])
    files.commit_deleted(file.object_key)


def commit_strays_deleted(round_id: str, until: datetime) -> None:
    """§3.5.4: delete the bytes that were written for a round's payouts until then and came into no record, because
    another call was quicker."""
    files.commit_deleted(f"payout-files/{round_id}/", until)
