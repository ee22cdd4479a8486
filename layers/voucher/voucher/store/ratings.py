"""How agencies and their products are rated (§4.2.3): how many ratings each has, and their sum."""

from collections.abc import Iterable

from voucher.models.orders import Order
from voucher.models.ratings import Ratings
from voucher.store import keys
from voucher.store.engine.reading import find_item, read_each
from voucher.store.engine.table import Write, update_write

COUNT = "ADD #rating_count :one, #rating_sum :score"


def rating_writes(order: Order, score: int) -> list[Write]:
    """Count one more rating of an order's agency and product. They are written with the order, which is rated only
    once."""
    rated = {"agency": keys.agency_ratings(order.agency_uscc), "product": keys.product_ratings(order.product_id)}
    return [update_write(f"ratings of {what}", key, COUNT, None, score=score) for what, key in rated.items()]


def find(key: keys.Key) -> Ratings:
    """How one agency or product was rated."""
    return Ratings.model_validate(find_item(key) or {})


def read_each_of(places: Iterable[keys.Key]) -> dict[keys.Key, Ratings]:
    """How each of some agencies or products was rated, each as last written; at most as many as a page has."""
    wanted = list(dict.fromkeys(places))
    found = {item["pk"]: item for item in (read_each("registry", *wanted) if wanted else [])}
    return {key: Ratings.model_validate(found.get(key.pk, {})) for key in wanted}
