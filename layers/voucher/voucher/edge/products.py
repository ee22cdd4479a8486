"""What an agency sends of a product (§3.3)."""

from voucher.edge.bodies import partial
from voucher.edge.fields import Name, PositiveFen, ServiceItem, Text, Uscc
from voucher.models.base import Request
from voucher.policy import Category


class Facts(Request):
    category: Category
    name: Name
    area: Name
    content: Text
    term: Name
    price_fen: PositiveFen
    price_unit: Name
    service_item: ServiceItem | None = None


class Listing(Facts):
    agency_uscc: Uscc


Correction = partial(Facts)
