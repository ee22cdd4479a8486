"""What the calls on complaints share (§5.3): their bodies, and their papers."""

from voucher.edge.api import Api
from voucher.edge.codes import CreditCode
from voucher.edge.fields import Identifier, Name, Text
from voucher.models.base import Request
from voucher.models.complaints import Complaint, Topic
from voucher.rules.four_eyes import check_four_eyes
from voucher.store import complaints, documents, keys, organisations
from voucher.store.engine.table import Write


class ComplaintText(Request):
    """What is said. Name and contact may be left out; they and the text are kept from whoever is complained of."""

    topic: Topic = "other"
    about_uscc: CreditCode | None = None
    order_id: Identifier | None = None
    text: Text
    name: Name | None = None
    contact: Name | None = None


def commit_handled(app: Api, step: str, old: Complaint, new: Complaint, *also: Write) -> Complaint:
    """Commit what staff did with a complaint, together with the papers that came since; the complaint as it is then.
    Raises FOUR_EYES for a member of an organisation complained of, and for whoever may not take the step."""
    # also whom it was about before: whoever acts for them does not turn it to somebody else
    usccs = complaints.usccs_of(old, new)
    parties = [organisations.find(kind, uscc) for uscc in usccs for kind in ("enterprise", "agency")]
    check_four_eyes(app.caller.sub, step, old, *parties)
    owner = keys.complaint(new.complaint_id)
    found = documents.inspect(documents.list_of(owner, None))
    kept = documents.examined_writes(owner, [documents.commit_kept(each) for each in found.new])
    new = new.model_copy(update={"document_ids": tuple(each.document_id for each in found.fit)})
    complaints.commit_decision(old, new, step, app.caller.sub, *kept, *also)
    return new
