"""DynamoDB refuses a key that is too long or empty, also in a question; moto answers that there is no such item. With
this check a call that asks so is the fault that it is on AWS."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

# in bytes: a partition key, also of an index, and a sort key
MOST_BYTES = {"pk": 2048, "sk": 1024}
make_api_call = BaseClient._make_api_call


def check_key_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse in one test what DynamoDB refuses."""
    monkeypatch.setattr(BaseClient, "_make_api_call", _checked_call)


def _checked_call(client: Any, operation: str, request: Any) -> Any:
    if client.meta.service_model.service_name == "dynamodb":
        for wrong in _wrong_keys(request):
            problem = {"Code": "ValidationException", "Message": f"a key of {wrong} bytes"}
            raise ClientError({"Error": problem}, operation)
    return make_api_call(client, operation, request)


def _wrong_keys(part: Any) -> Iterator[int]:
    """The sizes of keys in a request that no key has: of items, and those that a query asks for."""
    if isinstance(part, list):
        for each in part:
            yield from _wrong_keys(each)
    elif isinstance(part, dict):
        if "KeyConditionExpression" in part:
            texts = [value["S"] for value in part["ExpressionAttributeValues"].values() if "S" in value]
            yield from (len(text.encode()) for text in texts if len(text.encode()) > MOST_BYTES["pk"])
        for name, most in MOST_BYTES.items():
            if isinstance(part.get(name), dict) and isinstance(text := part[name].get("S"), str):
                size = len(text.encode())
                if not 1 <= size <= most:
                    yield size
        for each in part.values():
            yield from _wrong_keys(each)
