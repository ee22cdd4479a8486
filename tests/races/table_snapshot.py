"""A snapshot of every item of every table: to check the books without a hundred requests, and to restore the tables."""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from voucher.store.engine import table

TABLES = ("registry", "vouchers", "orders", "settlements", "supervision", "audit", "requests", "reports", "mailbox")

Item = dict[str, Any]
Key = tuple[str, str]
ItemsByKey = dict[Key, Item]


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


class TableSnapshot:
    """The items of the tables, by the deployed name of the table.

    With an `earlier` snapshot, only the tables in `written` are read again.
    """

    def __init__(self, earlier: "TableSnapshot | None" = None, written: Container[str] = ()) -> None:
        self._client = table.client()
        unchanged = {} if earlier is None else {n: items for n, items in earlier._tables.items() if n not in written}
        names = map(table.table_name, TABLES)
        self._tables = {name: unchanged[name] if name in unchanged else self._read(name) for name in names}

    def _read(self, name: str) -> ItemsByKey:
        items: ItemsByKey = {}
        request: dict[str, Any] = {"TableName": name, "ConsistentRead": True}
        while True:
            answer = self._client.scan(**request)
            items |= {_key(item): item for item in answer["Items"]}
            if "LastEvaluatedKey" not in answer:
                return items
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    @contextmanager
    def serving(self) -> Iterator[None]:
        """While the block lasts, the store reads from this snapshot; any other request goes to the engine."""
        with patch.object(table, "client", lambda: self):
            yield

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._client, operation)

    def get_item(self, **request: Any) -> dict[str, Any]:
        """GetItem."""
        item = self._tables[request["TableName"]].get(_key(request["Key"]))
        return {"Item": item} if item else {}

    def transact_get_items(self, **request: Any) -> dict[str, Any]:
        """TransactGetItems."""
        return {"Responses": [self.get_item(**each["Get"]) for each in request["TransactItems"]]}

    def query(self, **request: Any) -> dict[str, Any]:
        """Query of one partition; a query of an index goes to the engine."""
        if "IndexName" in request:
            answer: dict[str, Any] = self._client.query(**request)
            return answer
        values = request["ExpressionAttributeValues"]
        partition, prefix = values[":pk"]["S"], values.get(":sk", {"S": ""})["S"]
        items = sorted(self._tables[request["TableName"]].items(), key=_order)
        return {"Items": [item for (pk, sk), item in items if pk == partition and sk.startswith(prefix)]}

    def scan(self, **request: Any) -> dict[str, Any]:
        """Scan."""
        return {"Items": [item for _, item in sorted(self._tables[request["TableName"]].items(), key=_order)]}

    def restore(self, current: "TableSnapshot") -> None:
        """Write this snapshot back into the engine; `current` is the snapshot of what is there now."""
        for name, items in self._tables.items():
            current_items = current._tables[name]
            writes = [{"PutRequest": {"Item": each}} for key, each in items.items() if current_items.get(key) != each]
            writes += [
                {"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}}
                for pk, sk in current_items.keys() - items.keys()
            ]
            for start in range(0, len(writes), 25):
                self._client.batch_write_item(RequestItems={name: writes[start : start + 25]})


def _order(entry: tuple[Key, Item]) -> Key:
    return entry[0]
