"""Restores all tables to one second, beside the tables that are in use, and copies back from there what is wanted.

Nothing is overwritten unseen: `compare` names what differs, item by item, and `put_back` writes an item only while the
table in use still has what was compared. Transactions span tables, so all copies are of the same second.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.operate.deployed import Deployed, NotPossible
from voucher.models.base import instant_text
from voucher.rules.audit import trace_of
from voucher.rules.messages import PUT_BACK, count_messages, messages_for
from voucher.store.engine.table import decode

KEYS = ("pk", "sk")
SETS = ("SS", "NS", "BS")
ITEMS_PER_READ = 100
# What is only ever added to. A step that was taken back was taken all the same; a letter came all the same.
NEVER_TAKEN_BACK = ("audit", "mailbox")
# beside them: where the end of the audit trail is anchored, and how many letters came
NEVER_TAKEN_BACK_ITEMS = ("AUDIT", "LETTERS#")
MISSING, DIFFERS, NEWER = "missing", "differs", "newer"
WAITER = {"Delay": 20, "MaxAttempts": 1440}
Item = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Difference:
    """One item that is not the same in the copy and in the table in use: it is `missing` there, `differs` in some
    attributes, or is `newer` than the copy. `seen` is the fingerprint of the item in use; values are not told."""

    table: str
    pk: str
    sk: str
    what: str
    attributes: list[str]
    seen: str | None

    @property
    def key(self) -> Item:
        """The key as DynamoDB takes it."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}

    @property
    def is_kept(self) -> bool:
        """True for what is never taken back, whatever a copy says."""
        return self.table in NEVER_TAKEN_BACK or self.pk.startswith(NEVER_TAKEN_BACK_ITEMS)


def name_of_copy(table: str, at: datetime) -> str:
    """The table that holds what `table` held at that second."""
    return f"{table}.{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def latest_second(deployed: Deployed) -> datetime:
    """The latest second to which all tables can be restored."""
    tables, latest = deployed.client("dynamodb"), []
    for name in deployed.tables.values():
        found = tables.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        window = found["PointInTimeRecoveryDescription"]
        if window["PointInTimeRecoveryStatus"] != "ENABLED":
            raise NotPossible(f"{name} has no point-in-time recovery")
        latest.append(window.get("LatestRestorableDateTime") or datetime.now(UTC))
    return min(latest).astimezone(UTC).replace(microsecond=0)


def make(deployed: Deployed, at: datetime) -> dict[str, str]:
    """Restore every table to one second, each into a new one without indexes; word → its name. What was made before is
    taken as it is. Raises NotPossible for a second that cannot be restored yet."""
    if at > latest_second(deployed):
        raise NotPossible(f"the latest second that can be restored is {latest_second(deployed):%Y-%m-%dT%H:%M:%SZ}")
    tables = deployed.client("dynamodb")
    made = {word: name_of_copy(name, at) for word, name in deployed.tables.items()}
    for word, copy in made.items():
        try:
            tables.restore_table_to_point_in_time(
                SourceTableName=deployed.tables[word],
                TargetTableName=copy,
                RestoreDateTime=at,
                GlobalSecondaryIndexOverride=[],
            )
        except tables.exceptions.TableAlreadyExistsException:
            continue
    for copy in made.values():
        tables.get_waiter("table_exists").wait(TableName=copy, WaiterConfig=WAITER)
    return made


def drop(deployed: Deployed, at: datetime) -> list[str]:
    """Delete the copies of one second; their names."""
    tables, dropped = deployed.client("dynamodb"), []
    for name in deployed.tables.values():
        try:
            tables.delete_table(TableName=name_of_copy(name, at))
            dropped.append(name_of_copy(name, at))
        except tables.exceptions.ResourceNotFoundException:
            continue
    return dropped


def compare(deployed: Deployed, at: datetime) -> Iterator[Difference]:
    """All that is not the same in the copies of one second and in the tables in use."""
    tables = deployed.client("dynamodb")
    for word, name in deployed.tables.items():
        copy = name_of_copy(name, at)
        for some in batched(_scan(tables, copy), ITEMS_PER_READ, strict=False):
            in_use = _read(tables, name, some)
            for item in some:
                now = in_use.get(_place(item))
                if now != item:
                    what = MISSING if now is None else DIFFERS
                    yield _difference(word, item, what, _differing(item, now or {}), now)
        for some in batched(_scan(tables, name), ITEMS_PER_READ, strict=False):
            then = _read(tables, copy, some)
            yield from (_difference(word, item, NEWER, [], item) for item in some if _place(item) not in then)


