"""Sanctions: proposed by the operator, heard, decided by the bureau, and taken back by it (§3.4.1, §4.1.3)."""

from datetime import date, datetime
from typing import Any

from voucher.models.agencies import Agency
from voucher.models.base import Mark, Reason
from voucher.models.enterprises import Enterprise
from voucher.models.sanctions import Sanction, SanctionDecision
from voucher.policy import Policy
from voucher.refusals import Refusal, Refused
from voucher.rules.changes import check_once_approved
from voucher.rules.lifecycle import stepped
from voucher.rules.working_days import add_working_days, calendar_due, end_of_day, shanghai_date


def new_sanction(organisation: Enterprise | Agency, reason: str, policy: Policy, mark: Mark) -> Sanction:
    """§3.4.1, §4.1.3: the operator's proposal, with the last day to answer and the bureau's. Raises WRONG_STATE for an
    organisation that was never approved, ALREADY_EXISTS while another proposal waits."""
    check_once_approved(organisation)
    if is_pending(organisation):
        raise Refused(Refusal.ALREADY_EXISTS)
    answer_by = calendar_due(shanghai_date(mark.at), policy.hearing_days)
    return Sanction(
        reason=reason,
        former=organisation.state,
        proposed_by=mark.by,
        proposed_at=mark.at,
        answer_by=answer_by,
        decide_by=add_working_days(answer_by, policy.review_working_days).date,
    )


def is_pending(organisation: Enterprise | Agency) -> bool:
    """True while a proposal waits for the bureau's decision."""
    return organisation.sanction is not None and organisation.sanction.decision is None


def pending(organisation: Enterprise | Agency) -> Sanction:
    """The proposal that waits. Raises ALREADY_REVIEWED after its decision, WRONG_STATE if there was none."""
    sanction = organisation.sanction
    if sanction is None or sanction.decision is not None:
        raise Refused(Refusal.ALREADY_REVIEWED if sanction else Refusal.WRONG_STATE, of=organisation)
    return sanction


def stated[Organisation: (Enterprise, Agency)](organisation: Organisation, text: str, mark: Mark) -> Organisation:
    """§3.4.1, §4.1.3: the organisation with its statement, handed in once, until the decision. Raises WRONG_STATE,
    ALREADY_REVIEWED or ALREADY_EXISTS."""
    sanction = pending(organisation)
    if sanction.statement is not None:
        raise Refused(Refusal.ALREADY_EXISTS)
    said = {"statement": text, "stated_by": mark.by, "stated_at": mark.at}
    return stepped(organisation, "state_position", mark, sanction=sanction.model_copy(update=said))


def decided(
    organisation: Enterprise | Agency, decision: SanctionDecision, reason: str | None, mark: Mark, clause: str
) -> Sanction:
    """§3.4.1, §4.1.3: the sanction after the bureau's decision. Raises TOO_EARLY for a yes that comes before the
    organisation was heard: it has made its statement, or its last day is over. A no harms nobody, at any time."""
    sanction = pending(organisation)
    if decision == "approve" and sanction.statement is None and mark.at < end_of_day(sanction.answer_by):
        may = "当事人仍可提交陈述意见"
        raise Refused(Refusal.TOO_EARLY, clause=clause, may_words=may, last_day=sanction.answer_by)
    how = {"decision": decision, "decision_reason": reason, "decided_by": mark.by, "decided_at": mark.at}
    return sanction.model_copy(update=how)


def restored[Organisation: (Enterprise, Agency)](
    organisation: Organisation, reason: str, mark: Mark, **changes: Any
) -> Organisation:
    """§3.4.1, §4.1.3: the organisation after the bureau took its sanction back: in the state before it. Raises
    WRONG_STATE."""
    sanction = organisation.sanction
    # one that was put out before sanctions were kept was approved, unless the bureau finds otherwise
    former = sanction.former if sanction else {"enterprise": "approved", "agency": "active"}[organisation.thing]
    how = {"restore_reason": reason, "restored_by": mark.by, "restored_at": mark.at}
    changes |= {"sanction": sanction and sanction.model_copy(update=how), "reasons": ()}
    return stepped(organisation, "restore", mark, former=former, **changes)


def enterprise_proposed_for_disqualification(
    enterprise: Enterprise, reason: str, policy: Policy, mark: Mark
) -> Enterprise:
    """§4.1.3: the enterprise after the operator's proposal. Its state stays: nothing is decided yet, so it grabs and
    orders as before. Raises as `new_sanction` does."""
    sanction = new_sanction(enterprise, reason, policy, mark)
    return stepped(enterprise, "propose_disqualification", mark, sanction=sanction)


def decided_enterprise(enterprise: Enterprise, decision: SanctionDecision, reason: str, mark: Mark) -> Enterprise:
    """§4.1.3: the enterprise after the bureau's decision: disqualified, or as it was. Raises as `decided` does."""
    sanction = decided(enterprise, decision, reason, mark, "§4.1.3")
    # it may have been reopened since the proposal, and then must not come back approved
    changes: dict[str, Any] = {"sanction": sanction.model_copy(update={"former": enterprise.state})}
    if decision == "approve":
        changes["reasons"] = (Reason(message=reason),)
    return stepped(enterprise, f"{decision}_disqualification", mark, **changes)


def applying_anew[Organisation: (Enterprise, Agency)](
    organisation: Organisation, mark: Mark, clause: str, **changes: Any
) -> Organisation:
    """§3.4.1, §4.1.3: the organisation that is out and opens a new application, from the year after on. Its ages are
    reckoned on the day on which it submits. Raises WRONG_STATE or NEXT_YEAR_FIRST."""
    new = stepped(organisation, "reapply", mark, applied_on=None, **changes)
    first_day = _first_day_to_reapply(organisation)
    if shanghai_date(mark.at) < first_day:
        raise Refused(Refusal.NEXT_YEAR_FIRST, clause=clause, first_day=first_day)
    return new


def _first_day_to_reapply(organisation: Enterprise | Agency) -> date:
    sanction = organisation.sanction
    decided_at: datetime = (sanction and sanction.decided_at) or organisation.updated_at or organisation.created_at
    return date(shanghai_date(decided_at).year + 1, 1, 1)
