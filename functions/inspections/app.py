"""Inspections: a sample drawn by a rule that anybody can repeat, and the papers of what was found (§5.1)."""

import hashlib
import secrets
from typing import Annotated

from pydantic import Field

from voucher.edge.api import Api
from voucher.edge.creation import key_write
from voucher.edge.disclosure import disclose
from voucher.edge.documents import OfOwner, announce, announcement, reply_with_documents
from voucher.edge.fields import Day, Identifier, Name, Text, Year
from voucher.edge.identity import require
from voucher.edge.inspections import (
    check_inspector,
    drawn_of_others,
    frame_now,
    get_inspection_of_others,
    policy_of,
    shown_inspection,
)
from voucher.edge.own import codes_of
from voucher.edge.pages import ListOf, Search, all_of, reply_list
from voucher.edge.queries import QueryYear
from voucher.edge.replies import Answer, PageOf, reply
from voucher.models.base import Request
from voucher.models.documents import AnnouncedUpload, PublicDocument
from voucher.models.inspections import Filters, Inspection, InspectionKind, InspectionState, InspectionWithChecks
from voucher.policy import INSPECTION_DOCUMENTS, SAMPLE_SIZE, Category, District
from voucher.rules.inspections import (
    check_may_draw,
    check_redraw,
    drawn_checks,
    drawn_inspection,
    drawn_members,
    first_and_last_day,
    frame_bytes,
)
from voucher.store import documents, inspections, keys, orders

app = Api()

InspectionDocument = announcement("InspectionDocument", INSPECTION_DOCUMENTS)
Seed = Annotated[Name, Field(description="by default 32 hexadecimal digits by chance", examples=["2026-11-30 彩票"])]


class Draw(Request):
    """What is drawn, out of which frame; `redraw_of` names an earlier draw, with the reason for another one."""

    kind: InspectionKind
    year: Year
    sample_size: Annotated[int, Field(ge=1, le=SAMPLE_SIZE)]
    seed: Seed | None = None
    category: Category | None = None
    district: District | None = None
    placed_from: Day | None = None
    placed_to: Day | None = None
    redraw_of: Identifier | None = None
    redraw_reason: Text | None = None


class Inspections(Search[InspectionState]):
    kind: InspectionKind | None = None
    year: QueryYear | None = None


@app.post("/inspections")
def draw() -> Answer[InspectionWithChecks]:
    """§5.1: draw a sample, by nobody who acts for one of its frame. Frame, seed and rule are kept, so that anybody can
    draw the same again; a redraw is another record, and changes nothing of the earlier one."""
    require(app.caller, "platform", "bureau", "finance")
    body = app.body(Draw)
    check_inspector(app.caller, body.kind)
    inspection_id = app.new_id("ins")
    if (existing := inspections.find(inspection_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(shown_inspection(existing), replay=True)
    earlier = inspections.find(body.redraw_of) if body.redraw_of else None
    check_redraw(earlier, body.redraw_of, body.redraw_reason, body.kind, body.year)
    policy = policy_of(body.year)
    first, last = first_and_last_day(body.placed_from, body.placed_to, policy, body.year)
    filters = Filters(category=body.category, district=body.district, placed_from=first, placed_to=last)
    frame = frame_now(body.kind, body.year, filters, policy)
    check_may_draw(frame, codes_of(app.caller))
    content, seed = frame_bytes(frame), body.seed or secrets.token_hex(16)
    sha256 = hashlib.sha256(content).hexdigest()
    sample = drawn_members(frame.members, sha256, seed, body.sample_size)
    wanted = body.model_dump(include={"sample_size", "redraw_of", "redraw_reason"})
    inspection = drawn_inspection(inspection_id, frame, sha256, seed, sample, **wanted, **app.creation("draw"))
    asked = [each.order_ids[0] for each in sample if each.party == "enterprise"]
    agency_of = {each.order_id: each.agency_uscc for each in orders.load_many(asked)}
    checks = drawn_checks(inspection, sample, agency_of, policy, app.creation("draw"))
    inspections.commit_drawn(inspection, checks, content, key_write(app))
    return reply(shown_inspection(inspection), 201)


@app.get("/inspections")
def list_inspections(query: Inspections) -> Answer[ListOf[Inspection]]:
    """§5.1: inspections, for staff; `q` looks into seed and conclusion."""
    require(app.caller, "platform", "bureau", "finance", "discipline")
    wanted = {"kind": query.kind, "year": query.year}
    named = {name: value for name, value in wanted.items() if value is not None}
    keep = (lambda item: all(item[name] == value for name, value in named.items())) if named else None
    selection = query.selection(visible=drawn_of_others(app.caller))
    page = inspections.list_page(selection, all_of(query.finds("seed", "conclusion"), keep))
    return reply_list(page, Inspection.model_validate)


@app.get("/inspections/<inspection_id>")
def show(inspection_id: str) -> Answer[InspectionWithChecks]:
    """§5.1: an inspection with its checks, and a link to its frame, whose hash and draw are reckoned anew."""
    require(app.caller, "platform", "bureau", "finance", "discipline")
    return reply(shown_inspection(get_inspection_of_others(app.caller, inspection_id)))


@app.post("/inspections/<inspection_id>/documents")
def announce_document(inspection_id: str) -> Answer[AnnouncedUpload]:
    """§5.1.1: announce a photo or a paper of an inspection; answers where to upload it. A check's report names it."""
    require(app.caller, "platform", "bureau", "finance")
    body = app.body(InspectionDocument)
    inspection = get_inspection_of_others(app.caller, inspection_id)
    check_inspector(app.caller, inspection.kind)
    policy = policy_of(inspection.year)
    most = documents.Bounds(policy.settlement_documents_per_kind, policy.documents_per_day)
    return announce(app, keys.inspection(inspection_id), f"inspections/{inspection_id}", body, most)


@app.get("/inspections/<inspection_id>/documents")
def list_documents(inspection_id: str, query: OfOwner) -> Answer[PageOf[PublicDocument]]:
    """§5.1.1: the photos and papers of an inspection, with links, for staff."""
    require(app.caller, "platform", "bureau", "finance", "discipline")
    get_inspection_of_others(app.caller, inspection_id)
    disclose(app, f"inspection:{inspection_id}")
    return reply_with_documents(keys.inspection(inspection_id), None, query, for_applicant=True)


handler = app.handle
