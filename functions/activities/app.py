"""Activities that agencies report and prove, and the operator confirms (§3.4.2)."""

from voucher.edge import clock
from voucher.edge.activities import Event, Review, Submission
from voucher.edge.api import Api
from voucher.edge.bodies import WithReason
from voucher.edge.disclosure import disclose
from voucher.edge.documents import OfOwner, announce, announcement, bounds_today, reply_with_documents
from voucher.edge.identity import as_party, as_party_or_staff, check_party_named, reads_books, require
from voucher.edge.pages import ListOf, Search, all_of, empty_page, reply_list
from voucher.edge.queries import QueryId, QueryYear
from voucher.edge.replies import Answer, PageOf, reply
from voucher.models.activities import Activity, ActivityState
from voucher.models.documents import AnnouncedUpload, PublicDocument
from voucher.policy import ACTIVITY_DOCUMENTS
from voucher.refusals import Refusal, Refused
from voucher.rules.activities import cancelled_activity, new_activity, reviewed_activity, submitted_activity
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, check_version
from voucher.store import activities, documents, keys, organisations

app = Api()

ActivityDocument = announcement("ActivityDocument", ACTIVITY_DOCUMENTS)


class Activities(Search[ActivityState]):
    agency_uscc: QueryId | None = None
    event_id: QueryId | None = None
    year: QueryYear | None = None


@app.post("/activities")
def begin() -> Answer[Activity]:
    """§3.4.2: what an agency did, or will do, at an event; the same event is reported once."""
    body = app.body(Event)
    as_party(app.caller, organisations.find_agency(body.agency_uscc), "agency")
    activity = new_activity(body.agency_uscc, body.model_dump(exclude={"agency_uscc"}), app.creation("begin"))
    if activities.commit_added(activity):
        return reply(activity, 201)
    existing = activities.get(activity.activity_id)
    if existing.request_sha256 != app.request_sha256:
        raise Refused(Refusal.ALREADY_EXISTS)
    return reply(existing, replay=True)


@app.get("/activities")
def list_activities(query: Activities) -> Answer[ListOf[Activity]]:
    """§3.4.2: activities, for staff; those of one agency for its members, too. `event_id` shows who else reports the
    same event; `q` looks into title and organiser."""
    if query.agency_uscc:
        if not reads_books(app.caller, organisations.find_agency(query.agency_uscc, app.caller.sub), "agency"):
            return reply_list(empty_page(query), Activity.model_validate)
    else:
        check_party_named(app.caller, "agency_uscc")
        require(app.caller, "platform", "bureau", "finance", "discipline")
    wanted = {name: value for name in ("event_id", "year") if (value := getattr(query, name)) is not None}
    keep = (lambda item: all(item[name] == value for name, value in wanted.items())) if wanted else None
    found = all_of(query.finds("title", "organiser"), keep)
    return reply_list(activities.list_page(query.selection(), found, query.agency_uscc), Activity.model_validate)


@app.post("/activities/<activity_id>/documents")
def announce_document(activity_id: str) -> Answer[AnnouncedUpload]:
    """§3.4.2: announce a sign-in list, a photo or a screenshot; answers where to upload it."""
    activity = _own(activity_id)
    body = app.body(ActivityDocument)
    check_step(activity, "add_document")
    return announce(app, keys.activity(activity_id), f"activities/{activity_id}", body, bounds_today())


@app.get("/activities/<activity_id>/documents")
def list_documents(activity_id: str, query: OfOwner) -> Answer[PageOf[PublicDocument]]:
    """§3.4.2: what proves an activity, with links, for its agency and staff."""
    activity = activities.get(activity_id)
    agency = as_party_or_staff(app.caller, organisations.find_agency(activity.agency_uscc), "activity")
    disclose(app, f"activity:{activity_id}", agency_uscc=activity.agency_uscc)
    return reply_with_documents(keys.activity(activity_id), None, query, app.caller.sub in agency.members)


@app.post("/activities/<activity_id>/submit")
def submit(activity_id: str) -> Answer[Activity]:
    """§3.4.2: the event was held: its papers are examined and handed in, the number of firms may be corrected."""
    body = app.body(Submission)
    old, owner = _own(activity_id), keys.activity(activity_id)
    if app.is_repeat(old, "submit"):
        return reply(old, replay=True)
    check_step(old, "submit")
    found = documents.inspect(documents.list_of(owner, None))
    papers = tuple(each.document_id for each in found.fit)
    new = submitted_activity(old, papers, body.firms_reached, clock.today(), app.mark)
    kept = [documents.commit_kept(each) for each in found.new]
    activities.commit_step(old, new, *documents.examined_writes(owner, kept))
    return reply(new)


@app.post("/activities/<activity_id>/review")
def review(activity_id: str) -> Answer[Activity]:
    """§3.4.2: the operator confirms an activity, which then counts for its year, or returns it."""
    require(app.caller, "platform")
    body = app.body(Review)
    old = activities.get(activity_id)
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    check_version(old, body.version)
    check_four_eyes(app.caller.sub, "review_activity", old, organisations.find_agency(old.agency_uscc))
    new = reviewed_activity(old, body.decision, body.reason, app.mark)
    activities.commit_review(old, new, app.caller.sub)
    return reply(new)


@app.post("/activities/<activity_id>/cancel")
def cancel(activity_id: str) -> Answer[Activity]:
    """§3.4.2: the event is called off, or is to count for nothing."""
    body = app.body(WithReason)
    old = _own(activity_id)
    if app.is_repeat(old, "cancel"):
        return reply(old, replay=True)
    new = cancelled_activity(old, body.reason, app.mark)
    activities.commit_step(old, new)
    return reply(new)


def _own(activity_id: str) -> Activity:
    activity = activities.get(activity_id)
    as_party(app.caller, organisations.find_agency(activity.agency_uscc), "activity")
    return activity


handler = app.handle
