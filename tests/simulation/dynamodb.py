"""DynamoDB as AWS documents it, in memory: what its local engines never do, this one does as often as the seed says.

- A transaction is prepared, and from then on others that touch one of its items are cancelled with TransactionConflict;
  then its items change one after the other. Between them GetItem, BatchGetItem and Query see each item by itself, as it
  is then (read-committed); TransactGetItems is cancelled. A client token makes it happen once within ten minutes.
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
- An index follows its table later.
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
- A partition key has a capacity of its own; beyond it calls are throttled, and BatchGetItem leaves keys unprocessed.
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

import json
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.chance import Chance
from tests.simulation.expressions import InvalidUpdateError, Wire, holds, key_condition, updated
from tests.simulation.scheduler import Scheduler

TOKEN_SECONDS = 600
MOST_ITEMS, MOST_BYTES_OF_ITEM, MOST_BYTES_OF_TRANSACTION = 100, 400 * 1024, 4 * 1024 * 1024
MOST_BYTES_OF_PAGE, MOST_KEYS_AT_ONCE = 1024 * 1024, 100
MOST_BYTES_OF_KEY = {"pk": 2048, "sk": 1024}
KEYS = ("pk", "sk")

Place = tuple[str, str]


def error(code: str, message: str = "simulated", **more: Any) -> ClientError:
    """An error as botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, "simulated")


@dataclass
class Index:
    """A table's items in another order; the table is the index of its own keys."""

    schema: tuple[str, ...]
    order: defaultdict[str, list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))
    items: dict[Place, Wire] = field(default_factory=dict)
    versions: Counter[Place] = field(default_factory=Counter)

    def place(self, at: Place, item: Wire | None, version: int) -> None:
        """Put, replace or remove an item, unless a later version of it is there already."""
        if version <= self.versions[at]:
            return
        self.versions[at] = version
        if (old := self.items.pop(at, None)) is not None:
            entries = self.order[old[self.schema[0]]["S"]]
            entries.pop(bisect_left(entries, self._entry(at, old)))
        if item is not None and all(name in item for name in self.schema):
            self.items[at] = item
            insort(self.order[item[self.schema[0]]["S"]], self._entry(at, item))

    def _entry(self, at: Place, item: Wire) -> tuple[str, str, str]:
        return (item[self.schema[1]]["S"], *at)

    def between(self, key: str, comparison: str, values: list[str]) -> Iterator[Wire]:
        """The items of one key, by what is said of their sort key, in order."""
        tests: dict[str, Callable[[str], bool]] = {
            "": lambda _: True,
            "BEGINS_WITH": lambda sort: sort.startswith(values[0]),
            "BETWEEN": lambda sort: values[0] <= sort <= values[1],
            ">": lambda sort: sort > values[0],
            "=": lambda sort: sort == values[0],
        }
        fits = tests[comparison.upper()]
        return (self.items[entry[1], entry[2]] for entry in self.order.get(key, ()) if fits(entry[0]))


@dataclass
class Table:
    """The indexes of a table by name, the table itself as ""; and which of its items some transaction holds."""

    name: str
    indexes: dict[str, Index]
    held: dict[Place, object] = field(default_factory=dict)
    versions: Counter[Place] = field(default_factory=Counter)

    def find(self, at: Place) -> Wire | None:
        """An item as it is now."""
        return self.indexes[""].items.get(at)


@dataclass
class Change:
    """One item of a transaction that commits."""

    table: Table
    at: Place
    old: Wire | None
    new: Wire | None


