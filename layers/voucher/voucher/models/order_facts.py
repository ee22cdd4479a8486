"""What an order is decided on (§4.2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from voucher.models.agencies import Agency
from voucher.models.enterprises import Enterprise
from voucher.models.products import Product
from voucher.models.programmes import Programme
from voucher.models.standing import Standing
from voucher.models.vouchers import Voucher


@dataclass(frozen=True)
class OrderFacts:
    """Product, voucher, both parties and the programme, as they were at one moment. The agency may be missing.
    `standings` tell what lists and violations say of the two parties, by the field that names each."""

    product: Product
    voucher: Voucher
    enterprise: Enterprise
    agency: Agency | None
    programme: Programme
    standings: Mapping[str, Standing] = field(default_factory=dict)
