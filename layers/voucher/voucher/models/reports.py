"""Reports as they are kept and shown (§5.1).

What is counted of a year stands in rows, of which each has one value of one dimension, as `category.digital`. A row's
cells are named by month and letter: `2603h` is what was held in March 2026. What is not told by month has cells of no
month, as `0000h`: that keeps a report of 200 agencies so small that one answer of DynamoDB has all of it.
"""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from voucher.models.accounts import Posting
from voucher.models.base import Instant, Record
from voucher.models.compliance import ReportException
from voucher.models.entitlements import Entitlement
from voucher.models.orders import Order
from voucher.models.vouchers import Voucher

Dimension = Literal["total", "category", "service_item", "district", "size_class", "list", "agency", "batch"]
Stage = Literal["answer", "deliver", "confirm", "apply", "review", "pay"]
# what a cell's letter counts; hours of a stage, and how many orders took it, have a letter each
MEASURES = {
    "f": "firms",
    "v": "vouchers",
    "g": "granted_fen",
    "l": "lapsed_fen",
    "x": "void_fen",
    "o": "orders",
    "h": "held_fen",
    "b": "released_fen",
    "e": "verified_fen",
    "p": "paid_fen",
    "r": "recovered_fen",
    "c": "received_fen",
    "k": "contract_fen",
    "u": "contract_voucher_fen",
    "n": "rating_count",
    "s": "rating_sum",
}
LETTERS = {name: letter for letter, name in MEASURES.items()}
# stage → the states between which an order is in it, the letter of its hours, and that of its orders
STAGES: dict[Stage, tuple[str, str, str, str]] = {
    "answer": ("placed", "accepted", "A", "B"),
    "deliver": ("accepted", "delivered", "C", "D"),
    "confirm": ("delivered", "completed", "E", "F"),
    "apply": ("completed", "settling", "G", "H"),
    "review": ("settling", "payable", "I", "J"),
    "pay": ("payable", "paid", "K", "L"),
}

NO_MONTH = "0000"
# these rows have no months; ratings and stages have none in any row
YEARLY_ROWS: frozenset[str] = frozenset({"service_item", "agency"})
# but an agency's orders are kept by month, because a sudden volume is a signal (§5.1)
MONTHLY_OF_AGENCIES = "o"
# in an agency's row: the enterprises that placed all their orders of the year with it; no figure is shown of it
TIED = "t"
YEARLY_LETTERS = frozenset("ns").union(letter for *_, hours, count in STAGES.values() for letter in (hours, count))

# row → cell → amount
Rows = dict[str, dict[str, int]]


@dataclass(frozen=True)
class FirmYear:
    """All that is counted of one enterprise in one year: its vouchers, the orders on them, and the postings of both,
    their grants left out, with those of the payouts in which an order was paid."""

    entitlement: Entitlement | None
    vouchers: list[Voucher] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)


class CountedFirm(Record):
    """What is counted of one enterprise in one year, in the rows of one generation, and what is listed of its orders,
    by its place there. `version` is that of this item."""

    year: int
    uscc: str
    version: int = 0
    generation: int = 0
    rows: Rows = {}
    exceptions: dict[str, ReportException] = {}

    def rows_in(self, generation: int) -> Rows:
        """What is counted of it in the rows of that generation."""
        return self.rows if self.generation == generation else {}


class ReportState(Record):
    """Which rows of a year are shown. A year that is counted anew gets its rows in the generation `building`, which is
    shown once no bucket is `pending`. `counted_at`: when the latest change was counted."""

    current: int = 1
    building: int | None = None
    pending: frozenset[str] = frozenset()

    @property
    def newest(self) -> int:
        """The generation in which changes are counted."""
        return self.building or self.current


class ReconciledUsage(Record):
    """What a reconciliation found of the kept rows: by how much each account that follows from them differs from the
    postings, in fen; accounts that agree are left out. `four_eyes`: what somebody did who may not."""

    cut_off: Instant
    difference_fen: dict[str, int]
    four_eyes: tuple[str, ...] = ()


class KeptReport(Record):
    """All that one query reads of a year's report. `counted_at`: when its latest change was counted."""

    rows: Rows
    counted_at: Instant | None = None
    reconciled: ReconciledUsage | None = None


class Figures(TypedDict):
    """What happened in a year or a month, amounts in fen. A month's figures never change because of a later month: what
    is undone counts against the month in which it is undone.

    `firms` were granted a voucher, or placed an order, for the first time; `held_fen` went from vouchers to orders,
    `released_fen` back; `verified_fen` is owed to agencies, `paid_fen` was paid, both less what was taken back or
    returned; `contract_fen` is of the contracts that both parties agreed on, of which vouchers carry
    `contract_voucher_fen`; `leverage` is contract ÷ voucher. `stage_days`: how long orders that left a stage were in
    it, on average. Averages are null where nothing is counted.
    """

    firms: int
    vouchers: int
    granted_fen: int
    lapsed_fen: int
    void_fen: int
    orders: int
    held_fen: int
    released_fen: int
    verified_fen: int
    paid_fen: int
    recovered_fen: int
    received_fen: int
    contract_fen: int
    contract_voucher_fen: int
    leverage: float | None
    rating_count: int
    rating_average: float | None
    stage_days: dict[Stage, float | None]


class MonthFigures(TypedDict):
    """A month in Lishui, as 2026-03."""

    month: str
    figures: Figures


class UsageRow(TypedDict):
    """One value of one dimension: the year so far, and each month in which something happened. Service items and
    agencies have no months; ratings and stages are told of the year only."""

    dimension: Dimension
    value: str
    figures: Figures
    months: list[MonthFigures]


class UsageCheck(TypedDict):
    """Whether the report agreed with the postings at the latest reconciliation: by how much each account differed, in
    fen. Accounts that agree are left out."""

    cut_off: Instant
    agrees: bool
    difference_fen: dict[str, int]


class UsageReport(TypedDict):
    """§5.1: how a year's vouchers are used. `cut_off` is when the latest change was counted; `accounts` are the
    balances that follow from the figures, in fen, as the reconciliation has them. `letters` is how many came to the
    mailbox in the months that are over: of a letter there is nothing else to be read here (§5.3)."""

    year: int
    cut_off: Instant | None
    accounts: dict[str, int]
    reconciliation: UsageCheck | None
    letters: int
    rows: list[UsageRow]


class ReportedInvariant(TypedDict):
    """One thing that must hold; `detail` says where it does not."""

    name: str
    holds: bool
    detail: str


class ReconciliationReport(TypedDict):
    """A year rebuilt from its postings up to `cut_off`: the balance of each family of accounts, in fen, and all that
    must hold. `frozen` names the pools that nothing may be drawn from until they are repaired."""

    year: int
    cut_off: Instant
    residual_fen: int
    accounts: dict[str, int]
    invariants: list[ReportedInvariant]
    frozen: list[str]
    postings: int
    balanced: bool
