"""The records of the reference model up to the orders, and the regulation's numbers written down a second time.

The reference imports nothing of the project, so that it cannot repeat a mistake of the project.
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
AGENCIES_APPROVED_ON = date(2025, 6, 2)
TERM = date(2024, 8, 9), date(2026, 12, 31)
HOLDING = ("placed", "accepted", "delivered", "completed", "settling")
USING = (*HOLDING, "payable", "paid")
# a member of every agency, beside the usual one, who holds every role of the staff
MEMBER_OF_ALL_AGENCIES = "everyman"

# What was done, by whom, with which body. The same call once more is a repetition and answered with success.
Step = tuple[str, str, Any]


def day_of(instant: datetime) -> date:
    """The calendar day in Lishui at an instant."""
    return (instant + timedelta(hours=8)).date()


def end_of(day: date) -> datetime:
    """The end (24:00) of a day in Lishui, as an instant."""
    return datetime.combine(day, time(16), UTC)


@dataclass(eq=False)
class Payment:
    """§3.5.1(3): one transfer, its parts by line, and its whole as somebody said it."""

    parts_fen: dict[Any, int] = field(default_factory=dict)
    total_fen: int | None = None

    def has_room(self, line: object, fen: int, total_fen: int | None) -> bool:
        """True if a line's part may be of so much, of a whole of so much."""
        used_fen, own_fen = sum(self.parts_fen.values()), self.parts_fen.get(line, 0)
        if used_fen == own_fen:
            return True
        if total_fen is None:
            return self.total_fen is None
        return self.total_fen in (None, total_fen) and used_fen - own_fen + fen <= total_fen


@dataclass(eq=False)
class Year:
    """A programme year. `lapsed_fen` is the money that its vouchers lost, plus what it never released."""

    number: int
    total_fen: int
    sums_quotas: bool
    orders_per_pair: int
    drafted_by: str
    steps: dict[str, Step]
    state: str = "draft"
    unreleased_fen: int = 0
    surplus_fen: int = 0
    lapsed_fen: int = 0
    pending: tuple[int, str] | None = None
    proposers: set[str] = field(default_factory=set)  # since the last confirmation of a total
    closing: dict[str, int] | None = None
    settled_until: date = date.max  # the last day to hand its orders in for settlement

    def repeats(self, step: Step) -> bool:
        """True if the latest step of this kind was exactly this one: the call is a repetition."""
        return self.steps.get(step[0]) == step

    def remember(self, step: Step) -> None:
        """Keep a step as the latest of its kind."""
        self.steps[step[0]] = step

    @property
    def ends_at(self) -> datetime:
        return end_of(date(self.number, 12, 31))


@dataclass(eq=False)
class Batch:
    """A batch; `name` is the id that the backend gave it (in every record here)."""

    year: Year
    key: str
    body: dict[str, Any]
    amount_fen: int
    opens_at: datetime
    closes_at: datetime
    valid_until: date
    drafters: set[str]
    drafted_by: str
    state: str = "draft"
    remaining_fen: int = 0
    surplus_fen: int = 0
    name: str = ""
    steps: dict[str, Step] = field(default_factory=dict)

    def repeats(self, step: Step) -> bool:
        """True if the latest step of this kind was exactly this one; steps of other kinds in between do not matter."""
        return self.steps.get(step[0]) == step

    def remember(self, step: Step) -> None:
        """Keep a step as the latest of its kind."""
        self.steps[step[0]] = step

    @property
    def ends_at(self) -> datetime:
        return min(end_of(self.valid_until), self.year.ends_at)

    @property
    def is_released(self) -> bool:
        return self.state in ("published", "closed")

    @property
    def is_rerelease(self) -> bool:
        return bool(self.body["kind"] == "rerelease")


@dataclass(eq=False)
class Enterprise:
    """An approved enterprise; `person` acts for it. `answer_by` is there while its disqualification is proposed and not
    decided; `is_heard` once it made its statement."""

    uscc: str
    person: str
    disqualified: bool = False
    answer_by: date | None = None
    is_heard: bool = False
    violations: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Product:
    """A listed product; `agency_member` acts for its agency, which is approved to the end of `active_until`."""

    name: str
    category: str
    agency_uscc: str
    agency_member: str
    active_until: date
    is_listed: bool = True


@dataclass(eq=False)
class Voucher:
    """A voucher; `forfeited_fen` is the money it lost at its end or later. Of this, `forgiven_fen` was lost by a
    disqualification that was taken back, and `restored_fen` is the quota that was given back for it."""

    batch: Batch
    enterprise: Enterprise
    face_fen: int
    balance_fen: int
    granted_at: datetime
    state: str = "active"
    forfeited_fen: int = 0
    forgiven_fen: int = 0
    restored_fen: int = 0
    name: str = ""

    def has_ended(self, now: datetime) -> bool:
        """True if it has ended by the clock; the sweep may come later."""
        return self.state != "active" or now >= self.batch.ends_at


