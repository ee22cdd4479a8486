"""Inspections (§5.1.1 to §5.1.3): whom chance has drawn out of which frame, and what was found there."""

from datetime import date
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from voucher.models.base import Instant, Record, Remembering
from voucher.policy import Category, District

InspectionKind = Literal["daily", "satisfaction", "joint"]
InspectionState = Literal["open", "concluded", "signed"]
CheckState = Literal["drawn", "reported", "rectifying", "answered", "referred", "closed", "dropped"]
# once two inspectors stand for what was found; before, nobody outside the staff hears of a check
TOLD_CHECKS = frozenset({"rectifying", "answered", "referred", "closed"})
InspectedParty = Literal["enterprise", "agency"]
FindingKind = Literal["none", "rectify", "violation", "lead"]
Way = Literal["visit", "phone"]
# what of a draw is not as it was made
DrawDifference = Literal["frame_missing", "frame_changed", "sample_differs"]
CheckAnswer = Literal["yes", "no", "na"]


class SampledOrder(NamedTuple):
    """What a frame needs of an order. `score` is its rating, None before there is one; `is_held`: a violation or a
    finding holds it (§5.2b)."""

    order_id: str
    year: int
    state: str
    category: str
    district: str | None
    agency_uscc: str
    enterprise_uscc: str
    enterprise_name: str | None
    created_at: str
    score: int | None
    is_held: bool


class Filters(Record):
    """Whose orders make a frame: those of one category, one district, placed on some days in Lishui, both included."""

    category: Category | None = None
    district: District | None = None
    placed_from: date
    placed_to: date


class FrameMember(Record):
    """One who may be drawn. `weight` 2 counts double; `order_ids` are the orders for which it stands in the frame."""

    party: InspectedParty
    uscc: str
    name: str
    stratum: str
    weight: int
    order_ids: tuple[str, ...]


class Frame(Record):
    """All who may be drawn, as they were when the frame was made, in the order of party and code."""

    kind: InspectionKind
    year: int
    filters: Filters
    members: tuple[FrameMember, ...]


class Inspection(Remembering):
    """A sample drawn for an inspection. Whoever knows frame, seed and sample size draws the same again
    (`functions/inspections/README.md`). `frame_sha256` is the fingerprint of the frame's file; `drawn_size` is less
    than `sample_size` where the frame is smaller. `strata` has how many were drawn of each stratum. A redraw is an
    inspection of its own, which names the earlier one.
    """

    thing: ClassVar[str] = "inspection"
    state: InspectionState
    remembered: ClassVar[frozenset[str]] = frozenset({"conclude"})

    inspection_id: str
    kind: InspectionKind
    year: int
    filters: Filters
    sample_size: int
    seed: str
    frame_sha256: str
    frame_size: int
    drawn_size: int
    strata: dict[str, int]
    redraw_of: str | None = None
    redraw_reason: str | None = None
    conclusion: str | None = None
    concluded_by: str | None = None
    signed_by: str | None = None


class CheckedPoint(Record):
    """One point of the list of a check: yes, no, or not applicable, and a note."""

    answer: CheckAnswer
    note: str | None = None


class Checklist(Record):
    """§5.1.1: what is looked at in an agency: premises, ability, records of services, fulfilment of contracts."""

    premises: CheckedPoint
    ability: CheckedPoint
    records: CheckedPoint
    fulfilment: CheckedPoint


class Satisfaction(Record):
    """§5.1.2: an enterprise's answers on one order, each from 1 (not at all) to 5 (fully): what was agreed was done;
    the result is of use; the price was fair; the people were helpful; it would order there again."""

    as_agreed: int
    useful: int
    fair_price: int
    helpful: int
    again: int

    @property
    def tenths(self) -> int:
        """The mean of the five, in tenths: 43 is 4.3."""
        return 2 * (self.as_agreed + self.useful + self.fair_price + self.helpful + self.again)


class Attempt(Record):
    """A visit or call; of the number only a few digits are kept."""

    way: Way
    reached: bool
    phone: str | None = None
    note: str | None = None
    by: str
    at: Instant


class Report(Record):
    """What an inspector saw or heard, and what it is found to be. `rectify_by` is the last day on which the agency is
    to have put it right; `hold_order_ids` are the orders whose money waits until the finding is settled (§5.2b)."""

    way: Way
    place: str | None = None
    happened_at: Instant
    spoken_to: str | None = None
    checklist: Checklist | None = None
    satisfaction: Satisfaction | None = None
    note: str | None = None
    document_ids: tuple[str, ...] = ()
    finding: FindingKind
    finding_text: str | None = None
    rectify_by: date | None = None
    hold_order_ids: tuple[str, ...] = ()


class Check(Remembering):
    """One who was drawn, and what the inspectors found (§5.1). Its number is its place in the sample. `agency_uscc` is
    the agency that it is about: of an enterprise, the one that served the order that is asked about. `rated_score` and
    `satisfaction_tenths` stand side by side: how the enterprise rated that order (§4.2.3), and what it answered.

    To the agency, an enterprise that was asked is not named: `member_uscc`, `member_name`, `order_ids` and who said
    what are null or empty there.
    """

    thing: ClassVar[str] = "check"
    state: CheckState
    remembered: ClassVar[frozenset[str]] = frozenset(
        {"report", "countersign", "return", "state_position", "answer", "follow_up"}
    )

    check_id: str
    inspection_id: str
    kind: InspectionKind
    year: int
    party: InspectedParty
    member_uscc: str | None
    member_name: str | None
    agency_uscc: str
    stratum: str | None
    order_ids: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    report: Report | None = None
    rated_score: int | None = None
    satisfaction_tenths: int | None = None
    # the last day on which the inspectors are to have reported; None in a check that was drawn before 2026-11-30
    carry_out_by: date | None = None
    # the last day on which the agency is to have put right what was found
    rectify_by: date | None = None
    reported_by: str | None = None
    countersigned_by: str | None = None
    return_reason: str | None = None
    statement: str | None = None
    follow_up_reason: str | None = None
    followed_up_by: str | None = None
    decision: Literal["dismiss", "violation", "lead"] | None = None
    decision_reason: str | None = None
    decided_by: str | None = None
    violation_id: str | None = None
    lead_id: str | None = None
    drop_reason: str | None = None
    closed_at: Instant | None = None
    erased_at: Instant | None = None

    @property
    def held_order_ids(self) -> tuple[str, ...]:
        """The orders that the finding holds."""
        is_open = self.state in ("rectifying", "answered", "referred")
        return self.report.hold_order_ids if self.report and is_open else ()


class InspectionWithChecks(Inspection, view=True):
    """An inspection with those who were drawn, and a link to the file of its frame, which lasts five minutes.
    `differences` is empty as long as the file is the one that was hashed, and draws the same sample again."""

    checks: tuple[Check, ...]
    differences: tuple[DrawDifference, ...]
    frame_url: str = Field(description="the frame as canonical JSON, the bytes of frame_sha256")


class CheckOfAgency(Record):
    """What whoever decides on an agency's approval sees of a check: as a basis for the contract with it (§5.1)."""

    check_id: str
    kind: InspectionKind
    year: int
    state: CheckState
    finding: FindingKind | None
    satisfaction_tenths: int | None
    closed_at: Instant | None
