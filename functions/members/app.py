"""Members of an organisation: invited by an owner's code, they join, leave, or are removed (§3.2.1, §4.1.1)."""

import secrets
from base64 import b32encode

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.creation import key_write
from voucher.edge.drafts import agency_shown, enterprise_shown
from voucher.edge.identity import as_anybody, as_member, as_member_or_staff
from voucher.edge.members import Acceptance, InvitationRequest, OfKind, entitlement_writes
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency
from voucher.models.enterprises import Enterprise
from voucher.models.members import Joining, Members, OrganisationKind, ShownInvitation
from voucher.policy import Policy
from voucher.refusals import Refusal, Refused, not_found
from voucher.rules import members
from voucher.rules.programmes import policy_for
from voucher.store import organisations, programmes

app = Api()
# a code is not guessed
SECRET_BYTES = 10


@app.post("/organisations/<uscc>/invitations")
def invite(uscc: str, query: OfKind) -> Answer[ShownInvitation]:
    """An owner invites somebody; the code is good once, for the policy's days."""
    old = _own(uscc, query.kind)
    body = app.body(InvitationRequest)
    invitation_id = app.new_id("i")
    existing = next((each for each in old.invitations if each.invitation_id == invitation_id), None)
    if existing is not None:
        app.check_same(existing.request_sha256)
        return reply(members.shown_invitation(old, existing), replay=True)
    secret = b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
    new = members.invited(old, invitation_id, body.role, secret, _policy(), app.mark)
    organisations.commit_step(old, new, key_write(app))
    return reply(members.shown_invitation(new, new.invitations[-1]), 201)


@app.post("/organisations/<uscc>/invitations/<invitation_id>/withdraw")
def withdraw_invitation(uscc: str, invitation_id: str, query: OfKind) -> Answer[Members]:
    """An owner takes an invitation back that nobody has used."""
    app.body(Nothing)
    old = _own(uscc, query.kind)
    if app.is_repeat(old, "withdraw_invitation"):
        return reply(_shown(old), replay=True)
    new = members.uninvited(old, invitation_id, app.mark)
    organisations.commit_step(old, new)
    return reply(_shown(new))


@app.post("/invitations/accept")
def accept() -> Answer[Joining]:
    """Whoever has a code becomes a member by it, also in the enterprise's entitlements."""
    as_anybody(app.caller)
    kind, uscc, secret, draft_id = members.read_code(app.body(Acceptance).code)
    old = organisations.find_registration(kind, uscc, draft_id)
    if old is None:
        raise Refused(Refusal.INVITATION_ENDED)
    members.check_may_join(app.caller.is_staff)
    if members.is_in(old, app.caller.sub):
        return reply(members.joining(old, app.caller.sub), replay=True)
    new = members.joined(old, secret, _policy(), app.mark)
    organisations.commit_members(old, new, *entitlement_writes(new))
    return reply(members.joining(new, app.caller.sub))


@app.get("/organisations/<uscc>/members")
def list_members(uscc: str, query: OfKind) -> Answer[Members]:
    """Who acts for an organisation, and who is invited, for its members and staff."""
    return reply(_shown(_shown_to_staff_too(uscc, query.kind)))


@app.post("/organisations/<uscc>/members/<member_id>/remove")
def remove(uscc: str, member_id: str, query: OfKind) -> Answer[Members]:
    """An owner removes a member, whose next grab fails."""
    app.body(Nothing)
    old = _own(uscc, query.kind)
    if app.is_repeat(old, "remove_member"):
        return reply(_shown(old), replay=True)
    members.check_owner(old, app.caller.sub)
    sub = next((each for each in old.members if members.member_id(old, each) == member_id), None)
    if sub is None:
        raise not_found("member")
    new = members.without_member(old, sub, "remove_member", app.mark)
    organisations.commit_members(old, new, *entitlement_writes(new))
    return reply(_shown(new))


@app.post("/organisations/<uscc>/leave")
def leave(uscc: str, query: OfKind) -> Answer[Members]:
    """A member leaves; the last owner cannot."""
    app.body(Nothing)
    for each in _known(uscc, query.kind):
        if app.is_repeat(each, "leave"):  # whoever left is no member any more
            return reply(members.shown_members(each, "", clock.now()), replay=True)
    old = _own(uscc, query.kind)
    new = members.without_member(old, app.caller.sub, "leave", app.mark)
    organisations.commit_members(old, new, *entitlement_writes(new))
    return reply(_shown(new))


def _own(uscc: str, kind: OrganisationKind | None) -> Enterprise | Agency:
    """The organisation of a credit code that the caller acts for: of both kinds the enterprise, unless the other one is
    asked for. Raises NOT_FOUND."""
    enterprise = organisations.find_enterprise(uscc, app.caller.sub) if kind != "agency" else None
    if enterprise is not None and app.caller.sub in enterprise.members:
        return as_member(app.caller, enterprise, "member")
    agency = organisations.find_agency(uscc, app.caller.sub) if kind != "enterprise" else None
    return as_member(app.caller, agency, "member")


def _shown_to_staff_too(uscc: str, kind: OrganisationKind | None) -> Enterprise | Agency:
    enterprise = enterprise_shown(app, uscc) if kind != "agency" else None
    if enterprise is not None and (app.caller.is_staff or app.caller.sub in enterprise.members):
        return as_member_or_staff(app.caller, enterprise, "member")
    agency = agency_shown(app, uscc) if kind != "enterprise" else None
    return as_member_or_staff(app.caller, agency, "member")


def _known(uscc: str, kind: OrganisationKind | None) -> list[Enterprise | Agency]:
    both = [organisations.find(each, uscc, app.caller.sub) for each in ("enterprise", "agency") if kind in (None, each)]
    return [each for each in both if each]


def _policy() -> Policy:
    return policy_for(programmes.find(clock.today().year), clock.today())


def _shown(organisation: Enterprise | Agency) -> Members:
    return members.shown_members(organisation, app.caller.sub, clock.now())


handler = app.handle