class DynamoDB:
    """The operations that the store uses, with botocore's names, requests and answers.

    `on_commit` hears of each transaction at the moment it is decided, `on_change` of each item when it changes.
    """

    def __init__(self, scheduler: Scheduler, chance: Chance, definitions: dict[str, dict[str, Any]]) -> None:
        self._scheduler, self._chance = scheduler, chance
        self.tables = {word: Table(word, dict(_indexes(each))) for word, each in definitions.items()}
        self.on_commit: Callable[[list[Change]], None] = lambda _changes: None
        self.on_change: Callable[[Change], None] = lambda _change: None
        self._tokens: dict[str, tuple[float, str]] = {}
        self._pending: set[str] = set()
        self._half: set[object] = set()
        self._spent: dict[tuple[str, str, str], tuple[float, float]] = {}

    def items(self) -> Iterator[tuple[Place, Wire]]:
        """Every item of every table."""
        return (each for table in self.tables.values() for each in table.indexes[""].items.items())

    def copy(self, other: "DynamoDB") -> None:
        """Begin with what another one has; items are never changed in place, so both may have the same."""
        for word, table in other.tables.items():
            mine = self.tables[word]
            mine.versions = table.versions.copy()
            for name, index in table.indexes.items():
                order = defaultdict(list, {key: entries.copy() for key, entries in index.order.items()})
                mine.indexes[name] = Index(index.schema, order, index.items.copy(), index.versions.copy())

    def get_item(self, *, TableName: str, Key: Wire, ConsistentRead: bool = False) -> Wire:  # noqa: N803
        """GetItem, as last written."""
        assert ConsistentRead, "no read of a table may be stale"
        self._spend("read", TableName, Key)
        self._look(self.tables[TableName], [Key])
        found = self.tables[TableName].find(_place(Key))
        return {"Item": found} if found else {}

    def batch_get_item(self, *, RequestItems: Wire) -> Wire:  # noqa: N803
        """BatchGetItem: each item by itself; some may be left unprocessed."""
        [(name, asked)] = RequestItems.items()
        if len(asked["Keys"]) > MOST_KEYS_AT_ONCE:
            raise error("ValidationException", "Too many items requested for the BatchGetItem call")
        done = self._chance.processed(asked["Keys"])
        self._look(self.tables[name], done)
        items = [self.tables[name].find(_place(key)) for key in done]
        rest = asked["Keys"][len(done) :]
        unprocessed = {name: {**asked, "Keys": rest}} if rest else {}
        return {"Responses": {name: [each for each in items if each]}, "UnprocessedKeys": unprocessed}

    def transact_get_items(self, *, TransactItems: list[Wire]) -> Wire:  # noqa: N803
        """TransactGetItems: all at one moment, or cancelled because a transaction holds one of them."""
        gets = [each["Get"] for each in TransactItems]
        _check_places([(each["TableName"], _place(each["Key"])) for each in gets])
        held = [_place(each["Key"]) in self.tables[each["TableName"]].held for each in gets]
        if any(held):
            self._chance.met["read cancelled"] += 1
            raise _cancelled(["TransactionConflict" if each else "None" for each in held])
        for each in gets:
            self._spend("read", each["TableName"], each["Key"])
        found = [self.tables[each["TableName"]].find(_place(each["Key"])) for each in gets]
        return {"Responses": [{"Item": item} if item else {} for item in found]}

    def query(self, **request: Any) -> Wire:
        """Query: a page of a table or an index, each item as it is there now."""
        table = self.tables[request["TableName"]]
        index = table.indexes[request.get("IndexName", "")]
        assert "IndexName" in request or request["ConsistentRead"], "no read of a table may be stale"
        key, comparison, values = key_condition(request, index.schema)
        items = list(index.between(key, comparison, values))
        if not request.get("ScanIndexForward", True):
            items.reverse()
        if start := request.get("ExclusiveStartKey"):
            items = _after(items, start, index.schema, request.get("ScanIndexForward", True))
        if "IndexName" not in request:
            self._look(table, items)
        page, last = _page(items, request.get("Limit"))
        answer: Wire = {"Count": len(page)}
        if request.get("Select") != "COUNT":
            answer["Items"] = [_projected(each, request) for each in page]
        if last:
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in {*KEYS, *index.schema}}
        return answer

    def scan(self, *, TableName: str, **_: Any) -> Wire:  # noqa: N803
        """Scan, all in one page: only the checks read so."""
        return {"Items": list(self.tables[TableName].indexes[""].items.values())}

    def transact_write_items(self, *, TransactItems: list[Wire], ClientRequestToken: str) -> Wire:  # noqa: N803
        """TransactWriteItems: all or none, once for a token."""
        asked = json.dumps(TransactItems, sort_keys=True)
        if self._was_done(ClientRequestToken, asked):
            self._chance.met["token seen again"] += 1
            return {}
        if len(asked) > MOST_BYTES_OF_TRANSACTION:
            raise error("ValidationException", "Transaction payload size exceeds 4 MB")
        writes = [next(iter(each.items())) for each in TransactItems]
        _check_places([(request["TableName"], _place_of(request)) for _, request in writes])
        changes, reasons = [], []
        for kind, request in writes:
            table, at = self.tables[request["TableName"]], _place_of(request)
            change = Change(table, at, table.find(at), None)
            reasons.append(self._reason(kind, request, change))
            changes.append(change)
        if any(reasons):
            raise _cancelled([code or "None" for code in reasons], writes, changes)
        self._commit(ClientRequestToken, asked, writes, changes)
        return {}

    def _look(self, table: Table, items: Iterable[Wire]) -> None:
        """Count who sees the old state of an item, although another one of the same transaction has changed."""
        if self._half and any(table.held.get(_place(each)) in self._half for each in items):
            self._chance.met["half-seen transaction"] += 1

    def _was_done(self, token: str, asked: str) -> bool:
        if token in self._pending:
            raise error("TransactionInProgressException")
        at, before = self._tokens.get(token, (0.0, ""))
        if not before or self._scheduler.now - at > TOKEN_SECONDS:
            return False
        if before != asked:
            raise error("IdempotentParameterMismatchException")
        return True

    def _reason(self, kind: str, request: Wire, change: Change) -> str | None:
        """Why this item cancels its transaction, or None; fills in what it becomes."""
        if change.at in change.table.held or self._chance.happens("conflict"):
            self._chance.met["conflict"] += 1
            return "TransactionConflict"
        if self._is_spent("write", change.table.name, change.at[0]):
            return "ThrottlingError"
        if not holds(request, change.old):
            return "ConditionalCheckFailed"
        try:
            change.new = _outcome(kind, request, change.old)
        except InvalidUpdateError:
            return "ValidationError"
        too_large = change.new is not None and len(json.dumps(change.new)) > MOST_BYTES_OF_ITEM
        return "ValidationError" if too_large else None

    def _commit(self, token: str, asked: str, writes: list[tuple[str, Wire]], changes: list[Change]) -> None:
        """Hold all items, then change one after the other."""
        for change in changes:
            change.table.held[change.at] = token
        self._pending.add(token)
        written = [each for each, (kind, _) in zip(changes, writes, strict=True) if kind != "ConditionCheck"]
        self.on_commit(written)
        delays = self._chance.delays_of_items(len(changes))
        left = len(changes)

        def apply(change: Change, is_write: bool) -> None:
            nonlocal left
            left -= 1
            del change.table.held[change.at]
            if is_write:
                self._change(change)
            self._half.add(token)
            if not left:
                self._half.discard(token)
                self._pending.discard(token)
                self._tokens[token] = (self._scheduler.now, asked)

        for change, delay, (kind, _) in zip(changes, delays, writes, strict=True):
            is_write = kind != "ConditionCheck"
            if any(delays):
                self._scheduler.at(delay, lambda change=change, is_write=is_write: apply(change, is_write))
            else:
                apply(change, is_write)
        if any(delays):
            self._scheduler.sleep(max(delays))

    def _change(self, change: Change) -> None:
        table, at = change.table, change.at
        table.versions[at] += 1
        version = table.versions[at]
        table.indexes[""].place(at, change.new, version)
        lag = self._chance.lag()
        for name, index in table.indexes.items():
            if name and not lag:
                index.place(at, change.new, version)
            elif name:
                self._scheduler.at(lag, lambda index=index: index.place(at, change.new, version))
        self.on_change(change)

    def _spend(self, kind: str, table: str, key: Wire) -> None:
        if self._is_spent(kind, table, key["pk"]["S"]):
            raise error("ProvisionedThroughputExceededException")

    def _is_spent(self, kind: str, table: str, pk: str) -> bool:
        """Whether a partition key has used up what it may spend in a second; if not, one more is spent."""
        most = self._chance.units_per_second
        if not most:
            return False
        at, left = self._spent.get((kind, table, pk), (0.0, most))
        left = min(most, left + (self._scheduler.now - at) * most)
        if left < 1:
            self._chance.met["throttled by capacity"] += 1
            return True
        self._spent[kind, table, pk] = (self._scheduler.now, left - 1)
        return False


