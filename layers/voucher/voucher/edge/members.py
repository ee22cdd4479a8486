"""Members: what is sent about them, and the entitlements in which an enterprise's stand (§4.1.4)."""

from typing import Annotated

from pydantic import Field

from voucher.edge import clock
from voucher.edge.fields import Number
from voucher.edge.queries import Query
from voucher.models.agencies import Agency
from voucher.models.base import Request
from voucher.models.enterprises import Enterprise
from voucher.models.members import MemberRole, OrganisationKind
from voucher.rules import members
from voucher.rules.entitlements import years_in_step
from voucher.store import standing
from voucher.store.engine.table import Write


class OfKind(Query):
    kind: OrganisationKind | None = None


class InvitationRequest(Request):
    role: MemberRole


class Acceptance(Request):
    code: Annotated[Number, Field(examples=["91331100MA2E00003J-E-K7Q2M9XW4TRB5HAZ"])]


def entitlement_writes(new: Enterprise | Agency) -> list[Write]:
    """§4.1.4: whoever left an enterprise loses its entitlements in the same instant."""
    if new.thing != "enterprise":
        return []
    facts = standing.read_facts(new.uscc, years_in_step(clock.today()))
    held = facts.entitlements.items()
    return standing.entitlement_writes(facts, {year: each and members.entitlement_of(each, new) for year, each in held})
