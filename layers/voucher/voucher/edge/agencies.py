"""What whoever applies for an agency sends of it, whole or in part (§3.2.1)."""

from typing import Annotated

from pydantic import Field

from voucher.edge.bodies import partial
from voucher.edge.codes import AgencyCode
from voucher.edge.fields import Address, Count, Day, Name, Phone, SignedFen
from voucher.models.base import Request
from voucher.policy import Category, District


class Profile(Request):
    name: Name
    established_on: Day
    is_legal_person: bool
    net_profit_last_year_fen: SignedFen
    premises_m2: Count
    insured_staff: Count
    has_management_system: bool
    categories: Annotated[tuple[Category, ...], Field(min_length=1, max_length=9)]
    district: District | None = None
    legal_representative: Name | None = None
    contact_name: Name | None = None
    contact_phone: Phone | None = None
    address: Address | None = None


class Application(Profile):
    uscc: AgencyCode


Correction = partial(Profile)
