"""Material changes that enterprises and agencies report, and the list of them (§3.2.3, §4.1.3)."""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.creation import key_write
from voucher.edge.fields import Day, Text
from voucher.edge.identity import as_member, as_member_or_staff, is_before_approval, require
from voucher.edge.pages import ListOf, Search, reply_list
from voucher.edge.queries import Limit, Paging
from voucher.edge.replies import Answer, PageOf, reply, reply_page
from voucher.models.agencies import Agency
from voucher.models.base import Request, instant_text
from voucher.models.changes import Change, ChangeState
from voucher.models.enterprises import Enterprise
from voucher.rules.changes import check_once_approved, new_change
from voucher.rules.lifecycle import check_step
from voucher.rules.programmes import policy_for
from voucher.store import changes, organisations, programmes
from voucher.store.engine.pages import Selection, cut_page

app = Api()


class Report(Request):
    happened_on: Day
    description: Text


class OfOrganisation(Paging):
    limit: Limit = 100


@app.post("/enterprises/<uscc>/changes")
def report_of_enterprise(uscc: str) -> Answer[Change]:
    """§4.1.3: an approved enterprise reports a material change; a late one is flagged."""
    return _report(as_member(app.caller, organisations.find_enterprise(uscc), "enterprise"))


@app.post("/agencies/<uscc>/changes")
def report_of_agency(uscc: str) -> Answer[Change]:
    """§3.2.3: an active agency reports a material change; a late one is flagged."""
    return _report(as_member(app.caller, organisations.find_agency(uscc), "agency"))


def _report(organisation: Enterprise | Agency) -> Answer[Change]:
    """Record the report, on condition that the organisation is still as it was read."""
    body = app.body(Report)
    today = clock.today()
    policy = policy_for(programmes.find(today.year), today)
    facts = {"change_id": app.new_id("c"), "kind": organisation.thing, "uscc": organisation.uscc}
    change = new_change(
        policy, today, body.happened_on, **facts, description=body.description, **app.creation("report")
    )
    if (existing := changes.find(change.kind, change.uscc, change.change_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(existing, replay=True)
    check_once_approved(organisation)
    check_step(organisation, "report_change")
    checks = organisations.unchanged_check(organisation), key_write(app)
    changes.commit_report(change, policy.open_changes_per_organisation, *checks)
    return reply(change, 201)


@app.get("/enterprises/<uscc>/changes")
def changes_of_enterprise(uscc: str, query: OfOrganisation) -> Answer[PageOf[Change]]:
    """The changes that an enterprise reported, the newest first, for its members and staff."""
    return _page_of(as_member_or_staff(app.caller, organisations.find_enterprise(uscc), "enterprise"), query)


@app.get("/agencies/<uscc>/changes")
def changes_of_agency(uscc: str, query: OfOrganisation) -> Answer[PageOf[Change]]:
    """The changes that an agency reported, the newest first, for its members and staff."""
    return _page_of(as_member_or_staff(app.caller, organisations.find_agency(uscc), "agency"), query)


def _page_of(organisation: Enterprise | Agency, query: OfOrganisation) -> Answer[PageOf[Change]]:
    kind, uscc = organisation.thing, organisation.uscc
    known = [] if is_before_approval(app.caller, organisation) else changes.list_of(kind, uscc)
    placed = [(f"{instant_text(each.created_at)}#{each.change_id}", each) for each in known]
    return reply_page(*cut_page(f"{kind}.{uscc}.changes", placed, Selection(query.limit, query.cursor)))


@app.get("/changes")
def list_changes(query: Search[ChangeState]) -> Answer[ListOf[Change]]:
    """The reports of all organisations, for the operator who decides them and the bureau; `q` looks into code and
    description."""
    require(app.caller, "platform", "bureau")
    page = changes.list_page(query.selection(), query.finds("uscc", "description"))
    return reply_list(page, Change.model_validate)


handler = app.handle
