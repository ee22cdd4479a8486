"""DynamoDB refuses a key that is too long or empty, also in a question; moto answers that there is no such item. With
this check a call that asks so is the fault that it is on AWS."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from voucher.store.engine import table

# in bytes: a partition key and a sort key, of tables and of indexes
PARTITION_BYTES, SORT_BYTES = 2048, 1024
MOST_BYTES = dict.fromkeys(("pk", *table.INDEXES.values()), PARTITION_BYTES) | dict.fromkeys(
    ("sk", "index_sort"), SORT_BYTES
)


def check_key_sizes(operation: str, request: dict[str, Any]) -> None:
    """Raises what DynamoDB refuses."""
    for wrong in _wrong_keys(request):
        problem = {"Code": "ValidationException", "Message": f"a key of {wrong} bytes"}
        raise ClientError({"Error": problem}, operation)


def _wrong_keys(part: Any) -> Iterator[int]:
    """The sizes of keys in a request that no key has: of items, and those that a query asks for."""
    if isinstance(part, list):
        for each in part:
            yield from _wrong_keys(each)
    elif isinstance(part, dict) and "pk" in part:
        for name in MOST_BYTES.keys() & part.keys():
            size = len(part[name]["S"].encode()) if "S" in part[name] else 1
            if not 1 <= size <= MOST_BYTES[name]:
                yield size
    elif isinstance(part, dict):
        if "KeyConditionExpression" in part:
            yield from _wrong_values(part["KeyConditionExpression"], part["ExpressionAttributeValues"])
        for name, each in part.items():
            if not name.startswith("Expression"):
                yield from _wrong_keys(each)


def _wrong_values(expression: str, values: dict[str, Any]) -> Iterator[int]:
    """The same of the values that a query compares keys with: first the partition's, then those of sort keys."""
    partition = expression.split()[2]
    for name, value in values.items():
        size = len(value["S"].encode())
        if size > (PARTITION_BYTES if name == partition else SORT_BYTES) or (name == partition and size == 0):
            yield size
