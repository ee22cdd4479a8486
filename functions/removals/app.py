"""Removals of agencies: the operator proposes, the bureau decides; public, and their products withdrawn (§3.4.1)."""

from typing import Literal

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Versioned, WithReason
from voucher.edge.identity import require
from voucher.edge.pages import ListOf, Search, reply_list
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency
from voucher.models.removals import Lead, LeadState, RemovalNotice
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import allows, check_version, stepped
from voucher.rules.removals import agency_kept, agency_proposed_for_removal
from voucher.store import organisations, products, removals

app = Api()


class Decision(Versioned):
    decision: Literal["approve", "reject"] = "approve"


@app.post("/agencies/<uscc>/removal")
def propose(uscc: str) -> Answer[Agency]:
    """§3.4.1: the operator proposes the removal, with its reason. Until the bureau decides, nobody can order."""
    require(app.caller, "platform")
    body = app.body(WithReason)
    old = organisations.get_agency(uscc)
    if app.is_repeat(old, "propose_removal"):
        return reply(old, replay=True)
    new = agency_proposed_for_removal(old, body.reason, app.mark)
    check_four_eyes(app.caller.sub, "propose_removal", old)
    organisations.commit_decision(old, new, "propose_removal", app.caller.sub)
    return reply(new)


@app.post("/agencies/<uscc>/removal/approve")
def decide(uscc: str) -> Answer[Agency]:
    """§3.4.1: the bureau's decision, by somebody else: removed and published at once, or back in its former state."""
    require(app.caller, "bureau")
    body = app.body(Decision)
    old = organisations.get_agency(uscc)
    action = f"{body.decision}_removal"
    if app.is_repeat(old, action):
        withdraw_products(old)
        return reply(old, replay=True)
    check_version(old, body.version)
    new = agency_kept(old, app.mark) if body.decision == "reject" else stepped(old, action, app.mark)
    check_four_eyes(app.caller.sub, "decide_removal", old)
    if body.decision == "reject":
        organisations.commit_decision(old, new, "decide_removal", app.caller.sub)
        return reply(new)
    removals.commit_removal(old, new, _notice(new), _lead(new), app.caller.sub)
    withdraw_products(new)
    return reply(new)


def _notice(agency: Agency) -> RemovalNotice:
    today = clock.today()
    return RemovalNotice(
        notice_id=f"removal_{agency.uscc}",
        state="published",
        agency_uscc=agency.uscc,
        agency_name=agency.name,
        text=f"{agency.name}自{today.year}年{today.month}月{today.day}日起被清退，不再承接服务券业务。",
        published_on=today,
        **app.creation("record"),
    )


def _lead(agency: Agency) -> Lead:
    return Lead(
        lead_id=f"lead_{agency.uscc}",
        state="recorded",
        uscc=agency.uscc,
        name=agency.name,
        facts=agency.removal_reason or "",
        proposed_by=agency.removal_proposed_by,
        **app.creation("record"),
    )


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
