"""Where the model's runs happen: tables of their own on DynamoDB Local, queues and files in memory, a clock."""

import hashlib
import http.client
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse
from uuid import uuid4

from botocore.exceptions import ClientError

from tests.conftest import StoppedClock
from tests.support import backend

Json = dict[str, Any]
WORDS = ("registry", "vouchers", "orders", "settlements", "supervision")
# the engine asks for a signature's form, not for a true one
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


class Files:
    """The bucket, in memory."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put_object(self, **request: Any) -> None:
        """Keep an object."""
        self._objects[request["Key"]] = request["Body"]

    def generate_presigned_post(self, _bucket: str, key: str, **_: Any) -> Json:
        """Where an upload would go."""
        return {"url": "", "fields": {"key": key}}

    def get_object(self, **request: Any) -> Json:
        """An object that was kept."""
        if request["Key"] not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        content = self._objects[request["Key"]]
        return {"Body": io.BytesIO(content), "ETag": hashlib.sha256(content).hexdigest()}


@dataclass
class Place:
    """One engine; `client` makes tables there, `sent` is what was sent to queues and not taken yet."""

    url: str
    client: Any
    clock: StoppedClock
    files: Files = field(default_factory=Files)
    sent: list[Json] = field(default_factory=list)
    _prefix: str = ""
    _known: dict[str, list[Json]] = field(default_factory=dict)

    def send(self, queue: str, bodies: Iterable[Json]) -> None:
        """Stands in for the queues; what people are told moves no money. A queue of one task is that task's word."""
        if queue != "notify":
            self.sent += [{"task": queue, **json.loads(json.dumps(body))} for body in bodies]

    def watch(self, params: Json, **_: Any) -> None:
        """A transaction leaves: what was known of the tables it writes to may not hold any more."""
        for write in params["TransactItems"]:
            [request] = write.values()
            self._known.pop(request["TableName"].removeprefix(self._prefix), None)

    def make_tables(self) -> None:
        """Tables that nobody used before."""
        self._known.clear()
        self._prefix = f"{uuid4().hex[:12]}."
        os.environ.update(backend.create_tables(self.client, self._prefix))
        self.sent.clear()
        self.start_cold()

    def drop_tables(self) -> None:
        """Remove them again."""
        for word in WORDS:
            self.client.delete_table(TableName=f"{self._prefix}{word}")

    @staticmethod
    def start_cold() -> None:
        """The next grab is answered by a process that remembers nothing."""
        backend.forget_batches()

    def scan(self, word: str) -> list[Json]:
        """Every item of a table, read again only after something was written there."""
        if word not in self._known:
            self._known[word] = list(self._scan(word))
        return self._known[word]

    def _scan(self, word: str) -> Iterator[Json]:
        """Every item of a table, read past the client of the project, which would be slow and is under test."""
        connection = http.client.HTTPConnection(urlparse(self.url).netloc)
        headers = {name: value.format(key=os.environ["AWS_ACCESS_KEY_ID"]) for name, value in HEADERS.items()}
        request: Json = {"TableName": f"{self._prefix}{word}", "ConsistentRead": True}
        while True:
            connection.request("POST", "/", json.dumps(request), headers)
            answer = json.loads(connection.getresponse().read())
            yield from ({name: decoded(each) for name, each in item.items()} for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                connection.close()
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
