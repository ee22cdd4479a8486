"""Enterprises (§2.1, §4.1)."""

from datetime import date
from typing import Any, ClassVar, Literal

from voucher.models.base import Instant, Reason, Stateful
from voucher.models.documents import PublicDocument
from voucher.models.members import Invitation, Seat
from voucher.models.sanctions import Sanction

EnterpriseState = Literal["draft", "submitted", "returned", "rejected", "revoked", "approved", "disqualified"]


class Enterprise(Stateful):
    """A small enterprise (§2.1, §4.1).

    `submission` keeps the facts and documents that it submitted last, `submission_before` those of the time before.
    `changed_fields` names what differs between the two: fields and kinds of documents. `approved_at` stays for ever,
    whatever follows. `facts_since` is when facts of a report were adopted last, of the report `facts_by_change`;
    `facts_before` is what they replaced.
    """

    thing: ClassVar[str] = "enterprise"
    state: EnterpriseState

    private: ClassVar[frozenset[str]] = Stateful.private | {
        "seats",
        "invitations",
        "submission",
        "submission_before",
        "facts_before",
    }

    uscc: str
    name: str
    district: str
    established_on: date
    industry_code: str
    employees: int
    revenue_fen: int
    assets_fen: int
    is_legal_person: bool
    legal_representative: str
    contact_name: str
    contact_phone: str
    members: frozenset[str]
    seats: dict[str, Seat] = {}
    invitations: tuple[Invitation, ...] = ()
    declarations: dict[str, bool] = {}
    applied_on: date | None = None
    digital_economy: bool = False
    outside_direction: bool = False
    submitted_by: str | None = None
    reviewed_by: str | None = None
    reviewed_at: Instant | None = None
    approved_at: Instant | None = None
    reasons: tuple[Reason, ...] = ()
    revoke_reason: str | None = None
    sanction: Sanction | None = None
    submission: dict[str, Any] = {}
    submission_before: dict[str, Any] = {}
    changed_fields: tuple[str, ...] = ()
    facts_since: Instant | None = None
    facts_by_change: str | None = None
    facts_before: dict[str, Any] = {}
    erased_at: Instant | None = None


class EnterpriseWithDocuments(Enterprise, defer_build=True):
    """An enterprise with the documents that it announced."""

    documents: list[PublicDocument]
