"""Service agencies (§3.1, §3.2)."""

from datetime import date
from typing import Any, ClassVar, Literal

from voucher.models.base import Instant, Reason, Stateful
from voucher.policy import Category


class Agency(Stateful):
    """A service agency (§3). `valid_until` is the last day its approval holds (§3.2.3).

    With `renewal` it is on its way to the next approval while the last one still counts; what it says anew waits in
    `proposed` till then. A renewal begun by an agency that was reopened is `suspended`: the last approval counts no
    more. `removal_from` is the state that it returns to if the bureau declines its removal (§3.4.1).
    """

    thing: ClassVar[str] = "agency"
    state: Literal[
        "draft", "submitted", "pre_reviewed", "returned", "rejected", "active", "removal_proposed", "removed"
    ]

    private: ClassVar[frozenset[str]] = Stateful.private | {"handed_in", "handed_in_before"}

    uscc: str
    name: str
    established_on: date
    is_legal_person: bool
    net_profit_last_year_fen: int
    premises_m2: int
    insured_staff: int
    has_management_system: bool
    categories: tuple[Category, ...]
    legal_representative: str | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    members: frozenset[str]
    applied_on: date | None = None
    submitted_by: str | None = None
    pre_reviewed_by: str | None = None
    approved_by: str | None = None
    approved_at: Instant | None = None
    valid_until: date | None = None
    renewal: bool = False
    suspended: bool = False
    proposed: dict[str, Any] = {}
    reasons: tuple[Reason, ...] = ()
    handed_in: dict[str, Any] = {}
    handed_in_before: dict[str, Any] = {}
    changed_fields: tuple[str, ...] = ()
    override_request: str | None = None
    override: str | None = None
    removal_from: str | None = None
    removal_reason: str | None = None
    removal_proposed_by: str | None = None
