"""Material changes that enterprises and agencies report, and qualifications withdrawn (§3.2.3, §4.1.3)."""

from typing import Literal

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Day, Text
from voucher.edge.identity import as_member, as_member_or_staff, require
from voucher.edge.replies import reply
from voucher.models.agencies import Agency
from voucher.models.base import Reason, Request
from voucher.models.changes import Change
from voucher.models.enterprises import Enterprise
from voucher.refusals import Refusal, Refused
from voucher.rules import entitlements, lifecycle
from voucher.rules.changes import check_once_approved, check_reason, new_change
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import stepped
from voucher.rules.programmes import policy_for
from voucher.rules.removals import agency_proposed_for_removal
from voucher.store import changes, organisations, programmes, standing
from voucher.store.engine.table import Write

app = Api()


class Report(Request):
    happened_on: Day
    description: Text


class EnterpriseDecision(Request):
    decision: Literal["keep", "return", "disqualify"]
    reason: Text | None = None


class AgencyDecision(Request):
    decision: Literal["keep", "return", "remove"]
    reason: Text | None = None


class Disqualification(Request):
    reason: Text


@app.post("/enterprises/<uscc>/changes")
def report_of_enterprise(uscc: str) -> Response[str]:
    """§4.1.3: an approved enterprise reports a material change; a late one is flagged."""
    enterprise = as_member(app.caller, organisations.find_enterprise(uscc))
    return _reported(enterprise)


@app.post("/agencies/<uscc>/changes")
def report_of_agency(uscc: str) -> Response[str]:
    """§3.2.3: an active agency reports a material change; a late one is flagged."""
    agency = as_member(app.caller, organisations.find_agency(uscc))
    return _reported(agency)


def _reported(organisation: Enterprise | Agency) -> Response[str]:
    body, kind = app.body(Report), organisations.kind_of(organisation)
    today = clock.today()
    change = new_change(
        policy_for(programmes.find(today.year), today),
        today,
        body.happened_on,
        change_id=app.new_id("c"),
        kind=kind,
        uscc=organisation.uscc,
        description=body.description,
        created_at=clock.now(),
        created_by=app.caller.sub,
        request_sha256=app.request_sha256,
        **app.step("report"),
    )
    if (existing := changes.find(kind, organisation.uscc, change.change_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(existing, replay=True)
    check_once_approved(organisation)
    lifecycle.next_state(kind, organisation.state, "report_change")
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
    """The reports of everybody by state, for the operator who decides them and the bureau."""
    require(app.caller, "platform", "bureau")
    page = changes.list_page(app.query("state"), app.limit, app.query("cursor"))
    items = [Change.model_validate(item).public() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


@app.post("/enterprises/<uscc>/changes/<change_id>/review")
def review_of_enterprise(uscc: str, change_id: str) -> Response[str]:
    """§4.1.3: the operator keeps the qualification, returns the registration for correction, or withdraws it."""
    require(app.caller, "platform")
    body = app.body(EnterpriseDecision)
    action = {"return": "reopen", "disqualify": "disqualify"}.get(body.decision)
    return _reviewed("enterprise", uscc, change_id, body, action)


@app.post("/agencies/<uscc>/changes/<change_id>/review")
def review_of_agency(uscc: str, change_id: str) -> Response[str]:
    """§3.2.3: the operator keeps the approval, returns the application for correction, or proposes the removal."""
    require(app.caller, "platform")
    body = app.body(AgencyDecision)
    action = {"return": "reopen", "remove": "propose_removal"}.get(body.decision)
    return _reviewed("agency", uscc, change_id, body, action)


def _reviewed(
    kind: str, uscc: str, change_id: str, body: EnterpriseDecision | AgencyDecision, action: str | None
) -> Response[str]:
    """Decide a report, in one transaction with the step of the organisation that follows from it."""
    if (old := changes.find(kind, uscc, change_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    check_four_eyes(app.caller.sub, "§4.1.3" if kind == "enterprise" else "§3.2.3", old.created_by)
    check_reason(body.decision, body.reason)
    state = lifecycle.next_state("change", old.state, body.decision)
    decided = {"state": state, "reason": body.reason, "reviewed_by": app.caller.sub}
    new = old.next_version(**decided, **app.step(body.decision))
    if action is None or body.reason is None:
        changes.commit_step(old, new)
    elif kind == "enterprise":
        _moved_enterprise(uscc, action, body.reason, changes.step_write(old, new))
    else:
        _moved_agency(uscc, action, body.reason, changes.step_write(old, new))
    return reply(new)


@app.post("/enterprises/<uscc>/disqualify")
def disqualify(uscc: str) -> Response[str]:
    """§4.1.3: the operator withdraws a qualification; unused balances become void through the queue."""
    require(app.caller, "platform")
    body, enterprise = app.body(Disqualification), organisations.find_enterprise(uscc)
    if enterprise is not None and app.is_repeat(enterprise, "disqualify"):
        return reply(enterprise, replay=True)
    return reply(_moved_enterprise(uscc, "disqualify", body.reason))


def _moved_enterprise(uscc: str, action: str, reason: str, *also: Write) -> Enterprise:
    """Take an enterprise's approval back, its entitlements in step in the same transaction."""
    today = clock.today()
    facts = standing.read_facts(uscc, entitlements.years_in_step(today))
    old = facts.enterprise
    if old is None:
        raise Refused(Refusal.NOT_FOUND)
    check_once_approved(old)
    state = lifecycle.next_state("enterprise", old.state, action)
    new = old.next_version(state=state, reasons=(Reason(message=reason),), **app.step(action))
    following = entitlements.next_entitlements(new, facts.standing, facts.entitlements, facts.programmes, today)
    organisations.commit_step(
        old, new, standing.standing_check(facts), *standing.entitlement_writes(facts, following), *also
    )
    return new


def _moved_agency(uscc: str, action: str, reason: str, *also: Write) -> None:
    if (old := organisations.find_agency(uscc)) is None:
        raise Refused(Refusal.NOT_FOUND)
    if action == "reopen":
        check_once_approved(old)
        new = stepped(old, action, app.mark, reasons=(Reason(message=reason),))
    else:
        new = agency_proposed_for_removal(old, reason, app.mark)
    organisations.commit_step(old, new, *also)


handler = app.handle
