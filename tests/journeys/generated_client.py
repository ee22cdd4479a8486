"""The generated Python client in the place of our own: each call goes through the function made for its operation."""

import importlib
import json
import re
import sys
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints
from urllib.parse import parse_qsl
from uuid import uuid4

from infra.client.http import HttpClient, Person, Reply
from infra.generated.python_client import DOCUMENT
from infra.local.stack import Stack

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT")


class GeneratedClient(HttpClient):
    """Calls a deployed stack through a generated package; answers are what its models read and write again."""

    def __init__(self, stack: Stack, package: Path) -> None:
        """`package` is the folder that the generator wrote."""
        super().__init__(vars(stack))
        self._url = stack.api_url.rstrip("/")
        if str(package.parent) not in sys.path:
            sys.path.insert(0, str(package.parent))
        self._package = importlib.import_module(package.name)

    def call(self, person: Person | None, method: str, path: str, body: Any = None, key: str | None = None) -> Reply:
        """One call. The body is read by the model of the operation first, the answer by the model of its status."""
        route, _, search = path.partition("?")
        operation, found = _operation(method, route)
        module = self._module_of(operation)
        hints = get_type_hints(module.sync_detailed)
        arguments: dict[str, Any] = {**found, **dict(parse_qsl(search))}
        if "body" in hints and body is not None:
            arguments["body"] = _model_of(hints["body"]).from_dict(body)
        if "idempotency_key" in hints:
            arguments["idempotency_key"] = key or uuid4().hex
        answer = module.sync_detailed(client=self._client(person), **arguments)
        return Reply(answer.status_code.value, _plain(answer), {k.lower(): v for k, v in answer.headers.items()})

    def _client(self, person: Person | None) -> Any:
        settings = {"base_url": self._url, "raise_on_unexpected_status": True, "timeout": 90}
        if person is None:
            return self._package.Client(**settings)
        return self._package.AuthenticatedClient(token=self.token(person), **settings)

    def _module_of(self, operation: dict[str, Any]) -> ModuleType:
        tag = operation["tags"][0].lower()
        return importlib.import_module(f"{self._package.__name__}.api.{tag}.{operation['operationId']}")


def _operation(method: str, path: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The operation that answers a call, and the values of its path. Raises LookupError if the document has none."""
    paths = json.loads(DOCUMENT.read_text())["paths"]
    # where two fit, the one with fewer parameters: /orders/quote is no order
    for template in sorted(paths, key=lambda each: each.count("{")):
        found = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)), path)
        if found and method.lower() in paths[template]:
            return paths[template][method.lower()], found.groupdict()
    raise LookupError(f"{method} {path}")


def _model_of(hint: Any) -> Any:
    """The class of a body, also where the body may be left out."""
    kinds = getattr(hint, "__args__", (hint,))
    return next(kind for kind in kinds if hasattr(kind, "from_dict"))


def _plain(answer: Any) -> Any:
    """What the client understood of an answer, as JSON again. It must be all that the answer says."""
    if not hasattr(answer.parsed, "to_dict"):
        return answer.parsed
    understood = answer.parsed.to_dict()
    assert _meaning(understood) == _meaning(json.loads(answer.content))
    return understood


def _meaning(value: Any) -> Any:
    """JSON with its instants as such: +00:00 says the same as Z."""
    if isinstance(value, dict):
        return {name: _meaning(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_meaning(each) for each in value]
    return datetime.fromisoformat(value) if isinstance(value, str) and INSTANT.match(value) else value
