"""Agencies: they apply with their documents, submit, correct, renew, and are shown (§3.1, §3.2.1, §3.2.3)."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, partial
from voucher.edge.codes import AgencyCode
from voucher.edge.disclosure import disclose
from voucher.edge.fields import Count, Day, Name, Phone, SignedFen
from voucher.edge.identity import as_anybody, as_member, as_member_or_staff, require
from voucher.edge.masking import masked
from voucher.edge.pages import ListOf, Search, reply_list
from voucher.edge.parties import unaccused_checks
from voucher.edge.performance import performance_of
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency, AgencyState, ShownAgency
from voucher.models.base import Request
from voucher.policy import AGENCY_DOCUMENTS, Category, District, Policy
from voucher.refusals import Refused
from voucher.rules.agencies import proposed_agency, renewing_agency
from voucher.rules.documents import check_complete
from voucher.rules.lifecycle import check_step, check_version, stepped
from voucher.rules.programmes import policy_for
from voucher.rules.retention import refused_registration
from voucher.rules.submissions import application_day, changes_by_submission, submission_of
from voucher.store import documents, keys, organisations, programmes

app = Api()


class Profile(Request):
    name: Name
    established_on: Day
    is_legal_person: bool
    net_profit_last_year_fen: SignedFen
    premises_m2: Count
    insured_staff: Count
    has_management_system: bool
    categories: Annotated[tuple[Category, ...], Field(min_length=1, max_length=9)]
    district: District | None = None
    legal_representative: Name | None = None
    contact_name: Name | None = None
    contact_phone: Phone | None = None


class Application(Profile):
    uscc: AgencyCode


Correction = partial(Profile)


@app.post("/agencies")
def apply() -> Answer[Agency]:
    """§3.2.1: whoever applies for an agency becomes its member."""
    body = app.body(Application)
    members = frozenset({as_anybody(app.caller).sub})
    agency = Agency(**body.model_dump(), state="draft", members=members, **app.creation("apply"))
    try:
        organisations.commit_registration(agency, _policy(clock.today()).drafts_per_person)
    except Refused as no:
        existing = organisations.find_agency(body.uscc)
        if existing is None or not app.is_repeat(existing, "apply"):
            raise refused_registration(no, existing, clock.now()) from None
        return reply(existing, replay=True)
    return reply(agency, 201)


@app.patch("/agencies/<uscc>")
@app.put("/agencies/<uscc>")
def edit(uscc: str) -> Answer[Agency]:
    """§3.2.1: its member corrects a draft, or what was returned or rejected; in a renewal, what it proposes."""
    old = as_member(app.caller, organisations.find_agency(uscc), "agency")
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
    """§3.2.1: submit the application. The refusal names every missing document."""
    app.body(Nothing)
    old = as_member(app.caller, organisations.find_agency(uscc), "agency")
    if app.is_repeat(old, "submit"):
        return reply(old, replay=True)
    check_step(old, "submit")
    new = stepped(old, "submit", app.mark, applied_on=application_day(old, clock.today()), **_submitted(old))
    organisations.commit_step(old, new)
    return reply(new)


@app.post("/agencies/<uscc>/renew")
def renew(uscc: str) -> Answer[Agency]:
    """§3.2.3: submit the renewal, with documents newer than the approval; the approval counts until its last day."""
    old = as_member(app.caller, organisations.find_agency(uscc), "agency")
    body = app.body(Correction)
    if app.is_repeat(old, "renew"):
        return reply(old, replay=True)
    check_version(old, body.version)
    today, unaccused = clock.today(), unaccused_checks(uscc=uscc)
    renewing = renewing_agency(old, _policy(today), today)
    renewing = renewing.model_copy(update=_corrections(renewing, body))
    new = stepped(renewing, "renew", app.mark, **_submitted(renewing))
    organisations.commit_step(old, new, *unaccused)
    return reply(new)


def _policy(today: date) -> Policy:
    return policy_for(programmes.find(today.year), today)


def _submitted(agency: Agency) -> dict[str, Any]:
    """What submitting changes. Raises DOCUMENTS_MISSING; a renewal counts only documents newer than the approval."""
    owner = keys.agency(agency.uscc)
    found = documents.inspect_all(
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
def show(uscc: str) -> Answer[ShownAgency]:
    """One agency with how it did, for its members and staff."""
    agency = as_member_or_staff(app.caller, organisations.find_agency(uscc), "agency")
    disclose(app, f"agency:{uscc}", agency_uscc=uscc)
    return reply(agency.public() | performance_of(uscc))


handler = app.handle
