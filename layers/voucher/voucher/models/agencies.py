"""Service agencies (§3.1, §3.2)."""

from datetime import date
from typing import Any, ClassVar, Literal

from voucher.models.base import Instant, Reason, Stateful
from voucher.policy import Category

AgencyState = Literal[
    "draft", "submitted", "pre_reviewed", "returned", "rejected", "active", "removal_proposed", "removed"
]


class Agency(Stateful):
    """A service agency (§3). `valid_until` is the last day on which its approval counts (§3.2.3).

    During a `renewal` the last approval still counts, and the new facts wait in `proposed` for the next approval. If
    the agency had been reopened before it renewed, it is `suspended`: the last approval no longer counts.
    `removal_from` is the state that it returns to if the bureau declines its removal (§3.4.1).
    """

    thing: ClassVar[str] = "agency"
    state: AgencyState

    private: ClassVar[frozenset[str]] = Stateful.private | {"submission", "submission_before"}

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
    submission: dict[str, Any] = {}
    submission_before: dict[str, Any] = {}
    changed_fields: tuple[str, ...] = ()
    override_request: str | None = None
    override: str | None = None
    removal_from: str | None = None
    removal_reason: str | None = None
    removal_proposed_by: str | None = None
