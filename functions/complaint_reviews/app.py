"""Complaints as staff works on them (§5.3): accepted, examined, answered; what is true and grave goes to the bureau,
which decides."""

from typing import Literal

from voucher.edge.api import Api
from voucher.edge.bodies import Versioned
from voucher.edge.codes import CreditCode
from voucher.edge.complaints import commit_handled
from voucher.edge.fields import Identifier, Text
from voucher.edge.identity import require
from voucher.edge.policies import policy_today
from voucher.edge.replies import Answer, reply
from voucher.models.complaints import Complaint, FindingKind, Measure, Outcome, Proposal
from voucher.refusals import not_found
from voucher.rules.complaints import (
    REVIEW_STEPS,
    accepted,
    decided,
    escalated,
    examined,
    joined,
    linked,
    redirected,
    replied,
)
from voucher.rules.lifecycle import check_step, check_version
from voucher.store import complaints, organisations, violations

app = Api()


class Review(Versioned):
    """`told` is what the organisation complained of reads; it may be found out only now whom it is about."""

    decision: Literal["accept", "redirect", "link"]
    reason: Text
    about_uscc: CreditCode | None = None
    told: Text | None = None
    linked_to: Identifier | None = None


class Examination(Versioned):
    kind: FindingKind
    text: Text


class Reply(Versioned):
    outcome: Outcome
    answer: Text


class Escalation(Versioned):
    proposal: Proposal
    reason: Text


class Decision(Versioned):
    """`reason` is for the operator, `answer` for whoever complained; a violation is recorded first."""

    outcome: Outcome
    measure: Measure
    reason: Text
    answer: Text
    violation_id: Identifier | None = None


@app.post("/complaints/<complaint_id>/review")
def review(complaint_id: str) -> Answer[Complaint]:
    """§5.3: the operator accepts a complaint and tells the organisation; links it to another; or says whose it is."""
    require(app.caller, "platform")
    body = app.body(Review)
    old = complaints.get(complaint_id)
    if app.is_repeat(old, REVIEW_STEPS[body.decision]):
        return reply(old, replay=True)
    check_version(old, body.version)
    check_step(old, REVIEW_STEPS[body.decision])
    if body.decision != "accept":
        to = complaints.get(body.linked_to or "") if body.decision == "link" else None
        new = linked(old, to, body.reason, app.mark) if to else redirected(old, body.reason, app.mark)
        also = [complaints.joined_write(to, joined(to, complaint_id))] if to else []
        return reply(commit_handled(app, "handle_complaint", old, new, *also))
    about = old.model_copy(update={"about_uscc": body.about_uscc or old.about_uscc})
    found = [
        (kind, about.about_uscc and organisations.find(kind, about.about_uscc)) for kind in ("enterprise", "agency")
    ]
    registered = tuple(kind for kind, each in found if each and each.approved_at)
    new = accepted(about, body.reason, body.told, registered, policy_today(), app.mark)
    return reply(commit_handled(app, "handle_complaint", old, new))


@app.post("/complaints/<complaint_id>/steps")
def examine(complaint_id: str) -> Answer[Complaint]:
    """§5.3: a step of the examination on record: call back, site visit, analysis; a pause stops the clock, with its
    reason, until it is resumed."""
    require(app.caller, "platform")
    body = app.body(Examination)
    old = complaints.get(complaint_id)
    if app.is_repeat(old, body.kind if body.kind in ("pause", "resume") else "examine"):
        return reply(old, replay=True)
    check_version(old, body.version)
    return reply(commit_handled(app, "handle_complaint", old, examined(old, body.kind, body.text, app.mark)))


@app.post("/complaints/<complaint_id>/reply")
def answer(complaint_id: str) -> Answer[Complaint]:
    """§5.3: the operator's answer, once the organisation complained of was heard."""
    require(app.caller, "platform")
    body = app.body(Reply)
    old = complaints.get(complaint_id)
    if app.is_repeat(old, "reply"):
        return reply(old, replay=True)
    check_version(old, body.version)
    return reply(commit_handled(app, "handle_complaint", old, replied(old, body.outcome, body.answer, app.mark)))


@app.post("/complaints/<complaint_id>/escalate")
def escalate(complaint_id: str) -> Answer[Complaint]:
    """§5.3: what is true and grave goes to the bureau, with a proposal."""
    require(app.caller, "platform")
    body = app.body(Escalation)
    old = complaints.get(complaint_id)
    if app.is_repeat(old, "escalate"):
        return reply(old, replay=True)
    check_version(old, body.version)
    new = escalated(old, body.proposal, body.reason, policy_today(), app.mark)
    return reply(commit_handled(app, "handle_complaint", old, new))


@app.post("/complaints/<complaint_id>/decision")
def decide(complaint_id: str) -> Answer[Complaint]:
    """§5.3: the bureau decides what follows, by somebody who did not examine it, and answers."""
    require(app.caller, "bureau")
    body = app.body(Decision)
    old = complaints.get(complaint_id)
    if app.is_repeat(old, "decide"):
        return reply(old, replay=True)
    check_version(old, body.version)
    words = {"measure_reason": body.reason, "answer": body.answer, "violation_id": None}
    if body.measure == "violation":
        violation = violations.find(body.violation_id or "")
        if violation is None or violation.uscc != old.about_uscc:
            raise not_found("violation")
        words["violation_id"] = violation.violation_id
    new = decided(old, body.outcome, body.measure, words, app.mark)
    return reply(commit_handled(app, "decide_complaint", old, new))


handler = app.handle
