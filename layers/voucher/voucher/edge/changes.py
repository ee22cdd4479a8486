"""What an organisation sends when it reports a material change (§3.2.3, §4.1.3)."""

from typing import Annotated

from pydantic import Field

from voucher.edge.fields import Address, Count, Day, Fen, Identifier, Industry, Name, SignedFen, Text
from voucher.models.base import Request
from voucher.policy import Category, District


class EnterpriseFacts(Request):
    """§4.1.3: what is new of an enterprise; what is absent or null is as it was."""

    name: Name | None = None
    legal_representative: Name | None = None
    address: Address | None = None
    district: District | None = None
    industry_code: Industry | None = None
    employees: Count | None = None
    revenue_fen: Fen | None = None
    assets_fen: Fen | None = None


class AgencyFacts(Request):
    """§3.2.3: what is new of an agency; what is absent or null is as it was. `categories` are refused here: what an
    agency may offer is approved by the bureau, with its renewal."""

    name: Name | None = None
    legal_representative: Name | None = None
    address: Address | None = None
    district: District | None = None
    net_profit_last_year_fen: SignedFen | None = None
    premises_m2: Count | None = None
    insured_staff: Count | None = None
    categories: tuple[Category, ...] | None = None


class Report(Request):
    happened_on: Day
    description: Text
    document_ids: Annotated[
        tuple[Identifier, ...],
        Field(max_length=20, description="uploaded documents of the kind `change_evidence`, of no other report"),
    ] = ()


class EnterpriseReport(Report):
    facts: EnterpriseFacts | None = None


class AgencyReport(Report):
    facts: AgencyFacts | None = None
