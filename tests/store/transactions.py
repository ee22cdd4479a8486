"""Transactions of which only the names of their writes matter."""

from voucher.store import keys
from voucher.store.engine import table


def write(name: str) -> table.Write:
    """A write of which only the name matters."""
    return table.put_write(name, keys.order(name), {}, None)


GUARD = ("guard", keys.order("guard"), "attribute_exists(#pk)")
