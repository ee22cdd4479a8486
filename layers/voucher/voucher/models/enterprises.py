"""Enterprises (§2.1, §4.1)."""

from datetime import date
from typing import Any, ClassVar, Literal

from voucher.models.base import Instant, Reason, Stateful


class Enterprise(Stateful):
    """A small enterprise (§2.1, §4.1).
    `handed_in` is what its latest submission said, `handed_in_before` the one before; what differs between the two is
    named in `changed_fields` (fields and kinds of papers). `approved_at` stays through whatever follows."""

    thing: ClassVar[str] = "enterprise"
    state: Literal["draft", "submitted", "returned", "rejected", "approved", "disqualified"]

    private: ClassVar[frozenset[str]] = Stateful.private | {"handed_in", "handed_in_before"}

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
    declarations: dict[str, bool] = {}
    applied_on: date | None = None
    digital_economy: bool = False
    submitted_by: str | None = None
    reviewed_by: str | None = None
    reviewed_at: Instant | None = None
    approved_at: Instant | None = None
    reasons: tuple[Reason, ...] = ()
    handed_in: dict[str, Any] = {}
    handed_in_before: dict[str, Any] = {}
    changed_fields: tuple[str, ...] = ()
