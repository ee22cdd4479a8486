"""The second pair of eyes on an inspection: the other inspector, who follows up, the bureau, finance (§5.1, §5.1.3)."""

from typing import Literal

from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, Versioned
from voucher.edge.fields import Identifier, Text
from voucher.edge.holds import payout_writes
from voucher.edge.identity import require
from voucher.edge.inspections import check_inspector, get_inspection_of_others
from voucher.edge.replies import Answer, reply
from voucher.models.inspections import Check, Inspection
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.holds import order_after_finding, order_held_by_finding
from voucher.rules.inspections import (
    CLAUSES,
    concluded_inspection,
    countersigned_check,
    decided_check,
    followed_up_check,
    lead_of_check,
    signed_inspection,
)
from voucher.rules.lifecycle import allows, check_version
from voucher.store import checks, inspections, orders, organisations, removals, violations
from voucher.store.engine.table import Write

app = Api()


class Countersignature(Versioned):
    decision: Literal["agree", "return"]
    reason: Text | None = None


class FollowUp(Versioned):
    rectified: bool
    reason: Text


class Decision(Versioned):
    """`violation_id` names the violation that the bureau has recorded, if that is the decision."""

    decision: Literal["dismiss", "violation", "lead"]
    reason: Text
    violation_id: Identifier | None = None


class Conclusion(Versioned):
    conclusion: Text


@app.post("/checks/<check_id>/countersign")
def countersign(check_id: str) -> Answer[Check]:
    """§5.1: the other inspector stands for what the first one found, or returns it. From now on the orders that the
    finding names are held (§5.2b), and the agency hears of it."""
    require(app.caller, "platform", "bureau", "finance")
    body = app.body(Countersignature)
    old = checks.get(check_id)
    action = "countersign" if body.decision == "agree" else "return"
    if app.is_repeat(old, action):
        return reply(old, replay=True)
    check_inspector(app.caller, old.kind)
    check_version(old, body.version)
    new = countersigned_check(old, body.decision, body.reason, app.mark)
    return _commit(old, new, "countersign_check")


@app.post("/checks/<check_id>/follow-up")
def follow_up(check_id: str) -> Answer[Check]:
    """§5.1: whether what was found is put right; if not in time, the bureau decides."""
    require(app.caller, "platform", "bureau", "finance")
    body = app.body(FollowUp)
    old = checks.get(check_id)
    if app.is_repeat(old, "follow_up"):
        return reply(old, replay=True)
    check_inspector(app.caller, old.kind)
    check_version(old, body.version)
    new = followed_up_check(old, body.rectified, body.reason, app.mark)
    return _commit(old, new, "follow_up_check")


@app.post("/checks/<check_id>/decision")
def decide(check_id: str) -> Answer[Check]:
    """§5.1, §5.2b: the bureau decides on a finding, by somebody who inspected nothing of it. Its orders go on; those
    that a violation on record names stay held by that."""
    require(app.caller, "bureau")
    body = app.body(Decision)
    old = checks.get(check_id)
    if app.is_repeat(old, "decide"):
        return reply(old, replay=True)
    check_version(old, body.version)
    violation = violations.find(body.violation_id) if body.violation_id else None
    new = decided_check(old, body.decision, body.reason, body.violation_id, violation, app.mark)
    if body.decision != "lead":
        return _commit(old, new, "decide_check")
    lead = lead_of_check(new, organisations.find_agency(old.agency_uscc), app.creation("record"))
    return _commit(old, new, "decide_check", removals.lead_write(lead))


def _commit(old: Check, new: Check, step: str, *also: Write) -> Answer[Check]:
    """Write the check, and with it the orders that it holds now, or no more. Raises FOUR_EYES."""
    caller, mark = app.caller.sub, app.mark
    agency = organisations.find_agency(old.agency_uscc)
    enterprise = organisations.find_enterprise(old.member_uscc or "") if old.party == "enterprise" else None
    check_four_eyes(caller, step, old, agency, enterprise, clause=CLAUSES[old.kind])
    before, after = set(old.held_order_ids), set(new.held_order_ids)
    found = orders.find_many(before ^ after)
    held = [each for each in found if each.order_id in after and allows("order", each.state, "hold")]
    freed = [each for each in found if each.order_id in before and allows("order", each.state, "release")]
    moved = [
        *(order_held_by_finding(each, old.check_id, mark) for each in held),
        *(order_after_finding(each, old.check_id, mark) for each in freed),
    ]
    follow = [*map(orders.step_write, [*held, *freed], moved), *payout_writes(moved, mark)]
    checks.commit_inspected(old, new, step, caller, *follow, *also)
    return reply(new)


@app.post("/inspections/<inspection_id>/conclude")
def conclude(inspection_id: str) -> Answer[Inspection]:
    """§5.1: what the inspection came to, once each check is reported and countersigned, or dropped."""
    require(app.caller, "platform", "bureau", "finance")
    body = app.body(Conclusion)
    old = get_inspection_of_others(app.caller, inspection_id)
    if app.is_repeat(old, "conclude"):
        return reply(old, replay=True)
    if old.kind == "joint":
        require(app.caller, "bureau")
    check_version(old, body.version)
    new = concluded_inspection(old, checks.list_of(inspection_id), body.conclusion, app.mark)
    inspections.commit_step(old, new)
    return reply(new)


@app.post("/inspections/<inspection_id>/sign")
def sign(inspection_id: str) -> Answer[Inspection]:
    """§5.1.3: finance signs the joint inspection that the bureau concluded, by another person."""
    require(app.caller, "finance")
    app.body(Nothing)
    old = get_inspection_of_others(app.caller, inspection_id)
    if app.is_repeat(old, "sign"):
        return reply(old, replay=True)
    check_four_eyes(app.caller.sub, "sign_inspection", old)
    new = signed_inspection(old, app.mark)
    inspections.commit_signed(old, new, app.caller.sub)
    return reply(new)


handler = app.handle
