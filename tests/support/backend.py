"""The whole backend in one process: tables as in infra/data.yaml, routes as in template.yaml, handlers called with the
events of API Gateway. The caller chooses the engine (moto or DynamoDB Local)."""

import base64
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from itertools import batched
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import boto3
import yaml

from infra.client.http import Person, Reply, key_of_call
from tests.support.contract import check_answer

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "documents"
MOST_WRITES = 25  # of one BatchWriteItem
# the functions that remember something between two calls
REMEMBERING = ("grab", "results")
QUEUES = (
    "notify",
    "void_vouchers",
    "close_year",
    "end_orders",
    "import_list",
    "keep_audit",
    "keep_reports",
    "retention",
)


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags, such as !Ref, as their plain values."""


_Loader.add_multi_constructor("!", lambda _loader, _tag, node: getattr(node, "value", None))


@cache
def template(name: str) -> dict[str, Any]:
    """A template of the project as plain data."""
    return dict(yaml.load((ROOT / name).read_text(), _Loader))  # noqa: S506 - our own file


def table_definitions() -> dict[str, dict[str, Any]]:
    """Table word → arguments of create_table, as infra/data.yaml defines it."""
    resources = template("infra/data.yaml")["Resources"]
    attributes = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    return {
        name.removesuffix("Table").lower(): {
            key: each["Properties"][key] for key in attributes if key in each["Properties"]
        }
        for name, each in resources.items()
        if each["Type"] == "AWS::DynamoDB::Table"
    }


def create_tables(client: Any) -> dict[str, str]:
    """Create every table; the environment variables that name them."""
    for word, definition in table_definitions().items():
        client.create_table(TableName=word, **definition)
    return {f"{word.upper()}_TABLE": word for word in table_definitions()}


def empty_tables(client: Any) -> dict[str, str]:
    """Empty tables in an engine that may have served others before; the environment variables that name them. Of
    each thousand tables that it ever had DynamoDB Local is a second slower to create the next ones."""
    if not client.list_tables()["TableNames"]:
        return create_tables(client)
    for word in table_definitions():
        while items := client.scan(TableName=word, ProjectionExpression="pk, sk", ConsistentRead=True)["Items"]:
            for some in batched(items, MOST_WRITES, strict=False):
                deletes = [{"DeleteRequest": {"Key": key}} for key in some]
                client.batch_write_item(RequestItems={word: deletes})
    return {f"{word.upper()}_TABLE": word for word in table_definitions()}


# the folders of the functions that run, the innermost last
RUNNING: list[str] = []


def _in_function(folder: str, work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    def run(*given: Any, **more: Any) -> Any:
        RUNNING.append(folder)
        try:
            return work(*given, **more)
        finally:
            RUNNING.pop()

    return run


@cache
def function(folder: str) -> ModuleType:
    """The module app.py of one function, imported once."""
    return load_function(folder, f"function_{folder}")


def load_function(folder: str, name: str) -> ModuleType:
    """The module app.py of one function, under a name of its own. As on Lambda, it finds the other files of its folder
    by their names."""
    folder_path = ROOT / "functions" / folder
    spec = importlib.util.spec_from_file_location(name, folder_path / "app.py")
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(folder_path))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder_path))
    for name in {"handler", "work"} & vars(module).keys():
        setattr(module, name, _in_function(folder, vars(module)[name]))
    return module


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


@dataclass(frozen=True)
class Route:
    """One API event of template.yaml: method, path pattern and function."""

    method: str
    path: str
    folder: str
    public: bool

    def matches(self, method: str, path: str) -> dict[str, str] | None:
        """The path parameters if this route serves the request, else None."""
        match = _pattern(self.path).fullmatch(path) if method == self.method else None
        return match.groupdict() if match else None


@cache
def routes() -> tuple[Route, ...]:
    """Every route of the API, but HEAD, which is GET without a body; paths with fewer parameters come first."""
    route_list = [
        Route(
            event["Properties"]["Method"].upper(),
            event["Properties"]["Path"],
            Path(uri).name,
            "Auth" in event["Properties"],
        )
        for resource in template("template.yaml")["Resources"].values()
        if (uri := resource.get("Properties", {}).get("CodeUri"))
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "Api" and event["Properties"]["Method"] not in {"HEAD", "ANY"}
    ]
    return tuple(sorted(route_list, key=lambda route: route.path.count("{")))


def route_of(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route that serves a request, and its path parameters."""
    for route in routes():
        if (parameters := route.matches(method, path)) is not None:
            return route, parameters
    raise AssertionError(f"no route for {method} {path}")


class World:
    """A client of the backend in this process."""

    def call(
        self,
        person: Person | None,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        raw: str | None = None,
    ) -> Reply:
        """One call. `key` is the Idempotency-Key, as for any client; `raw` is a body that is sent as it is."""
        key = key_of_call(method, key)
        path, _, search = path.partition("?")
        route, parameters = route_of(method, path)
        event = api_event(route, path, search, parameters, body, person, key, raw)
        reply = read_reply(function(route.folder).handler(event, None))
        check_answer(method, route.path, reply)
        return reply

    def upload(self, post: dict[str, Any], content: bytes) -> None:
        """Put a file where a presigned POST would put it."""
        fields = post["fields"]
        boto3.client("s3").put_object(
            Bucket=BUCKET, Key=fields["key"], Body=content, ContentType=fields["Content-Type"]
        )


def api_event(
    route: Route,
    path: str,
    search: str,
    parameters: dict[str, str],
    body: Any,
    person: Person | None,
    key: str | None,
    raw: str | None,
) -> dict[str, Any]:
    """The proxy event of API Gateway's REST API, with the fields that handlers read."""
    headers = {"content-type": "application/json"} | ({"idempotency-key": key} if key else {})
    query = dict(pair.split("=", 1) for pair in search.split("&")) if search else None
    return {
        "httpMethod": route.method,
        "path": path,
        "resource": route.path,
        "pathParameters": parameters or None,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": {
            "requestId": str(uuid4()),
            "resourcePath": route.path,
            "httpMethod": route.method,
            "authorizer": {"sub": person.name, "roles": person.role} if person else {},
            "identity": {"sourceIp": person.name if person else "203.0.113.7"},
        },
        "body": raw if raw is not None else (json.dumps(body, ensure_ascii=False) if body is not None else None),
        "isBase64Encoded": False,
    }


def read_reply(answer: dict[str, Any]) -> Reply:
    """The answer of a Lambda proxy as a reply."""
    headers = {name.lower(): values[0] for name, values in (answer.get("multiValueHeaders") or {}).items()}
    headers |= {name.lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
    is_json = "json" in headers.get("content-type", "")
    body = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") else answer["body"]
    return Reply(answer["statusCode"], json.loads(body) if is_json else body, headers)


def forget_clients() -> None:
    """Forget clients and memories of warm processes, so that the next call uses the next engine."""
    from voucher.edge import queues, webhook
    from voucher.store.engine import files, patience, table

    patience.session.cache_clear()
    files.client.cache_clear()
    queues.client.cache_clear()
    webhook.client.cache_clear()
    table.client.cache_clear()
    forget_batches()


def forget_batches() -> None:
    """Forget what a warm process remembers of batches."""
    for folder in REMEMBERING:
        forget(function(folder))


def forget(module: ModuleType) -> None:
    """Forget what the process of a function's module remembers."""
    if memory := getattr(module, "memory", None):
        for remembered in (memory.PUBLISHED, memory.ROOM_LEFT):
            remembered.clear()
    if final_grants := getattr(module, "final_grants", None):
        final_grants.cache_clear()


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables while the block lasts."""
    import os

    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
