"""Agencies reviewed: the operator's opinion first, then the bureau's decision (§3.2.2)."""

from typing import Any, Literal

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import ReviewReason, Versioned, reasons_of
from voucher.edge.fields import Text
from voucher.edge.identity import require
from voucher.edge.parties import unaccused_checks
from voucher.edge.performance import performance_of
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency, ReviewedAgency
from voucher.models.base import Reason
from voucher.policy import AgencyCondition, Policy
from voucher.rules.agencies import approval_ends_on, first_approved_on, proposed_agency, waived_conditions
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, check_version, stepped
from voucher.rules.programmes import policy_for
from voucher.rules.submissions import check_reasons
from voucher.store import organisations, programmes, standing

app = Api()


class Decision(Versioned):
    """`override` is the reason of an exception; `waives` names the conditions that it waives, and no others then."""

    decision: Literal["approve", "return", "reject"]
    reasons: list[ReviewReason | Text] = []
    override: Text | None = None
    waives: list[AgencyCondition] | None = None


@app.post("/agencies/<uscc>/pre-review")
def pre_review(uscc: str) -> Answer[ReviewedAgency]:
    """§3.2.2: the operator's opinion; `override` asks the bureau for an exception, with the reason."""
    require(app.caller, "platform")
    body = app.body(Decision)
    old = organisations.get_agency(uscc)
    action = f"pre_review.{body.decision}"
    if app.is_repeat(old, action):
        return reply(_with_violations(old), replay=True)
    check_step(old, action)
    check_version(old, body.version)
    check_four_eyes(app.caller.sub, "pre_review_agency", old)
    waived = _waived(old, body) if body.decision == "approve" else ()
    opinion: dict[str, Any] = {
        "pre_reviewed_by": app.caller.sub,
        "override_request": body.override,
        "waives_request": waived,
    }
    new = stepped(old, action, app.mark, reasons=_reasons(body, old), **opinion)
    organisations.commit_decision(old, new, "pre_review_agency", app.caller.sub)
    return reply(_with_violations(new))


@app.post("/agencies/<uscc>/approve")
def approve(uscc: str) -> Answer[ReviewedAgency]:
    """§3.2.2: the bureau's decision, by somebody else than the pre-reviewer; it may override with a reason."""
    require(app.caller, "bureau")
    body = app.body(Decision)
    old = organisations.get_agency(uscc)
    if app.is_repeat(old, body.decision):
        return reply(_with_violations(old), replay=True)
    check_step(old, body.decision)
    check_version(old, body.version)
    check_four_eyes(app.caller.sub, "approve_agency", old)
    reasons = _reasons(body, old)
    if body.decision == "approve":
        new = stepped(proposed_agency(old), "approve", app.mark, reasons=reasons, **_approval(old, body))
    else:
        new = stepped(old, body.decision, app.mark, reasons=reasons)
    unaccused = unaccused_checks(uscc=uscc) if body.decision == "approve" else ()
    organisations.commit_decision(old, new, "approve_agency", app.caller.sub, *unaccused)
    return reply(_with_violations(new))


def _with_violations(agency: Agency) -> dict[str, Any]:
    """§3.1.1, §5.1: an agency as its reviewers see it, with what stands against it and how it did."""
    violations = standing.read_standings([agency.uscc])[agency.uscc].violations
    return agency.public() | {"violations": violations} | performance_of(agency)


def _approval(agency: Agency, body: Decision) -> dict[str, Any]:
    """§3.2.3: what an approval given today changes. The override is recorded only where a condition needs it."""
    waived = _waived(agency, body)
    return {
        "approved_by": app.caller.sub,
        "approved_at": clock.now(),
        "first_approved_on": first_approved_on(agency) or clock.today(),
        "valid_until": approval_ends_on(agency, _policy(), clock.today()),
        "override": body.override if waived else None,
        "waives": waived,
        "renewal": False,
        "suspended": False,
    }


def _waived(agency: Agency, body: Decision) -> tuple[AgencyCondition, ...]:
    """§3.1: the conditions that the agency passes only by the override. Raises the first one that it does not pass."""
    return waived_conditions(proposed_agency(agency), _policy(), body.override, body.waives)


def _policy() -> Policy:
    today = clock.today()
    return policy_for(programmes.find(today.year), today)


def _reasons(body: Decision, agency: Agency) -> tuple[Reason, ...]:
    reasons = reasons_of(body.reasons)
    check_reasons(body.decision, reasons, agency.submission)
    return reasons


handler = app.handle
