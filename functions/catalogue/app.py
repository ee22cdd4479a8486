"""The public catalogue: published products that may be ordered today, for everybody (§3.3)."""

from dataclasses import replace
from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.queries import OfDays, QueryId, Words
from voucher.edge.replies import Answer, ListOf, reply, reply_list
from voucher.models.products import Product, ProductOnSale
from voucher.policy import Category
from voucher.refusals import not_found
from voucher.rules.agencies import categories_on_sale
from voucher.rules.products import search_texts
from voucher.rules.search import mentions_all, search_words
from voucher.store import organisations, products

app = Api()


class Catalogue(OfDays):
    category: Category | None = None
    agency: QueryId | None = None
    q: Words | None = None


@app.get("/products")
def search(query: Catalogue) -> Answer[ListOf[ProductOnSale]]:
    """Published products of active agencies within their approval, by category, agency and words."""
    words, offers = search_words(query.q), _Offers()

    def keep(item: dict[str, Any]) -> bool:
        is_wanted = query.category in (None, item["category"]) and mentions_all(search_texts(item), words)
        return is_wanted and offers.include(item["agency_uscc"], Category(item["category"]))

    selection = replace(query.selection(), state="published")
    page = products.list_page(selection, keep, query.agency)
    return reply_list(page, lambda item: Product.model_validate(item).on_sale())


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
def show(product_id: str) -> Answer[ProductOnSale]:
    """One published product of an active agency within its approval."""
    product = products.get(product_id)
    if product.state != "published" or not _Offers().include(product.agency_uscc, product.category):
        raise not_found("product")
    return reply(product.on_sale())


handler = app.handle
