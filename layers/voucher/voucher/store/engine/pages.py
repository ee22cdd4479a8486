"""Knows how lists are read: page by page, from an index, which may lag a moment behind its table and is only shown.

A page is of a whole list (index by_newest), of its records in one state (by_state), of what waits for a decision
(by_waiting), of one party's (by_agency, by_enterprise), or of one notice's (by_notice). All are sorted by `index_sort`,
which begins with the instant by which a record stands in its list: so days and both orders work alike in each.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from voucher.store import keys
from voucher.store.engine import table
from voucher.store.engine.cursors import read_cursor, refuse_cursor, write_cursor
from voucher.store.engine.reading import read_part

# one page costs so many items at most, however few of them it shows
MOST_READ = 1_000
# DynamoDB answers at most 1 MB at once, and an answer of ours may have 6 MB in all: after so many full ones a page ends
MOST_FULL_ANSWERS = 2
# so many are read at once where some are left out
READ_AT_ONCE = 120
# one count costs so many items at most
MOST_COUNTED = 1_000
# before and after every `index_sort`, which begins with a digit or a letter
FIRST, LAST = "0", "~"

Keep = Callable[[table.Item], bool]


@dataclass(frozen=True)
class Party:
    """A partition of an index that holds a part of a list, maybe with parts of others: the value of the index's key."""

    index: str
    value: str


class Count(NamedTuple):
    """How many records there are; if `at_least`, the counting ended there, and there may be more."""

    value: int
    at_least: bool


@dataclass(frozen=True)
class Selection:
    """Which page of a list is wanted: at most `limit` items after `cursor`, of one `state` if given, whose instant lies
    from `since` on and before `until` (as texts). `filters` names everything else that chooses the items, because a
    cursor belongs to it. The records in each state of `counted` are counted. Those that are not
    `visible` to the caller are neither listed nor counted: any other test only chooses among them."""

    limit: int = 100
    cursor: str | None = None
    state: str | None = None
    since: str = FIRST
    until: str = LAST
    oldest_first: bool = False
    filters: str = ""
    counted: tuple[str, ...] = ()
    visible: Keep | None = None


@dataclass(frozen=True)
class Page:
    """A page of items, the cursor of the next page (None after the last one), and the counts if they were wanted."""

    items: list[table.Item]
    next_cursor: str | None
    counts: Mapping[str, Count] | None = None


def read_page(
    name: str, list_name: str, selection: Selection, keep: Keep | None = None, party: Party | None = None
) -> Page:
    """One page of a list of a table: the items that `keep` accepts, of one `party` if given.

    After MOST_READ items, or MOST_FULL_ANSWERS, a page ends, however short it is; only a page without a next cursor is
    the last one. The cursor names the last item, so that an item that is written meanwhile shifts no page. Raises
    MALFORMED for a cursor of another list, of other filters or of the other order.
    """
    place = party or _own_partition(list_name, selection.state)
    index, value = place.index, place.value
    scope = _scope(name, index, value, selection)
    tests = [test for test in (selection.visible, keep) if test]
    is_whole = not tests and party is None
    request = _query(name, place, selection) | {
        "Limit": selection.limit + 1 if is_whole else max(READ_AT_ONCE, selection.limit + 1),
        "ScanIndexForward": selection.oldest_first,
    }
    if selection.cursor:
        pk, sk, index_sort = read_cursor(selection.cursor, scope, 3)
        # refused here, because DynamoDB would answer a cursor from outside the days with a fault
        if not selection.since <= index_sort <= selection.until:
            refuse_cursor()
        start = {"pk": pk, "sk": sk, "index_sort": index_sort, table.INDEXES[index]: value}
        request["ExclusiveStartKey"] = table.encode(start)
    found: list[table.Item] = []
    counts = _counts(name, list_name, selection, party)
    read = full = 0
    while True:
        answer = table.client().query(**request)
        for item in map(table.decode, answer["Items"]):
            if party and not _is_in(item, list_name, selection.state):
                continue
            if not all(test(item) for test in tests):
                continue
            if len(found) == selection.limit:
                return Page(found, _cursor_after(found[-1], scope), counts)
            found.append(item)
        read += len(answer["Items"])
        last = answer.get("LastEvaluatedKey")
        if last is None:
            return Page(found, None, counts)
        full += len(answer["Items"]) < request["Limit"]
        if read >= MOST_READ or full == MOST_FULL_ANSWERS:
            return Page(found, _cursor_after(table.decode(last), scope), counts)
        request["ExclusiveStartKey"] = last


