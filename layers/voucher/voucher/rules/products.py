"""Products: their price history, what others ask for the like, the corrections that wait for the operator, and what a
search looks into (§3.3)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple

from voucher.models.base import plain_number
from voucher.models.orders import Order
from voucher.models.products import MedianPrice, Price, Product
from voucher.policy import CATEGORY_WORDS, Category
from voucher.refusals import Refusal, Refused
from voucher.rules.lifecycle import check_step
from voucher.service_items import SERVICE_ITEMS


def check_listed(product: Product) -> None:
    """§3.3: only a published product can be ordered."""
    if product.state != "published":
        raise Refused(Refusal.PRODUCT_NOT_LISTED)


def check_service_item(item: str | None, category: Category) -> None:
    """§2.2: a service item is one of its category's: a service that only 10 % of the year may be spent on is not sold
    as one of those that are supported most. Raises SERVICE_ITEM_ELSEWHERE."""
    if item is not None and item not in SERVICE_ITEMS[category]:
        raise Refused(Refusal.SERVICE_ITEM_ELSEWHERE)


def edited_product(product: Product, changes: Mapping[str, Any]) -> Product:
    """The product with its agency's changes. If it is on sale, they wait as its revision; otherwise they count at once,
    after a revision that still waited when the product was withdrawn."""
    if product.state != "published":
        return revised_product(product).model_copy(update=dict(changes))
    return product.model_copy(update={"revision": {**product.revision, **changes}})


def revised_product(product: Product) -> Product:
    """The product as it will be once its revision is published."""
    return product.model_copy(update={**_typed(product.revision), "revision": {}})


def _typed(revision: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Category(value) if name == "category" else value for name, value in revision.items()}


def published_product(product: Product, at: datetime) -> Product:
    """The product put on sale at `at`, a new price standard added to its history.

    Raises WRONG_STATE for a product that is on sale already and has nothing new to publish.
    """
    check_step(product, "publish")
    if product.state == "published" and not product.revision:
        raise Refused(Refusal.WRONG_STATE, of=product)
    new = revised_product(product)
    last = new.prices[-1] if new.prices else None
    if last and (last.price_fen, last.price_unit) == (new.price_fen, new.price_unit):
        return new
    price = Price(price_fen=new.price_fen, price_unit=new.price_unit, since=at)
    return new.model_copy(update={"prices": (*new.prices, price)})


# fewer prices are no market
LEAST_COMPARED = 3


class PriceKind(NamedTuple):
    """What must be alike for two prices to be compared; no service item stands for a whole category."""

    category: Category
    service_item: str | None
    unit: str


def price_kind(thing: Product | Order) -> PriceKind:
    """What the price of a product, or of an order, is compared with."""
    return PriceKind(thing.category, thing.service_item, plain_number(thing.price_unit))


def median_prices(on_sale: Iterable[Product]) -> dict[PriceKind, MedianPrice]:
    """§5.2a: the median price of each kind with enough products, in fen; half a fen is left out."""
    alike = defaultdict[PriceKind, list[Product]](list)
    for product in on_sale:
        kind = price_kind(product)
        for each in {kind, kind._replace(service_item=None)}:
            alike[each].append(product)
    return {
        kind: MedianPrice(
            median_fen=int(median(each.price_fen for each in products)),
            price_unit=products[0].price_unit,
            service_item=kind.service_item,
            product_count=len(products),
        )
        for kind, products in alike.items()
        if len(products) >= LEAST_COMPARED
    }


def search_texts(product: Mapping[str, Any], agency_name: str) -> tuple[str, ...]:
    """What a search looks for its words in: a product's name, content, area and category, and who offers it."""
    texts = product["name"], product["content"], product["area"], CATEGORY_WORDS[Category(product["category"])]
    return *texts, agency_name
