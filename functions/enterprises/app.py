"""Enterprises: they register with their documents, submit, correct, and are shown (§4.1.1)."""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, partial
from voucher.edge.codes import EnterpriseCode
from voucher.edge.disclosure import disclose
from voucher.edge.documents import public_documents
from voucher.edge.drafts import OfDraft, enterprise_shown, is_code_taken
from voucher.edge.fields import Address, Count, Day, Fen, Industry, Name, Phone
from voucher.edge.identity import as_anybody, as_member, as_member_or_staff, require
from voucher.edge.masking import masked
from voucher.edge.pages import ListOf, Search, reply_list
from voucher.edge.policies import policy_today
from voucher.edge.replies import Answer, reply
from voucher.models.base import Request
from voucher.models.enterprises import Enterprise, EnterpriseState, EnterpriseWithDocuments
from voucher.policy import ENTERPRISE_DOCUMENTS, District
from voucher.refusals import Refused
from voucher.rules.documents import check_complete
from voucher.rules.lifecycle import check_step, check_version, stepped
from voucher.rules.retention import check_may_draft, check_may_take_code
from voucher.rules.submissions import application_day, changes_by_submission, new_draft_id, submission_of
from voucher.store import documents, organisations

app = Api()


class Profile(Request):
    name: Name
    district: District
    established_on: Day
    industry_code: Industry
    employees: Count
    revenue_fen: Fen
    assets_fen: Fen
    is_legal_person: bool
    legal_representative: Name
    contact_name: Name
    contact_phone: Phone
    address: Address | None = None
    declarations: dict[Name, bool] = {}


class Registration(Profile):
    uscc: EnterpriseCode


Correction = partial(Profile)


@app.post("/enterprises")
def register() -> Answer[Enterprise]:
    """§4.1.1: whoever registers an enterprise becomes its member. The draft takes its code from nobody: whoever submits
    first has it."""
    body = app.body(Registration)
    sub = as_anybody(app.caller).sub
    made = {"draft_id": new_draft_id("enterprise", body.uscc, app.mark), **app.creation("register")}
    enterprise = Enterprise(**body.model_dump(), state="draft", members=frozenset({sub}), **made)
    try:
        check_may_draft(organisations.find_enterprise(body.uscc), clock.now())
        organisations.commit_registration(enterprise, policy_today().drafts_per_person)
    except Refused:
        existing = organisations.find_enterprise(body.uscc, sub)
        if existing is None or not app.is_repeat(existing, "register"):
            raise
        return reply(existing, replay=True)
    return reply(enterprise, 201)


@app.patch("/enterprises/<uscc>")
@app.put("/enterprises/<uscc>")
def edit(uscc: str) -> Answer[Enterprise]:
    """§4.1.1: its member corrects a draft, or what was returned or rejected."""
    old = as_member(app.caller, organisations.find_enterprise(uscc, app.caller.sub), "enterprise")
    body = app.body(Correction)
    if app.is_repeat(old, "edit"):
        return reply(old, replay=True)
    check_version(old, body.version)
    new = stepped(old, "edit", app.mark, **body.model_dump(exclude={"version"}, exclude_none=True))
    organisations.commit_step(old, new)
    return reply(new)


@app.post("/enterprises/<uscc>/submit")
def submit(uscc: str) -> Answer[Enterprise]:
    """§4.1.1: submit the registration, which takes its credit code unless somebody else was first. The refusal names
    every missing document; the answer, what changed since."""
    app.body(Nothing)
    old = as_member(app.caller, organisations.find_enterprise(uscc, app.caller.sub), "enterprise")
    if app.is_repeat(old, "submit"):
        return reply(old, replay=True)
    check_step(old, "submit")
    check_may_take_code(old, organisations.find_enterprise(uscc), clock.now())
    owner = organisations.papers(old)
    found = documents.commit_inspection(owner, old.created_at, ENTERPRISE_DOCUMENTS)
    check_complete(found.fit, found.unreadable, ENTERPRISE_DOCUMENTS, "§4.1.1")
    documents.commit_examined(owner, found)
    changes = changes_by_submission(old, submission_of(old, Profile.model_fields, found.fit), app.caller.sub)
    new = stepped(old, "submit", app.mark, applied_on=application_day(old, clock.today()), **changes)
    organisations.commit_step(old, new)
    return reply(new)


@app.get("/enterprises")
def list_enterprises(query: Search[EnterpriseState]) -> Answer[ListOf[Enterprise]]:
    """Enterprises, by name or code with `q`, for staff; people's names and phones masked."""
    require(app.caller, "platform", "bureau", "finance", "discipline", "admin")
    page = organisations.list_page("enterprise", query.selection(), query.finds("name", "uscc"))
    return reply_list(page, lambda item: masked(Enterprise.model_validate(item)))


@app.get("/enterprises/<uscc>")
def show(uscc: str, query: OfDraft) -> Answer[EnterpriseWithDocuments]:
    """One enterprise, for its members and staff, with the documents that it announced. To whoever drafted it, their
    draft. Staff reads whoever submitted the code, else the newest draft; with a `draft_id` that draft."""
    enterprise = as_member_or_staff(app.caller, enterprise_shown(app, uscc, query.draft_id), "enterprise")
    is_own = app.caller.sub in enterprise.members
    disclose(app, f"enterprise:{uscc}", enterprise_uscc=uscc, draft_id=enterprise.draft_id)
    papers = public_documents(organisations.papers(enterprise), enterprise.created_at, is_own)
    return reply(enterprise.public() | {"documents": papers, "code_taken": is_code_taken(enterprise)})


handler = app.handle
