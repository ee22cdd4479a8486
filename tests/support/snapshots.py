"""States of a year from which many tests start: built once through the API, then restored from memory.

A snapshot has the items of every table after the build. Uploaded files are restored only if a test asks for them.
"""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_to_dict
from moto.s3.models import s3_backends

from tests.support.backend import BUCKET, table_definitions

TABLES = tuple(table_definitions())
# table → partition → sort key → item, as moto keeps them
ItemsByTable = dict[str, dict[Any, dict[Any, Any]]]
READ: dict[int, tuple[Item, dict[str, Any]]] = {}
SNAPSHOTS: dict[str, tuple[ItemsByTable, bytes, Any]] = {}


def everything_kept() -> dict[str, list[dict[str, Any]]]:
    """Every item of every table, in a fixed order."""
    kept = {name: [item for items in table.items.values() for item in items.values()] for name, table in _tables()}
    return {
        table: sorted(map(_as_read, kept[table]), key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
        for table in TABLES
    }


def _as_read(item: Item) -> dict[str, Any]:
    """An item as DynamoDB answers it, worked out once: it is never changed in place (`quick_moto.update_a_copy`)."""
    known, read = READ.get(id(item), (None, {}))
    if known is not item:
        read = dynamo_to_dict(item.attrs)
        READ[id(item)] = item, read
    return read


def staged[Result](name: str, build: Callable[[], Result]) -> Result:
    """The result of `build`, with the tables as it leaves them; from the second call on, restored from memory."""
    if name not in SNAPSHOTS:
        result = build()
        SNAPSHOTS[name] = (_items_by_table(), _uploaded_files(), result)
        return result
    _restore(SNAPSHOTS[name][0])
    built: Result = SNAPSHOTS[name][2]
    return built


def upload_again(name: str) -> None:
    """Restore the files of a snapshot, too."""
    for key, versions in pickle.loads(SNAPSHOTS[name][1]).items():  # noqa: S301 - our own
        _files().setlist(key, versions)


def _files() -> Any:
    """The bucket as moto keeps it: key → versions."""
    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys


def _uploaded_files() -> bytes:
    """Pickled, because moto empties its files at the end of a test."""
    return pickle.dumps({key: _files().getlist(key) for key in _files()})


def _tables() -> Iterator[tuple[str, Table]]:
    yield from dynamodb_backends[DEFAULT_ACCOUNT_ID]["ap-east-1"].tables.items()


def _items_by_table() -> ItemsByTable:
    """The items themselves, because moto changes none in place here (`quick_moto.update_a_copy`)."""
    return {name: {key: dict(items) for key, items in table.items.items() if items} for name, table in _tables()}


def _restore(items_by_table: ItemsByTable) -> None:
    for name, table in _tables():
        table.items.clear()
        table.items.update({key: dict(items) for key, items in items_by_table[name].items()})


class Trial:
    """What happens in a trial is as if it had not."""

    def __init__(self) -> None:
        self._before = _items_by_table()

    @property
    def left_no_trace(self) -> bool:
        """True if the tables are as they were when it began."""
        return _items_by_table() == self._before

    def undo(self) -> None:
        """The tables are as they were when it began."""
        _restore(self._before)


@contextmanager
def trial() -> Iterator[Trial]:
    """A trial that ends with the block."""
    begun = Trial()
    try:
        yield begun
    finally:
        begun.undo()
