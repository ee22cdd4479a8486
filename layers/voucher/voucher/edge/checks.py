"""What inspectors send: their attempts, and what they found (§5.1.1, §5.1.2)."""

from typing import Annotated

from pydantic import Field

from voucher.edge.bodies import Versioned
from voucher.edge.fields import Day, Identifier, Moment, Name, Phone, Text
from voucher.edge.masking import masked_fact
from voucher.models.base import Mark, Request
from voucher.models.inspections import Attempt, Check, CheckAnswer, FindingKind, Report, Way
from voucher.rules.documents import check_papers
from voucher.rules.inspections import check_for_agency
from voucher.store import documents, keys

Score = Annotated[int, Field(ge=1, le=5)]


class Point(Request):
    answer: CheckAnswer
    note: Text | None = None


class Points(Request):
    premises: Point
    ability: Point
    records: Point
    fulfilment: Point


class Answers(Request):
    as_agreed: Score
    useful: Score
    fair_price: Score
    helpful: Score
    again: Score


class Contacted(Request):
    way: Way
    reached: bool
    phone: Phone | None = None
    note: Text | None = None

    def read(self, mark: Mark) -> Attempt:
        """The attempt, of whose number only a few digits are kept."""
        known = self.model_dump() | {"phone": masked_fact("contact_phone", self.phone)}
        return Attempt(**known, by=mark.by, at=mark.at)


class Found(Versioned):
    way: Way
    place: Name | None = None
    happened_at: Moment
    spoken_to: Name | None = None
    checklist: Points | None = None
    satisfaction: Answers | None = None
    note: Text | None = None
    document_ids: Annotated[list[Identifier], Field(max_length=20)] = []
    finding: FindingKind
    finding_text: Text | None = None
    rectify_by: Day | None = None
    hold_order_ids: Annotated[list[Identifier], Field(max_length=20)] = []

    def read(self) -> Report:
        """What was found, each named order and paper once."""
        known = self.model_dump(exclude={"version"})
        for name in ("document_ids", "hold_order_ids"):
            known[name] = tuple(dict.fromkeys(known[name]))
        return Report(**known)


def listed_check(check: Check, for_agency: bool) -> Check:
    """A check as a list shows it: to its agency, or to staff, with the name of whoever was spoken to masked."""
    if for_agency:
        return check_for_agency(check)
    if check.report is None:
        return check
    spoken_to = masked_fact("contact_name", check.report.spoken_to)
    return check.model_copy(update={"report": check.report.model_copy(update={"spoken_to": spoken_to})})


def examine_papers(check: Check, found: Report) -> None:
    """The photos and papers that a report names are there, and stay. Raises DOCUMENT_NOT_UPLOADED."""
    owner = keys.inspection(check.inspection_id)
    named = [each for each in documents.list_of(owner, None) if each.document_id in found.document_ids]
    inspection = documents.inspect(named)
    check_papers(found.document_ids, {each.document_id for each in inspection.fit}, inspection.unreadable)
    documents.commit_examined(owner, inspection)
