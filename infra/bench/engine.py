"""The backend on DynamoDB Local for the measurements: one engine, one programme year, and a meter of the calls.

Data and harness are those of the tests, so the measured backend is the tested one.
"""

import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from infra.client import steps
from infra.local import dynamodb_local
from tests.conftest import NOW
from tests.races import seed_data
from tests.races.interleaving import give_each_thread_its_request
from tests.support import backend
from tests.support.backend import World
from voucher.edge import clock
from voucher.edge.observe import logger
from voucher.store.engine import table

PROGRAMME_FEN = 10**11
TYPES = {"S", "N", "BOOL", "NULL", "L", "M", "SS"}


@contextmanager
def running_backend() -> Iterator[World]:
    """Tables on an engine of their own, a programme year, and a clock stopped on a day of this year."""
    with dynamodb_local.running() as url, pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_DEFAULT_REGION": "ap-east-1",
            "AWS_ENDPOINT_URL_DYNAMODB": url,
        }.items():
            patch.setenv(name, value)
        for name, value in backend.create_tables(boto3.client("dynamodb")).items():
            patch.setenv(name, value)
        backend.forget_clients()
        patch.setattr(clock, "now", lambda: NOW)
        give_each_thread_its_request(patch)
        with _log_to(os.devnull):
            steps.open_programme(World(), seed_data.YEAR, PROGRAMME_FEN, {"notice_working_days": 0})
            yield World()
    backend.forget_clients()


@contextmanager
def _log_to(path: str) -> Iterator[None]:
    """Log lines are written as always, but to `path`, so that the printed table has none."""
    handlers = [each for each in logger.handlers if isinstance(each, logging.StreamHandler)]
    with open(path, "w") as sink:  # noqa: PTH123 - a device, not a file of ours
        before = [(each, each.setStream(sink)) for each in handlers]
        try:
            yield
        finally:
            for handler, stream in before:
                handler.setStream(stream)


class Meter:
    """Measures the DynamoDB calls inside a `with` block: round trips by operation, and units.

    Read units are reported by the engine. For write units it reports four for every transaction, whatever its size, so
    they are computed from the sizes of the items, as AWS documents it: two per KB of each item, without indexes.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.read_units = 0.0
        self.requests: list[dict[str, Any]] = []

    @property
    def round_trips(self) -> int:
        """All requests that were sent."""
        return sum(self.calls.values())

    @property
    def write_units(self) -> int:
        """Units of all written or checked items, by their present sizes."""
        writes = [each for params in self.requests for each in params.get("TransactItems", ()) if "Get" not in each]
        return sum(2 * -(-size_of(_item(request)) // 1024) for write in writes for request in write.values())

    def __enter__(self) -> "Meter":
        events = table.client().meta.events
        events.register("provide-client-params.dynamodb", self._ask)
        events.register("before-send.dynamodb", self._count)
        events.register("after-call.dynamodb", self._add)
        return self

    def __exit__(self, *_: object) -> None:
        events = table.client().meta.events
        events.unregister("provide-client-params.dynamodb", self._ask)
        events.unregister("before-send.dynamodb", self._count)
        events.unregister("after-call.dynamodb", self._add)

    def _ask(self, params: dict[str, Any], **_: object) -> dict[str, Any]:
        self.requests.append(json.loads(json.dumps(params)))
        return params | {"ReturnConsumedCapacity": "TOTAL"}

    def _count(self, request: Any, **_: object) -> None:
        target = request.headers["X-Amz-Target"]
        self.calls[(target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]] += 1

    def _add(self, parsed: dict[str, Any], model: Any, **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        if "Get" in model.name or model.name in ("Query", "Scan"):
            self.read_units += sum(
                each["CapacityUnits"] for each in (consumed if isinstance(consumed, list) else [consumed])
            )


def _item(request: dict[str, Any]) -> dict[str, Any]:
    """The item after a write, in DynamoDB's own form."""
    if "Item" in request:
        return dict(request["Item"])
    item = table.client().get_item(TableName=request["TableName"], Key=request["Key"], ConsistentRead=True)
    return dict(item.get("Item", request["Key"]))


def size_of(value: Any) -> int:
    """The size of an item or a value as AWS counts it: names and texts in UTF-8, a number by its digits."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict):
        return sum((0 if name in TYPES else len(name.encode())) + size_of(each) + 1 for name, each in value.items())
    if isinstance(value, list):
        return 3 + sum(size_of(each) for each in value)
    return 1
