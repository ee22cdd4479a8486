"""Claims on organisations as staff works on them: the operator checks the papers, the bureau decides (§3.2.1,
§4.1.1)."""

from typing import Literal

from voucher.edge.api import Api
from voucher.edge.bodies import Versioned
from voucher.edge.fields import Text
from voucher.edge.identity import require
from voucher.edge.masking import masked_claim
from voucher.edge.members import entitlement_writes
from voucher.edge.pages import ListOf, Search, reply_list
from voucher.edge.replies import Answer, reply
from voucher.models.claims import ClaimDecision, ClaimState, OrganisationClaim
from voucher.refusals import not_found
from voucher.rules.claims import CLAUSES, REVIEW_STEPS, claimed_organisation, decided_claim, reviewed_claim
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_version
from voucher.store import claims, organisations

app = Api()


class Review(Versioned):
    decision: Literal["forward", "reject"]
    reason: Text


class Decision(Versioned):
    decision: ClaimDecision
    reason: Text


@app.get("/claims")
def list_claims(query: Search[ClaimState]) -> Answer[ListOf[OrganisationClaim]]:
    """The claims on all organisations, for the operator and the bureau; `q` looks into code and name; people's names
    and phones are masked, and what members say is left to the claim itself."""
    require(app.caller, "platform", "bureau")
    page = claims.list_page(query.selection(), query.finds("uscc", "name"))
    return reply_list(page, lambda item: masked_claim(OrganisationClaim.model_validate(item)))


@app.post("/claims/<claim_id>/review")
def review(claim_id: str) -> Answer[OrganisationClaim]:
    """§3.2.1, §4.1.1: the operator checks the papers, and lays the claim before the bureau or rejects it."""
    require(app.caller, "platform")
    body = app.body(Review)
    old = claims.get(claim_id)
    if app.is_repeat(old, REVIEW_STEPS[body.decision]):
        return reply(old, replay=True)
    check_version(old, body.version)
    organisation = organisations.find(old.kind, old.uscc)
    check_four_eyes(app.caller.sub, "review_claim", old, organisation, clause=CLAUSES[old.kind])
    new = reviewed_claim(old, body.decision, body.reason, app.mark)
    claims.commit_decision(old, new, "review_claim", app.caller.sub)
    return reply(new)


@app.post("/claims/<claim_id>/decision")
def decide(claim_id: str) -> Answer[OrganisationClaim]:
    """§3.2.1, §4.1.1: the bureau decides, by somebody else, once the members were heard. Approved, the claimant is the
    only member from this instant on, in the enterprise's entitlements, too."""
    require(app.caller, "bureau")
    body = app.body(Decision)
    old = claims.get(claim_id)
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    check_version(old, body.version)
    organisation = organisations.find(old.kind, old.uscc)
    if organisation is None:
        raise not_found(old.kind)
    check_four_eyes(app.caller.sub, "decide_claim", old, organisation, clause=CLAUSES[old.kind])
    new = decided_claim(old, organisation, body.decision, body.reason, app.mark)
    if body.decision == "reject":
        claims.commit_decision(old, new, "decide_claim", app.caller.sub)
        return reply(new)
    after = claimed_organisation(organisation, old, app.mark)
    follow = organisations.claimed_writes(organisation, after, "decide_claim", app.caller.sub)
    claims.commit_decision(old, new, "decide_claim", app.caller.sub, *follow, *entitlement_writes(after))
    return reply(new)


handler = app.handle
