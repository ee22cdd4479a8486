"""Rebuilds every balance of a year from the postings alone, into an empty table, and compares it with what is kept.

The postings are found by reading whole tables, so one that no record leads to is found, too. Of the records only what
is no amount is taken: which category an order is of, which enterprise a voucher, what a policy says. How a pool is
split over its shards no posting tells: pools are compared as wholes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra.operate.deployed import Deployed
from voucher.models.accounts import TREASURY, Posting, grant_posting, owner_of
from voucher.models.entitlements import Entitlement
from voucher.models.pools import Shard, batch_pool, non_key_pool, surplus_pool, yearly_pool
from voucher.models.vouchers import Voucher
from voucher.rules import ledger
from voucher.rules.programmes import yearly_limits_fen
from voucher.rules.yearly_pools import use_by_postings
from voucher.store import books
from voucher.store.engine.table import decode, encode

# what has a balance → counter → fen
Balances = dict[str, dict[str, int]]
MONEY = ("vouchers", "orders", "settlements")
COUNTED_BY_USE = ("held_fen", "payable_fen", "paid_fen")


@dataclass(frozen=True)
class Rebuilt:
    """A year's balances by its postings, those that are kept, and the postings to which no record leads."""

    from_postings: Balances
    kept: Balances
    lost_postings: list[str]
    postings: int

    @property
    def differing(self) -> list[str]:
        """Each counter that is not kept as the postings have it; a counter that one side lacks is 0 there."""
        return [
            f"{name} {counter}: postings {by_postings.get(counter, 0)}, kept {kept.get(counter, 0)}"
            for name in sorted(self.from_postings.keys() | self.kept.keys())
            for by_postings, kept in [(self.from_postings.get(name, {}), self.kept.get(name, {}))]
            for counter in sorted(by_postings.keys() | kept.keys())
            if by_postings.get(counter, 0) != kept.get(counter, 0)
        ]


def rebuild(deployed: Deployed, year: int, into: str) -> Rebuilt:
    """Rebuild a year into the table `into`, which must not exist yet, and compare what is read back from there."""
    deployed.name_tables_for_the_store()
    tables = deployed.client("dynamodb")
    rebuilt = compared(books.read_book(year), all_postings(tables, deployed.tables))
    _create(tables, into)
    for name, counters in rebuilt.from_postings.items():
        tables.put_item(TableName=into, Item=encode({"pk": name, **counters}))
    return replace(rebuilt, from_postings=dict(_read(tables, into)))


def compared(book: books.Book, postings: Iterable[Posting]) -> Rebuilt:
    """What the postings of all years make of one of them, beside what is kept of it."""
    found = [each for each in postings if each.year == book.programme.year]
    known = {each.posting_id for each in book.postings}
    lost = [each.posting_id for each in found if each.posting_id not in known]
    return Rebuilt(by_postings(book, found), kept(book), lost, len(found))


def _create(tables: Any, name: str) -> None:
    tables.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    tables.get_waiter("table_exists").wait(TableName=name)


def _read(tables: Any, name: str) -> Iterator[tuple[str, dict[str, int]]]:
    for item in _scan(tables, name):
        yield item.pop("pk"), item


def _scan(tables: Any, name: str) -> Iterator[dict[str, Any]]:
    for page in tables.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
        yield from map(decode, page["Items"])


def all_postings(tables: Any, names: Mapping[str, str]) -> Iterator[Posting]:
    """Every posting of every year, in any order; a voucher's creation is its own."""
    for word in MONEY:
        for item in _scan(tables, names[word]):
            if item["sk"].startswith("POSTING#"):
                yield Posting.model_validate(item)
            if item["sk"].startswith("VOUCHER#"):
                yield grant_posting(Voucher.model_validate(item))


def by_postings(book: books.Book, postings: list[Posting]) -> Balances:
    """The balances of a year as the postings have them."""
    # what left the treasury is kept nowhere
    accounts = {n: {"balance_fen": fen} for n, fen in ledger.balances(postings).items() if n != TREASURY}
    return {**accounts, **_pools(book, postings), **_entitlements(book, postings)}


