"""One complaint (§5.3): all of it for staff; what it may know for the organisation complained of, with its answer."""

from voucher.edge.api import Api
from voucher.edge.bodies import Statement
from voucher.edge.disclosure import disclose
from voucher.edge.documents import OfOwner, reply_with_documents
from voucher.edge.identity import as_party, require
from voucher.edge.replies import Answer, PageOf, reply
from voucher.models.complaints import Complaint, ComplaintOfRespondent
from voucher.models.documents import PublicDocument
from voucher.refusals import not_found
from voucher.rules.complaints import shown_to_respondent, stated
from voucher.store import complaints, keys, organisations

app = Api()


@app.get("/complaints/<complaint_id>")
def show(complaint_id: str) -> Answer[Complaint | ComplaintOfRespondent]:
    """§5.3: a complaint, for the operator and the bureau. A member of the organisation complained of, also of the
    staff, reads what it is asked, and never who complained, or in which words."""
    complaint = complaints.find(complaint_id)
    if app.caller.roles & {"platform", "bureau"} and not _is_about_own(complaint):
        require(app.caller, "platform", "bureau")
        if complaint is None:
            raise not_found("complaint")
        disclose(app, f"complaint:{complaint_id}")
        return reply(complaint)
    return reply(shown_to_respondent(_as_respondent(complaint)))


@app.post("/complaints/<complaint_id>/statement")
def state_position(complaint_id: str) -> Answer[ComplaintOfRespondent]:
    """§5.3: what a member of the organisation complained of says, once, until the answer."""
    body = app.body(Statement)
    old = _as_respondent(complaints.find(complaint_id))
    if any((each.by, each.text) == (app.caller.sub, body.text) for each in old.statements):
        return reply(shown_to_respondent(old), replay=True)
    new = stated(old, body.text, app.mark)
    complaints.commit_step(old, new)
    return reply(shown_to_respondent(new))


@app.get("/complaints/<complaint_id>/documents")
def list_documents(complaint_id: str, query: OfOwner) -> Answer[PageOf[PublicDocument]]:
    """§5.3: the papers of a complaint, also those that have only arrived, for the operator and the bureau."""
    require(app.caller, "platform", "bureau")
    complaint = complaints.get(complaint_id)
    if _is_about_own(complaint):
        raise not_found("complaint")
    disclose(app, f"complaint:{complaint_id}")
    return reply_with_documents(keys.complaint(complaint.complaint_id), None, query, True)


def _is_about_own(complaint: Complaint | None) -> bool:
    """§5.3: True if the caller acts for whom a complaint is about, told of it or not: then they read it as no staff."""
    if complaint is None or complaint.about_uscc is None:
        return False
    found = [organisations.find(kind, complaint.about_uscc) for kind in ("enterprise", "agency")]
    return any(each is not None and app.caller.sub in each.members for each in found)


def _as_respondent(complaint: Complaint | None) -> Complaint:
    """The complaint, if the caller acts for an organisation that was told of it. Raises NOT_FOUND."""
    if complaint is None or complaint.about_uscc is None:
        raise not_found("complaint")
    told, uscc = complaint.respondents, complaint.about_uscc
    enterprise = organisations.find_enterprise(uscc) if "enterprise" in told else None
    if enterprise is not None and app.caller.sub in enterprise.members:
        as_party(app.caller, enterprise, "complaint")
    else:
        as_party(app.caller, organisations.find_agency(uscc) if "agency" in told else None, "complaint")
    return complaint


handler = app.handle
