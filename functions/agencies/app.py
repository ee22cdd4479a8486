"""Agencies: they apply with their documents, submit, correct, renew, and are shown (§3.1, §3.2.1, §3.2.3)."""

from typing import Any

from voucher.edge import clock
from voucher.edge.agencies import Application, Correction, Profile
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.disclosure import disclose
from voucher.edge.drafts import OfDraft, agency_shown, is_code_taken
from voucher.edge.identity import as_anybody, as_member, as_member_or_staff, require
from voucher.edge.masking import masked
from voucher.edge.pages import ListOf, Search, reply_list
from voucher.edge.parties import unaccused_checks
from voucher.edge.performance import performance_of
from voucher.edge.policies import policy_today
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency, AgencyState, AgencyWithCode
from voucher.models.base import Request
from voucher.policy import AGENCY_DOCUMENTS
from voucher.refusals import Refused
from voucher.rules.agencies import proposed_agency, renewing_agency
from voucher.rules.documents import check_complete
from voucher.rules.lifecycle import check_step, check_version, stepped
from voucher.rules.retention import check_may_draft, check_may_take_code
from voucher.rules.submissions import application_day, changes_by_submission, new_draft_id, submission_of
from voucher.store import documents, organisations

app = Api()


@app.post("/agencies")
def apply() -> Answer[Agency]:
    """§3.2.1: whoever applies for an agency becomes its member. The draft takes its code from nobody: whoever submits
    first has it."""
    body = app.body(Application)
    sub = as_anybody(app.caller).sub
    made = {"draft_id": new_draft_id("agency", body.uscc, app.mark), **app.creation("apply")}
    agency = Agency(**body.model_dump(), state="draft", members=frozenset({sub}), **made)
    try:
        check_may_draft(organisations.find_agency(body.uscc), clock.now())
        organisations.commit_registration(agency, policy_today().drafts_per_person)
    except Refused:
        existing = organisations.find_agency(body.uscc, sub)
        if existing is None or not app.is_repeat(existing, "apply"):
            raise
        return reply(existing, replay=True)
    return reply(agency, 201)


@app.patch("/agencies/<uscc>")
@app.put("/agencies/<uscc>")
def edit(uscc: str) -> Answer[Agency]:
    """§3.2.1: its member corrects a draft, or what was returned or rejected; in a renewal, what it proposes."""
    old = as_member(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency")
    body = app.body(Correction)
    if app.is_repeat(old, "edit"):
        return reply(old, replay=True)
    check_version(old, body.version)
    new = stepped(old, "edit", app.mark, **_corrections(old, body))
    organisations.commit_step(old, new)
    return reply(new)


def _corrections(agency: Agency, body: Request) -> dict[str, Any]:
    """§3.2.3: what a correction changes. In a renewal only `proposed`, because the approved facts still count."""
    corrections = body.model_dump(mode="json" if agency.renewal else "python", exclude={"version"}, exclude_none=True)
    return {"proposed": {**agency.proposed, **corrections}} if agency.renewal else corrections


@app.post("/agencies/<uscc>/submit")
def submit(uscc: str) -> Answer[Agency]:
    """§3.2.1: submit the application, which takes its credit code unless somebody else was first. The refusal names
    every missing document."""
    app.body(Nothing)
    old = as_member(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency")
    if app.is_repeat(old, "submit"):
        return reply(old, replay=True)
    check_step(old, "submit")
    check_may_take_code(old, organisations.find_agency(uscc), clock.now())
    new = stepped(old, "submit", app.mark, applied_on=application_day(old, clock.today()), **_submitted(old))
    organisations.commit_step(old, new)
    return reply(new)


@app.post("/agencies/<uscc>/renew")
def renew(uscc: str) -> Answer[Agency]:
    """§3.2.3: submit the renewal, with documents newer than the approval; the approval counts until its last day."""
    old = as_member(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency")
    body = app.body(Correction)
    if app.is_repeat(old, "renew"):
        return reply(old, replay=True)
    check_version(old, body.version)
    today, unaccused = clock.today(), unaccused_checks(uscc=uscc)
    renewing = renewing_agency(old, policy_today(), today)
    renewing = renewing.model_copy(update=_corrections(renewing, body))
    new = stepped(renewing, "renew", app.mark, **_submitted(renewing))
    organisations.commit_step(old, new, *unaccused)
    return reply(new)


def _submitted(agency: Agency) -> dict[str, Any]:
    """What submitting changes. Raises DOCUMENTS_MISSING; a renewal counts only documents newer than the approval."""
    owner = organisations.papers(agency)
    found = documents.commit_inspection(
        owner, agency.created_at, AGENCY_DOCUMENTS, agency.approved_at if agency.renewal else None
    )
    check_complete(found.fit, found.unreadable, AGENCY_DOCUMENTS, "§3.2.1")
    documents.commit_examined(owner, found)
    submission = submission_of(proposed_agency(agency), Profile.model_fields, found.fit)
    return changes_by_submission(agency, submission, app.caller.sub)


@app.get("/agencies")
def list_agencies(query: Search[AgencyState]) -> Answer[ListOf[Agency]]:
    """Agencies, by name or code with `q`, for staff; people's names and phones masked."""
    require(app.caller, "platform", "bureau", "finance", "admin")
    page = organisations.list_page("agency", query.selection(), query.finds("name", "uscc"))
    return reply_list(page, lambda item: masked(Agency.model_validate(item)))


@app.get("/agencies/<uscc>")
def show(uscc: str, query: OfDraft) -> Answer[AgencyWithCode]:
    """One agency with how it did, for its members and staff. To whoever drafted it, their draft. Staff
    reads whoever submitted the code, else the newest draft; with a `draft_id` that draft."""
    agency = as_member_or_staff(app.caller, agency_shown(app, uscc, query.draft_id), "agency")
    disclose(app, f"agency:{uscc}", agency_uscc=uscc, draft_id=agency.draft_id)
    return reply(agency.public() | performance_of(agency) | {"code_taken": is_code_taken(agency)})


handler = app.handle