def _pools(book: books.Book, postings: list[Posting]) -> Balances:
    """Pools of batches and of the surplus are accounts; the yearly pools follow from orders and from the total."""
    year, flows = book.programme.year, _flows(postings)
    pools: Balances = {}
    for account, (put_in, out) in flows.items():
        family, owner = account.partition(":")[::2]
        if family in ("batch", "surplus"):
            name = batch_pool(owner) if family == "batch" else surplus_pool(year)
            closed, taken = out.get("close", 0), sum(fen for entry, fen in out.items() if entry != "close")
            left = sum(put_in.values()) - closed - taken
            pools[f"pool {name}"] = {
                "limit_fen": sum(put_in.values()),
                "remaining_fen": left,
                "drawn_fen": taken,
                "closed_fen": closed,
            }
    return pools | _yearly_pools(book, postings)


def _yearly_pools(book: books.Book, postings: list[Posting]) -> Balances:
    programme = book.programme
    given = sum(each.amount_fen for each in postings if each.entry == "appropriate")
    given -= sum(each.amount_fen for each in postings if each.entry == "withdraw")
    used = use_by_postings(programme, book.orders, postings)
    pools: Balances = {}
    for category, limit_fen in yearly_limits_fen(given, programme.policy).items() if programme.is_confirmed else ():
        name = yearly_pool(programme.year, category)
        if name == non_key_pool(programme.year):
            counters = {"used_fen": used.get(name, 0)}
        else:
            counters = {each: used.get(f"{name}: {each}", 0) for each in COUNTED_BY_USE}
        remaining_fen = limit_fen - sum(counters.values())
        pools[f"pool {name}"] = {"limit_fen": limit_fen, "remaining_fen": remaining_fen, **counters}
    return pools


def _flows(postings: Iterable[Posting]) -> dict[str, tuple[dict[str, int], dict[str, int]]]:
    """Account → what each entry put in, and took out, in fen."""
    flows: defaultdict[str, tuple[dict[str, int], dict[str, int]]] = defaultdict(lambda: ({}, {}))
    for each in postings:
        for account, side in ((each.to_account, 0), (each.from_account, 1)):
            entries = flows[account][side]
            entries[each.entry] = entries.get(each.entry, 0) + each.amount_fen
    return dict(flows)


def _entitlements(book: books.Book, postings: list[Posting]) -> Balances:
    """§2.3.1, §2.3.3: what each enterprise was granted, how much of it beyond the quota, and what it may still claim.
    Its quota, and what was given back of it, are decisions that no posting tells."""
    granted: defaultdict[str, int] = defaultdict(int)
    extra: defaultdict[str, int] = defaultdict(int)
    for each in postings:
        if each.entry == "grant":
            batch_id, _, uscc = owner_of(each.to_account).rpartition(".")
            granted[uscc] += each.amount_fen
            extra[uscc] += min(each.amount_fen, book.extras_fen.get(batch_id, 0))
    return {
        _name(each): {
            "granted_fen": granted[each.uscc],
            "extra_fen": extra[each.uscc],
            "left_fen": max(0, each.quota_fen - granted[each.uscc] + extra[each.uscc] + each.restored_fen),
        }
        for each in book.entitlements
    }


def _name(entitlement: Entitlement) -> str:
    return f"entitlement {entitlement.year}.{entitlement.uscc}"


def kept(book: books.Book) -> Balances:
    """The balances of a year as the records have them."""
    accounts = {name: {"balance_fen": fen} for family in book.recorded.values() for name, fen in family.items()}
    pools = {f"pool {pool.pool_id}": _counters(pool) for pool in book.pools}
    names = ("granted_fen", "extra_fen", "left_fen")
    return {**accounts, **pools, **{_name(each): {n: getattr(each, n) for n in names} for each in book.entitlements}}


def _counters(pool: Shard) -> dict[str, int]:
    counters = {name: getattr(pool, name) for name in Shard.model_fields if name.endswith("_fen")}
    if pool.pool_id.startswith("nonkey."):
        return {"limit_fen": pool.limit_fen, "remaining_fen": pool.remaining_fen, "used_fen": pool.used_fen}
    return counters
