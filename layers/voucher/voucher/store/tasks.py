"""Lists of work: what a staff role or an organisation must act on, over all tables (whose work it is: `tasks.py`)."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from voucher.store import keys
from voucher.store.engine.pages import Party, read_days, read_some
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Item
from voucher.tasks import BY_FIRST_DAY, BY_TOLD_DAY

TABLES = ("registry", "vouchers", "orders", "settlements", "supervision")
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


def list_due(first: date, last: date) -> Iterator[Item]:
    """The records that tell a last day from one day to another, whoever must act."""
    return _list_days(BY_TOLD_DAY, first, last)


def list_since(first: date, last: date) -> Iterator[Item]:
    """The records whose term counts from one day to another on, whoever must act."""
    return _list_days(BY_FIRST_DAY, first, last)


def _list_days(key: str, first: date, last: date) -> Iterator[Item]:
    for name in TABLES:
        yield from read_days(name, key, first.isoformat(), last.isoformat())
