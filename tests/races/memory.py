"""Every item of every table as it stands at one quiet moment: to check the books without asking the engine a hundred
times, and to bring the same world back."""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from voucher.store.engine import table

TABLES = ("registry", "vouchers", "orders", "settlements", "supervision")

Item = dict[str, Any]
Items = dict[tuple[str, str], Item]


def _place(key: Item) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


class Memory:
    """The tables' items, by the deployed name of the table; those of an `earlier` moment where nothing was `written`
    since."""

    def __init__(self, earlier: "Memory | None" = None, written: Container[str] = ()) -> None:
        self._client = table.client()
        known = {} if earlier is None else {name: kept for name, kept in earlier._tables.items() if name not in written}
        names = map(table.table_name, TABLES)
        self._tables = {name: known[name] if name in known else self._read(name) for name in names}

    def _read(self, name: str) -> Items:
        found: Items = {}
        request: dict[str, Any] = {"TableName": name, "ConsistentRead": True}
        while True:
            answer = self._client.scan(**request)
            found |= {_place(item): item for item in answer["Items"]}
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    @contextmanager
    def serving(self) -> Iterator[None]:
        """While the block lasts, the store reads from here; what it asks beyond that goes to the engine."""
        with patch.object(table, "client", lambda: self):
            yield

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._client, operation)

    def get_item(self, **request: Any) -> dict[str, Any]:
        """GetItem."""
        item = self._tables[request["TableName"]].get(_place(request["Key"]))
        return {"Item": item} if item else {}

    def transact_get_items(self, **request: Any) -> dict[str, Any]:
        """TransactGetItems."""
        return {"Responses": [self.get_item(**each["Get"]) for each in request["TransactItems"]]}

    def query(self, **request: Any) -> dict[str, Any]:
        """Query of one partition; an index is asked of the engine."""
        if "IndexName" in request:
            answer: dict[str, Any] = self._client.query(**request)
            return answer
        values = request["ExpressionAttributeValues"]
        wanted, prefix = values[":pk"]["S"], values.get(":sk", {"S": ""})["S"]
        found = self._tables[request["TableName"]].items()
        return {
            "Items": [item for (pk, sk), item in sorted(found, key=_order) if pk == wanted and sk.startswith(prefix)]
        }

    def scan(self, **request: Any) -> dict[str, Any]:
        """Scan."""
        return {"Items": [item for _, item in sorted(self._tables[request["TableName"]].items(), key=_order)]}

    def bring_back_from(self, now: "Memory") -> None:
        """Undo in the engine what changed between here and `now`."""
        for name, kept in self._tables.items():
            there = now._tables[name]
            undone = [{"PutRequest": {"Item": item}} for place, item in kept.items() if there.get(place) != item]
            undone += [
                {"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}} for pk, sk in there.keys() - kept.keys()
            ]
            for start in range(0, len(undone), 25):
                self._client.batch_write_item(RequestItems={name: undone[start : start + 25]})


def _order(entry: tuple[tuple[str, str], Item]) -> tuple[str, str]:
    return entry[0]
