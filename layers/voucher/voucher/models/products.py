"""Products that agencies list (§3.3)."""

from typing import Any, ClassVar, Literal, TypedDict

from voucher.models.base import Instant, Record, Stateful
from voucher.policy import Category


class Price(Record):
    """A price standard, in fen per unit, and the instant from which it counts (§3.3)."""

    price_fen: int
    price_unit: str
    since: Instant


ONLY_FOR_PARTIES = frozenset({"revision", "created_by", "created_at", "updated_at", "allowed_actions"})

ProductState = Literal["draft", "published", "withdrawn"]


class Product(Stateful):
    """One listed service (§3.3), in exactly one category.

    `revision` holds the changes that its agency wants while the published facts stay on sale. `prices` holds every
    price that it was ever sold at.
    """

    thing: ClassVar[str] = "product"
    state: ProductState

    product_id: str
    agency_uscc: str
    category: Category
    name: str
    area: str
    content: str
    term: str
    price_fen: int
    price_unit: str
    service_item: str | None = None
    prices: tuple[Price, ...] = ()
    revision: dict[str, Any] = {}

    def on_sale(self) -> dict[str, Any]:
        """The product as anybody may see it."""
        return {name: value for name, value in self.public().items() if name not in ONLY_FOR_PARTIES}


class MedianPrice(TypedDict):
    """§5.2a: the median of the prices on sale, in fen per unit: those of one category, of one of its service items if
    `service_item` names it, and of one unit. `product_count` of them were compared."""

    median_fen: int
    price_unit: str
    service_item: str | None
    product_count: int


class ProductOfStaff(Product, view=True):
    """A product as staff sees it, beside the median of what is on sale like it: None where fewer than three are."""

    median_price: MedianPrice | None


class ProductOnSale(Product, view=True):
    """A product as anybody may see it, with the name of its agency and its own ratings (§4.2.3)."""

    agency_name: str
    rating_average: float | None
    rating_count: int
    private: ClassVar[frozenset[str]] = Product.private | ONLY_FOR_PARTIES
