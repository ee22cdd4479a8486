"""Enterprises (§2.1, §4.1)."""

from datetime import date
from typing import ClassVar, Literal

from voucher.models.base import Instant, Reason
from voucher.models.documents import PublicDocument
from voucher.models.organisations import Registration
from voucher.models.sanctions import Sanction

EnterpriseState = Literal["draft", "submitted", "returned", "rejected", "revoked", "approved", "disqualified"]


class Enterprise(Registration):
    """A small enterprise (§2.1, §4.1).

    `changed_fields` names what differs between the last two submissions: fields and kinds of documents. `facts_since`
    is when facts of a report were adopted last, of the report `facts_by_change`; `facts_before` is what they replaced.
    """

    thing: ClassVar[str] = "enterprise"
    state: EnterpriseState

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
    address: str | None = None
    declarations: dict[str, bool] = {}
    applied_on: date | None = None
    digital_economy: bool = False
    outside_direction: bool = False
    submitted_by: str | None = None
    reviewed_by: str | None = None
    reviewed_at: Instant | None = None
    reasons: tuple[Reason, ...] = ()
    revoke_reason: str | None = None
    sanction: Sanction | None = None
    changed_fields: tuple[str, ...] = ()
    facts_since: Instant | None = None
    facts_by_change: str | None = None


class EnterpriseWithDocuments(Enterprise, view=True):
    """An enterprise with the documents that it announced. `code_taken` tells a draft that somebody else has submitted
    the same credit code."""

    documents: list[PublicDocument]
    code_taken: bool
