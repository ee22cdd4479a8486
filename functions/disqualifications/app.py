"""Disqualifications: the enterprise is heard, the bureau decides, and may restore it (§4.1.3)."""

from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, Statement, Versioned, WithReason
from voucher.edge.fields import Text
from voucher.edge.identity import as_member, require
from voucher.edge.qualifications import following_writes, read_enterprise
from voucher.edge.replies import Answer, reply
from voucher.models.enterprises import Enterprise
from voucher.models.entitlements import Entitlement
from voucher.models.sanctions import SanctionDecision
from voucher.models.vouchers import Voucher
from voucher.rules.entitlements import Loss, quota_given_back
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_version
from voucher.rules.sanctions import applying_anew, decided_enterprise, restored, stated
from voucher.store import batches, organisations, vouchers

app = Api()


class Decision(Versioned):
    decision: SanctionDecision
    reason: Text


@app.post("/enterprises/<uscc>/disqualify/statement")
def state_position(uscc: str) -> Answer[Enterprise]:
    """§4.1.3: the enterprise's statement, once, as long as the bureau has not decided."""
    body = app.body(Statement)
    old = as_member(app.caller, organisations.find_enterprise(uscc), "enterprise")
    if app.is_repeat(old, "state_position"):
        return reply(old, replay=True)
    new = stated(old, body.text, app.mark)
    organisations.commit_step(old, new)
    return reply(new)


@app.post("/enterprises/<uscc>/disqualify/approve")
def decide(uscc: str) -> Answer[Enterprise]:
    """§4.1.3: the bureau's decision, by somebody else, once the enterprise was heard: disqualified, its unused balances
    then become void through the queue; or as it was."""
    require(app.caller, "bureau")
    body = app.body(Decision)
    old, facts = read_enterprise(uscc)
    if app.is_repeat(old, f"{body.decision}_disqualification"):
        return reply(old, replay=True)
    check_version(old, body.version)
    new = decided_enterprise(old, body.decision, body.reason, app.mark)
    check_four_eyes(app.caller.sub, "decide_disqualification", old)
    follow = following_writes(new, facts) if body.decision == "approve" else []
    organisations.commit_decision(old, new, "decide_disqualification", app.caller.sub, *follow)
    return reply(new)


@app.post("/enterprises/<uscc>/restore")
def restore(uscc: str) -> Answer[Enterprise]:
    """§4.1.3: the bureau takes a disqualification back, by somebody else than who decided it. Void vouchers stay void;
    the quota that they used may be claimed again."""
    require(app.caller, "bureau")
    body = app.body(WithReason)
    old, facts = read_enterprise(uscc)
    if app.is_repeat(old, "restore"):
        return reply(old, replay=True)
    new = restored(old, body.reason, app.mark)
    check_four_eyes(app.caller.sub, "restore_enterprise", old)
    # the writes are on condition of the entitlements as read, and whatever lapses meanwhile changes them
    held = {year: each and quota_given_back(each, losses_of(each)) for year, each in facts.entitlements.items()}
    follow = following_writes(new, facts, held)
    organisations.commit_decision(old, new, "restore_enterprise", app.caller.sub, *follow)
    return reply(new)


def losses_of(entitlement: Entitlement) -> list[Loss]:
    """What lapsed of each voucher of a year."""
    return [loss_of(voucher) for voucher in vouchers.list_of(entitlement)]


def loss_of(voucher: Voucher) -> Loss:
    """What lapsed of a voucher, by its postings."""
    lapsed_fen = sum(each.amount_fen for each in vouchers.list_postings(voucher) if each.entry == "lapse")
    return Loss(voucher, lapsed_fen, batches.load(voucher.batch_id).extra_quota_fen)


@app.post("/enterprises/<uscc>/reapply")
def reapply(uscc: str) -> Answer[Enterprise]:
    """§4.1.3: from the year after its disqualification on, the enterprise may correct its papers and submit anew."""
    app.body(Nothing)
    caller = app.caller  # first: a caller who is not signed in learns nothing of the code
    enterprise, facts = read_enterprise(uscc)
    old = as_member(caller, enterprise, "enterprise")
    if app.is_repeat(old, "reapply"):
        return reply(old, replay=True)
    new = applying_anew(old, app.mark, "§4.1.3")
    organisations.commit_step(old, new, *following_writes(new, facts))
    return reply(new)


handler = app.handle
