"""Members: what is sent about them, and the entitlements in which an enterprise's stand (§4.1.4)."""

from typing import Annotated

from pydantic import Field

from voucher.edge import clock
from voucher.edge.fields import Name, Number, Phone, Text
from voucher.edge.queries import Query
from voucher.models.agencies import Agency
from voucher.models.base import Request
from voucher.models.enterprises import Enterprise
from voucher.models.members import MemberRole, OrganisationKind
from voucher.refusals import not_found
from voucher.rules import members
from voucher.rules.entitlements import years_in_step
from voucher.store import organisations, standing
from voucher.store.engine.table import Write


class OfKind(Query):
    kind: OrganisationKind | None = None


class InvitationRequest(Request):
    role: MemberRole


class Acceptance(Request):
    code: Annotated[Number, Field(examples=["91331100MA2E00003J-E-K7Q2M9XW4TRB5HAZ"])]


class ClaimRequest(Request):
    contact_name: Name
    contact_phone: Phone
    reason: Text


def get_of_code(uscc: str, kind: OrganisationKind | None) -> Enterprise | Agency:
    """The organisation of a credit code: of both kinds the enterprise, unless the other one is asked for. Raises
    NOT_FOUND."""
    enterprise = organisations.find_enterprise(uscc) if kind != "agency" else None
    found = enterprise or (organisations.find_agency(uscc) if kind != "enterprise" else None)
    if found is None:
        raise not_found(kind or "enterprise")
    return found


def entitlement_writes(new: Enterprise | Agency) -> list[Write]:
    """§4.1.4: whoever left an enterprise loses its entitlements in the same instant."""
    if new.thing != "enterprise":
        return []
    facts = standing.read_facts(new.uscc, years_in_step(clock.today()))
    held = facts.entitlements.items()
    return standing.entitlement_writes(facts, {year: each and members.entitlement_of(each, new) for year, each in held})
