"""Who is calling, as the authorizer verified it. Staff roles come from the token; membership is looked up elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from voucher.refusals import FieldError, Refusal, Refused, not_found
from voucher.words import MAILBOX_ROLE_WORDS, ROLE_WORDS

StaffRole = Literal["platform", "bureau", "finance", "discipline", "admin"]
STAFF_ROLES = frozenset(ROLE_WORDS)
# what a token may name; who reads the mailbox beside 市纪委监委 is no staff of the programme, and reads nothing else
TOKEN_ROLES = STAFF_ROLES | frozenset(MAILBOX_ROLE_WORDS)


@dataclass
class Caller:
    """A signed-in person: the token's subject and the staff roles among its groups. `role` is what the latest check let
    them pass as: one of these roles, or the party that they act for."""

    sub: str
    roles: frozenset[str]
    role: str | None = None

    @property
    def is_staff(self) -> bool:
        """True for anybody who holds a staff role."""
        return bool(self.roles & STAFF_ROLES)

    @property
    def staff_role(self) -> str | None:
        """The staff role, or several of them; None for anybody else."""
        return ",".join(sorted(self.roles & STAFF_ROLES)) or None


def caller_of(event: Mapping[str, Any]) -> Caller:
    """The caller of an API event. Raises UNAUTHENTICATED if the route is public and the request has no token."""
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    sub = context.get("sub")
    if not sub:
        raise Refused(Refusal.UNAUTHENTICATED)
    roles = frozenset(str(context.get("roles") or "").split(",")) & TOKEN_ROLES
    return Caller(str(sub), roles)


def require(caller: Caller, *roles: str) -> None:
    """Raise ROLE_REQUIRED (403), which names `roles`, unless the caller holds one of them."""
    held = [role for role in roles if role in caller.roles]
    if not held:
        raise Refused(Refusal.ROLE_REQUIRED, roles=roles)
    caller.role = held[0]


def check_party_named(caller: Caller, *parameters: str) -> None:
    """Raise MALFORMED, which says what is missing, for a list of all parties, unless the caller is staff."""
    if not caller.is_staff:
        message = "请指明所属单位（{}）；GET /me 列出您所代表的单位。".format(" 或 ".join(parameters))
        raise Refused(Refusal.MALFORMED, errors=[FieldError(name, message, "missing") for name in parameters])


class Joined(Protocol):
    """Anything that people act for. `members` are their subjects."""

    @property
    def members(self) -> frozenset[str]: ...


def as_member[Organisation: Joined](caller: Caller, organisation: Organisation | None, thing: str) -> Organisation:
    """The organisation, if the caller acts for it. Raises NOT_FOUND for a foreign one, as for an unknown one.

    `thing` is the word of what the caller asked for, which may be a record of the organisation.
    """
    if organisation is None or caller.sub not in organisation.members:
        raise not_found(thing)
    # an entitlement, which is an enterprise's, has no word of its own
    caller.role = str(getattr(organisation, "thing", "enterprise"))
    return organisation


def as_member_or_staff[Organisation: Joined](
    caller: Caller, organisation: Organisation | None, thing: str
) -> Organisation:
    """The organisation, if the caller acts for it or is staff. A member of the staff who acts for it comes as its
    member. Raises NOT_FOUND."""
    if organisation is not None and caller.is_staff and caller.sub not in organisation.members:
        caller.role = caller.staff_role
        return organisation
    return as_member(caller, organisation, thing)


def as_anybody(caller: Caller) -> Caller:
    """Anybody signed in, who acts for no organisation yet: their role is `user`."""
    caller.role = "user"
    return caller


class Registered(Joined, Protocol):
    """An enterprise or an agency. `approved_at` is when it was first approved."""

    @property
    def approved_at(self) -> datetime | None: ...


def as_party[Organisation: Registered](caller: Caller, organisation: Organisation | None, thing: str) -> Organisation:
    """The organisation, if the caller acts for it and it was approved once. Raises NOT_FOUND.

    Anybody may register a credit code, and nobody has looked at their papers before the first approval. So until then a
    registration opens no book: what stands under its code is of others, or told about it by others.
    """
    if is_before_approval(caller, organisation):
        raise not_found(thing)
    return as_member(caller, organisation, thing)


def as_party_or_staff[Organisation: Registered](
    caller: Caller, organisation: Organisation | None, thing: str
) -> Organisation:
    """The organisation, if the caller acts for it and it was approved once, or is staff. Raises NOT_FOUND."""
    if is_before_approval(caller, organisation):
        organisation = None
    return as_member_or_staff(caller, organisation, thing)


def reads_books(caller: Caller, organisation: Registered | None, thing: str) -> bool:
    """True if the lists of an organisation's books are for the caller, as `as_party_or_staff` lets them in; False for
    its member before the first approval, to whom they are empty. Raises NOT_FOUND."""
    return not is_before_approval(caller, as_member_or_staff(caller, organisation, thing))


def is_before_approval(caller: Caller, organisation: Registered | None) -> bool:
    """True if the caller acts for an organisation that was never approved."""
    return organisation is not None and caller.sub in organisation.members and organisation.approved_at is None


def party_of(
    caller: Caller, enterprise: Registered | None, agency: Registered | None
) -> Literal["enterprise", "agency"]:
    """Which party of an order the caller acts for. Raises NOT_FOUND for anybody else."""
    if enterprise is not None and caller.sub in enterprise.members and enterprise.approved_at is not None:
        caller.role = "enterprise"
        return "enterprise"
    as_party(caller, agency, "order")
    return "agency"
