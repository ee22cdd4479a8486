"""§5.1: what is counted of a year, and the reports that follow from it.

What one enterprise counts for is made of its own records and postings alone. So whoever counts it, in whatever order
and however often, finds the same; and a year is the sum of its enterprises.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

from voucher.models.accounts import Posting, grant_posting, owner_of
from voucher.models.base import instant_text
from voucher.models.entitlements import Entitlement
from voucher.models.orders import Order
from voucher.models.reports import (
    LETTERS,
    MEASURES,
    MONTHLY_OF_AGENCIES,
    NO_MONTH,
    STAGES,
    TIED,
    YEARLY_LETTERS,
    YEARLY_ROWS,
    Dimension,
    Figures,
    FirmYear,
    KeptReport,
    ReconciledUsage,
    Rows,
    UsageRow,
)
from voucher.models.vouchers import Voucher
from voucher.policy import CATEGORY_WORDS, LIST_KINDS
from voucher.rules.working_days import shanghai_date
from voucher.service_items import SERVICE_ITEM_WORDS
from voucher.words import DISTRICT_WORDS, SIZE_WORDS

TOTAL = "total.all"
# a group of an entitlement → the dimension that it is a value of
DIMENSIONS_OF_GROUPS: dict[str, Dimension] = {"district": "district", "size": "size_class", "list": "list"}
# what money on its way through an order counts as, and whether it counts against
OF_ORDERS = {
    "hold": ("held_fen", 1),
    "release": ("released_fen", 1),
    "approve": ("verified_fen", 1),
    "take_back": ("verified_fen", -1),
    "recover": ("recovered_fen", 1),
    "unrecover": ("recovered_fen", -1),
    "receive": ("received_fen", 1),
}
# account → the measures that it is the sum of, and the difference
ACCOUNTS = {
    "voucher": (("granted_fen", "released_fen"), ("held_fen", "lapsed_fen", "void_fen")),
    "order": (("held_fen",), ("released_fen", "verified_fen")),
    "payable": (("verified_fen",), ("paid_fen",)),
    "paid": (("paid_fen",), ("recovered_fen",)),
    "receivable": (("recovered_fen",), ("received_fen",)),
}


def month_of(instant: datetime) -> str:
    """The month in Lishui, as the name of a cell begins with it: 2603 for March 2026."""
    return f"{shanghai_date(instant):%y%m}"


def _cell(row: str, month: str, letter: str) -> str:
    dimension = row.partition(".")[0]
    is_yearly = letter in YEARLY_LETTERS or dimension in YEARLY_ROWS
    if dimension == "agency" and letter == MONTHLY_OF_AGENCIES:
        is_yearly = False
    return f"{NO_MONTH if is_yearly else month}{letter}"


class _Tally:
    """Adds up cells."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.first: dict[str, str] = {}

    def add(self, rows: Iterable[str], at: datetime, measure: str, amount: int) -> None:
        self.add_letter(rows, at, LETTERS[measure], amount)

    def add_letter(self, rows: Iterable[str], at: datetime, letter: str, amount: int) -> None:
        month = month_of(at)
        for row in rows:
            self.rows[row][_cell(row, month, letter)] += amount

    def reach(self, rows: Iterable[str], at: datetime) -> None:
        """The enterprise is in these rows from that month on."""
        for row in rows:
            self.first[row] = min(month_of(at), self.first.get(row, month_of(at)))

    def done(self) -> Rows:
        for row, month in self.first.items():
            self.rows[row][_cell(row, month, LETTERS["firms"])] += 1
        found = {row: {cell: amount for cell, amount in cells.items() if amount} for row, cells in self.rows.items()}
        return {row: cells for row, cells in found.items() if cells}


def counted(of: FirmYear) -> Rows:
    """§5.1: what one enterprise counts for in a year. A voucher's money counts in the rows of what the enterprise was
    when it was granted, and its orders' in those and in the rows of each order."""
    tally = _Tally()
    rows_of_voucher = {each.voucher_id: _rows_of_voucher(each, of.entitlement) for each in of.vouchers}
    void = {each.voucher_id for each in of.vouchers if each.state == "void"}
    for voucher in of.vouchers:
        rows, grant = rows_of_voucher[voucher.voucher_id], grant_posting(voucher)
        tally.reach(rows, grant.at)
        tally.add(rows, grant.at, "vouchers", 1)
        tally.add(rows, grant.at, "granted_fen", grant.amount_fen)
    rows_of_order = dict[str, list[str]]()
    for order in of.orders:
        own = _rows_of_order(order)
        tally.reach(own, order.created_at)
        rows_of_order[order.order_id] = rows = [*rows_of_voucher.get(order.voucher_id, ()), *own]
        tally.add(rows, order.created_at, "orders", 1)
        _count_contract(tally, rows, order)
        _count_stages(tally, rows, order)
    if len({order.agency_uscc for order in of.orders}) == 1:
        first = of.orders[0]
        tally.add_letter([agency_row(first.agency_uscc)], first.created_at, TIED, 1)
    _count_postings(tally, of.postings, rows_of_voucher, rows_of_order, void)
    return tally.done()


