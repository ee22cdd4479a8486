"""Holds every answer to the API's document: its status, its code, its content. An answer that breaks it is a fault.

The document leaves answers open, so that a later one may have more fields; here only those are allowed that it names.
"""

import json
import re
from copy import deepcopy
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator

from infra.client.http import Reply
from infra.contract.sharing import unshared

DOCUMENT = Path(__file__).resolve().parents[2] / "functions/docs/openapi.json"
JSON, PROBLEM = "application/json", "application/problem+json"


class Undocumented(AssertionError):
    """An answer that the document does not have."""


def check_answer(method: str, route: str, reply: Reply) -> None:
    """Raise Undocumented unless the operation has such an answer; `route` is its path as the template has it."""
    said = f"{method} {route} answered {reply.status}"
    operation = document()["paths"].get(route, {}).get(method.lower())
    if operation is None:
        raise Undocumented(f"{said}: no such operation")
    answer = operation["responses"].get(str(reply.status))
    if answer is None:
        raise Undocumented(f"{said} {reply.code or ''}: no such status")
    if "x-codes" in answer and reply.code not in answer["x-codes"]:
        raise Undocumented(f"{said} {reply.code}: no such code")
    if reply.status == HTTPStatus.NOT_MODIFIED:
        return
    kind = reply.headers.get("content-type", "").partition(";")[0]
    if kind not in answer["content"]:
        raise Undocumented(f"{said}: no such content type, {kind}")
    if kind in (JSON, PROBLEM):
        mistakes = [
            f"{'.'.join(map(str, each.instance_path))}: {each.message}"
            for each in _mistakes(method, route, reply, kind)
        ]
        if mistakes:
            raise Undocumented(f"{said}, which breaks its model: {'; '.join(mistakes[:5])}")


@cache
def document() -> dict[str, Any]:
    """The document as it is deployed, each answer at its operation."""
    return unshared(json.loads(DOCUMENT.read_text()))


def _mistakes(method: str, route: str, reply: Reply, kind: str) -> list[Any]:
    return list(_validator(method, route, reply.status, kind).iter_errors(reply.body))


@cache
def _validator(method: str, route: str, status: int, kind: str) -> Draft202012Validator:
    schema = document()["paths"][route][method.lower()]["responses"][str(status)]["content"][kind]["schema"]
    used = {name: _closed_schemas()[name] for name in _names_in(schema)}
    return Draft202012Validator({**schema, "components": {"schemas": used}}, validate_formats=True)


def _names_in(schema: Any) -> set[str]:
    """The schemas that one refers to, and that these refer to. Only they are read, because reading all takes longer."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(waiting.pop())):
            if name not in found:
                found.add(name)
                waiting.append(_closed_schemas()[name])
    return found


@cache
def _closed_schemas() -> dict[str, Any]:
    schemas = deepcopy(document()["components"]["schemas"])
    waiting: list[Any] = [schemas]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if "properties" in each and each.get("type") == "object":
                each.setdefault("additionalProperties", False)
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return dict(schemas)
