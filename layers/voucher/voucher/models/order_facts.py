"""What an order is decided on (§4.2.1)."""

from dataclasses import dataclass

from voucher.models.agencies import Agency
from voucher.models.enterprises import Enterprise
from voucher.models.products import Product
from voucher.models.programmes import Programme
from voucher.models.vouchers import Voucher


@dataclass(frozen=True)
class OrderFacts:
    """Product, voucher, both parties and the programme, as they were at one moment. The agency may be missing."""

    product: Product
    voucher: Voucher
    enterprise: Enterprise
    agency: Agency | None
    programme: Programme
