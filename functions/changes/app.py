"""Material changes that enterprises and agencies report, and the list of them (§3.2.3, §4.1.3)."""

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Day, Text
from voucher.edge.identity import as_member, as_member_or_staff, require
from voucher.edge.replies import reply
from voucher.models.agencies import Agency
from voucher.models.base import Request
from voucher.models.changes import Change
from voucher.models.enterprises import Enterprise
from voucher.rules.changes import check_once_approved, new_change
from voucher.rules.lifecycle import check_step
from voucher.rules.programmes import policy_for
from voucher.store import changes, organisations, programmes

app = Api()


class Report(Request):
    happened_on: Day
    description: Text


@app.post("/enterprises/<uscc>/changes")
def report_of_enterprise(uscc: str) -> Response[str]:
    """§4.1.3: an approved enterprise reports a material change; a late one is flagged."""
    return _report(as_member(app.caller, organisations.find_enterprise(uscc)))


@app.post("/agencies/<uscc>/changes")
def report_of_agency(uscc: str) -> Response[str]:
    """§3.2.3: an active agency reports a material change; a late one is flagged."""
    return _report(as_member(app.caller, organisations.find_agency(uscc)))


def _report(organisation: Enterprise | Agency) -> Response[str]:
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
    changes.commit_report(change, organisations.unchanged_check(organisation))
    return reply(change, 201)


@app.get("/enterprises/<uscc>/changes")
def changes_of_enterprise(uscc: str) -> Response[str]:
    """Every change an enterprise reported, for its members and staff."""
    as_member_or_staff(app.caller, organisations.find_enterprise(uscc))
    return reply({"items": [each.public() for each in changes.list_of("enterprise", uscc)], "next_cursor": None})


@app.get("/agencies/<uscc>/changes")
def changes_of_agency(uscc: str) -> Response[str]:
    """Every change an agency reported, for its members and staff."""
    as_member_or_staff(app.caller, organisations.find_agency(uscc))
    return reply({"items": [each.public() for each in changes.list_of("agency", uscc)], "next_cursor": None})


@app.get("/changes")
def list_changes() -> Response[str]:
    """The reports of all organisations by state, for the operator who decides them and the bureau."""
    require(app.caller, "platform", "bureau")
    page = changes.list_page(app.query("state"), app.limit, app.query("cursor"))
    items = [Change.model_validate(item).public() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


handler = app.handle
