"""Knows how DynamoDB is read so that a decision may rest on it: items as last written, several items at one moment,
partitions in order; and pages of an index, which may lag and are only shown.
"""

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import batched
from typing import Any

from botocore.exceptions import ClientError

from voucher.refusals import FieldError, Refusal, Refused
from voucher.store import keys
from voucher.store.engine import table

# a page of an index is read at least so many items at a time, because `keep` may leave some of them out
LEAST_ITEMS_READ = 25


def find_item(key: keys.Key) -> table.Item | None:
    """One item, as last written."""
    answer = table.client().get_item(
        TableName=table.table_name(key.table), Key=table.encode(table.key_attributes(key)), ConsistentRead=True
    )
    return table.decode(answer["Item"]) if "Item" in answer else None


def read_together(*keys: keys.Key) -> list[table.Item | None]:
    """Several items as they stood at one moment (serialisable), in the order asked for, None for one that is missing.
    At most `table.MOST_ITEMS`. Raises BUSY when others kept writing them."""
    gets = [
        {"Get": {"TableName": table.table_name(key.table), "Key": table.encode(table.key_attributes(key))}}
        for key in keys
    ]
    for attempt in range(table.ATTEMPTS):
        try:
            answer = table.client().transact_get_items(TransactItems=gets)
            return [table.decode(each["Item"]) if each.get("Item") else None for each in answer["Responses"]]
        except ClientError as error:
            table.interpret(error, [])
        table.pause(attempt)
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
class Page:
    """A page of items, and the cursor of the next page: None after the last one."""

    items: list[table.Item]
    next_cursor: str | None


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


def read_part(key: keys.Key, after: str, limit: int) -> Page:
    """At most `limit` items of one partition, as last written, in order, from the one that follows the sort key `after`
    on; the cursor is the sort key of the last, None when there are no more."""
    answer = table.client().query(
        TableName=table.table_name(key.table),
        KeyConditionExpression="pk = :pk AND sk > :after",
        ExpressionAttributeValues=table.encode({":pk": key.pk, ":after": after}),
        ConsistentRead=True,
        Limit=limit,
    )
    last = answer.get("LastEvaluatedKey")
    return Page([table.decode(item) for item in answer["Items"]], table.decode(last)["sk"] if last else None)


def read_page(
    name: str,
    index: str,
    value: str,
    limit: int,
    cursor: str | None,
    prefix: str = "",
    keep: Callable[[table.Item], bool] = bool,
) -> Page:
    """One page of a table's index, newest first: items whose sort key starts with `prefix` and that `keep` accepts.

    An index may lag a moment behind its table. The cursor names the last item of the page, so that an item that is
    written meanwhile shifts no page. Raises MALFORMED for a cursor of another list.
    """
    request: dict[str, Any] = {
        "TableName": table.table_name(name),
        "IndexName": index,
        "KeyConditionExpression": f"{table.INDEXES[index]} = :key"
        + (" AND begins_with(index_sort, :sort)" if prefix else ""),
        "ExpressionAttributeValues": table.encode({":key": value} | ({":sort": prefix} if prefix else {})),
        "Limit": max(LEAST_ITEMS_READ, limit),
        "ScanIndexForward": False,
    }
    if cursor:
        request["ExclusiveStartKey"] = table.encode({**_read_cursor(cursor, prefix), table.INDEXES[index]: value})
    found: list[table.Item] = []
    while True:
        answer = table.client().query(**request)
        for item in map(table.decode, answer["Items"]):
            if len(found) == limit:
                return Page(found, _write_cursor(found[-1]))
            if keep(item):
                found.append(item)
        if "LastEvaluatedKey" not in answer:
            return Page(found, None)
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _write_cursor(last: table.Item) -> str:
    texts = [last["pk"], last["sk"], last["index_sort"]]
    return base64.urlsafe_b64encode(json.dumps(texts).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, prefix: str) -> dict[str, str]:
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        pk, sk, index_sort = texts
        # refused here, because DynamoDB would answer a cursor of another list with a fault
        if not all(isinstance(text, str) and 0 < len(text) < 300 for text in texts) or not index_sort.startswith(
            prefix
        ):
            raise ValueError
    except (ValueError, TypeError):
        raise Refused(Refusal.MALFORMED, errors=[FieldError("cursor", "分页标记无效。", "format")]) from None
    return {"pk": pk, "sk": sk, "index_sort": index_sort}
