"""Reports of material changes (§3.2.3, §4.1.3)."""

from datetime import date
from typing import ClassVar, Literal

from voucher.models.base import Instant, Record, Stateful

# `disqualified` is what a report of before 2026-11-29 became: since then it takes two hands
ChangeState = Literal[
    "reported", "kept", "adopted", "returned", "disqualified", "disqualification_proposed", "removal_proposed"
]
ReportedFact = Literal[
    "name",
    "legal_representative",
    "address",
    "district",
    "industry_code",
    "employees",
    "revenue_fen",
    "assets_fen",
    "net_profit_last_year_fen",
    "premises_m2",
    "insured_staff",
]


class ChangedFact(Record):
    """A fact of an organisation as it is `approved`, and beside it as the organisation reports it. `approved` is what
    counted when the report was made; once it is adopted, what counted until then."""

    field: ReportedFact
    approved: str | int | None
    proposed: str | int


class Change(Stateful):
    """A material change that an enterprise (§4.1.3) or an agency (§3.2.3) reports of itself.

    `due_on` is the last day to report it; a later report is `overdue`. Until the operator adopts `facts`, the approved
    ones count, and the organisation goes on with them. `document_ids` are the papers of this report alone.
    """

    thing: ClassVar[str] = "change"
    state: ChangeState

    change_id: str
    kind: str
    uscc: str
    happened_on: date
    reported_on: date
    description: str
    facts: tuple[ChangedFact, ...] = ()
    document_ids: tuple[str, ...] = ()
    due_on: date
    overdue: bool
    reason: str | None = None
    reviewed_by: str | None = None
    erased_at: Instant | None = None


class ShownChange(Change, view=True):
    """A report with the adopted ones that were made later and brought the same facts: it cannot be adopted any more."""

    newer_adopted: tuple[str, ...]
