"""Enterprises reviewed clause by clause: eligibility, quota, and the operator's decision (§2.1, §2.3.1, §4.1.2)."""

from typing import Literal

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import ReviewReason, Versioned, reasons_of
from voucher.edge.drafts import enterprise_shown
from voucher.edge.fields import Text
from voucher.edge.identity import as_member_or_staff, is_before_approval, require
from voucher.edge.queries import Query, QueryYear
from voucher.edge.replies import Answer, reply
from voucher.models.enterprises import Enterprise
from voucher.models.entitlements import Eligibility
from voucher.models.standing import Standing
from voucher.refusals import not_found, refuse_first
from voucher.rules.eligibility import approval_finding, findings, findings_of_its_own, refusals, size_class
from voucher.rules.entitlements import next_entitlements, quota_of, years_in_step
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, check_version, stepped
from voucher.rules.programmes import policy_for
from voucher.rules.submissions import check_reasons
from voucher.store import organisations, standing
from voucher.store.engine.table import Write

app = Api()


class Review(Versioned):
    decision: Literal["approve", "return", "reject"]
    reasons: list[ReviewReason | Text] = []
    digital_economy: bool = False
    outside_direction: bool = False


class OfYear(Query):
    year: QueryYear | None = None


@app.post("/enterprises/<uscc>/review")
def review(uscc: str) -> Answer[Enterprise]:
    """§4.1.2: the operator's decision. What a clause refuses cannot be approved."""
    require(app.caller, "platform")
    body = app.body(Review)
    facts = standing.read_facts(uscc, years_in_step(clock.today()))
    if (old := facts.enterprise) is None:
        raise not_found("enterprise")
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    check_step(old, body.decision)
    check_version(old, body.version)
    check_four_eyes(app.caller.sub, "review_enterprise", old)
    reasons = reasons_of(body.reasons)
    check_reasons(body.decision, reasons, old.submission)
    mark = app.mark
    new = stepped(
        old,
        body.decision,
        mark,
        reviewed_by=mark.by,
        reviewed_at=mark.at,
        reasons=reasons,
        outside_direction=body.outside_direction,
    )
    if body.decision == "approve":
        new = new.model_copy(update={"digital_economy": body.digital_economy, "approved_at": mark.at})
        organisations.commit_decision(old, new, "review_enterprise", mark.by, *_checked_entitlements(new, facts))
    else:
        organisations.commit_decision(old, new, "review_enterprise", mark.by)
    return reply(new)


def _checked_entitlements(enterprise: Enterprise, facts: standing.Facts) -> list[Write]:
    """§2.1, §2.3.1: the entitlements that an approval gives. Raises the clauses that refuse the enterprise."""
    today = clock.today()
    policy = policy_for(facts.programmes[today.year], today)
    refuse_first(refusals(findings(enterprise, facts.standing, policy, today)))
    following = next_entitlements(
        enterprise, facts.standing, facts.entitlements, facts.programmes, today, wanted=today.year
    )
    return [standing.unchanged_check(facts.standing), *standing.entitlement_writes(facts, following)]


@app.get("/enterprises/<uscc>/eligibility")
def show_eligibility(uscc: str, query: OfYear) -> Answer[Eligibility]:
    """§2.1, §2.3.1: every rule, passed or not, and the quota with its reason. Before the first approval its members see
    nothing of lists and violations, because whoever registers a code might ask for those of somebody else."""
    enterprise = as_member_or_staff(app.caller, enterprise_shown(app, uscc), "enterprise")
    today = clock.today()
    year = today.year if query.year is None else query.year
    facts = standing.read_facts(uscc, [year])
    policy = policy_for(facts.programmes[year], today)
    if is_before_approval(app.caller, enterprise):
        entitlement, known = None, Standing(uscc=uscc)
        of_law = findings_of_its_own(enterprise, policy, today)
    else:
        entitlement, known = facts.entitlements[year], facts.standing
        of_law = findings(enterprise, known, policy, today)
    found = [*of_law, approval_finding(enterprise)]
    quota = quota_of(known, policy, year)
    return reply(
        {
            "uscc": uscc,
            "year": year,
            "eligible": all(each.passed for each in found),
            "size_class": size_class(enterprise),
            "quota_fen": quota.quota_fen,
            "quota_reason": quota.reason,
            "granted_fen": entitlement.granted_fen if entitlement else 0,
            "findings": [
                {name: getattr(each, name) for name in ("clause", "rule", "passed", "message")} for each in found
            ],
        }
    )


handler = app.handle