def read_whole(
    name: str,
    list_name: str,
    state: str | None = None,
    keep: Keep | None = None,
    party: Party | None = None,
    until: str = LAST,
    since: str = FIRST,
) -> Iterator[table.Item]:
    """Every item of a list whose instant lies from `since` on and before `until`, page by page, the newest first."""
    selection = Selection(state=state, since=since, until=until)
    while True:
        page = read_page(name, list_name, selection, keep, party)
        yield from page.items
        if page.next_cursor is None:
            return
        selection = replace(selection, cursor=page.next_cursor)


def read_oldest(name: str, place: Party, until: str, limit: int) -> list[table.Item]:
    """At most `limit` items of a partition of an index, the oldest first, whose instant is `until` or earlier."""
    request = _query(name, place, Selection(until=f"{until}{LAST}"))
    answer = table.client().query(**request, Limit=limit, ScanIndexForward=True)
    return [table.decode(item) for item in answer["Items"]]


def read_some(name: str, place: Party, most: int) -> tuple[list[table.Item], bool]:
    """The oldest items of a partition of an index, `most` of them; and True if there are more."""
    request = _query(name, place, Selection())
    found: list[table.Item] = []
    while True:
        answer = table.client().query(**request, Limit=most - len(found), ScanIndexForward=True)
        found += map(table.decode, answer["Items"])
        last = answer.get("LastEvaluatedKey")
        if last is None or len(found) >= most:
            return found, last is not None
        request["ExclusiveStartKey"] = last


def read_columns(
    name: str, place: Party, selection: Selection, columns: Sequence[str], most: int
) -> tuple[list[table.Item], bool]:
    """Some attributes of the items of a partition of an index, the oldest first; and True if there are more than
    `most`, of which then some are missing."""
    names = {f"#{number}": column for number, column in enumerate(columns)}
    request = _query(name, place, selection) | {"ProjectionExpression": ", ".join(names)}
    found: list[table.Item] = []
    while True:
        answer = table.client().query(**request, ExpressionAttributeNames=names, ScanIndexForward=True)
        found += map(table.decode, answer["Items"])
        last = answer.get("LastEvaluatedKey")
        if last is None or len(found) > most:
            return found, last is not None or len(found) > most
        request["ExclusiveStartKey"] = last


def read_days(name: str, key: str, first: str, last: str) -> Iterator[table.Item]:
    """Every item of a partition of by_due, from one day to another, both included."""
    request = {
        "TableName": table.table_name(name),
        "IndexName": "by_due",
        "KeyConditionExpression": "due_key = :key AND due_sort BETWEEN :first AND :last",
        "ExpressionAttributeValues": table.encode({":key": key, ":first": first, ":last": last}),
    }
    while True:
        answer = table.client().query(**request)
        yield from map(table.decode, answer["Items"])
        if (after := answer.get("LastEvaluatedKey")) is None:
            return
        request["ExclusiveStartKey"] = after


