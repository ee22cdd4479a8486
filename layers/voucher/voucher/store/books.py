"""For the reconciliation: all postings of a programme year, what the records say of the same money, and the reports."""

from dataclasses import dataclass
from typing import Any

from voucher.correlation import CORRELATION_ID
from voucher.models.accounts import (
    Posting,
    batch_account,
    grant_posting,
    order_account,
    order_ids_held,
    owner_of,
    paid_account,
    payable_account,
    programme_account,
    receivable_account,
    surplus_account,
    voucher_account,
)
from voucher.models.batches import Batch
from voucher.models.entitlements import Entitlement
from voucher.models.orders import HOLDING_ORDERS, Order
from voucher.models.payables import Payable
from voucher.models.payouts import Payout
from voucher.models.pools import SURPLUS_SHARDS, Shard, batch_pool, category_pool, non_key_pool, surplus_pool
from voucher.models.programmes import Programme
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.models.vouchers import Voucher
from voucher.policy import Category
from voucher.store import batches, keys, orders, payables, payouts, programmes, rounds, vouchers
from voucher.store.engine import pools
from voucher.store.engine.reading import find_last
from voucher.store.engine.table import commit, put_write

# family of accounts → account → fen as the records say
Recorded = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Book:
    """The books of one programme year. `moving` names the pools that were drawn on while the book was read, so that
    what it says of them may stem from several moments. `waiting` has the ids of all orders that are counted as waiting
    for an answer, `extras_fen` what each batch gives beyond the quota."""

    programme: Programme
    postings: list[Posting]
    recorded: Recorded
    pools: list[Shard]
    moving: frozenset[str]
    vouchers: list[Voucher]
    entitlements: list[Entitlement]
    orders: list[Order]
    settled: list["SettledRound"]
    waiting: frozenset[str]
    extras_fen: dict[str, int]


@dataclass(frozen=True)
class SettledRound:
    """One round with its lines, its payables, and each payout made for them."""

    round: Round
    lines: list[Line]
    payables: list[Payable]
    payouts: list[Payout]


def read_book(year: int) -> Book:
    """Follow the money from the programme through batches, vouchers, orders and rounds. Raises LookupError, a fault, if
    the programme is lost."""
    programme = programmes.load(year)
    released = [batch for batch in batches.list_of_year(year) if batch.is_released]
    before = _pools(programme, released)
    held, postings = _vouchers(released)
    order_ids = order_ids_held(postings)
    placed = orders.find_many(order_ids)  # a lost order is no fault here: its account then agrees with no record
    order_postings = [posting for order_id in order_ids for posting in orders.list_postings(order_id)]
    settled = _settled(order_postings)
    paid = [posting for each in settled for posting in payouts.list_postings(each.round.round_id)]
    programme_postings = programmes.list_postings(year)
    found = _pools(programme, released)
    recorded = _recorded_of_pools(programme, released, found) | _recorded_of_orders(year, placed, found)
    recorded["voucher"] = {voucher_account(each.voucher_id): each.balance_fen for each in held}
    recorded["payable"] = _owed(settled)
    return Book(
        programme,
        [*programme_postings, *postings, *order_postings, *paid],
        recorded,
        list(found.values()),
        frozenset(name for name, pool in found.items() if pool != before.get(name)),
        held,
        vouchers.read_entitlements(held),
        placed,
        settled,
        orders.read_waiting(placed),
        {each.batch_id: each.extra_quota_fen for each in released},
    )


def _recorded_of_pools(programme: Programme, released: list[Batch], found: dict[str, Shard]) -> Recorded:
    year, surplus = programme.year, found.get(surplus_pool(programme.year))
    return {
        "programme": {programme_account(year): programme.unreleased_fen},
        "batch": {batch_account(each.batch_id): found[batch_pool(each.batch_id)].remaining_fen for each in released},
        "surplus": {surplus_account(year): surplus.remaining_fen if surplus else 0},
    }


def _recorded_of_orders(year: int, placed: list[Order], found: dict[str, Shard]) -> Recorded:
    holding = [each for each in placed if each.state in HOLDING_ORDERS]
    receivable = {receivable_account(each.order_id): each.recovered_fen - each.received_fen for each in placed}
    paid_fen = sum(pool.paid_fen for pool in found.values()) - sum(each.recovered_fen for each in placed)
    return {
        "order": {order_account(each.order_id): each.voucher_fen for each in holding},
        "paid": {paid_account(year): paid_fen},
        "receivable": receivable,
    }


def _vouchers(released: list[Batch]) -> tuple[list[Voucher], list[Posting]]:
    held: list[Voucher] = []
    postings: list[Posting] = []
    for batch in released:
        for bucket in range(keys.BUCKETS):
            found = vouchers.list_in_bucket(batch.batch_id, bucket)
            held += found
            postings += [grant_posting(each) for each in found]
            postings += vouchers.list_postings_in_bucket(batch.batch_id, bucket) if found else []
    return held, postings


def _settled(postings: list[Posting]) -> list[SettledRound]:
    accounts = {owner_of(posting.to_account) for posting in postings if posting.entry == "approve"}
    found = []
    for round_id in sorted({account.rpartition(".")[0] for account in accounts}):
        if (round_ := rounds.find(round_id)) is not None:
            owed = payables.list_of_round(round_id)
            found.append(SettledRound(round_, rounds.list_lines(round_), owed, payouts.list_of(owed)))
    return found


def _pools(programme: Programme, released: list[Batch]) -> dict[str, Shard]:
    """Every pool of a year by its id, each added up at one moment."""
    year, shards = programme.year, programme.policy.yearly_shards
    sizes = {batch_pool(batch.batch_id): batch.shards for batch in released}
    if programme.state != "draft":
        sizes |= {category_pool(year, category): shards for category in Category}
        sizes |= {non_key_pool(year): shards, surplus_pool(year): SURPLUS_SHARDS}
    return {pool_id: pools.read_total(pool_id, count) for pool_id, count in sizes.items()}


def _owed(settled: list[SettledRound]) -> dict[str, int]:
    """What is owed to each agency of each round, in fen. While a notice is being closed, some lines are payable already
    and their payable is not written yet: then the lines are counted."""
    owed: dict[str, int] = {}
    for each in settled:
        for payable in each.payables:
            account = payable_account(payable.round_id, payable.agency_uscc)
            owed[account] = 0 if payable.state == "paid" else payable.amount_fen
        for line in each.lines if each.round.state == "noticed" else ():
            if line.state == "payable":
                account = payable_account(each.round.round_id, line.agency_uscc)
                owed[account] = owed.get(account, 0) + (line.verified_fen or 0)
    return owed


def yearly_pools(book: Book) -> list[Shard]:
    """§2.2: the pools whose limit is a cap: one for each category, and one for all non-key categories together."""
    return [pool for pool in book.pools if pool.pool_id.partition(".")[0] in ("category", "nonkey")]


def commit_report(year: int, report: dict[str, Any]) -> None:
    """Keep the report of a reconciliation under its cut-off."""
    key = keys.programme(year, f"RECONCILIATION#{report['cut_off']}")
    commit([put_write("report", key, report, None)])


def find_latest_report(year: int) -> dict[str, Any] | None:
    """The report with the latest cut-off, None before the first reconciliation."""
    item = find_last(keys.programme(year), "RECONCILIATION#")
    aside = ("pk", "sk", CORRELATION_ID)
    return {name: value for name, value in item.items() if name not in aside} if item else None
