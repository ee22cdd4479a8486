"""Makes moto fast enough for a thousand calls, without changing its answers.

moto spends 90 % of its time in three places: it creates clients, it serialises attribute values that are in wire format
already, and in every transaction it copies whole tables value by value.
"""

from typing import Any

import boto3
import pytest
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models.dynamo_type import DynamoType

make_client = boto3.client
write_structure = BaseJSONSerializer._serialize_type_structure
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


def use_quick_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the three short cuts for one test."""
    monkeypatch.setattr(boto3, "client", remembered_client)
    monkeypatch.setattr(BaseJSONSerializer, "_serialize_type_structure", write_plainly)
    monkeypatch.setattr(DynamoType, "__deepcopy__", copy_value)