def read_partitions(name: str, places: Sequence[keys.Key], prefix: str, selection: Selection, keep: Keep) -> Page:
    """One page of the list `name` that stands in several partitions: one after the other, each in the order of its sort
    keys, as last written; the items whose sort key begins with `prefix`, behind which nothing else stands, and that
    `keep` accepts. Ends and raises as `read_page` does."""
    scope = _scope(places[0].table, "", name, selection)
    number, last = 0, prefix
    if selection.cursor:
        text, last = read_cursor(selection.cursor, scope, 2)
        if text not in map(str, range(len(places))) or not last.startswith(prefix):
            refuse_cursor()
        number = int(text)
    found: list[table.Item] = []
    after_found, read = "", 0
    while True:
        part = read_part(places[number], last, READ_AT_ONCE)
        for item in part.items:
            if not keep(item):
                continue
            if len(found) == selection.limit:
                return Page(found, after_found)
            found.append(item)
            after_found = write_cursor(scope, str(number), item["sk"])
        read += len(part.items)
        number, last = (number, part.last) if part.last else (number + 1, prefix)
        if number == len(places):
            return Page(found, None)
        if read >= MOST_READ:
            return Page(found, write_cursor(scope, str(number), last))


def cut_page[Thing](
    name: str, placed: Iterable[tuple[str, Thing]], selection: Selection
) -> tuple[list[Thing], str | None]:
    """A page of a short list that was read as a whole, and the next cursor. Each thing comes with its place: its
    instant and its id, as in `index_sort`; whoever calls has chosen the state. Raises MALFORMED as `read_page` does."""
    scope = _scope(name, "", "", selection)
    inside = [each for each in placed if selection.since <= each[0] <= selection.until]
    inside.sort(key=lambda each: each[0], reverse=not selection.oldest_first)
    if selection.cursor:
        [after] = read_cursor(selection.cursor, scope, 1)
        inside = [each for each in inside if (each[0] > after if selection.oldest_first else each[0] < after)]
    shown = inside[: selection.limit]
    next_cursor = write_cursor(scope, shown[-1][0]) if len(inside) > len(shown) else None
    return [thing for _, thing in shown], next_cursor


def _own_partition(list_name: str, state: str | None) -> Party:
    return Party("by_state", f"{list_name}#{state}") if state else Party("by_newest", list_name)


def _is_in(item: table.Item, list_name: str, state: str | None) -> bool:
    """True for an item of the list: those of one party's other lists stand in the same partition of its index."""
    return item["index_key"] == list_name and state in (None, item.get("state"))


def _query(name: str, place: Party, selection: Selection) -> dict[str, Any]:
    values = {":key": place.value, ":since": selection.since, ":until": selection.until}
    return {
        "TableName": table.table_name(name),
        "IndexName": place.index,
        "KeyConditionExpression": f"{table.INDEXES[place.index]} = :key AND index_sort BETWEEN :since AND :until",
        "ExpressionAttributeValues": table.encode(values),
    }


def _counts(name: str, list_name: str, selection: Selection, party: Party | None) -> dict[str, Count] | None:
    """How many records of the days there are in each state, of those that the caller may see. Other filters do not
    narrow it. Costs one request of at most MOST_COUNTED items for each state; for a party, or where not all may be
    seen, one for all states together."""
    if not selection.counted:
        return None
    if party or selection.visible:
        request = _query(name, party or _own_partition(list_name, None), selection) | {"Limit": MOST_COUNTED}
        answer = table.client().query(**request)
        items = [item for item in map(table.decode, answer["Items"]) if item["index_key"] == list_name]
        items = [item for item in items if selection.visible is None or selection.visible(item)]
        more = "LastEvaluatedKey" in answer
        states = [item["state"] for item in items]
        return {state: Count(states.count(state), more) for state in selection.counted}
    return {state: _count(name, list_name, state, selection) for state in selection.counted}


def _count(name: str, list_name: str, state: str, selection: Selection) -> Count:
    request = _query(name, _own_partition(list_name, state), selection) | {"Limit": MOST_COUNTED, "Select": "COUNT"}
    answer = table.client().query(**request)
    return Count(answer["Count"], "LastEvaluatedKey" in answer)


def _scope(name: str, index: str, value: str, selection: Selection) -> str:
    """What a cursor belongs to: a list, its filters and its order."""
    parts = [name, index, value, selection.since, selection.until, selection.oldest_first, selection.filters]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _cursor_after(item: table.Item, scope: str) -> str:
    return write_cursor(scope, item["pk"], item["sk"], item["index_sort"])
