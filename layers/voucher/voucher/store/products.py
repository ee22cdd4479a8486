"""What agencies list, in the registry table; a product's id names its agency."""

from collections.abc import Callable, Iterable

from voucher.models import Product
from voucher.refusals import Refusal, Refused
from voucher.store import keys
from voucher.store.reading import Page, load, page
from voucher.store.table import Item, Unmet, Write, add, advance, commit


def _listing(product: Product) -> dict[str, str]:
    return keys.listed("PRODUCT", product.state, product.category, product.created_at, product.product_id)


def add_product(product: Product, *also: Write) -> None:
    """Add a draft. Raises `Unmet`: with "product is new" among its names the id is taken."""
    commit([add("product is new", keys.product(product.product_id), product, _listing(product)), *also])


def find_product(product_id: str) -> Product | None:
    """A product by its id, None when there is none."""
    item = load(keys.product(product_id))
    return Product.model_validate(item) if item else None


def load_product(product_id: str) -> Product:
    """A product by its id. Raises NOT_FOUND."""
    if (product := find_product(product_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return product


def commit_step(old: Product, new: Product, *also: Write) -> None:
    """Move a product on. Raises CHANGED_MEANWHILE when somebody else did first."""
    try:
        commit([advance("product unchanged", keys.product(new.product_id), old, new, _listing(new)), *also])
    except Unmet:
        raise Refused(Refusal.CHANGED_MEANWHILE) from None


def of_agency(agency_uscc: str, state: str | None = None) -> Iterable[Product]:
    """Every product of an agency, in one state if given, page by page."""
    prefix, cursor = f"{state}#" if state else "", None
    while True:
        found = page(
            "registry", "listing", "PRODUCT", 100, cursor, prefix, lambda item: item["agency_uscc"] == agency_uscc
        )
        yield from (Product.model_validate(item) for item in found.items)
        if (cursor := found.next_cursor) is None:
            return


def search(category: str | None, limit: int, cursor: str | None, keep: Callable[[Item], bool]) -> Page:
    """A page of published products, of one category if given, that `keep` accepts; within a category newest first."""
    prefix = f"published#{category}#" if category else "published#"
    return page("registry", "listing", "PRODUCT", limit, cursor, prefix, keep)
