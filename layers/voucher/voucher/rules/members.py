"""Who acts for an organisation: invited by an owner's code, leaves or is removed; an owner always stays."""

import hashlib
import hmac
from datetime import datetime, timedelta

from voucher.models.agencies import Agency
from voucher.models.base import Mark
from voucher.models.enterprises import Enterprise
from voucher.models.entitlements import Entitlement
from voucher.models.members import (
    Invitation,
    Joining,
    Member,
    MemberRole,
    Members,
    OpenInvitation,
    OrganisationKind,
    Seat,
    ShownInvitation,
)
from voucher.policy import Policy
from voucher.refusals import Refusal, Refused
from voucher.rules.lifecycle import remembered

KINDS: dict[str, OrganisationKind] = {"E": "enterprise", "A": "agency"}
MARKS = {kind: mark for mark, kind in KINDS.items()}


def role_of(organisation: Enterprise | Agency, sub: str) -> MemberRole:
    """A member's part. Whoever registered the organisation is an owner."""
    seat = organisation.seats.get(sub)
    return seat.role if seat else "owner"


def check_owner(organisation: Enterprise | Agency, sub: str) -> None:
    """Who is in an organisation is decided by its owners. Raises OWNERS_ONLY."""
    if role_of(organisation, sub) != "owner":
        raise Refused(Refusal.OWNERS_ONLY)


def is_in(organisation: Enterprise | Agency, sub: str) -> bool:
    """True for somebody who acts for it."""
    return sub in organisation.members


def check_may_join(is_staff: bool) -> None:
    """§5.2b: whoever decides on others' matters joins no organisation that has some. Raises STAFF_JOINS_NOBODY."""
    if is_staff:
        raise Refused(Refusal.STAFF_JOINS_NOBODY)


def check_finance(organisation: Enterprise | Agency, sub: str) -> None:
    """§3.5.4: an invoice and the account that money is paid to are handed in by finance or an owner. Raises
    FINANCE_ONLY."""
    if role_of(organisation, sub) == "handler":
        raise Refused(Refusal.FINANCE_ONLY)


def kind_of(organisation: Enterprise | Agency) -> OrganisationKind:
    """Of which kind an organisation is."""
    return "agency" if isinstance(organisation, Agency) else "enterprise"


def code_of(organisation: Enterprise | Agency, invitation: Invitation) -> str:
    """What an invited person enters: it names the organisation, because its secret alone is looked up nowhere, and the
    draft as which that began."""
    names = (organisation.uscc, MARKS[kind_of(organisation)], invitation.secret, organisation.draft_id)
    return "-".join(name for name in names if name)


def read_code(code: str) -> tuple[OrganisationKind, str, str, str | None]:
    """Kind, credit code, secret and draft of an invitation's code. Raises INVITATION_ENDED for a text that is none."""
    uscc, mark, secret, draft_id = (*code.upper().split("-", 3), "", "", "", "")[:4]
    if mark not in KINDS or not secret:
        raise Refused(Refusal.INVITATION_ENDED)
    return KINDS[mark], uscc, secret, draft_id or None


def open_invitations(organisation: Enterprise | Agency, now: datetime) -> tuple[Invitation, ...]:
    """The invitations that may still be used."""
    return tuple(each for each in organisation.invitations if now < each.expires_at)


def invited[Kind: Enterprise | Agency](
    organisation: Kind, invitation_id: str, role: MemberRole, secret: str, policy: Policy, mark: Mark
) -> Kind:
    """The organisation with one more invitation; those that expired go. Raises OWNERS_ONLY, TOO_MANY_INVITATIONS."""
    check_owner(organisation, mark.by)
    standing = open_invitations(organisation, mark.at)
    if len(standing) >= policy.invitations_per_organisation:
        raise Refused(Refusal.TOO_MANY_INVITATIONS, most=policy.invitations_per_organisation)
    new = Invitation(
        invitation_id=invitation_id,
        role=role,
        secret=secret,
        by=mark.by,
        at=mark.at,
        expires_at=mark.at + timedelta(days=policy.invitation_days),
        request_sha256=mark.sha256 or "",
    )
    return remembered(organisation, "invite", mark, invitations=(*standing, new))


