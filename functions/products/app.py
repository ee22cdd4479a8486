"""Products: drafted and corrected by active agencies, published by the operator, withdrawn (§3.3)."""

from datetime import date

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, Versioned
from voucher.edge.creation import key_write
from voucher.edge.identity import as_member, as_party, reads_books, require
from voucher.edge.pages import ListOf, Search, empty_page, reply_list
from voucher.edge.parties import unaccused_checks
from voucher.edge.products import Correction, Listing
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency
from voucher.models.products import Product, ProductState
from voucher.policy import Policy
from voucher.rules.agencies import check_active, check_scope
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_version, stepped
from voucher.rules.products import check_service_item, edited_product, published_product, revised_product
from voucher.rules.programmes import policy_for
from voucher.store import organisations, products, programmes

app = Api()


@app.post("/products")
def draft() -> Answer[Product]:
    """§3.3: an active agency drafts a product in one of its categories."""
    body = app.body(Listing)
    agency = as_member(app.caller, organisations.find_agency(body.agency_uscc, app.caller.sub), "agency")
    product_id = f"{body.agency_uscc}.{app.new_id('p').removeprefix('p_')[:12]}"
    # before the rules: if the first answer was lost, the draft is answered whatever became of the agency since
    if (existing := products.find(product_id)) is not None:
        return _replayed(existing)
    check_active(agency, clock.today())
    check_scope(agency, body.category)
    check_service_item(body.service_item, body.category)
    product = Product(**body.model_dump(), product_id=product_id, state="draft", **app.creation("draft"))
    most = _policy(clock.today()).products_per_agency
    if not products.commit_draft(product, most, organisations.unchanged_check(agency), key_write(app)):
        return _replayed(products.get(product_id))
    return reply(product, 201)


def _policy(today: date) -> Policy:
    return policy_for(programmes.find(today.year), today)


def _replayed(existing: Product) -> Answer[Product]:
    app.check_same(existing.request_sha256)
    return reply(existing, replay=True)


@app.patch("/products/<product_id>")
@app.put("/products/<product_id>")
def edit(product_id: str) -> Answer[Product]:
    """§3.3: the agency corrects its draft; what is on sale stays so until the operator publishes the correction."""
    old, agency = _owned(product_id)
    body = app.body(Correction)
    if app.is_repeat(old, "edit"):
        return reply(old, replay=True)
    check_version(old, body.version)
    corrections = body.model_dump(exclude={"version"}, exclude_none=True)
    new = stepped(edited_product(old, corrections), "edit", app.mark)
    wanted = revised_product(new)
    check_scope(agency, wanted.category)
    check_service_item(wanted.service_item, wanted.category)
    products.commit_step(old, new)
    return reply(new)


def _owned(product_id: str) -> tuple[Product, Agency]:
    """A product of the caller's own agency. Raises NOT_FOUND."""
    product = products.get(product_id)
    return product, as_party(app.caller, organisations.find_agency(product.agency_uscc), "product")


@app.post("/products/<product_id>/publish")
def publish(product_id: str) -> Answer[Product]:
    """§3.3: the operator puts a product of an active agency on sale, or what the agency corrected in it.

    Raises CHANGED_MEANWHILE if the product changed since the operator looked at it, HAS_VIOLATION (§5.2b) as long as a
    violation stands against the agency.
    """
    require(app.caller, "platform")
    body = app.body(Versioned)
    old = products.get(product_id)
    if app.is_repeat(old, "publish"):
        return reply(old, replay=True)
    check_version(old, body.version)
    today = clock.today()
    agency = check_active(organisations.find_agency(old.agency_uscc), today)
    check_four_eyes(app.caller.sub, "publish_product", agency)
    mark = app.mark
    new = stepped(published_product(old, mark.at), "publish", mark)
    check_scope(agency, new.category)
    stranger = organisations.unchanged_stranger_check(agency, "publish_product", mark.by)
    unaccused = unaccused_checks(agency_uscc=old.agency_uscc)
    products.commit_publication(old, new, _policy(today).products_per_agency, stranger, *unaccused)
    return reply(new)


@app.post("/products/<product_id>/withdraw")
def withdraw(product_id: str) -> Answer[Product]:
    """§3.3: the agency, or the operator, takes a product off sale."""
    app.body(Nothing)
    old = _own_or_any(product_id)
    if app.is_repeat(old, "withdraw"):
        return reply(old, replay=True)
    new = stepped(old, "withdraw", app.mark)
    products.commit_step(old, new)
    return reply(new)


def _own_or_any(product_id: str) -> Product:
    """A product, for the operator; who acts for its agency takes it off sale as its member. Raises NOT_FOUND."""
    product = products.get(product_id)
    agency = organisations.find_agency(product.agency_uscc)
    if "platform" in app.caller.roles and not (agency and app.caller.sub in agency.members):
        require(app.caller, "platform")
    else:
        as_party(app.caller, agency, "product")
    return product


@app.get("/agencies/<uscc>/products")
def list_own(uscc: str, query: Search[ProductState]) -> Answer[ListOf[Product]]:
    """An agency's products, with what waits to be published, for its members and staff; `q` looks into their names."""
    is_open = reads_books(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency")
    page = products.list_page(query.selection(), query.finds("name"), uscc) if is_open else empty_page(query)
    return reply_list(page, Product.model_validate)


handler = app.handle
