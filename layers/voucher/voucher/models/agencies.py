"""Service agencies (§3.1, §3.2)."""

from datetime import date
from typing import Any, ClassVar, Literal, cast

from voucher.models.base import Instant, Reason, Record
from voucher.models.complaints import ComplaintCounts
from voucher.models.inspections import CheckOfAgency
from voucher.models.organisations import Registration
from voucher.models.ratings import Rated, Ratings
from voucher.models.sanctions import Sanction
from voucher.policy import AgencyCondition, Category, District

AgencyState = Literal[
    "draft", "submitted", "pre_reviewed", "returned", "rejected", "revoked", "active", "removal_proposed", "removed"
]


class FormerContact(Record):
    """§3.4.2: who was an agency's contact person for the vouchers before, and until which day."""

    name: str | None
    since: date | None
    until: date


class RegisteredAgency(Rated):
    """§3.2.2, §4.2.3: what everybody reads of an agency that may be ordered from."""

    uscc: str
    name: str
    categories: list[Category]
    district: District | None
    contact_name: str | None
    contact_phone: str | None
    valid_until: date


class Agency(Registration):
    """A service agency (§3). `valid_until` is the last day on which its approval counts (§3.2.3);
    `first_approved_on` is the day from which on it may sign contracts that vouchers pay for (§1.4b).

    During a `renewal` the last approval still counts, and the new facts wait in `proposed` for the next approval. If
    the agency had been reopened before it renewed, it is `suspended`: the last approval no longer counts.
    `removal_from` is the state that it returns to if the bureau declines its removal (§3.4.1). `facts_since` is when
    facts of a report were adopted last, of the report `facts_by_change`; `facts_before` is what they replaced.
    """

    thing: ClassVar[str] = "agency"
    state: AgencyState

    name: str
    established_on: date
    is_legal_person: bool
    net_profit_last_year_fen: int
    premises_m2: int
    insured_staff: int
    has_management_system: bool
    categories: tuple[Category, ...]
    district: District | None = None
    legal_representative: str | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    address: str | None = None
    # §3.4.2: since when this person is the one for the vouchers, and when they were trained for it
    contact_since: date | None = None
    contact_trained_on: date | None = None
    former_contacts: tuple[FormerContact, ...] = ()
    applied_on: date | None = None
    submitted_by: str | None = None
    pre_reviewed_by: str | None = None
    approved_by: str | None = None
    first_approved_on: date | None = None
    valid_until: date | None = None
    renewal: bool = False
    suspended: bool = False
    proposed: dict[str, Any] = {}
    reasons: tuple[Reason, ...] = ()
    revoke_reason: str | None = None
    changed_fields: tuple[str, ...] = ()
    facts_since: Instant | None = None
    facts_by_change: str | None = None
    # §3.1: the reason of an exception, as the operator asks for it and as the bureau grants it; what it waives
    override_request: str | None = None
    waives_request: tuple[AgencyCondition, ...] = ()
    override: str | None = None
    waives: tuple[AgencyCondition, ...] = ()
    removal_from: str | None = None
    removal_reason: str | None = None
    removal_proposed_by: str | None = None
    sanction: Sanction | None = None

    def registered(self, ratings: Ratings) -> RegisteredAgency:
        """What the public needs of it, and no more."""
        names = ("uscc", "name", "categories", "district", "contact_name", "contact_phone", "valid_until")
        public = self.public()
        return cast("RegisteredAgency", {name: public[name] for name in names} | ratings.shown())


class ShownAgency(Agency, view=True):
    """An agency with how it did, which counts when it renews its approval (§3.2.3): its ratings (§4.2.3), its latest
    checks (§5.1), its answered complaints (§5.3), and how many of its activities were confirmed, by year (§3.4.2)."""

    rating_average: float | None
    rating_count: int
    checks: tuple[CheckOfAgency, ...]
    activities: dict[str, int]
    complaints: ComplaintCounts


class AgencyWithCode(ShownAgency, view=True):
    """The same; `code_taken` tells a draft that somebody else has submitted the same credit code."""

    code_taken: bool


class ReviewedAgency(ShownAgency, view=True):
    """The same with the violations that stand against its credit code: as long as there is one, it is not approved
    (§3.1.1, §5.2b)."""

    violations: tuple[str, ...]
