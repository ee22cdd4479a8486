"""Settlement applications and their lines (§3.5.1, §3.5.2)."""

from datetime import date
from typing import ClassVar, Literal, NotRequired, TypedDict

from voucher.models.base import Hands, Instant, Record, Stateful
from voucher.models.invoices import InvoiceKind, InvoiceNumber
from voucher.models.notices import ObjectionCounts
from voucher.models.products import MedianPrice
from voucher.policy import Category


class Invoice(Record):
    """The agency's invoice to the enterprise for its own share (§3.5.1(2))."""

    kind: InvoiceKind | None = None
    code: str | None = None
    number: str
    amount_fen: int
    issued_on: date
    document_id: str

    @property
    def known_by(self) -> InvoiceNumber:
        """What makes it an invoice of its own."""
        return InvoiceNumber(self.kind, self.code, self.number)


class Transfer(Record):
    """One payment by the enterprise from its own account (§3.5.1(3)), or the part of it that is for this order:
    `total_fen` is the whole payment, if somebody said it. Lines of before `payer_name` was kept have None."""

    payer_name: str | None = None
    reference: str
    amount_fen: int
    total_fen: int | None = None
    paid_on: date
    document_id: str


class Flag(Record):
    """Something about a line that a reviewer should look at; it stops nothing by itself (§5.2a, §5.2b)."""

    code: str
    field: str
    message: str


SettlementState = Literal["draft", "submitted", "reviewed", "withdrawn"]


class Settlement(Stateful):
    """An agency's application for the voucher part of completed orders (§3.5.1)."""

    thing: ClassVar[str] = "settlement"
    state: SettlementState

    settlement_id: str
    year: int
    agency_uscc: str
    order_ids: tuple[str, ...]
    submit_by: date | None = None  # the last day; None in applications of before 2026-11-30
    submitted_by: str | None = None
    pre_reviewed_by: str | None = None
    erased_at: Instant | None = None


class Line(Stateful):
    """One order inside a settlement. `quantity` is what was delivered, in units of the order's price, None until the
    line is filled in; `correct_by` is the last day to correct what was returned, None in one of before 2026-11-30;
    `verified_fen` is the voucher part after pre-review, `verified_contract_fen` its contract;
    `file_hashes` maps each named document to the SHA-256 of its content; `hands` are those of its order and of its
    agency; `notice_id` is the latest notice that showed it; `subsidy_open` says that the bureau's word on other
    subsidies was wanted when the line was filled in or submitted, or a list named its enterprise: that makes it a task;
    each step looks at the list itself (§5.2b)."""

    thing: ClassVar[str] = "line"
    state: Literal[
        "draft",
        "submitted",
        "passed",
        "returned",
        "rejected",
        "withdrawn",
        "gathered",
        "approved",
        "noticed",
        "payable",
    ]

    private: ClassVar[frozenset[str]] = Stateful.private | {"file_hashes", "hands", "subsidy_open"}

    settlement_id: str
    order_id: str
    agency_uscc: str
    enterprise_uscc: str
    category: Category
    year: int
    contract_fen: int
    quantity: int | None = None
    voucher_fen: int
    invoice: Invoice | None = None
    transfers: tuple[Transfer, ...] = ()
    contract_document_id: str | None = None
    evidence_document_ids: tuple[str, ...] = ()
    verified_fen: int | None = None
    verified_contract_fen: int | None = None
    opinion: str | None = None
    correct_by: date | None = None
    round_id: str | None = None
    notice_id: str | None = None
    flags: tuple[Flag, ...] = ()
    file_hashes: dict[str, str] = {}
    submitted_by: str | None = None
    pre_reviewed_by: str | None = None
    withdrawal_reason: str | None = None
    subsidy_open: bool = False
    hands: Hands = {}


class PublicFlag(TypedDict):
    """A flag of a line; `order_ids` are the other orders concerned, `shared_with` the organisations that have the same,
    as `enterprise:…` or `agency:…`: only staff sees either."""

    code: str
    field: str
    message: str
    order_ids: NotRequired[list[str]]
    shared_with: NotRequired[list[str]]


class PublicLine(Line, view=True):
    """A line as a client sees it: a file that another order has, too, is flagged on both; `held_by_violation` are the
    violations on record that hold its order, `held_by_finding` the checks whose findings do; `objections` are those to
    the latest notice that showed it, None before any did. `median_price` is that of the products on sale like its
    order's, for staff that looks at an application; None where fewer than three are (§5.2a)."""

    sometimes: ClassVar[frozenset[str]] = frozenset({"median_price"})

    held_by_violation: tuple[str, ...]
    held_by_finding: tuple[str, ...]
    objections: ObjectionCounts | None
    median_price: MedianPrice | None
    flags: list[PublicFlag]  # type: ignore[assignment]


class PublicSettlement(Settlement, view=True):
    """An application with its lines."""

    lines: list[PublicLine]
