"""All postings of a programme year and what the records say beside them, for reconciliation; and its reports."""

from dataclasses import dataclass
from typing import Any

from voucher.models import Batch, Line, Order, Payable, Payout, Posting, Programme, Round, Voucher
from voucher.policy import Category
from voucher.store import keys, orders, payouts, pools, programmes, rounds, vouchers
from voucher.store.pools import Shard
from voucher.store.postings import grant_of
from voucher.store.reading import query
from voucher.store.table import commit, put

HOLDING = {"placed", "accepted", "delivered", "completed", "settling"}


@dataclass(frozen=True)
class Book:
    """`recorded` maps a family of accounts to account → fen as the records have it."""

    postings: list[Posting]
    recorded: dict[str, dict[str, int]]
    pools: list[Shard]
    orders: list[Order]
    settled: list["Settled"]


@dataclass(frozen=True)
class Settled:
    """One round with its lines, what its agencies are owed, and every payout made for that."""

    round: Round
    lines: list[Line]
    payables: list[Payable]
    payouts: list[Payout]


def read(year: int) -> Book:
    """Follow the money from the programme through batches, vouchers, orders and rounds."""
    programme = programmes.load_programme(year)
    batches = [batch for batch in programmes.batches_of(year) if batch.state != "draft"]
    held, postings = _vouchers(batches)
    placed = _orders(postings)
    order_postings = [posting for order in placed for posting in orders.postings_of(order.order_id)]
    settled = _settled(order_postings)
    owed = [payable for each in settled for payable in each.payables]
    paid = [posting for each in settled for posting in payouts.postings_of(each.round.round_id)]
    recovered = {f"receivable:{each.order_id}": each.recovered_fen for each in placed}
    year_pools = _pools(programme) if programme.state != "draft" else {}
    batch_pools = {batch.batch_id: pools.total(pools.batch_pool(batch.batch_id), batch.shards) for batch in batches}
    return Book(
        [*programmes.postings_of(year), *postings, *order_postings, *paid],
        {
            "programme": {f"programme:{year}": programme.unreleased_fen},
            "batch": {f"batch:{name}": pool.remaining_fen for name, pool in batch_pools.items()},
            "voucher": {f"voucher:{each.voucher_id}": each.balance_fen for each in held},
            "order": {f"order:{each.order_id}": each.voucher_fen for each in placed if each.state in HOLDING},
            "payable": {
                f"payable:{each.round_id}.{each.agency_uscc}": each.amount_fen for each in owed if each.state != "paid"
            },
            "paid": {f"paid:{year}": sum(pool.paid_fen for pool in year_pools.values()) - sum(recovered.values())},
            "receivable": recovered,
            "surplus": {f"surplus:{year}": year_pools[pools.surplus_pool(year)].remaining_fen if year_pools else 0},
        },
        [*batch_pools.values(), *year_pools.values()],
        placed,
        settled,
    )


def _vouchers(batches: list[Batch]) -> tuple[list[Voucher], list[Posting]]:
    held: list[Voucher] = []
    postings: list[Posting] = []
    for batch in batches:
        for bucket in range(keys.BUCKETS):
            found = vouchers.in_bucket(batch.batch_id, bucket)
            held += found
            postings += [grant_of(each) for each in found]
            postings += vouchers.postings_in_bucket(batch.batch_id, bucket) if found else []
    return held, postings


def _orders(postings: list[Posting]) -> list[Order]:
    ids = sorted({posting.to_account.partition(":")[2] for posting in postings if posting.entry == "hold"})
    return [order for start in range(0, len(ids), 100) for order in orders.load_orders(tuple(ids[start : start + 100]))]


def _settled(postings: list[Posting]) -> list[Settled]:
    accounts = {posting.to_account.partition(":")[2] for posting in postings if posting.entry == "approve"}
    found = []
    for round_id in sorted({account.rpartition(".")[0] for account in accounts}):
        if (round_ := rounds.find(round_id)) is not None:
            owed = payouts.payables_of(round_id)
            found.append(Settled(round_, rounds.lines_in(round_), owed, payouts.payouts_of(owed)))
    return found


def _pools(programme: Programme) -> dict[str, Shard]:
    year, shards = programme.year, programme.policy.yearly_shards
    sizes = {pools.category_pool(year, category): shards for category in Category}
    sizes |= {pools.non_key_pool(year): shards, pools.surplus_pool(year): pools.SURPLUS_SHARDS}
    return {pool_id: pools.total(pool_id, count) for pool_id, count in sizes.items()}


def category_use(book: Book) -> dict[str, int]:
    """What each category's pool says it has given out: held, payable and paid, in fen."""
    categories = (pool for pool in book.pools if pool.pool_id.startswith("category."))
    return {pool.pool_id: pool.held_fen + pool.payable_fen + pool.paid_fen for pool in categories}


def save_report(year: int, report: dict[str, Any]) -> None:
    """Keep a reconciliation's report under its cut-off."""
    key = keys.programme(year, f"RECONCILIATION#{report['cut_off']}")
    commit([put("report", key, report, None)])


def latest_report(year: int) -> dict[str, Any] | None:
    """The report with the latest cut-off, None before the first."""
    found = list(query(keys.programme(year), "RECONCILIATION#"))
    if not found:
        return None
    return {name: value for name, value in found[-1].items() if name not in ("pk", "sk")}
