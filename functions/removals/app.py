"""Removals of agencies: the operator proposes, the bureau decides; public, and their products withdrawn (§3.4.1)."""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, Statement, Versioned, WithReason
from voucher.edge.fields import Text
from voucher.edge.identity import as_member, require
from voucher.edge.pages import ListOf, Search, reply_list
from voucher.edge.policies import policy_today
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency
from voucher.models.removals import Lead, LeadState
from voucher.models.sanctions import SanctionDecision
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import allows, check_version, stepped
from voucher.rules.removals import (
    agency_applying_anew,
    agency_proposed_for_removal,
    decided_agency,
    lead_of,
    public_notice,
    restored_agency,
)
from voucher.rules.sanctions import stated
from voucher.store import organisations, products, removals

app = Api()


class Decision(Versioned):
    decision: SanctionDecision = "approve"
    reason: Text | None = None


@app.post("/agencies/<uscc>/removal")
def propose(uscc: str) -> Answer[Agency]:
    """§3.4.1: the operator proposes the removal, with its reason. Until the bureau decides, nobody can order."""
    require(app.caller, "platform")
    body = app.body(WithReason)
    old = organisations.get_agency(uscc)
    if app.is_repeat(old, "propose_removal"):
        return reply(old, replay=True)
    new = agency_proposed_for_removal(old, body.reason, policy_today(), app.mark)
    check_four_eyes(app.caller.sub, "propose_removal", old)
    organisations.commit_decision(old, new, "propose_removal", app.caller.sub)
    return reply(new)


@app.post("/agencies/<uscc>/removal/statement")
def state_position(uscc: str) -> Answer[Agency]:
    """§3.4.1: the agency's statement, once, as long as the bureau has not decided."""
    body = app.body(Statement)
    old = as_member(app.caller, organisations.find_agency(uscc), "agency")
    if app.is_repeat(old, "state_position"):
        return reply(old, replay=True)
    new = stated(old, body.text, app.mark)
    organisations.commit_step(old, new)
    return reply(new)


@app.post("/agencies/<uscc>/removal/approve")
def decide(uscc: str) -> Answer[Agency]:
    """§3.4.1: the bureau's decision, by somebody else, once the agency was heard: removed and published at once, or
    back in its former state."""
    require(app.caller, "bureau")
    body = app.body(Decision)
    old = organisations.get_agency(uscc)
    if app.is_repeat(old, f"{body.decision}_removal"):
        withdraw_products(old)
        return reply(old, replay=True)
    check_version(old, body.version)
    new = decided_agency(old, body.decision, body.reason, app.mark)
    check_four_eyes(app.caller.sub, "decide_removal", old)
    if body.decision == "reject":
        organisations.commit_decision(old, new, "decide_removal", app.caller.sub)
        return reply(new)
    made = app.creation("record")
    notice, lead = public_notice(new, clock.today(), made), lead_of(new, made)
    removals.commit_removal(old, new, notice, lead, app.caller.sub)
    withdraw_products(new)
    return reply(new)


@app.post("/agencies/<uscc>/restore")
def restore(uscc: str) -> Answer[Agency]:
    """§3.4.1: the bureau takes a removal back, by somebody else than who decided it, in public. Its products stay
    withdrawn until they are published anew."""
    require(app.caller, "bureau")
    body = app.body(WithReason)
    old = organisations.get_agency(uscc)
    if app.is_repeat(old, "restore"):
        return reply(old, replay=True)
    new = restored_agency(old, body.reason, app.mark)
    check_four_eyes(app.caller.sub, "restore_agency", old)
    removals.commit_restoration(old, new, public_notice(new, clock.today(), app.creation("record")), app.caller.sub)
    return reply(new)


@app.post("/agencies/<uscc>/reapply")
def reapply(uscc: str) -> Answer[Agency]:
    """§3.4.1: from the year after its removal on, the agency may correct its papers and apply anew."""
    app.body(Nothing)
    old = as_member(app.caller, organisations.find_agency(uscc), "agency")
    if app.is_repeat(old, "reapply"):
        return reply(old, replay=True)
    new = agency_applying_anew(old, app.mark)
    organisations.commit_step(old, new)
    return reply(new)


def withdraw_products(agency: Agency) -> None:
    """Withdraw the products of a removed agency. A repeated decision does it again, in case the first try broke off:
    nobody can see or order them since the removal."""
    if agency.state != "removed":
        return
    for product_id in [each.product_id for each in products.list_of_agency(agency.uscc)]:
        old = products.get(product_id)
        if allows("product", old.state, "withdraw"):
            products.commit_step(old, stepped(old, "withdraw", app.mark))


@app.get("/leads")
def list_leads(query: Search[LeadState]) -> Answer[ListOf[Lead]]:
    """§3.4.1: the leads for the offices that follow them up; `q` looks into name, code and facts."""
    require(app.caller, "bureau", "discipline")
    page = removals.list_leads(query.selection(), query.finds("name", "uscc", "facts"))
    return reply_list(page, Lead.model_validate)


handler = app.handle
