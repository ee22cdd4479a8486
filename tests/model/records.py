"""What the reference model remembers of the money, and the regulation's numbers, said again in plain Python.

The model imports nothing of the project, so that it cannot be wrong in the same way.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

KEY_CATEGORIES = ("tech_innovation", "ip", "digital")
CAP_PERCENT = {
    "hr": 30,
    "tech_innovation": 30,
    "tax_audit": 10,
    "legal": 30,
    "management": 10,
    "testing": 30,
    "ip": 30,
    "digital": 30,
    "skills": 30,
}
NON_KEY_PERCENT = 60
VOUCHER_PERCENT = 70

DEFAULT_QUOTA_FEN = 1_000_000
LIST_QUOTA_FEN = {"newly_above_scale": 2_000_000, "little_giant_nursery": 1_000_000}
TERM = date(2024, 8, 9), date(2026, 12, 31)
HOLDING = ("placed", "accepted", "delivered", "completed", "settling")
USING = (*HOLDING, "payable", "paid")

# Who took a step with which body: the same call again is answered as done.
Step = tuple[str, str, Any]


def day_of(instant: datetime) -> date:
    """The day it is in Lishui."""
    return (instant + timedelta(hours=8)).date()


def end_of(day: date) -> datetime:
    """24:00 of a day in Lishui, as an instant."""
    return datetime.combine(day, time(16), UTC)


@dataclass(eq=False)
class Year:
    """A programme year. `lapsed_fen` is what its vouchers and its unreleased money forfeited."""

    number: int
    total_fen: int
    sums_quotas: bool
    drafted_by: str
    steps: dict[str, Step]
    state: str = "draft"
    unreleased_fen: int = 0
    surplus_fen: int = 0
    lapsed_fen: int = 0
    pending: tuple[int, str] | None = None
    closing: dict[str, int] | None = None

    def took(self, step: Step) -> bool:
        """True if the latest step of this kind was this very one: the same call again is answered as done."""
        return self.steps.get(step[0]) == step

    def takes(self, step: Step) -> None:
        """One more step."""
        self.steps[step[0]] = step

    @property
    def ends_at(self) -> datetime:
        return end_of(date(self.number, 12, 31))


@dataclass(eq=False)
class Batch:
    """A batch; `released_from` is the money it came out of, `name` is what the backend calls it."""

    year: Year
    key: str
    body: dict[str, Any]
    amount_fen: int
    opens_at: datetime
    closes_at: datetime
    valid_until: date
    drafted_by: str
    state: str = "draft"
    left_fen: int = 0
    surplus_fen: int = 0
    name: str = ""
    steps: dict[str, Step] = field(default_factory=dict)

    def took(self, step: Step) -> bool:
        """True if the latest step of this kind was this very one, whatever others did since."""
        return self.steps.get(step[0]) == step

    def takes(self, step: Step) -> None:
        """One more step."""
        self.steps[step[0]] = step

    @property
    def ends_at(self) -> datetime:
        return min(end_of(self.valid_until), self.year.ends_at)

    @property
    def is_rerelease(self) -> bool:
        return bool(self.body["kind"] == "rerelease")


@dataclass(eq=False)
class Firm:
    """An approved enterprise and who acts for it."""

    uscc: str
    person: str
    disqualified: bool = False
    violations: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Product:
    """A listed service; its agency's approval holds to the end of `active_until`."""

    name: str
    category: str
    seller_uscc: str
    seller: str
    active_until: date
    listed: bool = True


@dataclass(eq=False)
class Voucher:
    """A voucher; `forfeited_fen` is what it lost at or after its end."""

    batch: Batch
    firm: Firm
    face_fen: int
    balance_fen: int
    granted_at: datetime
    state: str = "active"
    forfeited_fen: int = 0
    name: str = ""

    def has_ended(self, now: datetime) -> bool:
        """By the clock, whether or not anything was swept."""
        return self.state != "active" or now >= self.batch.ends_at


@dataclass(eq=False)
class Claim:
    """Money claimed back; `withdrawn` is by whom and why."""

    amount_fen: int
    withdrawn: tuple[str, dict[str, Any]] | None = None
    name: str = ""


@dataclass(eq=False)
class Order:
    """An order and its hold; `line` is its place in a live settlement application."""

    key: str
    body: dict[str, Any]
    voucher: Voucher
    product: Product
    contract_fen: int
    voucher_fen: int
    contract_number: str | None
    contract_signed_on: date | None
    last: Step
    state: str = "placed"
    firm_asked: bool = False
    seller_asked: bool = False
    recovered_fen: int = 0
    claims: list[Claim] = field(default_factory=list)
    line: Any = None
    name: str = ""
    steps: dict[str, Step] = field(default_factory=dict)

    def took(self, step: Step) -> bool:
        """True if the latest step of this kind was this very one, whatever others did since."""
        return self.steps.get(step[0]) == step

    def takes(self, step: Step) -> None:
        """One more step of those that the parties and the operator take."""
        self.steps[step[0]] = self.last = step

    @property
    def holds(self) -> bool:
        return self.state in HOLDING

    @property
    def has_contract(self) -> bool:
        return self.contract_number is not None and self.contract_signed_on is not None


@dataclass
class City:
    """Everything there is."""

    now: datetime
    firms: list[Firm]
    products: list[Product]
    years: dict[int, Year] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    vouchers: list[Voucher] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    contracts: dict[str, Order] = field(default_factory=dict)
    lists: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    rated_d: tuple[int, frozenset[str]] = (0, frozenset())
    lists_in_turn: set[tuple[str, int]] = field(default_factory=set)
    applications: list[Any] = field(default_factory=list)
    rounds: list[Any] = field(default_factory=list)
    invoices: dict[Any, Any] = field(default_factory=dict)

    def used_fen(self, year: Year, categories: Iterable[str]) -> int:
        """What the year's orders use of these categories: held, owed or paid."""
        wanted = set(categories)
        found = (each for each in self.orders if each.state in USING and each.voucher.batch.year is year)
        return sum(each.voucher_fen for each in found if each.product.category in wanted)

    def vouchers_of(self, year: Year, firm: Firm) -> list[Voucher]:
        """A firm's vouchers of a year."""
        return [each for each in self.vouchers if each.firm is firm and each.batch.year is year]


def cap_fen(total_fen: int, category: str) -> int:
    """§2.2.cap, rounded down."""
    return total_fen * CAP_PERCENT[category] // 100


def non_key_cap_fen(total_fen: int) -> int:
    """§2.2.floor, as what the other categories may have together, rounded down."""
    return total_fen * NON_KEY_PERCENT // 100


def non_key_categories() -> list[str]:
    """Every category outside the key three."""
    return [each for each in CAP_PERCENT if each not in KEY_CATEGORIES]
