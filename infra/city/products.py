"""The products that agencies list: the bodies of POST /products (§3.3)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from random import Random

from infra.city.agencies import Agency
from infra.city.catalogue import OFFERS, Offer

AREAS = ("丽水市全域", "市直、莲都区、丽水经开区", "浙江省内")


@dataclass(frozen=True)
class Product:
    """One product of an agency; its category is one of the agency's."""

    agency_uscc: str
    category: str
    name: str
    area: str
    content: str
    term: str
    price_fen: int
    price_unit: str

    def listing(self) -> dict[str, object]:
        """The JSON body of POST /products."""
        return asdict(self)


def make_products(seed: int, agencies: Sequence[Agency]) -> list[Product]:
    """Forty products in nine categories, only of agencies that must be approved."""
    random = Random(f"products:{seed}")
    approved_agencies = [agency for agency in agencies if agency.expected_refusal is None]
    return [
        _make(random, agency, category, offer)
        for category, offers in OFFERS.items()
        for agency, offer in zip(cycle(a for a in approved_agencies if category in a.categories), offers, strict=False)
    ]


def _make(random: Random, agency: Agency, category: str, offer: Offer) -> Product:
    return Product(
        agency_uscc=agency.uscc,
        category=category,
        name=offer.name,
        area=random.choice(AREAS),
        content=offer.content,
        term=offer.term,
        price_fen=random.randrange(offer.lowest_yuan, offer.highest_yuan + 1, 100) * 100,
        price_unit=offer.price_unit,
    )
