"""Products of agencies, in the registry table; a product's id names its agency."""

from collections.abc import Iterable

from voucher.models.products import Product
from voucher.refusals import not_found
from voucher.store import keys
from voucher.store.engine.pages import Keep, Page, Party, Selection, read_page, read_whole
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Write, add_write, advance_write, commit, commit_new


def _index_entry(product: Product) -> dict[str, str]:
    return keys.index_entry("PRODUCT", product.created_at, product.product_id, state=product.state)


def commit_draft(product: Product, *also: Write) -> bool:
    """Add a draft. False when its id is taken. Raises CHANGED_MEANWHILE when a condition of `also` is false."""
    draft = add_write("product", keys.product(product.product_id), product, index=_index_entry(product))
    return commit_new("product", [draft, *also])


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
    commit([advance_write("product", keys.product(new.product_id), old, new, index=_index_entry(new)), *also])


def list_of_agency(agency_uscc: str) -> Iterable[Product]:
    """Every product of an agency, the newest first."""
    found = read_whole("registry", "PRODUCT", party=Party("by_agency", agency_uscc))
    return (Product.model_validate(item) for item in found)


def list_page(selection: Selection, keep: Keep | None, agency_uscc: str | None = None) -> Page:
    """A page of the products that `keep` accepts: of all agencies, or of one."""
    party = Party("by_agency", agency_uscc) if agency_uscc else None
    return read_page("registry", "PRODUCT", selection, keep, party)