@dataclass(eq=False)
class Recovery:
    """Money claimed back from an agency (§5.2b) by a person; `withdrawal` is (person, body) once it was withdrawn."""

    amount_fen: int
    by: str
    withdrawal: tuple[str, dict[str, Any]] | None = None
    received_fen: int = 0
    name: str = ""


@dataclass(eq=False)
class Order:
    """An order and its hold; `line` is its line in a running settlement application. Each last day is as the backend
    told it: which days are working days is proved elsewhere."""

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
    has_contract: bool = False  # both parties agreed on it
    proposed: dict[str, Any] | None = None  # what one of them says it is
    enterprise_requested_cancel: bool = False
    agency_requested_cancel: bool = False
    recovered_fen: int = 0
    recoveries: list[Recovery] = field(default_factory=list)
    violations: set[str] = field(default_factory=set)  # that name it and hold it
    line: Any = None
    name: str = ""
    answer_by: date | None = None
    confirm_by: date | None = None
    cancel_answer_by: dict[str, date] = field(default_factory=dict)  # party that asked → last day of the other one
    is_disputed: bool = False
    steps: dict[str, Step] = field(default_factory=dict)
    hands: set[str] = field(default_factory=set)  # who acted for a party of it
    deciders: set[str] = field(default_factory=set)  # who decided on its delivery; they may do so again
    subsidy_word: str | None = None  # the bureau's last one on other subsidies, and what it had looked at
    subsidies_seen: frozenset[Any] = frozenset()

    def repeats(self, step: Step) -> bool:
        """True if the latest step of this kind was exactly this one; steps of other kinds in between do not matter."""
        return self.steps.get(step[0]) == step

    def may_not_be_decided_by(self, person: str) -> bool:
        """§3.5.1(5), §5.2b: True for whoever acted for a party of it, or is a member of one."""
        return person in self.hands or self.has_member(person)

    def has_member(self, person: str) -> bool:
        """§1.3, §3.5.2: True for a member of one of its parties."""
        return person in {self.voucher.enterprise.person, self.product.agency_member, MEMBER_OF_ALL_AGENCIES}

    def party_of(self, person: str) -> str:
        """For which party somebody acts; whoever acts for both does so for the enterprise."""
        return "enterprise" if person == self.voucher.enterprise.person else "agency"

    def remember(self, step: Step) -> None:
        """Keep a step of a party or of the operator as the latest of its kind."""
        self.steps[step[0]] = self.last = step

    @property
    def parties(self) -> tuple[str, str]:
        """The codes of its enterprise and its agency."""
        return self.voucher.enterprise.uscc, self.product.agency_uscc

    @property
    def holds(self) -> bool:
        return self.state in HOLDING


@dataclass
class City:
    """Everything the model remembers of one run."""

    now: datetime
    enterprises: list[Enterprise]
    products: list[Product]
    years: dict[int, Year] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    vouchers: list[Voucher] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    contracts: dict[tuple[str, str], Order] = field(default_factory=dict)
    lists: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    rated_d: tuple[int, frozenset[str]] = (0, frozenset())
    # year → what the list of other subsidies says → the version that brought it
    subsidies: dict[int, dict[tuple[str, str | None], int]] = field(default_factory=dict)
    subsidy_versions: int = 0
    lists_in_turn: set[tuple[str, int]] = field(default_factory=set)
    applications: list[Any] = field(default_factory=list)
    rounds: list[Any] = field(default_factory=list)
    invoices: dict[Any, Any] = field(default_factory=dict)
    transfers: dict[Any, Payment] = field(default_factory=dict)  # by reference and day
    accounts: dict[str, Any] = field(default_factory=dict)  # on which each agency is paid

    def used_fen(self, year: Year, categories: Iterable[str]) -> int:
        """The sum of the year's orders of these categories that are held, payable or paid, in fen."""
        category_set = set(categories)
        orders = (each for each in self.orders if each.state in USING and each.voucher.batch.year is year)
        return sum(each.voucher_fen for each in orders if each.product.category in category_set)

    def vouchers_of(self, year: Year, enterprise: Enterprise) -> list[Voucher]:
        """An enterprise's vouchers of a year."""
        return [each for each in self.vouchers if each.enterprise is enterprise and each.batch.year is year]


def cap_fen(total_fen: int, category: str) -> int:
    """§2.2.cap: a category's cap, rounded down."""
    return total_fen * CAP_PERCENT[category] // 100


def non_key_cap_fen(total_fen: int) -> int:
    """§2.2.floor: the most that all non-key categories may use together, rounded down."""
    return total_fen * NON_KEY_PERCENT // 100


def non_key_categories() -> list[str]:
    """Every category except the three key ones."""
    return [each for each in CAP_PERCENT if each not in KEY_CATEGORIES]