def _indexes(definition: dict[str, Any]) -> Iterator[tuple[str, Index]]:
    yield "", Index(KEYS)
    for each in definition.get("GlobalSecondaryIndexes", ()):
        yield each["IndexName"], Index(tuple(part["AttributeName"] for part in each["KeySchema"]))


def _place(key: Wire) -> Place:
    return key["pk"]["S"], key["sk"]["S"]


def _place_of(request: Wire) -> Place:
    return _place(request.get("Key") or request["Item"])


def _check_places(places: list[tuple[str, Place]]) -> None:
    if not 1 <= len(places) <= MOST_ITEMS:
        raise error("ValidationException", "Member must have length between 1 and 100")
    if len(set(places)) < len(places):
        raise error("ValidationException", "Transaction request cannot include multiple operations on one item")
    for _, at in places:
        if any(not 1 <= len(text.encode()) <= MOST_BYTES_OF_KEY[name] for name, text in zip(KEYS, at, strict=True)):
            raise error("ValidationException", "One or more parameter values were invalid: size of key")


def _outcome(kind: str, request: Wire, old: Wire | None) -> Wire | None:
    if kind == "Put":
        return dict(request["Item"])
    if kind == "Update":
        return updated(request, old)
    return None if kind == "Delete" else old


def _cancelled(codes: list[str], writes: Any = (), changes: Any = ()) -> ClientError:
    reasons: list[Wire] = [{"Code": code} for code in codes]
    for reason, (_, request), change in zip(reasons, writes, changes, strict=False):
        shows_old = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        if reason["Code"] == "ConditionalCheckFailed" and shows_old and change.old:
            reason["Item"] = change.old
    return error("TransactionCanceledException", CancellationReasons=reasons)


def _after(items: list[Wire], start: Wire, schema: tuple[str, ...], forward: bool) -> list[Wire]:
    def position(item: Wire) -> tuple[str, str, str]:
        return item[schema[1]]["S"], *_place(item)

    last = position(start)
    return [each for each in items if (position(each) > last if forward else position(each) < last)]


def _page(items: list[Wire], limit: int | None) -> tuple[list[Wire], bool]:
    """As many as `limit` and 1 MB allow, and whether the page ended there."""
    page, weight = [], 0
    for item in items:
        page.append(item)
        weight += len(json.dumps(item))
        if len(page) == limit or weight > MOST_BYTES_OF_PAGE:
            return page, True
    return page, False


def _projected(item: Wire, request: Wire) -> Wire:
    if "ProjectionExpression" not in request:
        return item
    names = [request["ExpressionAttributeNames"][word] for word in request["ProjectionExpression"].split(", ")]
    return {name: item[name] for name in names if name in item}
