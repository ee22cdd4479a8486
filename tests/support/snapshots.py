"""States of a year from which many tests start: built once through the API, then restored from memory.

A snapshot has the items of every table after the build. Uploaded files are restored only if a test asks for them.
"""

from collections.abc import Callable
from typing import Any

import boto3

from tests.support.backend import BUCKET, table_definitions

TABLES = tuple(table_definitions())
ItemsByTable = dict[str, list[dict[str, Any]]]
SNAPSHOTS: dict[str, tuple[ItemsByTable, dict[str, bytes], Any]] = {}


def everything_kept() -> ItemsByTable:
    """Every item of every table, in a fixed order."""
    client = boto3.client("dynamodb")
    return {
        table: sorted(client.scan(TableName=table)["Items"], key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
        for table in TABLES
    }


def staged[Result](name: str, build: Callable[[], Result]) -> Result:
    """The result of `build`, with the tables as it leaves them; from the second call on, restored from memory."""
    if name not in SNAPSHOTS:
        result = build()
        SNAPSHOTS[name] = (everything_kept(), _uploaded_files(), result)
        return result
    _restore(SNAPSHOTS[name][0])
    built: Result = SNAPSHOTS[name][2]
    return built


def upload_again(name: str) -> None:
    """Restore the files of a snapshot, too."""
    for key, content in SNAPSHOTS[name][1].items():
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)


def _uploaded_files() -> dict[str, bytes]:
    client = boto3.client("s3")
    keys = [each["Key"] for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def _restore(tables: ItemsByTable) -> None:
    client = boto3.client("dynamodb")
    puts = [(table, {"PutRequest": {"Item": item}}) for table, items in tables.items() for item in items]
    for start in range(0, len(puts), 25):
        request: dict[str, list[Any]] = {}
        for table, put in puts[start : start + 25]:
            request.setdefault(table, []).append(put)
        client.batch_write_item(RequestItems=request)
