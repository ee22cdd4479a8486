"""The public catalogue: published products that may be ordered today, for everybody (§3.3)."""

from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.queries import Paging, QueryId, Words
from voucher.edge.replies import Answer, PageOf, reply
from voucher.models.products import Product, ProductOnSale
from voucher.policy import Category
from voucher.refusals import not_found
from voucher.rules.agencies import categories_on_sale
from voucher.rules.products import mentions_all, search_words
from voucher.store import organisations, products

app = Api()


class Search(Paging):
    category: Category | None = None
    agency: QueryId | None = None
    q: Words | None = None


@app.get("/products")
def search(query: Search) -> Answer[PageOf[ProductOnSale]]:
    """Published products of active agencies within their approval, by category, agency and words."""
    words, offers = search_words(query.q), _Offers()

    def keep(item: dict[str, Any]) -> bool:
        is_wanted = query.agency in (None, item["agency_uscc"]) and mentions_all(item, words)
        return is_wanted and offers.include(item["agency_uscc"], Category(item["category"]))

    page = products.list_published(query.category, query.limit, query.cursor, keep)
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
def show(product_id: str) -> Answer[ProductOnSale]:
    """One published product of an active agency within its approval."""
    product = products.get(product_id)
    if product.state != "published" or not _Offers().include(product.agency_uscc, product.category):
        raise not_found("product")
    return reply(product.on_sale())


handler = app.handle
