"""Lists of work: what a staff role or an organisation must act on, over all tables (whose work it is: `tasks.py`)."""

from typing import NamedTuple

from voucher.store import keys
from voucher.store.engine.pages import Party, read_some
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Item

TABLES = ("registry", "vouchers", "orders", "settlements")
# one list costs so many items of each table at most; whoever has more works off the oldest first
MOST_READ = 500


class Work(NamedTuple):
    """Records that wait for somebody; if `more`, the oldest of them."""

    items: list[Item]
    more: bool


def read_own(party: str) -> Item | None:
    """The record of an organisation itself, by the name of its list of work; None for a staff role."""
    kind, _, uscc = party.partition(":")
    return find_item(keys.organisation(kind, uscc)) if uscc else None


def read_work(party: str) -> Work:
    """What a role, or a party with its credit code (`tasks.party_key`), must act on: one request for each table."""
    parts = [read_some(name, Party("by_task", party), MOST_READ) for name in TABLES]
    return Work([item for items, _ in parts for item in items], any(more for _, more in parts))
