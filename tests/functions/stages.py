"""Points of a year that many tests start from: built once through the API, then put back from memory.

A stage is what every table holds after its build. Uploaded files come back only where a test asks for them.
"""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from tests.world import BUCKET, table_definitions

TABLES = tuple(table_definitions())
# table → partition → place in it → item
Kept = dict[str, dict[Any, dict[Any, Any]]]
STAGES: dict[str, tuple[Kept, dict[str, bytes], Any]] = {}


def everything_kept() -> dict[str, list[dict[str, Any]]]:
    """Every item of every table, in a fixed order."""
    client = boto3.client("dynamodb")
    return {
        table: sorted(client.scan(TableName=table)["Items"], key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
        for table in TABLES
    }


def staged[Scene](name: str, build: Callable[[], Scene]) -> Scene:
    """What `build` makes, with the tables as it leaves them; from the second time on, from memory."""
    if name not in STAGES:
        made = build()
        STAGES[name] = (_kept(), _uploaded(), made)
        return made
    _put_back(STAGES[name][0])
    scene: Scene = STAGES[name][2]
    return scene


def upload_again(stage: str) -> None:
    """Put back the files of a stage, too."""
    for key, content in STAGES[stage][1].items():
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)


def _uploaded() -> dict[str, bytes]:
    client = boto3.client("s3")
    keys = [each["Key"] for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def _tables() -> Iterator[tuple[str, Table]]:
    yield from dynamodb_backends[DEFAULT_ACCOUNT_ID]["ap-east-1"].tables.items()


def _kept() -> Kept:
    """The items themselves: the engine changes none in place (`engine.update_a_copy`)."""
    return {name: {key: dict(items) for key, items in table.items.items()} for name, table in _tables()}


def _put_back(kept: Kept) -> None:
    for name, table in _tables():
        table.items.update({key: dict(items) for key, items in kept[name].items()})
