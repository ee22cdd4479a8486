"""Claims on an organisation whose members are gone, or that a stranger holds: opened, proved by papers, answered by its
members (§3.2.1, §4.1.1)."""

from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, Statement, WithReason
from voucher.edge.creation import key_write
from voucher.edge.disclosure import disclose
from voucher.edge.documents import OfOwner, announce, announcement, bounds_today, reply_with_documents
from voucher.edge.identity import as_anybody, as_party, as_party_or_staff, require
from voucher.edge.members import ClaimRequest, OfKind, get_of_code
from voucher.edge.policies import policy_today
from voucher.edge.replies import Answer, PageOf, reply
from voucher.models.claims import OrganisationClaim
from voucher.models.documents import AnnouncedUpload, PublicDocument
from voucher.policy import CLAIM_DOCUMENTS
from voucher.refusals import not_found
from voucher.rules.claims import CLAUSES, answered_claim, check_may_claim, has_said, new_claim, submitted_claim
from voucher.rules.documents import check_complete
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.members import check_may_join
from voucher.store import claims, documents, keys, organisations

app = Api()

ClaimDocument = announcement("ClaimDocument", CLAIM_DOCUMENTS)


@app.post("/organisations/<uscc>/claims")
def open_claim(uscc: str, query: OfKind) -> Answer[OrganisationClaim]:
    """§3.2.1, §4.1.1: whoever acts for an organisation and is no member of it asks to take the place of its members."""
    as_anybody(app.caller)
    body = app.body(ClaimRequest)
    claim_id = app.new_id("cl")
    if (existing := claims.find(claim_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(existing, replay=True)
    organisation = get_of_code(uscc, query.kind)
    check_may_join(app.caller.is_staff)
    check_may_claim(organisation, app.caller.sub)
    claim = new_claim(claim_id, organisation, **body.model_dump(), **app.creation("open_claim"))
    claims.commit_new(claim, policy_today().claims_per_person, key_write(app))
    return reply(claim, 201)


@app.post("/claims/<claim_id>/documents")
def announce_document(claim_id: str) -> Answer[AnnouncedUpload]:
    """§3.2.1, §4.1.1: the licence, or the legal person's confirmation; answers where to upload it."""
    claim = _own(claim_id)
    body = app.body(ClaimDocument)
    check_step(claim, "add_document")
    return announce(app, keys.claim(claim_id), f"claims/{claim_id}", body, bounds_today())


@app.get("/claims/<claim_id>/documents")
def list_documents(claim_id: str, query: OfOwner) -> Answer[PageOf[PublicDocument]]:
    """The papers of a claim, for the claimant, the operator and the bureau."""
    claim = claims.find(claim_id)
    is_own = claim is not None and claim.created_by == app.caller.sub
    if is_own:
        as_anybody(app.caller)
    else:
        require(app.caller, "platform", "bureau")
    if claim is None:
        raise not_found("claim")
    _disclose(claim)
    return reply_with_documents(keys.claim(claim_id), None, query, is_own)


@app.post("/claims/<claim_id>/submit")
def submit(claim_id: str) -> Answer[OrganisationClaim]:
    """§3.2.1, §4.1.1: the claim is complete; its papers are examined, and the members are told."""
    app.body(Nothing)
    old = _own(claim_id)
    if app.is_repeat(old, "submit"):
        return reply(old, replay=True)
    check_step(old, "submit")
    owner = keys.claim(claim_id)
    found = documents.inspect(documents.list_of(owner, None))
    check_complete(found.fit, found.unreadable, CLAIM_DOCUMENTS, CLAUSES[old.kind])
    kept = [documents.commit_kept(each) for each in found.new]
    policy = policy_today()
    new = submitted_claim(old, tuple(each.document_id for each in found.fit), policy, app.mark)
    claims.commit_submission(old, new, policy.claims_per_organisation, *documents.examined_writes(owner, kept))
    return reply(new)


@app.post("/claims/<claim_id>/withdraw")
def withdraw(claim_id: str) -> Answer[OrganisationClaim]:
    """§3.2.1, §4.1.1: whoever claims gives it up, until the bureau decides; the members hear of it."""
    old = _own(claim_id)
    body = app.body(WithReason)
    if app.is_repeat(old, "withdraw"):
        return reply(_for_claimant(old), replay=True)
    new = stepped(old, "withdraw", app.mark, withdrawal_reason=body.reason)
    claims.commit_step(old, new)
    return reply(_for_claimant(new))


@app.post("/claims/<claim_id>/statement")
def state_position(claim_id: str) -> Answer[OrganisationClaim]:
    """§3.2.1, §4.1.1: what a member of the organisation says to the claim, once, until the decision."""
    body = app.body(Statement)
    old = claims.get(claim_id)
    if old.kind == "agency":
        as_party(app.caller, organisations.find_agency(old.uscc), "claim")
    else:
        as_party(app.caller, organisations.find_enterprise(old.uscc), "claim")
    if has_said(old, app.caller.sub, body.text):
        return reply(old, replay=True)
    new = answered_claim(old, body.text, app.mark)
    claims.commit_step(old, new)
    return reply(new)


def _for_claimant(claim: OrganisationClaim) -> OrganisationClaim:
    return claim.model_copy(update={"statements": ()})


@app.get("/claims/<claim_id>")
def show(claim_id: str) -> Answer[OrganisationClaim]:
    """A claim, for its claimant, the members of the organisation and staff; what members say to it is not for the
    claimant."""
    claim = claims.get(claim_id)
    if claim.created_by == app.caller.sub:
        as_anybody(app.caller)
        _disclose(claim)
        return reply(_for_claimant(claim))
    if claim.kind == "agency":
        as_party_or_staff(app.caller, organisations.find_agency(claim.uscc), "claim")
    else:
        as_party_or_staff(app.caller, organisations.find_enterprise(claim.uscc), "claim")
    _disclose(claim)
    return reply(claim)


def _own(claim_id: str) -> OrganisationClaim:
    claim = claims.get(claim_id)
    if claim.created_by != as_anybody(app.caller).sub:
        raise not_found("claim")
    return claim


def _disclose(claim: OrganisationClaim) -> None:
    whose = {f"{claim.kind}_uscc": claim.uscc}
    disclose(app, f"claim:{claim.claim_id}", **whose)


handler = app.handle
