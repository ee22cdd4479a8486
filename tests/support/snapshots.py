"""Points of a year that many tests start from: built once through the API, then put back from memory.

A stage is what every table holds after its build. Uploaded files come back only where a test asks for them.
"""

from collections.abc import Callable
from typing import Any

import boto3

from tests.support.backend import BUCKET, table_definitions

TABLES = tuple(table_definitions())
Kept = dict[str, list[dict[str, Any]]]
STAGES: dict[str, tuple[Kept, dict[str, bytes], Any]] = {}


def everything_kept() -> Kept:
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
        STAGES[name] = (everything_kept(), _uploaded(), made)
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


def _put_back(tables: Kept) -> None:
    client = boto3.client("dynamodb")
    puts = [(table, {"PutRequest": {"Item": item}}) for table, items in tables.items() for item in items]
    for start in range(0, len(puts), 25):
        request: dict[str, list[Any]] = {}
        for table, put in puts[start : start + 25]:
            request.setdefault(table, []).append(put)
        client.batch_write_item(RequestItems=request)