def _rows_of_voucher(voucher: Voucher, entitlement: Entitlement | None) -> list[str]:
    groups = (entitlement and entitlement.groups_of_grant(voucher.batch_id)) or frozenset[str]()
    found = {"district": "unknown", "size_class": "unknown"}
    lists = []
    for group in groups:
        word, _, value = group.partition(".")
        if word == "list":
            lists.append(f"list.{value}")
        elif word in DIMENSIONS_OF_GROUPS:
            found[DIMENSIONS_OF_GROUPS[word]] = value
    own = [f"{dimension}.{value}" for dimension, value in found.items()]
    return [TOTAL, f"batch.{voucher.batch_id}", *own, *(lists or ["list.none"])]


def _rows_of_order(order: Order) -> list[str]:
    item = order.service_item or "unknown"
    return [f"category.{order.category}", f"service_item.{item}", agency_row(order.agency_uscc)]


def agency_row(uscc: str) -> str:
    """The row of an agency."""
    return f"agency.{uscc}"


def _count_contract(tally: _Tally, rows: list[str], order: Order) -> None:
    """What both parties agreed on counts from then on; against the month in which the order is cancelled, if it is."""
    ended = order.entered.get("cancelled")
    for at, sign in ((order.contract_agreed_at, 1), (order.contract_agreed_at and ended, -1)):
        if at is not None:
            tally.add(rows, at, "contract_fen", sign * order.contract_fen)
            tally.add(rows, at, "contract_voucher_fen", sign * order.voucher_fen)