def uninvited[Kind: Enterprise | Agency](organisation: Kind, invitation_id: str, mark: Mark) -> Kind:
    """The organisation without an invitation, whether or not it was there. Raises OWNERS_ONLY."""
    check_owner(organisation, mark.by)
    left = tuple(each for each in open_invitations(organisation, mark.at) if each.invitation_id != invitation_id)
    return remembered(organisation, "withdraw_invitation", mark, invitations=left)


def joined[Kind: Enterprise | Agency](organisation: Kind, secret: str, policy: Policy, mark: Mark) -> Kind:
    """The organisation with the person of `mark` as a member; the invitation is used up. Raises INVITATION_ENDED for a
    secret that no open invitation has, TOO_MANY_MEMBERS."""
    standing = open_invitations(organisation, mark.at)
    used = next((each for each in standing if hmac.compare_digest(each.secret.encode(), secret.encode())), None)
    if used is None:
        raise Refused(Refusal.INVITATION_ENDED)
    if len(organisation.members) >= policy.members_per_organisation:
        raise Refused(Refusal.TOO_MANY_MEMBERS, most=policy.members_per_organisation)
    return remembered(
        organisation,
        "join",
        mark,
        members=organisation.members | {mark.by},
        seats={**organisation.seats, mark.by: Seat(role=used.role, since=mark.at, invited_by=used.by)},
        invitations=tuple(each for each in standing if each is not used),
    )


def without_member[Kind: Enterprise | Agency](organisation: Kind, sub: str, action: str, mark: Mark) -> Kind:
    """The organisation without a member, and without the invitations that they gave: one's code would lead them back.
    Raises LAST_OWNER."""
    staying = organisation.members - {sub}
    if role_of(organisation, sub) == "owner" and all(role_of(organisation, each) != "owner" for each in staying):
        raise Refused(Refusal.LAST_OWNER)
    seats = {member: seat for member, seat in organisation.seats.items() if member != sub}
    left = tuple(each for each in organisation.invitations if each.by != sub)
    return remembered(organisation, action, mark, members=staying, seats=seats, invitations=left)


def member_id(organisation: Enterprise | Agency, sub: str) -> str:
    """How a member is named within the organisation: it says nothing of who it is."""
    return id_within(organisation.thing, organisation.uscc, sub)


def id_within(kind: str, uscc: str, sub: str) -> str:
    """The same, of an organisation by its kind and credit code."""
    return hashlib.sha256(f"{kind}/{uscc}/{sub}".encode()).hexdigest()[:16]


def shown_members(organisation: Enterprise | Agency, caller: str, now: datetime) -> Members:
    """Everybody who acts for an organisation, the first one first, and who is invited."""
    items = [
        Member(
            member_id=member_id(organisation, sub),
            role=role_of(organisation, sub),
            since=organisation.seats[sub].since if sub in organisation.seats else organisation.created_at,
            is_caller=sub == caller,
        )
        for sub in organisation.members
    ]
    return Members(
        kind=kind_of(organisation),
        uscc=organisation.uscc,
        items=tuple(sorted(items, key=lambda each: (each.since, each.member_id))),
        invitations=tuple(OpenInvitation(**vars(each)) for each in open_invitations(organisation, now)),
    )


def shown_invitation(organisation: Enterprise | Agency, invitation: Invitation) -> ShownInvitation:
    """An invitation with the code that is given to whoever is invited."""
    kind, uscc = kind_of(organisation), organisation.uscc
    return ShownInvitation(**vars(invitation), kind=kind, uscc=uscc, code=code_of(organisation, invitation))


def joining(organisation: Enterprise | Agency, sub: str) -> Joining:
    """What a member acts for, and in which part."""
    kind, role = kind_of(organisation), role_of(organisation, sub)
    return Joining(kind=kind, uscc=organisation.uscc, name=organisation.name, role=role)


def entitlement_of(entitlement: Entitlement, organisation: Enterprise | Agency) -> Entitlement:
    """§4.1.4: who acts for an enterprise stands in its entitlements, where a grab insists on it."""
    return entitlement.model_copy(update={"members": organisation.members, "version": entitlement.version + 1})
