"""Complaints: their terms, who is heard before they are answered, and what their makers and the organisations read of
them (§5.3)."""

import hmac
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from voucher.models.base import Mark
from voucher.models.complaints import (
    Complaint,
    ComplaintOfRespondent,
    ComplaintProgress,
    ComplaintReceipt,
    Finding,
    FindingKind,
    Measure,
    Outcome,
    Proposal,
    RespondentStatement,
)
from voucher.policy import Policy
from voucher.refusals import FieldError, Refusal, Refused, not_found
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.objections import answer_code, code_sha256
from voucher.rules.working_days import (
    ONE_DAY,
    add_working_days,
    calendar_due,
    count_working_days,
    end_of_day,
    shanghai_date,
)

# "accept" is also the word of an agency that takes an order
REVIEW_STEPS = {"accept": "take_up", "redirect": "redirect", "link": "link"}
REMEDY = "对处理结果不满意的，可通过企业信箱（提交时 route 填 mailbox）反映，由市纪委监委受理。"


def new_complaint(complaint_id: str, facts: Mapping[str, Any], key: str, policy: Policy) -> Complaint:
    """§5.3: a complaint as it is kept. `facts` are its words, its channel, when it came, by whom, and the seed of its
    code; `key` is the Idempotency-Key of its call, or another secret in place of one."""
    today, kept = shanghai_date(facts["created_at"]), code_sha256(answer_code(facts["code_seed"], key))
    accept_by = add_working_days(today, policy.complaint_acceptance_working_days).date
    return Complaint(complaint_id=complaint_id, state="received", accept_by=accept_by, code_sha256=kept, **facts)


def receipt(complaint: Complaint, key: str | None) -> ComplaintReceipt:
    """What whoever complains learns. Whoever sent no Idempotency-Key reads the code once."""
    code = answer_code(complaint.code_seed, key) if complaint.code_seed and key else None
    return {"complaint_id": complaint.complaint_id, "code": code, "uploads": []}


def opened_by(complaint: Complaint | None, code: str) -> Complaint:
    """The complaint that a code opens. Raises NOT_FOUND for an unknown one and for a wrong code alike."""
    if complaint is None or not hmac.compare_digest(complaint.code_sha256 or "", code_sha256(code)):
        raise not_found("complaint")
    return complaint


def progress(complaint: Complaint, answered: Complaint) -> ComplaintProgress:
    """§5.3: what whoever has the code reads: no name of staff. `answered` is what it was linked to, or itself."""
    return ComplaintProgress(
        complaint_id=complaint.complaint_id,
        state=answered.state,
        received_on=shanghai_date(complaint.created_at),
        accept_by=complaint.accept_by,
        answer_by=answered.answer_by,
        outcome=answered.outcome,
        answer=answered.answer or (answered.review_reason if answered.state == "redirected" else None),
        answered_on=shanghai_date(answered.answered_at) if answered.answered_at else None,
        remedy=REMEDY if answered.state in ("answered", "redirected") else None,
    )


def shown_to_respondent(complaint: Complaint) -> ComplaintOfRespondent:
    """§5.3: what a member of the organisation complained of reads of a complaint that it was told of."""
    public = complaint.public()
    names = ("complaint_id", "state", "told", "heard_by", "statements", "outcome")
    may = [each for each in public["allowed_actions"] if each["action"] == "state_position"]
    return cast("ComplaintOfRespondent", {name: public[name] for name in names} | {"allowed_actions": may})


def _handled(complaint: Complaint, action: str, mark: Mark, **changes: Any) -> Complaint:
    return stepped(complaint, action, mark, handlers=complaint.handlers | {mark.by}, **changes)


def accepted(
    complaint: Complaint, reason: str, told: str | None, respondents: tuple[Any, ...], policy: Policy, mark: Mark
) -> Complaint:
    """§5.3: the operator examines the complaint from now on; registered `respondents` read `told`, and have the
    policy's days to answer. Raises WRONG_STATE, or MALFORMED where nothing is said to them."""
    if respondents and told is None:
        words = "请写明转告被投诉单位的内容，不得透露投诉人。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("told", words, "missing")])
    today = shanghai_date(mark.at)
    terms: dict[str, Any] = {
        "answer_by": add_working_days(today, policy.complaint_answer_working_days).date,
        "heard_by": calendar_due(today, policy.hearing_days) if respondents else None,
        "told": told if respondents else None,
    }
    return _handled(complaint, "take_up", mark, review_reason=reason, respondents=respondents, **terms)


def redirected(complaint: Complaint, reason: str, mark: Mark) -> Complaint:
    """§5.3: not for the operator to examine: `reason` tells whose it is. Raises WRONG_STATE."""
    return _handled(complaint, "redirect", mark, review_reason=reason, answered_at=mark.at)


