"""Products of agencies, in the registry table; a product's id names its agency."""

from collections.abc import Iterable

from voucher.models.products import Product
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import bounds, keys
from voucher.store.engine.pages import MOST_READ, Keep, Page, Party, Selection, read_page, read_whole
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Write, add_write, advance_write, commit, commit_new


def _index_entry(product: Product) -> dict[str, str]:
    return keys.index_entry("PRODUCT", product.created_at, product.product_id, state=product.state)


def _place(product: Product) -> keys.Key:
    """Where the products of its agency that are not withdrawn are counted."""
    return keys.open_things(keys.agency(product.agency_uscc), "products")


def commit_draft(product: Product, most: int, *also: Write) -> bool:
    """Add a draft. False when its id is taken. Raises TOO_MANY_PRODUCTS for an agency with `most`, CHANGED_MEANWHILE
    when a condition of `also` is false."""
    draft = add_write("product", keys.product(product.product_id), product, index=_index_entry(product))
    opened = bounds.opened_write(_place(product), product.product_id, most)
    return commit_new("product", [draft, opened, *also], bound=Refused(Refusal.TOO_MANY_PRODUCTS, most=most))


def find(product_id: str) -> Product | None:
    """A product by its id, or None."""
    item = find_item(keys.product(product_id))
    return Product.model_validate(item) if item else None


def get(product_id: str) -> Product:
    """A product by its id. Raises NOT_FOUND."""
    if (product := find(product_id)) is None:
        raise not_found("product")
    return product


def commit_step(old: Product, new: Product, *also: Write) -> None:
    """Commit a product's next version. Raises CHANGED_MEANWHILE if somebody else changed it first."""
    closed = [bounds.closed_write(_place(new), new.product_id)] if new.state == "withdrawn" else []
    commit([_step_write(old, new), *closed, *also])


def commit_publication(old: Product, new: Product, most: int, *also: Write) -> None:
    """§3.3: put a product on sale. Raises CHANGED_MEANWHILE if somebody else changed it first, TOO_MANY_PRODUCTS if it
    was withdrawn and its agency has `most` others."""
    back = [bounds.opened_write(_place(new), new.product_id, most)] if old.state == "withdrawn" else []
    refusal = Refused(Refusal.TOO_MANY_PRODUCTS, most=most)
    commit([_step_write(old, new), *back, *also], product=Refusal.CHANGED_MEANWHILE, bound=refusal)


def _step_write(old: Product, new: Product) -> Write:
    return advance_write("product", keys.product(new.product_id), old, new, index=_index_entry(new))


def list_of_agency(agency_uscc: str) -> Iterable[Product]:
    """Every product of an agency, the newest first."""
    found = read_whole("registry", "PRODUCT", party=Party("by_agency", agency_uscc))
    return (Product.model_validate(item) for item in found)


def list_on_sale() -> list[Product]:
    """The products that are published, the newest first, as many as one page costs at most."""
    page = list_page(Selection(limit=MOST_READ, state="published"), None)
    return [Product.model_validate(item) for item in page.items]


def list_page(selection: Selection, keep: Keep | None, agency_uscc: str | None = None) -> Page:
    """A page of the products that `keep` accepts: of all agencies, or of one."""
    party = Party("by_agency", agency_uscc) if agency_uscc else None
    return read_page("registry", "PRODUCT", selection, keep, party)
