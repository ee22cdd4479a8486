"""Submissions: their documents announced, shown, taken back; the submission withdrawn, its credit code given free
(§3.2.1, §4.1.1)."""

from functools import partial

from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, Versioned
from voucher.edge.disclosure import disclose
from voucher.edge.documents import announce, announcement, bounds_today, reply_with_documents, take_back
from voucher.edge.drafts import PapersOfDraft, agency_shown, enterprise_shown
from voucher.edge.fields import Text
from voucher.edge.identity import as_member, as_member_or_staff, require
from voucher.edge.replies import Answer, PageOf, reply
from voucher.models.agencies import Agency
from voucher.models.documents import AnnouncedUpload, PublicDocument
from voucher.models.enterprises import Enterprise
from voucher.policy import AGENCY_DOCUMENTS, CHANGE_DOCUMENTS, ENTERPRISE_DOCUMENTS
from voucher.refusals import not_found
from voucher.rules.changes import check_may_add
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_version
from voucher.rules.submissions import revoked_registration, withdrawn_submission
from voucher.store import organisations

app = Api()

EnterpriseDocument = announcement("EnterpriseDocument", ENTERPRISE_DOCUMENTS | CHANGE_DOCUMENTS)
AgencyDocument = announcement("AgencyDocument", AGENCY_DOCUMENTS | CHANGE_DOCUMENTS)


@app.post("/enterprises/<uscc>/documents")
def announce_of_enterprise(uscc: str) -> Answer[AnnouncedUpload]:
    """§4.1.1, §4.1.3: one of the six documents or, once it was approved, a paper for a report of a change; answers
    where to upload it."""
    enterprise = as_member(app.caller, organisations.find_enterprise(uscc, app.caller.sub), "enterprise")
    body = app.body(EnterpriseDocument)
    check_may_add(enterprise, body.kind)
    return announce(app, organisations.papers(enterprise), organisations.folder(enterprise), body, bounds_today())


@app.get("/enterprises/<uscc>/documents")
def documents_of_enterprise(uscc: str, query: PapersOfDraft) -> Answer[PageOf[PublicDocument]]:
    """§3.4.3: an enterprise's documents with their state, and links to those that may be read, for its members and
    staff."""
    enterprise = as_member_or_staff(app.caller, enterprise_shown(app, uscc, query.draft_id), "enterprise")
    disclose(app, f"enterprise:{uscc}", enterprise_uscc=uscc, draft_id=enterprise.draft_id)
    is_own = app.caller.sub in enterprise.members
    return reply_with_documents(organisations.papers(enterprise), enterprise.created_at, query, is_own)


@app.delete("/enterprises/<uscc>/documents/<document_id>")
def take_back_of_enterprise(uscc: str, document_id: str) -> Answer[PublicDocument]:
    """§4.1.1, §4.1.3: its member takes a document back that was never submitted, nor handed in with a report."""
    enterprise = as_member(app.caller, organisations.find_enterprise(uscc, app.caller.sub), "enterprise")
    return take_back(app, organisations.papers(enterprise), document_id, partial(check_may_add, enterprise))


@app.post("/agencies/<uscc>/documents")
def announce_of_agency(uscc: str) -> Answer[AnnouncedUpload]:
    """§3.2.1, §3.2.3: one of the ten documents or, once it was approved, a paper for a report of a change; answers
    where to upload it."""
    agency = as_member(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency")
    body = app.body(AgencyDocument)
    check_may_add(agency, body.kind)
    return announce(app, organisations.papers(agency), organisations.folder(agency), body, bounds_today())


@app.get("/agencies/<uscc>/documents")
def documents_of_agency(uscc: str, query: PapersOfDraft) -> Answer[PageOf[PublicDocument]]:
    """§3.4.3: an agency's documents with their state, and links to those that may be read, for its members and
    staff."""
    agency = as_member_or_staff(app.caller, agency_shown(app, uscc, query.draft_id), "agency")
    disclose(app, f"agency:{uscc}", agency_uscc=uscc, draft_id=agency.draft_id)
    is_own = app.caller.sub in agency.members
    return reply_with_documents(organisations.papers(agency), agency.created_at, query, is_own)


@app.delete("/agencies/<uscc>/documents/<document_id>")
def take_back_of_agency(uscc: str, document_id: str) -> Answer[PublicDocument]:
    """§3.2.1, §3.2.3: its member takes a document back that was never submitted, nor handed in with a report."""
    agency = as_member(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency")
    return take_back(app, organisations.papers(agency), document_id, partial(check_may_add, agency))


@app.post("/enterprises/<uscc>/withdraw")
def withdraw_of_enterprise(uscc: str) -> Answer[Enterprise]:
    """§4.1.1: its member takes the submission back to correct it, before it is reviewed, until the first approval. The
    draft that it is again gives its credit code back."""
    app.body(Nothing)
    return _withdraw(as_member(app.caller, organisations.find_enterprise(uscc, app.caller.sub), "enterprise"))


@app.post("/agencies/<uscc>/withdraw")
def withdraw_of_agency(uscc: str) -> Answer[Agency]:
    """§3.2.1: its member takes the application back to correct it, before it is reviewed, until the first approval. The
    draft that it is again gives its credit code back."""
    app.body(Nothing)
    return _withdraw(as_member(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency"))


def _withdraw[Organisation: (Enterprise, Agency)](old: Organisation) -> Answer[Organisation]:
    if app.is_repeat(old, "withdraw"):
        return reply(old, replay=True)
    new = withdrawn_submission(old, app.mark)
    organisations.commit_step(old, new)
    return reply(new)


class Revocation(Versioned):
    reason: Text


@app.post("/enterprises/<uscc>/revoke")
def revoke_enterprise(uscc: str) -> Answer[Enterprise]:
    """§4.1.1: the operator gives the credit code of a registration free that somebody submitted who does not act for
    the enterprise. Only before the first approval, and by nobody who acts for it; from the next night on any draft of
    the code may be submitted."""
    require(app.caller, "platform")
    return _revoke(organisations.find_enterprise(uscc), "enterprise")


@app.post("/agencies/<uscc>/revoke")
def revoke_agency(uscc: str) -> Answer[Agency]:
    """§3.2.1: the operator gives the credit code of an application free that somebody submitted who does not act for
    the agency. Only before the first approval, and by nobody who acts for it; from the next night on any draft of the
    code may be submitted."""
    require(app.caller, "platform")
    return _revoke(organisations.find_agency(uscc), "agency")


def _revoke[Organisation: (Enterprise, Agency)](old: Organisation | None, thing: str) -> Answer[Organisation]:
    body = app.body(Revocation)
    if old is None:
        raise not_found(thing)
    if app.is_repeat(old, "revoke"):
        return reply(old, replay=True)
    check_version(old, body.version)
    new, step = revoked_registration(old, body.reason, app.mark), f"revoke_{old.thing}"
    check_four_eyes(app.caller.sub, step, old)
    organisations.commit_decision(old, new, step, app.caller.sub)
    return reply(new)


handler = app.handle
