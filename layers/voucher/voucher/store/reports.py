"""What is counted of each year (§5.1), in a table of its own: made from the records and postings alone, so it can be
made anew at any time."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from typing import Any

from voucher.models.accounts import order_ids_held, owner_of
from voucher.models.base import Instant, instant_text
from voucher.models.compliance import ReportException
from voucher.models.reports import CountedFirm, FirmYear, KeptReport, ReconciledUsage, ReportState, Rows
from voucher.store import conditions, keys, orders, payouts, vouchers
from voucher.store.engine.pages import Keep, Page, Selection, read_partitions
from voucher.store.engine.reading import find_item, read_each, read_partition
from voucher.store.engine.table import (
    MOST_ITEMS,
    Item,
    Write,
    commit,
    commit_if_unchanged,
    count_write,
    delete_write,
    put_write,
    update_write,
)


def find_state(year: int) -> ReportState:
    """Which rows of a year are shown, and in which changes are counted."""
    return ReportState.model_validate(find_item(keys.report(year, "STATE")) or {})


def find_counted(year: int, usccs: Sequence[str]) -> list[CountedFirm]:
    """What is counted of some enterprises in a year, each as last written; at most as many as a transaction holds."""
    places = [keys.counted_firm(year, uscc) for uscc in usccs]
    found = {item["uscc"]: item for item in read_each("reports", *places)}
    return [CountedFirm.model_validate(found.get(uscc, {"year": year, "uscc": uscc})) for uscc in usccs]


def read_firm(year: int, uscc: str) -> FirmYear:
    """All that is counted of one enterprise in one year, each thing as last written: entitlement → vouchers → orders →
    payouts, found from each other."""
    if (entitlement := vouchers.find_entitlement(year, uscc)) is None:
        return FirmYear(None)
    held = vouchers.list_of(entitlement)
    postings = [posting for voucher in held for posting in vouchers.list_postings(voucher)]
    placed = orders.find_many(order_ids_held(postings))
    # the first posting of an order is that of its hold, which stands with its voucher
    postings += [posting for order in placed if order.seq > 1 for posting in orders.list_postings(order.order_id)]
    accounts = {posting.to_account for posting in postings if posting.entry == "approve"}
    for round_id in sorted({owner_of(account).rpartition(".")[0] for account in accounts}):
        paid = payouts.list_postings(round_id)
        postings += [posting for posting in paid if accounts & {posting.from_account, posting.to_account}]
    return FirmYear(entitlement, held, placed, postings)


def commit_counted(old: Iterable[CountedFirm], new: Iterable[CountedFirm], added: Rows, at: Instant) -> bool:
    """Write what is counted of some enterprises of one year, add the difference to the rows of its generation, and list
    its exceptions. False if one of them was counted anew since it was read."""
    writes = []
    for before, after in zip(old, new, strict=True):
        seen = conditions.UNCHANGED if before.version else conditions.IS_NEW
        key = keys.counted_firm(after.year, after.uscc)
        writes.append(put_write("counted", key, after, seen, seen_version=before.version))
        writes += _exception_writes(before, after)
        place = (after.year, after.generation)
    rows = [count_write("row", keys.report_row(*place, row), cells, instant_text(at)) for row, cells in added.items()]
    return commit_if_unchanged([*writes, *rows])


def _exception_writes(before: CountedFirm, after: CountedFirm) -> Iterator[Write]:
    for place in before.exceptions.keys() | after.exceptions.keys():
        key, new = keys.report_exceptions(after.year, place), after.exceptions.get(place)
        if new is None:
            yield delete_write("exception", key)
        elif new != before.exceptions.get(place):
            yield put_write("exception", key, new, None)


def read_about(year: int, usccs: Iterable[str], rows: Iterable[str]) -> tuple[dict[str, list[ReportException]], Rows]:
    """What is listed of the orders of some enterprises, by their codes, and some rows, each as last written."""
    state = keys.report(year, "STATE")
    items = _read_many([state, *(keys.counted_firm(year, uscc) for uscc in sorted(set(usccs)))])
    [generation] = {ReportState.model_validate(item).current for item in items if item["sk"] == state.sk} or {1}
    counted = [CountedFirm.model_validate(item) for item in items if item["sk"] != state.sk]
    shown = keys.report_row(year, generation, "").sk
    found = _read_many([keys.report_row(year, generation, row) for row in sorted(set(rows))])
    listed = {each.uscc: list(each.exceptions.values()) for each in counted}
    return listed, {item["sk"].removeprefix(shown): _cells_of(item) for item in found}


def commit_exception(year: int, place: str, exception: ReportException) -> None:
    """List an exception that is no enterprise's order. It never changes, so it may be written again."""
    commit([put_write("exception", keys.report_exceptions(year, place), exception, None)])


