"""Schedule: rebuilds every account of a programme year from the postings alone and compares with the records.

Postings are found from each other, without an index: programme → batches → vouchers → orders → rounds. Nothing is
repaired: a breach that two readings agree on freezes the pools it touches and raises the alarm. The report is kept
where `GET /reports/{year}/reconciliation` finds it. After repair a pool is freed by hand: invoke with {"free": [pool]}.
"""

from datetime import datetime
from typing import Any

from voucher.edge.observe import log_work, logger
from voucher.models import instant_text
from voucher.rules import ledger
from voucher.rules.ledger import Invariant
from voucher.store import books, pools, programmes
from voucher.store.books import Book


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """All programme years up to the event's instant."""
    for pool_id in event.get("free", []):
        pools.freeze(pool_id, pools.shards_of(pool_id), frozen=False)
    if "free" in event:
        return {"freed": event["free"]}
    cut_off = datetime.fromisoformat(event["time"])
    reports = [reconcile(programme.year, cut_off) for programme in programmes.list_programmes()]
    log_work("reconciled", years=len(reports))
    return {"reports": reports}


def reconcile(year: int, cut_off: datetime) -> dict[str, Any]:
    """One year's report; a breach is believed when a second reading shows the same."""
    book = books.read(year)
    found = invariants(book)
    breaches = [each for each in found if not each.holds]
    if breaches:
        book = books.read(year)
        found = invariants(book)
        breaches = ledger.confirmed(breaches, found)
    for pool_id in ledger.pools_to_freeze(breaches):
        pools.freeze(pool_id, pools.shards_of(pool_id))
    if breaches:
        logger.error("books do not balance", extra={"year": year, "breaches": [each.name for each in breaches]})
    report = report_of(year, book, found, breaches, cut_off)
    books.save_report(year, report)
    return report


def examine(year: int, cut_off: datetime) -> dict[str, Any]:
    """One reading of the books as a report, without consequences."""
    book = books.read(year)
    found = invariants(book)
    return report_of(year, book, found, [each for each in found if not each.holds], cut_off)


def invariants(book: Book) -> list[Invariant]:
    """Everything that must hold between postings and records."""
    every = ledger.balances(book.postings)
    return [
        Invariant("accounts_sum_to_zero", ledger.residual_fen(every) == 0, ""),
        ledger.none_below_zero(every),
        *(
            ledger.records_agree(f"{name}_records_agree", ledger.part(every, name), said)
            for name, said in book.recorded.items()
        ),
        ledger.records_agree("category_pools_agree", used_by_category(book), books.category_use(book)),
        ledger.pools_add_up(book.pools),
        *settlement_invariants(book),
    ]


def settlement_invariants(book: Book) -> list[Invariant]:
    """§3.5: lines, invoices and payouts agree to the fen, and different people took the steps."""
    lines = [line for each in book.settled for line in each.lines]
    payables = [payable for each in book.settled for payable in each.payables]
    payouts = [payout for each in book.settled for payout in each.payouts]
    return [
        ledger.settled_agrees(lines, payables, payouts),
        ledger.different_hands(lines, [each.round for each in book.settled], payouts),
    ]


def used_by_category(book: Book) -> dict[str, int]:
    """§2.2.cap: what each category's pool must have given out, from the postings of its orders, in fen."""
    by_order = ledger.used_by_order(book.postings)
    used: dict[str, int] = {}
    for order in book.orders:
        pool_id = pools.category_pool(order.year, order.category)
        used[pool_id] = used.get(pool_id, 0) + by_order.get(order.order_id, 0)
    return used


def report_of(
    year: int, book: Book, found: list[Invariant], breaches: list[Invariant], cut_off: datetime
) -> dict[str, Any]:
    """What is kept and shown: accounts up to the cut-off, invariants as last read."""
    accounts = ledger.balances(posting for posting in book.postings if posting.at <= cut_off)
    return {
        "year": year,
        "cut_off": instant_text(cut_off),
        "residual_fen": ledger.residual_fen(accounts),
        "accounts": ledger.by_family(accounts),
        "invariants": [{name: getattr(each, name) for name in ("name", "holds", "detail")} for each in found],
        "frozen": ledger.pools_to_freeze(breaches),
        "postings": len(book.postings),
        "balanced": not breaches,
    }