def _count_stages(tally: _Tally, rows: list[str], order: Order) -> None:
    entered = {"placed": order.created_at, **order.entered}
    for before, after, hours, count in STAGES.values():
        if before in entered and after in entered:
            at = entered[after]
            tally.add_letter(rows, at, hours, max(0, int((at - entered[before]).total_seconds() // 3600)))
            tally.add_letter(rows, at, count, 1)
    if order.rating:
        tally.add(rows, order.rating.at, "rating_count", 1)
        tally.add(rows, order.rating.at, "rating_sum", order.rating.score)


def _count_postings(
    tally: _Tally,
    postings: Iterable[Posting],
    rows_of_voucher: Mapping[str, list[str]],
    rows_of_order: Mapping[str, list[str]],
    void: set[str],
) -> None:
    # payable account → order → what the agency is owed of it: a payout pays all that stands on the account
    owed = defaultdict[str, defaultdict[str, int]](lambda: defaultdict(int))
    # an account is owed before it is paid, whatever the clocks of two processes said
    for posting in sorted(postings, key=lambda each: (each.entry != "approve", each.at)):
        accounts, at, fen = (posting.from_account, posting.to_account), posting.at, posting.amount_fen
        if posting.entry == "lapse":
            voucher_id = owner_of(posting.from_account)
            measure = "void_fen" if voucher_id in void else "lapsed_fen"
            tally.add(rows_of_voucher.get(voucher_id, ()), at, measure, fen)
        elif posting.entry in OF_ORDERS:
            measure, sign = OF_ORDERS[posting.entry]
            order_id = next(owner_of(each) for each in accounts if each.startswith(("order:", "receivable:")))
            tally.add(rows_of_order.get(order_id, ()), at, measure, sign * fen)
            if measure == "verified_fen":
                account = next(each for each in accounts if each.startswith("payable:"))
                owed[account][order_id] += sign * fen
        elif posting.entry in ("pay", "return"):
            account, sign = (accounts[0], 1) if posting.entry == "pay" else (accounts[1], -1)
            for order_id, part_fen in owed[account].items():
                tally.add(rows_of_order.get(order_id, ()), at, "paid_fen", sign * part_fen)


def payable_accounts(postings: Iterable[Posting]) -> list[str]:
    """The accounts on which some orders' money stood, or stands, for their agencies."""
    return sorted({each.to_account for each in postings if each.entry == "approve"})


def difference(before: Rows, after: Rows) -> Rows:
    """What must be added to the one, cell by cell, to make the other of it; cells that agree are left out."""
    found = {
        row: {
            cell: after.get(row, {}).get(cell, 0) - before.get(row, {}).get(cell, 0)
            for cell in before.get(row, {}).keys() | after.get(row, {}).keys()
        }
        for row in before.keys() | after.keys()
    }
    changed = {row: {cell: amount for cell, amount in cells.items() if amount} for row, cells in found.items()}
    return {row: cells for row, cells in changed.items() if cells}


def towards(before: Rows, after: Rows, most: int) -> Rows:
    """What comes nearer to `after` than `before` does, and differs from `before` in so many rows at most."""
    changed = sorted(difference(before, after))[:most]
    found = before | {row: after.get(row, {}) for row in changed}
    return {row: cells for row, cells in found.items() if cells}


def united(many: Iterable[Rows]) -> Rows:
    """The sum of what several enterprises count for."""
    tally = defaultdict[str, defaultdict[str, int]](lambda: defaultdict(int))
    for rows in many:
        for row, cells in rows.items():
            for cell, amount in cells.items():
                tally[row][cell] += amount
    return difference({}, {row: dict(cells) for row, cells in tally.items()})


def accounts_of(rows: Rows) -> dict[str, int]:
    """§5.1: the balance of each family of accounts that follows from what was counted, in fen."""
    sums = _sums(rows.get(TOTAL, {}).items())
    return {
        family: sum(sums[LETTERS[each]] for each in plus) - sum(sums[LETTERS[each]] for each in minus)
        for family, (plus, minus) in ACCOUNTS.items()
    }


def account_differences(rows: Rows, balances: Mapping[str, int]) -> dict[str, int]:
    """By how much the accounts that follow from the rows differ from those of the postings, in fen; `balances` are of
    families. Accounts that agree are left out."""
    differing = {family: fen - balances.get(family, 0) for family, fen in accounts_of(rows).items()}
    return {family: fen for family, fen in differing.items() if fen}


def usage_of(year: int, kept: KeptReport, letters: int) -> dict[str, Any]:
    """§5.1: the usage report of a year, as a client sees it, with how many `letters` came to the mailbox (§5.3)."""
    return {
        "year": year,
        "cut_off": kept.counted_at and instant_text(kept.counted_at),
        "accounts": accounts_of(kept.rows),
        "reconciliation": _check_of(kept.reconciled),
        "letters": letters,
        "rows": [_row_of(row, kept.rows.get(row, {})) for row in sorted({TOTAL, *kept.rows}, key=_place)],
    }


def _check_of(found: ReconciledUsage | None) -> dict[str, Any] | None:
    if found is None:
        return None
    agrees = not found.difference_fen
    return {"cut_off": instant_text(found.cut_off), "agrees": agrees, "difference_fen": found.difference_fen}


DIMENSIONS: tuple[Dimension, ...] = (
    *("total", "category", "service_item", "district", "size_class", "list", "agency", "batch"),
)


def _place(row: str) -> tuple[int, str]:
    dimension, _, value = row.partition(".")
    return DIMENSIONS.index(dimension), value


def _row_of(row: str, cells: Mapping[str, int]) -> UsageRow:
    dimension, _, value = row.partition(".")
    months = defaultdict[str, list[tuple[str, int]]](list)
    for cell, amount in cells.items():
        if not cell.startswith(NO_MONTH) and dimension not in YEARLY_ROWS:
            months[cell[:4]].append((cell, amount))
    return {
        "dimension": DIMENSIONS[DIMENSIONS.index(dimension)],
        "value": value,
        "figures": figures_of(cells.items()),
        "months": [
            {"month": f"20{month[:2]}-{month[2:]}", "figures": figures_of(months[month])} for month in sorted(months)
        ],
    }


def _sums(cells: Iterable[tuple[str, int]]) -> defaultdict[str, int]:
    """What some cells add up to, by letter."""
    sums = defaultdict[str, int](int)
    for cell, amount in cells:
        sums[cell[4:]] += amount
    return sums


def figures_of(cells: Iterable[tuple[str, int]]) -> Figures:
    """The figures that some cells add up to."""
    sums = _sums(cells)
    shown: dict[str, Any] = {name: sums[letter] for letter, name in MEASURES.items() if name != "rating_sum"}
    shown["leverage"] = _ratio(shown["contract_fen"], shown["contract_voucher_fen"])
    shown["rating_average"] = _ratio(sums[LETTERS["rating_sum"]], shown["rating_count"])
    shown["stage_days"] = {
        stage: round(sums[hours] / sums[count] / 24, 1) if sums[count] else None
        for stage, (_, _, hours, count) in STAGES.items()
    }
    return cast("Figures", shown)


def _ratio(part: int, whole: int) -> float | None:
    return part * 100 // whole / 100 if whole > 0 else None


WORDS: dict[str, Mapping[Any, str]] = {
    "category": CATEGORY_WORDS,
    "service_item": SERVICE_ITEM_WORDS,
    "district": DISTRICT_WORDS,
    "size_class": SIZE_WORDS,
    "list": LIST_KINDS,
}


def value_word(names: Mapping[str, Mapping[str, str]], dimension: str, value: str) -> str:
    """The Chinese word of a dimension's value; `names` has those that people give. A value without one is shown as it
    is."""
    words = names[dimension] if dimension in names else WORDS[dimension]
    return {"unknown": "未记录", "none": "不在名单"}.get(value) or words.get(value, value)
