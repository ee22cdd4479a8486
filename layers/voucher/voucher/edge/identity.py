"""Who is calling, as the authorizer verified it. Staff roles come from the token; membership is looked up elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from voucher.refusals import FieldError, Refusal, Refused, not_found
from voucher.words import ROLE_WORDS

StaffRole = Literal["platform", "bureau", "finance", "discipline", "admin"]
STAFF_ROLES = frozenset(ROLE_WORDS)


@dataclass(frozen=True)
class Caller:
    """A signed-in person: the token's subject and the staff roles among its groups."""

    sub: str
    roles: frozenset[str]

    @property
    def is_staff(self) -> bool:
        """True for anybody who holds a staff role."""
        return bool(self.roles)


def caller_of(event: Mapping[str, Any]) -> Caller:
    """The caller of an API event. Raises UNAUTHENTICATED if the route is public and the request has no token."""
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    sub = context.get("sub")
    if not sub:
        raise Refused(Refusal.UNAUTHENTICATED)
    roles = frozenset(str(context.get("roles") or "").split(",")) & STAFF_ROLES
    return Caller(str(sub), roles)


def require(caller: Caller, *roles: str) -> None:
    """Raise ROLE_REQUIRED (403), which names `roles`, unless the caller holds one of them."""
    if caller.roles.isdisjoint(roles):
        raise Refused(Refusal.ROLE_REQUIRED, roles=roles)


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
    return organisation


def as_member_or_staff[Organisation: Joined](
    caller: Caller, organisation: Organisation | None, thing: str
) -> Organisation:
    """The organisation, if the caller acts for it or is staff. Raises NOT_FOUND."""
    if organisation is not None and caller.is_staff:
        return organisation
    return as_member(caller, organisation, thing)


def party_of(caller: Caller, enterprise: Joined | None, agency: Joined | None) -> Literal["enterprise", "agency"]:
    """Which party of an order the caller acts for. Raises NOT_FOUND for anybody else."""
    if enterprise is not None and caller.sub in enterprise.members:
        return "enterprise"
    as_member(caller, agency, "order")
    return "agency"
