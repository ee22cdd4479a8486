"""Enterprises, agencies, their products, and what lists and violations say of a credit code."""

from datetime import date
from typing import Any, ClassVar

from voucher.models.base import Instant, Reason, Record, Stateful
from voucher.policy import Category


class Enterprise(Stateful):
    """A small enterprise (§2.1, §4.1). States: draft, submitted, returned, rejected, approved, disqualified.
    `handed_in` is what its latest submission said, `handed_in_before` the one before; what differs between the two is
    named in `changed_fields` (fields and kinds of papers). `approved_at` stays through whatever follows."""

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


class Standing(Record):
    """What others say of a credit code, whether registered or not: lists (§2.1.1, §2.3.1) and violations (§2.1.3).
    Its version is a condition of every approval, so nothing said meanwhile is overlooked."""

    uscc: str
    version: int = 0
    listed: dict[str, tuple[int, ...]] = {}
    violations: tuple[str, ...] = ()


class Entitlement(Record):
    """All a grab needs to know of one enterprise in one year, kept in step by whatever changes it."""

    year: int
    uscc: str
    version: int = 1
    qualified: bool
    refusals: tuple[str, ...] = ()
    members: frozenset[str]
    quota_fen: int
    left_fen: int
    granted_fen: int = 0
    batches: tuple[str, ...] = ()
    lapsed: bool = False


class Agency(Stateful):
    """A service agency (§3). States: draft, submitted, pre_reviewed, returned, rejected, active, removal_proposed,
    removed. `valid_until` is the last day its approval holds (§3.2.3). With `renewal` it is on its way to the next
    approval while the last one still counts; what it says anew waits in `proposed` till then. A renewal begun by an
    agency that was reopened is `suspended`: the last approval counts no more. `removal_from` is the state it is back
    in if the bureau declines its removal (§3.4.1)."""

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


class Change(Stateful):
    """A material change that an enterprise (§4.1.3) or an agency (§3.2.3) reports of itself; `due_on` is the last day
    to do so. States: reported, then kept, returned, disqualified or removal_proposed."""

    change_id: str
    kind: str
    uscc: str
    happened_on: date
    reported_on: date
    description: str
    due_on: date
    overdue: bool
    reason: str | None = None
    reviewed_by: str | None = None


class RemovalNotice(Stateful):
    """The public notice that an agency was cleared out (§3.4.1), among those of rounds. State: published."""

    notice_id: str
    kind: str = "removal"
    agency_uscc: str
    agency_name: str
    text: str
    published_on: date

    def shown(self) -> dict[str, Any]:
        """What the public needs of it, and no more."""
        names = ("notice_id", "kind", "state", "agency_uscc", "agency_name", "text", "published_on")
        public = self.public()
        return {name: public[name] for name in names}


class Lead(Stateful):
    """What led to an agency's removal, recorded to be handed on to the offices concerned (§3.4.1). State: recorded."""

    lead_id: str
    uscc: str
    name: str
    facts: str
    proposed_by: str | None


class Price(Record):
    """A price standard and the instant it began to hold (§3.3)."""

    price_fen: int
    price_unit: str
    since: Instant


class Product(Stateful):
    """One listed service (§3.3), in exactly one category. States: draft, published, withdrawn. `revision` holds what
    its agency wants changed while the published facts stay on sale; `prices` every price it was ever sold at."""

    product_id: str
    agency_uscc: str
    category: Category
    name: str
    area: str
    content: str
    term: str
    price_fen: int
    price_unit: str
    prices: tuple[Price, ...] = ()
    revision: dict[str, Any] = {}

    def on_sale(self) -> dict[str, Any]:
        """The product as anybody may see it."""
        hidden = {"revision", "created_by", "created_at", "updated_at"}
        return {name: value for name, value in self.public().items() if name not in hidden}


class ListImport(Stateful):
    """One uploaded version of a list, kept with its file (`object_version`, `sha256`), importer (`created_by`) and
    time. Its good rows and its errors stand beside the file. States: waiting, parsed, failed, applying, applied."""

    import_id: str
    kind: str
    year: int
    filename: str
    object_key: str
    object_version: str | None = None
    sha256: str | None = None
    row_count: int = 0
    error_count: int = 0
    parsed_at: Instant | None = None
    failure: str | None = None
    skip_errors: bool = False
    applied_by: str | None = None
    applied_at: Instant | None = None