def linked(complaint: Complaint, to: Complaint, reason: str, mark: Mark) -> Complaint:
    """§5.3: the same as another complaint, whose answer counts for both. Raises WRONG_STATE, or MALFORMED for one that
    is itself linked, is withdrawn, or is this one."""
    if to.complaint_id == complaint.complaint_id or to.state in ("linked", "withdrawn"):
        words = "须为另一件未撤回、未并案的投诉。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("linked_to", words, "not_allowed")])
    return _handled(complaint, "link", mark, review_reason=reason, linked_to=to.complaint_id)


def joined(complaint: Complaint, linked_id: str) -> Complaint:
    """§5.3: the complaint that another one was linked to: whoever made that one waits for its answer, too."""
    return complaint.next_version(linked_from=(*complaint.linked_from, linked_id))


def withdrawn(complaint: Complaint, mark: Mark) -> Complaint:
    """§5.3: the complaint after its maker took it back. Raises WRONG_STATE, or COMPLAINT_SHARED if others wait for its
    answer: they were told that it counts for them, too."""
    new = stepped(complaint, "withdraw", mark)
    if complaint.linked_from:
        raise Refused(Refusal.COMPLAINT_SHARED)
    return new


def examined(complaint: Complaint, kind: FindingKind, text: str, mark: Mark) -> Complaint:
    """§5.3: one step of the examination on record. A pause stops the clock until it is resumed: the working days
    between them count not. Raises WRONG_STATE."""
    action = kind if kind in ("pause", "resume") else "examine"
    today, changes = shanghai_date(mark.at), dict[str, Any]()
    if kind == "pause":
        changes = {"paused_on": today}
    elif kind == "resume" and complaint.paused_on and complaint.answer_by:
        stopped = count_working_days(complaint.paused_on + ONE_DAY, today)
        changes = {"paused_on": None, "answer_by": add_working_days(complaint.answer_by, stopped).date}
    findings = (*complaint.findings, Finding(kind=kind, text=text, by=mark.by, at=mark.at))
    return _handled(complaint, action, mark, findings=findings, **changes)


def stated(complaint: Complaint, text: str, mark: Mark) -> Complaint:
    """§5.3: the complaint with the statement of one more member of a respondent. Raises WRONG_STATE, or ALREADY_EXISTS
    for a second one."""
    check_step(complaint, "state_position")
    if any(each.by == mark.by for each in complaint.statements):
        raise Refused(Refusal.ALREADY_EXISTS)
    said = RespondentStatement(text=text, by=mark.by, at=mark.at)
    return stepped(complaint, "state_position", mark, statements=(*complaint.statements, said))


def check_heard(complaint: Complaint, mark: Mark) -> None:
    """§5.3: whoever is complained of has answered, or their last day is over. Raises TOO_EARLY."""
    if complaint.heard_by and not complaint.statements and mark.at < end_of_day(complaint.heard_by):
        may = "被投诉单位仍可提交陈述意见"
        raise Refused(Refusal.TOO_EARLY, clause="§5.3", may_words=may, last_day=complaint.heard_by)


def replied(complaint: Complaint, outcome: Outcome, answer: str, mark: Mark) -> Complaint:
    """§5.3: the operator's answer. Nothing is found true before the respondents were heard. Raises WRONG_STATE or
    TOO_EARLY."""
    check_step(complaint, "reply")
    if outcome != "unsubstantiated":
        check_heard(complaint, mark)
    return _handled(complaint, "reply", mark, outcome=outcome, answer=answer, answered_at=mark.at)


def escalated(complaint: Complaint, proposal: Proposal, reason: str, policy: Policy, mark: Mark) -> Complaint:
    """§5.3: true and grave: the operator lays it before the bureau. Raises WRONG_STATE, TOO_EARLY, or MALFORMED for a
    measure against nobody."""
    check_step(complaint, "escalate")
    if proposal != "none" and complaint.about_uscc is None:
        words = "尚未核实被投诉单位，不能提请对其处理。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("proposal", words, "not_allowed")])
    check_heard(complaint, mark)
    decide_by = add_working_days(shanghai_date(mark.at), policy.review_working_days).date
    asked: dict[str, Any] = {"proposal": proposal, "proposal_reason": reason, "decide_by": decide_by}
    return _handled(complaint, "escalate", mark, **asked)


def decided(
    complaint: Complaint, outcome: Outcome, measure: Measure, words: Mapping[str, Any], mark: Mark
) -> Complaint:
    """§5.3: what the bureau decided, and the answer to whoever complained, both in `words`. Raises WRONG_STATE, or
    MALFORMED for a measure upon what is not found true."""
    check_step(complaint, "decide")
    if measure != "none" and outcome == "unsubstantiated":
        error = FieldError("measure", "投诉不属实的，不作处理。", "not_allowed")
        raise Refused(Refusal.MALFORMED, errors=[error])
    return stepped(complaint, "decide", mark, outcome=outcome, measure=measure, answered_at=mark.at, **words)


def is_overdue(complaint: Mapping[str, Any], today: date) -> bool:
    """§5.3: the last day of whoever must act on a kept complaint is over."""
    due = {"received": "accept_by", "accepted": "answer_by", "escalated": "decide_by"}.get(complaint["state"])
    day = complaint.get(due) if due else None
    return day is not None and str(day) < today.isoformat()
