"""Who acts for an organisation, in which part, and who is invited to (§3.2.1, §4.1.1)."""

from typing import Literal

from voucher.models.base import Instant, Record

MemberRole = Literal["owner", "handler", "finance"]
OrganisationKind = Literal["enterprise", "agency"]


class Seat(Record):
    """A member's part in an organisation: an `owner` also decides who else is in it, `finance` also hands in invoices
    and accounts, as an owner may. Whoever registered it has no seat on record, and is an owner."""

    role: MemberRole
    since: Instant
    invited_by: str
    # the claim that made them an owner in place of all others
    claim_id: str | None = None


class Invitation(Record):
    """A code that makes whoever enters it a member: once, and until it expires."""

    invitation_id: str
    role: MemberRole
    secret: str
    by: str
    at: Instant
    expires_at: Instant
    request_sha256: str


class ShownInvitation(Record):
    """An invitation; `code` is what the invited person enters."""

    invitation_id: str
    kind: OrganisationKind
    uscc: str
    role: MemberRole
    code: str
    expires_at: Instant


class Member(Record):
    """Somebody who acts for an organisation. `member_id` names them in it, and says nothing of who they are."""

    member_id: str
    role: MemberRole
    since: Instant
    is_caller: bool


class OpenInvitation(Record):
    """An invitation that nobody has used yet."""

    invitation_id: str
    role: MemberRole
    expires_at: Instant


class Members(Record):
    """Everybody who acts for an organisation, the first one first, and who is invited."""

    kind: OrganisationKind
    uscc: str
    items: tuple[Member, ...]
    invitations: tuple[OpenInvitation, ...]


class Joining(Record):
    """What somebody acts for from now on."""

    kind: OrganisationKind
    uscc: str
    name: str
    role: MemberRole
