"""The backend of one run: empty tables of DynamoDB Local, queues and bucket in memory, a clock."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import StoppedClock
from tests.support import backend
from tests.support.bucket import BucketInMemory
from tests.support.short_cuts import post

Json = dict[str, Any]
# the engine checks the form of a signature only
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.Scan",
    "Authorization": "AWS4-HMAC-SHA256 Credential={key}/20260101/ap-east-1/dynamodb/aws4_request,"
    " SignedHeaders=host, Signature=0",
}
DECODED: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": int,
    "BOOL": bool,
    "NULL": lambda _: None,
    "SS": frozenset,
    "L": lambda values: [decoded(each) for each in values],
    "M": lambda values: {name: decoded(each) for name, each in values.items()},
}


def decoded(value: Json) -> Any:
    """A DynamoDB attribute value as a plain one."""
    [(kind, content)] = value.items()
    return DECODED[kind](content)


@dataclass
class BackendOfRun:
    """One engine; `client` creates its tables. `queue` holds the messages that no worker has taken yet."""

    url: str
    client: Any
    clock: StoppedClock
    bucket: BucketInMemory = field(default_factory=BucketInMemory)
    queue: list[Json] = field(default_factory=list)
    _remembered: dict[str, list[Json]] = field(default_factory=dict)

    def send(self, queue_name: str, bodies: Iterable[Json]) -> None:
        """Replaces the queues. What moves no money is dropped: messages to inboxes, the audit trail, the retention. A
        queue with one task has no word for it in its messages: there the task is the queue's own word."""
        if queue_name not in ("notify", "keep_audit", "retention"):
            self.queue += [{"task": queue_name, **json.loads(json.dumps(body))} for body in bodies]

    def forget_written_tables(self, operation: str, params: Mapping[str, Any]) -> None:
        """Before a transaction is sent: the remembered items of its tables are out of date."""
        for write in params["TransactItems"] if operation == "TransactWriteItems" else []:
            [request] = write.values()
            self._remembered.pop(request["TableName"], None)

    def empty_tables(self) -> None:
        """Begin a run: nothing is in the tables, nor in the queues."""
        self._remembered.clear()
        os.environ.update(backend.empty_tables(self.client))
        self.queue.clear()
        self.start_cold()

    @staticmethod
    def start_cold() -> None:
        """As if the next grab were answered by a new process, which remembers nothing."""
        backend.forget_batches()

    def scan(self, word: str) -> list[Json]:
        """Every item of a table; read from the engine only if the table was written since."""
        if word not in self._remembered:
            self._remembered[word] = list(self._scan(word))
        return self._remembered[word]

    def _scan(self, word: str) -> Iterator[Json]:
        """Every item of a table, read without the project's client, because that is slow and under test."""
        headers = {name: value.format(key=os.environ["AWS_ACCESS_KEY_ID"]) for name, value in HEADERS.items()}
        request: Json = {"TableName": word, "ConsistentRead": True}
        while True:
            status, _, content = post(self.url, headers, json.dumps(request).encode())
            assert status == 200, content
            answer = json.loads(content)
            yield from ({name: decoded(each) for name, each in item.items()} for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
