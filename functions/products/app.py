"""Products: listed by active agencies, published by the operator, shown to everybody (§3.3)."""

from datetime import date
from typing import Any

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.fields import Name, PositiveFen, Text, Uscc, Version
from voucher.edge.identity import as_member, as_member_or_staff, require
from voucher.edge.replies import reply
from voucher.models.agencies import Agency
from voucher.models.base import Request
from voucher.models.products import Product
from voucher.policy import Category
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import agencies, lifecycle
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.products import edited_product, mentions_all, published_product, revised_product, search_words
from voucher.store import organisations, products

app = Api()


class Listing(Request):
    agency_uscc: Uscc
    category: Category
    name: Name
    area: Name
    content: Text
    term: Name
    price_fen: PositiveFen
    price_unit: Name


class Changes(Request):
    category: Category | None = None
    name: Name | None = None
    area: Name | None = None
    content: Text | None = None
    term: Name | None = None
    price_fen: PositiveFen | None = None
    price_unit: Name | None = None


class Publication(Request):
    version: Version | None = None  # the one the operator looked at


@app.post("/products")
def draft() -> Response[str]:
    """§3.3: an active agency drafts a product in one of its categories."""
    body = app.body(Listing)
    agency = as_member(app.caller, organisations.find_agency(body.agency_uscc))
    product_id = f"{body.agency_uscc}.{app.new_id('p').removeprefix('p_')[:12]}"
    # before the rules: a draft whose answer was lost is answered as it was, whatever became of the agency since
    if (existing := products.find(product_id)) is not None:
        return _replayed(existing)
    agencies.check_active(agency, _today())
    agencies.check_scope(agency, body.category)
    product = Product(
        **body.model_dump(),
        product_id=product_id,
        state="draft",
        created_at=clock.now(),
        created_by=app.caller.sub,
        request_sha256=app.request_sha256,
        **app.step("draft"),
    )
    if not products.commit_draft(product, organisations.unchanged_check(agency)):
        return _replayed(products.get(product_id))
    return reply(product, 201)


def _replayed(existing: Product) -> Response[str]:
    app.check_same(existing.request_sha256)
    return reply(existing, replay=True)


def _today() -> date:
    return clock.today()


@app.patch("/products/<product_id>")
def edit(product_id: str) -> Response[str]:
    """§3.3: the agency corrects its draft; what is on sale stays so until the operator publishes the correction."""
    old, agency = _owned(product_id)
    changes = app.body(Changes).model_dump(exclude_none=True)
    lifecycle.next_state("product", old.state, "edit")
    new = edited_product(old, changes).next_version(**app.step("edit"))
    agencies.check_scope(agency, revised_product(new).category)
    products.commit_step(old, new)
    return reply(new)


def _owned(product_id: str) -> tuple[Product, Agency]:
    product = products.get(product_id)
    return product, as_member(app.caller, organisations.find_agency(product.agency_uscc))


@app.post("/products/<product_id>/publish")
def publish(product_id: str) -> Response[str]:
    """§3.3: the operator puts a product of an active agency up, or what the agency corrected in it; of a product that
    changed since the operator looked at it, nothing."""
    require(app.caller, "platform")
    body, old = app.body(Publication), products.get(product_id)
    if app.is_repeat(old, "publish"):
        return reply(old, replay=True)
    if body.version not in (None, old.version):
        raise Refused(Refusal.CHANGED_MEANWHILE)
    agency = agencies.check_active(organisations.find_agency(old.agency_uscc), _today())
    check_four_eyes(app.caller.sub, "§3.3", *agency.members)
    state = lifecycle.next_state("product", old.state, "publish")
    new = published_product(old, clock.now()).next_version(state=state, **app.step("publish"))
    agencies.check_scope(agency, new.category)
    products.commit_step(old, new, organisations.unchanged_check(agency))
    return reply(new)


@app.post("/products/<product_id>/withdraw")
def withdraw(product_id: str) -> Response[str]:
    """§3.3: the agency, or the operator, takes a product down."""
    app.body(Nothing)
    product = products.get(product_id)
    if "platform" not in app.caller.roles:
        product, _ = _owned(product_id)
    if app.is_repeat(product, "withdraw"):
        return reply(product, replay=True)
    state = lifecycle.next_state("product", product.state, "withdraw")
    new = product.next_version(state=state, **app.step("withdraw"))
    products.commit_step(product, new)
    return reply(new)


@app.get("/products")
def search() -> Response[str]:
    """Published products of active agencies within their approval, by category, agency and words."""
    category, agency_uscc = app.query("category"), app.query("agency")
    if category is not None and category not in {each.value for each in Category}:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("category", "不在可选范围内。")])
    words, offers = search_words(app.query("q")), _Offers()

    def keep(item: dict[str, Any]) -> bool:
        wanted = agency_uscc in (None, item["agency_uscc"]) and mentions_all(item, words)
        return wanted and offers.include(item["agency_uscc"], Category(item["category"]))

    page = products.list_published(category, app.limit, app.query("cursor"), keep)
    items = [Product.model_validate(item).on_sale() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


class _Offers:
    """What each agency may be ordered from today, by category; an agency is looked up once in a request."""

    def __init__(self) -> None:
        self._known: dict[str, frozenset[Category]] = {}

    def include(self, uscc: str, category: Category) -> bool:
        """True if the agency is active, and approved for the category still (§3.2.3, §3.3)."""
        if uscc not in self._known:
            self._known[uscc] = agencies.categories_on_sale(organisations.find_agency(uscc), _today())
        return category in self._known[uscc]


@app.get("/products/<product_id>")
def show(product_id: str) -> Response[str]:
    """One published product of an active agency within its approval."""
    product = products.get(product_id)
    if product.state != "published" or not _Offers().include(product.agency_uscc, product.category):
        raise Refused(Refusal.NOT_FOUND)
    return reply(product.on_sale())


@app.get("/agencies/<uscc>/products")
def list_own(uscc: str) -> Response[str]:
    """Every product of an agency, in one state if given, with what waits to be published: for its members and staff."""
    as_member_or_staff(app.caller, organisations.find_agency(uscc))
    items = [product.public() for product in products.list_of_agency(uscc, app.query("state"))]
    return reply({"items": items, "next_cursor": None})


handler = app.handle
