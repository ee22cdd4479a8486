"""Schedule, every night: rebuilds each account of a programme year from the postings alone and compares it with the
records.

Postings are found from each other, without an index: programme → batches → vouchers → orders → rounds. A reconciliation
repairs nothing: a breach that two readings agree on freezes the pools it concerns and raises the alarm. The report is
kept where `GET /reports/{year}/reconciliation` finds it. After the repair a person frees the pool by hand: invoke with
{"free": [pool]}.

The time of one run is short, so the newest year comes first, and the schedule passes over closed years of which no
money has moved; each of these has its day of the month. By hand, every year is read.
"""

from contextlib import ExitStack
from datetime import datetime
from typing import Any

from voucher.edge import metrics
from voucher.edge.observe import log_schedule, log_work, logger
from voucher.models.base import instant_text
from voucher.models.programmes import Programme
from voucher.models.reports import ReconciledUsage
from voucher.rules import ledger
from voucher.rules.ledger import Invariant
from voucher.rules.reports import account_differences
from voucher.rules.working_days import shanghai_date
from voucher.rules.yearly_pools import limits_by_total, use_by_postings, use_by_records
from voucher.store import books, programmes, reports
from voucher.store.engine import pools

# how often the books are read again after a reading that shows a breach
MORE_READINGS = 4


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The programme years up to the event's instant. A fault of one year is raised after all years had their turn."""
    log_schedule(context)
    for pool_id in event.get("free", []):
        pools.commit_thaw(pool_id, pools.read_shard_count(pool_id))
    if "free" in event:
        # no record takes a step here; who invoked us, the trail of the cloud knows
        log_work("freed", pools=",".join(event["free"]))
        return {"freed": event["free"]}
    cut_off, by_schedule = datetime.fromisoformat(event["time"]), event.get("source") == "aws.scheduler"
    made: list[dict[str, Any]] = []
    with ExitStack() as turns:  # because a fault of one year must not keep the others from their turn
        # the last one to be added has the first turn
        for programme in reversed(programmes.list_all()):
            if not by_schedule or is_due(programme, cut_off):
                turns.callback(lambda year: made.append(reconcile(year, cut_off)), programme.year)
    log_work("reconciled", years=len(made))
    return {"reports": made}


def is_due(programme: Programme, cut_off: datetime) -> bool:
    """True for a year that is not closed, or whose latest report says other sums than are counted now; of any other one
    on its day of the month."""
    if programme.closing is None:
        return True
    report = books.find_latest_report(programme.year)
    if report is None or not report["balanced"]:
        return True
    if datetime.fromisoformat(report["cut_off"]) < programme.closing.closed_at:
        return True
    moved = account_differences(reports.read(programme.year).rows, report["accounts"])
    return bool(moved) or shanghai_date(cut_off).day == 1 + programme.year % 28


def reconcile(year: int, cut_off: datetime) -> dict[str, Any]:
    """One year's report. A breach is believed if a second reading shows it, too, and its pools did not move
    meanwhile. Before that it is told, in case that the time of this run ends."""
    book = books.read_book(year)
    found, breaches = invariants(book), list[Invariant]()
    if not all(each.holds for each in found):
        books.commit_report(year, report_of(year, book, found, [], cut_off) | {"balanced": False})
    for _ in range(MORE_READINGS):
        if breaches or all(each.holds for each in found):
            break
        before, book = found, books.read_book(year)
        found = invariants(book)
        breaches = ledger.confirmed_breaches(before, found, book.moving)
    report = report_of(year, book, found, breaches, cut_off)
    books.commit_report(year, report)
    if breaches:
        logger.error("books do not balance", extra={"year": year, "breaches": [each.name for each in breaches]})
    metrics.count("BooksOutOfBalance", len(breaches))
    metrics.count("ResidualFen", report["residual_fen"])
    reports.commit_reconciled(year, usage_check(year, book, found, cut_off))
    for pool_id in report["frozen"]:
        pools.commit_freeze(pool_id, pools.read_shard_count(pool_id))
    return report


def usage_check(year: int, book: books.Book, found: list[Invariant], cut_off: datetime) -> ReconciledUsage:
    """§5.1: whether the usage report agrees with the postings that were read last. It follows them by a moment: what is
    on its way differs, and agrees in the next night."""
    balances = ledger.by_family(ledger.balances(book.postings))
    differing = account_differences(reports.read(year).rows, balances)
    hands = next(each for each in found if each.name == ledger.DIFFERENT_HANDS)
    return ReconciledUsage(cut_off=cut_off, difference_fen=differing, four_eyes=hands.wrong)


def invariants(book: books.Book) -> list[Invariant]:
    """All that must hold between postings and records."""
    balances, caps = ledger.balances(book.postings), books.yearly_pools(book)
    must_be_used = use_by_postings(book.programme, book.orders, book.postings)
    return [
        ledger.accounts_sum_to_zero(balances),
        ledger.no_account_below_zero(balances),
        *(
            ledger.records_agree(f"{family}_records_agree", ledger.accounts_of_family(balances, family), recorded)
            for family, recorded in book.recorded.items()
        ),
        ledger.records_agree("yearly_pools_agree", must_be_used, use_by_records(book.programme, caps)),
        ledger.pools_add_up(book.pools),
        ledger.caps_follow_total(limits_by_total(book.programme), caps),
        ledger.quotas_agree(book.vouchers, book.entitlements, book.extras_fen, book.postings),
        ledger.ratios_hold(book.orders, book.programme.policy),
        ledger.nothing_after_its_end(book.vouchers, book.postings),
        ledger.open_orders_agree(book.orders, book.waiting),
        *settlement_invariants(book),
    ]


def settlement_invariants(book: books.Book) -> list[Invariant]:
    """§3.5: lines, invoices and payouts agree to the fen, and different people took the steps."""
    lines = [line for each in book.settled for line in each.lines]
    payables = [payable for each in book.settled for payable in each.payables]
    payouts = [payout for each in book.settled for payout in each.payouts]
    rounds = [each.round for each in book.settled]
    return [
        ledger.settled_agrees(lines, payables, payouts),
        ledger.different_hands(book.programme, book.orders, lines, rounds, payables, payouts),
    ]


def report_of(
    year: int, book: books.Book, found: list[Invariant], breaches: list[Invariant], cut_off: datetime
) -> dict[str, Any]:
    """The report that is kept and shown: the accounts up to the cut-off, the invariants as last read."""
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
