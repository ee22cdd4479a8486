"""Makes moto fast enough for a thousand calls, without changing its answers; and lets it read as many items at once as
AWS does, of which it refuses all but 25. Keys have the sizes that AWS allows (`key_sizes`).

moto spends 90 % of its time in three places: it creates clients, it serialises attribute values that are in wire format
already, and in every transaction it copies whole tables value by value. The copies share their items here: a put
replaces an item, and before an update changes an item the table gets a copy of it.
"""

from typing import Any

import boto3
import moto.dynamodb.responses
import pytest
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.sqs.models import Queue

from tests.support.key_sizes import check_key_sizes
from tests.support.short_cuts import speak_plainly
from voucher.store.engine.table import MOST_ITEMS

make_client = boto3.client
write_structure = BaseJSONSerializer._serialize_type_structure
copy_item, update = Item.__deepcopy__, DynamoDBBackend.update_item
REMEMBERED: dict[tuple[str, bool], Any] = {}


def remembered_client(service: str, **settings: Any) -> Any:
    """One client of each kind for the whole run; it works with every later moto as well."""
    key = (service, bool(settings))
    if key not in REMEMBERED:
        REMEMBERED[key] = make_client(service, **settings)
    return REMEMBERED[key]


def write_plainly(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Write an attribute value as it is, and everything else as moto does."""
    if shape.name == "AttributeValue" and isinstance(value, dict):
        serialized[key] = value
    else:
        write_structure(serializer, serialized, value, shape, key)


def copy_value(value: DynamoType, _memo: Any) -> DynamoType:
    """A scalar is never changed in place, so copies may share it."""
    if isinstance(value.value, dict | list):
        return DynamoType(value.to_regular_json())
    return value


def update_a_copy(backend: DynamoDBBackend, table_name: str, key: Any, *given: Any, **more: Any) -> Item:
    """An update changes an item in place: the table is given one that no copy of it shares."""
    table = backend.get_table(table_name)
    places = [DynamoType(key[name]) for name in (table.hash_key_attr, table.range_key_attr)]
    if item := table.get_item(*places):
        table.items[places[0]][places[1]] = copy_item(item, {})
    return update(backend, table_name, key, *given, **more)


def use_quick_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto counts all messages of a queue whenever one is sent; nobody asks here how many there are."""
    for kind in ("", "_delayed", "_not_visible"):
        monkeypatch.setattr(Queue, f"approximate_number_of_messages{kind}", 0)


def use_quick_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the short cuts, and AWS's own limits, for one test."""
    use_quick_queues(monkeypatch)
    speak_plainly(monkeypatch)
    check_key_sizes(monkeypatch)
    monkeypatch.setattr(moto.dynamodb.responses, "TRANSACTION_MAX_ITEMS", MOST_ITEMS)
    monkeypatch.setattr(boto3, "client", remembered_client)
    monkeypatch.setattr(BaseJSONSerializer, "_serialize_type_structure", write_plainly)
    monkeypatch.setattr(DynamoType, "__deepcopy__", copy_value)
    monkeypatch.setattr(Item, "__deepcopy__", lambda item, _memo: item)
    monkeypatch.setattr(DynamoDBBackend, "update_item", update_a_copy)
