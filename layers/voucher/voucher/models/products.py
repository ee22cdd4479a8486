"""Products that agencies list (§3.3)."""

from typing import Any, ClassVar, Literal

from voucher.models.base import Instant, Record, Stateful
from voucher.policy import Category


class Price(Record):
    """A price standard and the instant it began to hold (§3.3)."""

    price_fen: int
    price_unit: str
    since: Instant


class Product(Stateful):
    """One listed service (§3.3), in exactly one category. `revision` holds what
    its agency wants changed while the published facts stay on sale; `prices` every price it was ever sold at."""

    thing: ClassVar[str] = "product"
    state: Literal["draft", "published", "withdrawn"]

    product_id: str
    agency_uscc: str
    category: Category
    name: str
    area: str
    content: str
    term: str
    price_fen: int
    price_unit: str
    prices: tuple[Price, ...] = ()
    revision: dict[str, Any] = {}

    def on_sale(self) -> dict[str, Any]:
        """The product as anybody may see it."""
        hidden = {"revision", "created_by", "created_at", "updated_at"}
        return {name: value for name, value in self.public().items() if name not in hidden}
