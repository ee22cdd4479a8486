"""From completed orders to payout: applications, lines, rounds, notices, what is owed and paid."""

from datetime import date
from typing import Any, ClassVar

from voucher.models.base import Instant, Record, Stateful
from voucher.policy import Category


class Invoice(Record):
    """The agency's invoice to the enterprise for its own share (§3.5.1(2))."""

    number: str
    amount_fen: int
    issued_on: date
    document_id: str


class Transfer(Record):
    """One payment by the enterprise from its own account (§3.5.1(3))."""

    reference: str
    amount_fen: int
    paid_on: date
    document_id: str


class Flag(Record):
    """Something about a line that a reviewer should look at; it stops nothing by itself (§5.2a, §5.2b)."""

    code: str
    field: str
    message: str


class Settlement(Stateful):
    """An agency's application for the voucher part of completed orders (§3.5.1).
    States: draft, submitted, reviewed, withdrawn."""

    settlement_id: str
    year: int
    agency_uscc: str
    order_ids: tuple[str, ...]
    submitted_by: str | None = None
    pre_reviewed_by: str | None = None


class Line(Stateful):
    """One order inside a settlement. States: draft, submitted, passed, returned, rejected, withdrawn, gathered,
    approved, noticed, payable. `verified_fen` is the voucher part after pre-review, `verified_contract_fen` its
    contract; `file_hashes` maps each named document to the SHA-256 of its content."""

    private: ClassVar[frozenset[str]] = Stateful.private | {"file_hashes"}

    settlement_id: str
    order_id: str
    agency_uscc: str
    enterprise_uscc: str
    category: Category
    year: int
    contract_fen: int
    voucher_fen: int
    invoice: Invoice | None = None
    transfers: tuple[Transfer, ...] = ()
    contract_document_id: str | None = None
    evidence_document_ids: tuple[str, ...] = ()
    verified_fen: int | None = None
    verified_contract_fen: int | None = None
    opinion: str | None = None
    round_id: str | None = None
    flags: tuple[Flag, ...] = ()
    file_hashes: dict[str, str] = {}
    submitted_by: str | None = None
    pre_reviewed_by: str | None = None
    withdrawal_reason: str | None = None


class Round(Stateful):
    """Passed lines gathered for the bureau (§3.5.2), and whose hands they went through: nobody of `submitters` and
    `pre_reviewers` may decide, close or pay. States: gathered, approved, rejected, noticed, closed."""

    round_id: str
    year: int
    settlement_ids: tuple[str, ...]
    submitters: frozenset[str] = frozenset()
    pre_reviewers: frozenset[str]
    approved_by: str | None = None
    notice_id: str | None = None


class Notice(Stateful):
    """The public notice of a round (§3.5.3). `ended_at` is when the schedule announced its end; only a human closes
    it. Lines withdrawn meanwhile are named in `withdrawn`. States: running, closing, closed."""

    notice_id: str
    round_id: str
    text: str
    published_on: date
    ends_on: date
    ends_certain: bool
    working_days: int = 0
    ended_at: Instant | None = None
    lines: tuple[dict[str, Any], ...]
    withdrawn: tuple[str, ...] = ()

    @property
    def shown_lines(self) -> list[dict[str, Any]]:
        """Its lines without those withdrawn since."""
        return [line for line in self.lines if line["order_id"] not in self.withdrawn]

    def shown(self) -> dict[str, Any]:
        """What the public needs of it, and no more."""
        names = ("notice_id", "round_id", "state", "text", "published_on", "ends_on", "ended_at")
        public = self.public()
        return {"kind": "settlement", **{name: public[name] for name in names}, "lines": self.shown_lines}


class Objection(Stateful):
    """Somebody objects to lines of a notice (§3.5.3). States: standing, upheld, rejected."""

    objection_id: str
    notice_id: str
    order_id: str | None
    agency_uscc: str | None = None
    name: str
    contact: str
    reason: str


class Account(Record):
    """A bank account; its number is kept encrypted, and shows its last four digits (§3.5.4). The fingerprint tells
    whether an agency gave the same one again."""

    bank_name: str
    account_name: str
    sealed_number: str
    last_digits: str
    fingerprint: str

    def public(self) -> dict[str, Any]:
        """Who holds it where, and the masked number."""
        shown = {"bank_name": self.bank_name, "account_name": self.account_name}
        return shown | {"bank_account_masked": f"****{self.last_digits}"}


class AccountChange(Record):
    """Another account the agency asks to be paid on; it counts once the operator confirmed it, by its id: one asked for
    meanwhile is another."""

    change_id: str
    account: Account
    reason: str
    by: str
    at: Instant


class Payable(Stateful):
    """What one agency is owed in one round (§3.5.4). States: awaiting_invoice, invoiced, paying, paid, dropped."""

    private: ClassVar[frozenset[str]] = Stateful.private | {"account", "change", "invoiced_by", "account_by"}

    round_id: str
    year: int
    agency_uscc: str
    amount_fen: int
    order_ids: tuple[str, ...]
    settlement_ids: tuple[str, ...] = ()
    invoice_number: str | None = None
    invoice_fen: int | None = None
    invoiced_by: str | None = None
    account: Account | None = None
    account_by: str | None = None
    change: AccountChange | None = None
    document_id: str | None = None
    attempts: int = 0

    def public(self) -> dict[str, Any]:
        """The account shows only its last four digits, everywhere."""
        nothing = {"bank_name": None, "account_name": None, "bank_account_masked": None}
        account = self.account.public() if self.account else nothing
        asked = self.change
        change = asked and asked.account.public() | {"reason": asked.reason, "change_id": asked.change_id}
        return super().public() | account | {"proposed_account": change}


class Payout(Stateful):
    """One order to the bank (§3.5.4); it stands in exactly one payout file. States: made, paid, failed, returned."""

    payout_id: str
    round_id: str
    year: int
    agency_uscc: str
    amount_fen: int
    file_number: str | None = None
    bank_reference: str | None = None
    paid_on: date | None = None
    paid_by: str | None = None
    returned_on: date | None = None
    return_reference: str | None = None
    return_reason: str | None = None


class PayoutFile(Record):
    """The list of payouts handed to the bank (§3.5.4): made once, the same bytes ever after."""

    number: str
    round_id: str
    payout_ids: tuple[str, ...]
    total_fen: int
    object_key: str
    sha256: str
    rows_sha256: str
    made_at: Instant
    made_by: str
