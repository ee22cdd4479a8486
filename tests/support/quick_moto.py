"""Makes moto quick enough for a thousand calls, without changing what it answers; and lets it read as many items at
once as AWS does, of which it refuses all but 25.

It spends nine tenths of its time in three places: making clients, writing each attribute value through the general
serialiser although it is wire format already, and copying whole tables, value by value, in every transaction.
"""

from typing import Any

import boto3
import moto.dynamodb.responses
import pytest
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models.dynamo_type import DynamoType

from voucher.store.engine.table import MOST_ITEMS

make_client = boto3.client
write_structure = BaseJSONSerializer._serialize_type_structure
REMEMBERED: dict[tuple[str, bool], Any] = {}


def remembered_client(service: str, **settings: Any) -> Any:
    """One client of each kind for the whole run: it meets whatever moto holds at the moment."""
    key = (service, bool(settings))
    if key not in REMEMBERED:
        REMEMBERED[key] = make_client(service, **settings)
    return REMEMBERED[key]


def write_plainly(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """An attribute value goes out as it is; everything else as ever."""
    if shape.name == "AttributeValue" and isinstance(value, dict):
        serialized[key] = value
    else:
        write_structure(serializer, serialized, value, shape, key)


def copy_value(value: DynamoType, _memo: Any) -> DynamoType:
    """A scalar is never changed in place, so the copy may share it."""
    if isinstance(value.value, dict | list):
        return DynamoType(value.to_regular_json())
    return value


def use_quick_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the three short cuts, and AWS's own limit, in place for one test."""
    monkeypatch.setattr(moto.dynamodb.responses, "TRANSACTION_MAX_ITEMS", MOST_ITEMS)
    monkeypatch.setattr(boto3, "client", remembered_client)
    monkeypatch.setattr(BaseJSONSerializer, "_serialize_type_structure", write_plainly)
    monkeypatch.setattr(DynamoType, "__deepcopy__", copy_value)
