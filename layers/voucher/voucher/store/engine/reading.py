"""Knows how DynamoDB is read so that a decision may rest on it: items as last written, several items at one moment,
partitions in order. Lists, which are only shown, are read by `pages`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import batched
from typing import Any

from botocore.exceptions import ClientError

from voucher.refusals import Refusal, Refused
from voucher.store import keys
from voucher.store.engine import table


def find_item(key: keys.Key) -> table.Item | None:
    """One item, as last written."""
    answer = table.client().get_item(
        TableName=table.table_name(key.table), Key=table.encode(table.key_attributes(key)), ConsistentRead=True
    )
    return table.decode(answer["Item"]) if "Item" in answer else None


def load_item(key: keys.Key, name: str) -> table.Item:
    """An item that must exist, because another one names it. The transaction that made both may be changing one after
    the other at this moment, so what is not there is asked for once more, serialisably. Raises LookupError, a fault, if
    it is lost, and BUSY."""
    item = find_item(key)
    if item is None:
        [item] = read_together(key)
    if item is None:
        raise LookupError(f"{name} is lost")
    return item


def read_together(*keys: keys.Key) -> list[table.Item | None]:
    """Several items as they stood at one moment (serialisable), in the order asked for, None for one that is missing.
    At most `table.MOST_ITEMS`. Raises BUSY when others kept writing them."""
    places = list(dict.fromkeys(keys))  # DynamoDB refuses to read an item twice, such as that of both parties
    gets = [
        {"Get": {"TableName": table.table_name(key.table), "Key": table.encode(table.key_attributes(key))}}
        for key in places
    ]
    throttled = 0
    for attempt in range(table.ATTEMPTS):
        try:
            answer = table.client().transact_get_items(TransactItems=gets)
            items = (table.decode(each["Item"]) if each.get("Item") else None for each in answer["Responses"])
            found = dict(zip(places, items, strict=True))
            return [found[key] for key in keys]
        except ClientError as error:
            throttled += table.interpret(error, [])
        if throttled == table.ATTEMPTS_WHEN_THROTTLED:
            break
        table.pause(attempt, throttled)
    raise Refused(Refusal.BUSY)


def read_many(places: Iterable[keys.Key]) -> list[table.Item | None]:
    """Any number of items, in the order asked for, None for one that is missing. As many as a transaction holds are
    read at one moment, the following ones at a later moment."""
    parts = batched(places, table.MOST_ITEMS, strict=False)
    return [item for part in parts for item in read_together(*part)]


def read_each(name: str, *keys: keys.Key) -> list[table.Item]:
    """Those of several items of one table that exist, each as last written, in any order; at most `table.MOST_ITEMS`.

    This costs half of `read_together` and never conflicts with a transaction, but each item is read at its own moment.
    Raises BUSY under throttling.
    """
    request: dict[str, Any] = {
        table.table_name(name): {
            "Keys": [table.encode(table.key_attributes(key)) for key in keys],
            "ConsistentRead": True,
        }
    }
    found: list[table.Item] = []
    for attempt in range(table.ATTEMPTS):
        answer = table.client().batch_get_item(RequestItems=request)
        found += [table.decode(item) for items in answer["Responses"].values() for item in items]
        if not (request := answer.get("UnprocessedKeys") or {}):
            return found
        table.pause(attempt)
    raise Refused(Refusal.BUSY)


@dataclass(frozen=True)
class Part:
    """Some items of a partition, and the sort key of the last of them: None if the partition ends here."""

    items: list[table.Item]
    last: str | None


def read_partition(key: keys.Key, prefix: str = "") -> Iterable[table.Item]:
    """Every item of one partition whose sort key starts with `prefix`, as last written, in order."""
    request = {
        "TableName": table.table_name(key.table),
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)" if prefix else "pk = :pk",
        "ExpressionAttributeValues": table.encode({":pk": key.pk} | ({":sk": prefix} if prefix else {})),
        "ConsistentRead": True,
    }
    while True:
        answer = table.client().query(**request)
        yield from (table.decode(item) for item in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def find_last(key: keys.Key, prefix: str) -> table.Item | None:
    """The last item of a partition whose sort key starts with `prefix`, as last written, or None."""
    answer = table.client().query(
        TableName=table.table_name(key.table),
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues=table.encode({":pk": key.pk, ":sk": prefix}),
        ConsistentRead=True,
        ScanIndexForward=False,
        Limit=1,
    )
    return table.decode(answer["Items"][0]) if answer["Items"] else None


def read_part(key: keys.Key, after: str, limit: int) -> Part:
    """At most `limit` items of one partition, as last written, in order, from the one that follows the sort key `after`
    on."""
    answer = table.client().query(
        TableName=table.table_name(key.table),
        KeyConditionExpression="pk = :pk AND sk > :after",
        ExpressionAttributeValues=table.encode({":pk": key.pk, ":after": after}),
        ConsistentRead=True,
        Limit=limit,
    )
    last = answer.get("LastEvaluatedKey")
    return Part([table.decode(item) for item in answer["Items"]], table.decode(last)["sk"] if last else None)