def _difference(table: str, item: Item, what: str, attributes: list[str], now: Item | None) -> Difference:
    return Difference(table, *_place(item), what, attributes, _fingerprint(now) if now else None)


def _differing(then: Item, now: Item) -> list[str]:
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name)) if now else []


def _place(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _fingerprint(item: Item) -> str:
    return hashlib.sha256(json.dumps(_compared(item), sort_keys=True, default=bytes.hex).encode()).hexdigest()


def _compared(item: Item) -> Item:
    """What counts of an item: without the word that it was put back once, and the members of sets in one order."""
    return {
        name: {kind: sorted(content) if kind in SETS else content for kind, content in value.items()}
        for name, value in item.items()
        if name != PUT_BACK
    }


def _marked(table: str, item: Item) -> Item:
    """An item of which something would follow says that it is no new step; all others stay as they were."""
    if table in NEVER_TAKEN_BACK:  # they have no stream
        return item
    plain = decode(item)
    follows = messages_for(None, plain) or count_messages(plain) or trace_of(None, plain, "")
    return {**item, PUT_BACK: {"S": instant_text(datetime.now(UTC))}} if follows else item


def _scan(tables: Any, name: str) -> Iterator[Item]:
    for page in tables.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
        yield from map(_compared, page["Items"])


def _read(tables: Any, name: str, items: Iterable[Item]) -> dict[tuple[str, str], Item]:
    """The same items of another table, by their places."""
    request = {name: {"Keys": [{key: item[key] for key in KEYS} for item in items], "ConsistentRead": True}}
    found: dict[tuple[str, str], Item] = {}
    while request:
        answer = tables.batch_get_item(RequestItems=request)
        found |= {_place(item): _compared(item) for item in answer["Responses"].get(name, [])}
        request = answer.get("UnprocessedKeys") or {}
    return found


def write(differences: Iterable[Difference], place: Path) -> int:
    """Keep differences in a file that only its owner reads, one in a line; how many there are. Keys have credit codes
    and subjects: delete it afterwards."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.touch(mode=0o600)
    with place.open("w") as file:
        return sum(1 for each in differences if file.write(json.dumps(asdict(each)) + "\n"))


def read(place: Path) -> list[Difference]:
    """What `write` kept."""
    return [Difference(**json.loads(line)) for line in place.read_text().splitlines()]


@dataclass(frozen=True)
class Outcome:
    """What was put back, what was left because nobody asked for it, and what had changed since it was compared."""

    written: list[Difference]
    left: list[Difference]
    overtaken: list[Difference]


def put_back(deployed: Deployed, at: datetime, differences: Iterable[Difference], overwrite: bool) -> Outcome:
    """Write what is missing. With `overwrite` also what differs, and take out what is newer: then the tables are as
    they were at that second, but for what is only ever added to (`NEVER_TAKEN_BACK`).

    Each write insists that the table in use has what was compared; if not, the item is named as overtaken.
    """
    outcome = Outcome([], [], [])
    for each in differences:
        if each.what != MISSING and (each.is_kept or not overwrite):
            outcome.left.append(each)
        elif _put(deployed, at, each):
            outcome.written.append(each)
        else:
            outcome.overtaken.append(each)
    return outcome


def _put(deployed: Deployed, at: datetime, difference: Difference) -> bool:
    """Write one item of the copy; False if the item in use is another than was compared."""
    tables, name = deployed.client("dynamodb"), deployed.tables[difference.table]
    now = tables.get_item(TableName=name, Key=difference.key, ConsistentRead=True).get("Item")
    if (_fingerprint(now) if now else None) != difference.seen:
        return False
    try:
        if difference.what == NEWER:
            tables.delete_item(TableName=name, Key=difference.key, **_as_seen(now))
        else:
            copy = name_of_copy(name, at)
            then = tables.get_item(TableName=copy, Key=difference.key, ConsistentRead=True)["Item"]
            tables.put_item(TableName=name, Item=_marked(difference.table, then), **_as_seen(now))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _as_seen(item: Item | None) -> dict[str, Any]:
    """The condition that an item is still as it was read: every attribute, or that it is still missing."""
    if item is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    names = {f"#{number}": name for number, name in enumerate(item)}
    values = {f":{number}": value for number, value in enumerate(item.values())}
    condition = " AND ".join(f"#{number} = :{number}" for number in range(len(item)))
    return {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