def _read_many(places: Sequence[keys.Key]) -> list[Item]:
    return [item for part in batched(places, MOST_ITEMS, strict=False) for item in read_each("reports", *part)]


def list_exceptions(year: int, selection: Selection, keep: Keep) -> Page:
    """A page of the exceptions of a year that `keep` accepts, the oldest first."""
    return read_partitions(f"EXCEPTIONS#{year}", [keys.report_exceptions(year)], "AT#", selection, keep)


def list_all_exceptions(year: int) -> list[ReportException]:
    """Every exception of a year, the oldest first."""
    return [ReportException.model_validate(item) for item in read_partition(keys.report_exceptions(year), "AT#")]


def read(year: int) -> KeptReport:
    """What is kept of a year, in one query."""
    items = {item["sk"]: item for item in read_partition(keys.report(year))}
    state = ReportState.model_validate(items.get("STATE", {}))
    shown = keys.report_row(year, state.current, "").sk
    found: dict[str, Any] = {sk.removeprefix(shown): item for sk, item in items.items() if sk.startswith(shown)}
    at = [item["counted_at"] for item in found.values()]
    rows = {row: _cells_of(item) for row, item in found.items()}
    reconciled = items.get("RECONCILED")
    return KeptReport(
        rows=rows,
        counted_at=max(at, default=None),
        reconciled=ReconciledUsage.model_validate(reconciled) if reconciled else None,
    )


def _cells_of(item: Item) -> dict[str, int]:
    return {cell: int(amount) for cell, amount in item.items() if cell[0].isdigit() and amount}


def read_agency_names(kept: KeptReport) -> dict[str, str]:
    """What the agencies of a report are called, as far as they are still registered."""
    usccs = sorted(value for dimension, _, value in (row.partition(".") for row in kept.rows) if dimension == "agency")
    parts = batched(map(keys.agency, usccs), MOST_ITEMS, strict=False)
    return {item["uscc"]: item["name"] for part in parts for item in read_each("registry", *part)}


def commit_reconciled(year: int, found: ReconciledUsage) -> None:
    """Keep what a reconciliation found of a year's rows."""
    commit([put_write("reconciled", keys.report(year, "RECONCILED"), found, None)])


def commit_building(year: int, buckets: Iterable[str]) -> int:
    """Begin a new generation of a year's rows, of which these buckets are pending; its number."""
    generation = find_state(year).newest + 1
    pending = set(buckets)
    change = (
        f"SET #current = if_not_exists(#current, :one), #building = :building{', #pending = :pending' * bool(pending)}"
    )
    place = keys.report(year, "STATE")
    commit([update_write("state", place, change, None, building=generation, pending=pending)])
    return generation


def commit_bucket_counted(year: int, generation: int, bucket: str) -> bool:
    """A bucket is through; True if no other one is pending. Nothing happens if the year was begun once more since."""
    values = {"these": {bucket}, "building": generation}
    done = update_write("state", keys.report(year, "STATE"), "DELETE #pending :these", conditions.IS_BUILDING, **values)
    return commit_if_unchanged([done]) and not find_state(year).pending


def commit_shown(year: int, generation: int) -> None:
    """Show the generation whose buckets are all through, and delete the rows of those before it."""
    condition = conditions.all_of(conditions.IS_BUILDING, conditions.NOTHING_PENDING)
    change, place = "SET #current = :building REMOVE #building", keys.report(year, "STATE")
    if not commit_if_unchanged([update_write("state", place, change, condition, building=generation)]):
        return
    first = keys.report_row(year, generation, "").sk
    old = [item["sk"] for item in read_partition(keys.report(year), "ROW#") if item["sk"] < first]
    for part in batched(old, MOST_ITEMS, strict=False):
        commit([delete_write("row", keys.report(year, sk)) for sk in part])
