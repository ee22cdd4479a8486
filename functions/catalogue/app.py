"""The public catalogue: published products that may be ordered today, for everybody (§3.3)."""

from dataclasses import replace
from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.pages import ListOf, OfDays, reply_list
from voucher.edge.queries import QueryId, Words
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency
from voucher.models.products import Product, ProductOnSale
from voucher.models.ratings import Ratings
from voucher.policy import Category
from voucher.refusals import not_found
from voucher.rules.agencies import categories_on_sale
from voucher.rules.products import search_texts
from voucher.rules.search import mentions_all, search_words
from voucher.store import keys, organisations, products, ratings

app = Api()


class Catalogue(OfDays):
    category: Category | None = None
    agency: QueryId | None = None
    q: Words | None = None


@app.get("/products")
def search(query: Catalogue) -> Answer[ListOf[ProductOnSale]]:
    """Published products of active agencies within their approval, by category, agency and words, also of its name."""
    words, offers = search_words(query.q), _Offers()

    def keep(item: dict[str, Any]) -> bool:
        category, agency_uscc = Category(item["category"]), item["agency_uscc"]
        if query.category not in (None, category) or not offers.include(agency_uscc, category):
            return False
        return mentions_all(search_texts(item, offers.name_of(agency_uscc)), words)

    selection = replace(query.selection(), state="published")
    page = products.list_page(selection, keep, query.agency)
    rated = ratings.read_each_of(keys.product_ratings(item["product_id"]) for item in page.items)
    return reply_list(
        page,
        lambda item: offers.shown(Product.model_validate(item), rated[keys.product_ratings(item["product_id"])]),
    )


class _Offers:
    """What may be ordered from each agency today. Reads an agency once in a request."""

    def __init__(self) -> None:
        self._agencies: dict[str, Agency | None] = {}

    def include(self, uscc: str, category: Category) -> bool:
        """§3.2.3, §3.3: True if the agency is active, and still approved for the category."""
        if uscc not in self._agencies:
            self._agencies[uscc] = organisations.find_agency(uscc)
        return category in categories_on_sale(self._agencies[uscc], clock.today())

    def shown(self, product: Product, rated: Ratings) -> dict[str, Any]:
        """A product that is on offer, with its ratings and the name of its agency as it is today."""
        return product.on_sale() | {"agency_name": self.name_of(product.agency_uscc), **rated.shown()}

    def name_of(self, uscc: str) -> str:
        """The name of an agency that was asked for before."""
        agency = self._agencies[uscc]
        return agency.name if agency else ""


@app.get("/products/<product_id>")
def show(product_id: str) -> Answer[ProductOnSale]:
    """One published product of an active agency within its approval."""
    product, offers = products.get(product_id), _Offers()
    if product.state != "published" or not offers.include(product.agency_uscc, product.category):
        raise not_found("product")
    return reply(offers.shown(product, ratings.find(keys.product_ratings(product_id))))


handler = app.handle
