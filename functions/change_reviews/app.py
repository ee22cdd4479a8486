"""Reports of changes decided by the operator, and qualifications that it proposes to withdraw (§3.2.3, §4.1.3)."""

from typing import Literal

from voucher.edge.adoptions import adopt_in_agency, adopt_in_enterprise
from voucher.edge.api import Api
from voucher.edge.bodies import Versioned, WithReason
from voucher.edge.fields import Text
from voucher.edge.identity import require
from voucher.edge.policies import policy_today
from voucher.edge.qualifications import following_writes, read_enterprise
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency
from voucher.models.base import Reason
from voucher.models.changes import Change
from voucher.models.enterprises import Enterprise
from voucher.rules.changes import check_once_approved, check_reason
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_version, stepped
from voucher.rules.removals import agency_proposed_for_removal
from voucher.rules.sanctions import enterprise_proposed_for_disqualification
from voucher.store import changes, organisations
from voucher.store.engine.table import Write

app = Api()


class EnterpriseDecision(Versioned):
    decision: Literal["keep", "adopt", "return", "disqualify"]
    reason: Text | None = None
    # what the reviewer finds of a new industry code, as at an approval
    digital_economy: bool = False
    outside_direction: bool = False


class AgencyDecision(Versioned):
    decision: Literal["keep", "adopt", "return", "remove"]
    reason: Text | None = None


@app.post("/enterprises/<uscc>/changes/<change_id>/review")
def review_of_enterprise(uscc: str, change_id: str) -> Answer[Change]:
    """§4.1.3: the operator keeps the qualification, adopts the new facts, which count from then on for what is granted
    and ordered later, returns the registration for correction, or proposes to withdraw the qualification. Facts that a
    clause refuses are not adopted."""
    require(app.caller, "platform")
    body = app.body(EnterpriseDecision)
    old = changes.get("enterprise", uscc, change_id)
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    check_version(old, body.version)
    step, enterprise = "review_enterprise_change", organisations.find_enterprise(uscc)
    new = _decided_report(old, body.decision, body.reason, step, enterprise)
    if body.decision == "adopt":
        found = {"digital_economy": body.digital_economy, "outside_direction": body.outside_direction}
        return reply(adopt_in_enterprise(old, new, found, step, app.mark))
    if body.reason is None or enterprise is None or body.decision == "keep":
        changes.commit_decision(old, new, step, app.caller.sub)
        return reply(new)
    decided = changes.decided_writes(old, new, step, app.caller.sub)
    if body.decision == "return":
        _reopen_enterprise(uscc, body.reason, *decided)
    else:
        _propose_disqualification(enterprise, body.reason, step, *decided)
    return reply(new)


@app.post("/agencies/<uscc>/changes/<change_id>/review")
def review_of_agency(uscc: str, change_id: str) -> Answer[Change]:
    """§3.2.3: the operator keeps the approval, adopts the new facts, which count from then on, returns the application
    for correction, or proposes the removal. Facts that a clause refuses are not adopted."""
    require(app.caller, "platform")
    body = app.body(AgencyDecision)
    old = changes.get("agency", uscc, change_id)
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    check_version(old, body.version)
    step, agency = "review_agency_change", organisations.get_agency(uscc)
    new = _decided_report(old, body.decision, body.reason, step, agency)
    if body.decision == "adopt":
        return reply(adopt_in_agency(old, new, agency, step, app.mark))
    if body.reason is None or body.decision == "keep":
        changes.commit_decision(old, new, step, app.caller.sub)
    else:
        _commit_agency(agency, body.decision, body.reason, *changes.decided_writes(old, new, step, app.caller.sub))
    return reply(new)


def _decided_report(
    report: Change, decision: str, reason: str | None, step: str, of: organisations.Organisation | None
) -> Change:
    """The report after its decision, by somebody else than who made it. A decision against the organisation needs a
    reason."""
    check_four_eyes(app.caller.sub, step, report, of)
    check_reason(decision, reason)
    return stepped(report, decision, app.mark, reason=reason, reviewed_by=app.caller.sub)


@app.post("/enterprises/<uscc>/disqualify")
def disqualify(uscc: str) -> Answer[Enterprise]:
    """§4.1.3: the operator proposes to withdraw a qualification. The enterprise is told why, and until when it may
    answer; it grabs and orders as before, because nothing is decided yet."""
    require(app.caller, "platform")
    body = app.body(WithReason)
    old = organisations.get_enterprise(uscc)
    if app.is_repeat(old, "propose_disqualification"):
        return reply(old, replay=True)
    check_four_eyes(app.caller.sub, "propose_disqualification", old)
    return reply(_propose_disqualification(old, body.reason, "propose_disqualification"))


def _reopen_enterprise(uscc: str, reason: str, *also: Write) -> None:
    """§4.1.3: return an enterprise's registration for correction; its entitlements follow in the same transaction."""
    old, facts = read_enterprise(uscc)
    check_once_approved(old)
    new = stepped(old, "reopen", app.mark, reasons=(Reason(message=reason),))
    step = "review_enterprise_change"
    organisations.commit_decision(old, new, step, app.caller.sub, *following_writes(new, facts), *also)


def _propose_disqualification(old: Enterprise, reason: str, step: str, *also: Write) -> Enterprise:
    new = enterprise_proposed_for_disqualification(old, reason, policy_today(), app.mark)
    organisations.commit_decision(old, new, step, app.caller.sub, *also)
    return new


def _commit_agency(old: Agency, decision: str, reason: str, *also: Write) -> None:
    """§3.2.3, §3.4.1: return an agency's application for correction, or propose its removal."""
    if decision == "remove":
        new = agency_proposed_for_removal(old, reason, policy_today(), app.mark)
    else:
        check_once_approved(old)
        new = stepped(old, "reopen", app.mark, reasons=(Reason(message=reason),))
    organisations.commit_decision(old, new, "review_agency_change", app.caller.sub, *also)


handler = app.handle
