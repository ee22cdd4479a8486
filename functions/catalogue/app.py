"""The public catalogue: published products that may be ordered today, for everybody (§3.3)."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.replies import reply
from voucher.models.products import Product
from voucher.policy import Category
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.agencies import categories_on_sale
from voucher.rules.products import mentions_all, search_words
from voucher.store import organisations, products

app = Api()


@app.get("/products")
def search() -> Response[str]:
    """Published products of active agencies within their approval, by category, agency and words."""
    category, agency_uscc = app.query("category"), app.query("agency")
    if category is not None and category not in {each.value for each in Category}:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("category", "不在可选范围内。")])
    words, offers = search_words(app.query("q")), _Offers()

    def keep(item: dict[str, Any]) -> bool:
        is_wanted = agency_uscc in (None, item["agency_uscc"]) and mentions_all(item, words)
        return is_wanted and offers.include(item["agency_uscc"], Category(item["category"]))

    page = products.list_published(category, app.limit, app.query("cursor"), keep)
    items = [Product.model_validate(item).on_sale() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


class _Offers:
    """The categories that may be ordered from each agency today. Reads an agency once in a request."""

    def __init__(self) -> None:
        self._categories: dict[str, frozenset[Category]] = {}

    def include(self, uscc: str, category: Category) -> bool:
        """§3.2.3, §3.3: True if the agency is active, and still approved for the category."""
        if uscc not in self._categories:
            self._categories[uscc] = categories_on_sale(organisations.find_agency(uscc), clock.today())
        return category in self._categories[uscc]


@app.get("/products/<product_id>")
def show(product_id: str) -> Response[str]:
    """One published product of an active agency within its approval."""
    product = products.get(product_id)
    if product.state != "published" or not _Offers().include(product.agency_uscc, product.category):
        raise Refused(Refusal.NOT_FOUND)
    return reply(product.on_sale())


handler = app.handle
