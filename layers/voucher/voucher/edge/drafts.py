"""Drafts of one credit code, side by side: which one a caller means, and whether another one has the code (§3.2.1,
§4.1.1)."""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.documents import OfOwner
from voucher.edge.queries import Query, QueryId
from voucher.models.agencies import Agency
from voucher.models.enterprises import Enterprise
from voucher.rules.retention import has_taken_code
from voucher.store import organisations


class OfDraft(Query):
    draft_id: QueryId | None = None


class PapersOfDraft(OfOwner):
    """A page of the documents of one registration."""

    draft_id: QueryId | None = None


def enterprise_shown(app: Api, uscc: str, draft_id: str | None = None) -> Enterprise | None:
    """The registration of an enterprise's code that is shown: to a person that for which they act; to staff that which
    `draft_id` names, or the newest draft if nobody has the code."""
    shown = _shown(app, "enterprise", uscc, draft_id)
    return shown if isinstance(shown, Enterprise) else None


def agency_shown(app: Api, uscc: str, draft_id: str | None = None) -> Agency | None:
    """The same of an agency's code."""
    shown = _shown(app, "agency", uscc, draft_id)
    return shown if isinstance(shown, Agency) else None


def _shown(app: Api, kind: str, uscc: str, draft_id: str | None) -> Enterprise | Agency | None:
    if app.caller.is_staff and draft_id is not None:
        return organisations.find_registration(kind, uscc, draft_id)
    known = organisations.find(kind, uscc, app.caller.sub)
    return organisations.find_newest_draft(kind, uscc) if known is None and app.caller.is_staff else known


def is_code_taken(organisation: Enterprise | Agency) -> bool:
    """True for a draft whose code somebody else has submitted meanwhile: it cannot be submitted any more."""
    if organisation.has_code:
        return False
    return has_taken_code(organisations.find(organisation.thing, organisation.uscc), clock.now())
