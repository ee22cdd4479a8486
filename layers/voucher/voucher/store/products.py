"""Products of agencies, in the registry table; a product's id names its agency."""

from collections.abc import Callable, Iterable

from voucher.models.products import Product
from voucher.refusals import not_found
from voucher.store import keys
from voucher.store.engine.reading import Page, find_item, read_page
from voucher.store.engine.table import Item, Write, add_write, advance_write, commit, commit_new


def _index_entry(product: Product) -> dict[str, str]:
    return keys.index_entry("PRODUCT", product.state, product.category, product.created_at, product.product_id)


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


def list_of_agency(agency_uscc: str, state: str | None = None) -> Iterable[Product]:
    """Every product of an agency, in one state if given, page by page."""
    prefix, cursor = f"{state}#" if state else "", None
    while True:
        found = read_page(
            "registry", "by_newest", "PRODUCT", 100, cursor, prefix, lambda item: item["agency_uscc"] == agency_uscc
        )
        yield from (Product.model_validate(item) for item in found.items)
        if (cursor := found.next_cursor) is None:
            return


def list_published(category: str | None, limit: int, cursor: str | None, keep: Callable[[Item], bool]) -> Page:
    """A page of published products, of one category if given, that `keep` accepts; within a category newest first."""
    prefix = f"published#{category}#" if category else "published#"
    return read_page("registry", "by_newest", "PRODUCT", limit, cursor, prefix, keep)
