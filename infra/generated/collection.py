"""A collection of calls for a person: every operation as a request in one .http file, with the document's own examples.

VS Code's REST Client, JetBrains' HTTP client, httpYac and others send them one by one.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.contract import document
from infra.contract.prose import EVERYBODY

FILE = Path(__file__).with_name("voucher.http")
# of several callers the first of these: staff can read without saying of whom
CALLERS = ("platform", "bureau", "finance", "discipline", "admin", "staff", "members of the agency")
HEAD = """\
# Every call of the API, made from functions/docs/openapi.json by `make pages`, for an editor that sends .http files
# (VS Code with REST Client, JetBrains, httpYac): fill in what a call needs, and send it.
# The address is `api_url` in .local/stack.json; `key` is any text that names what is created.
"""
# whoever is named there is not known yet; elsewhere it is somebody whom the ids beside belong to
REGISTRATIONS = ("/enterprises", "/agencies")
# whose token a caller's name stands for
TOKENS = {"staff": "platform", "members of the agency": "agency", "members of the enterprise": "enterprise"}


def text() -> str:
    """The file as it is written."""
    requests = [_request(*each) for each in _operations()]
    used = dict.fromkeys(re.findall(r"{{(\w+)}}", "".join(requests)))
    return "\n".join([HEAD, *(f"@{name} =" for name in used), "", *requests])


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document.document()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _request(method: str, path: str, operation: dict[str, Any]) -> str:
    query = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
    lines = [
        f"### {operation['operationId']}: {operation['summary']}",
        f"# {', '.join([*operation['x-roles'], *operation['x-clauses']])}",
    ]
    if query:
        lines.append(f"# may be added: {'&'.join(f'{name}=' for name in query)}")
    place = re.sub(r"{(\w+)}", lambda name: _variable(name[1], path), path)
    # of whom or of what: some lists must be told, and all can be
    narrowed = [f"?{name}={_variable(name)}" for name in query if re.search("_(id|uscc)$|^organisation$", name)]
    lines.append(f"{method} {{{{address}}}}{place}{''.join(narrowed[:1])}")
    if (caller := _caller(operation["x-roles"], path)) is not None:
        lines.append(f"Authorization: Bearer {{{{{TOKENS.get(caller, caller)}_token}}}}")
    if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", [])):
        lines.append("Idempotency-Key: {{key}}")
    if "requestBody" in operation:
        [content] = operation["requestBody"]["content"].items()
        example = _with_variables(content[1].get("example", {}))
        if path not in REGISTRATIONS and "uscc" in example:
            example["uscc"] = _variable("uscc")
        body = json.dumps(example, ensure_ascii=False, indent=2)
        lines += [f"Content-Type: {content[0]}", "", body]
    return "\n".join([*lines, ""])


def _caller(roles: list[str], path: str) -> str | None:
    if EVERYBODY in roles:
        return None
    if path.startswith("/organisations/"):
        return "members of the enterprise"
    return next((each for each in CALLERS if each in roles), "members of the enterprise")


def _variable(name: str, path: str = "") -> str:
    """The variable of an id; a credit code is that of an enterprise or of an agency, by where it stands."""
    if name in ("uscc", "organisation"):
        name = "agency_uscc" if path.startswith("/agencies/") else "enterprise_uscc"
    return f"{{{{{name}}}}}"


def _with_variables(example: Any, name: str = "") -> Any:
    """An example in which ids are variables: what it was recorded with is nowhere else."""
    if isinstance(example, dict):
        return {key: _with_variables(value, key) for key, value in example.items()}
    if isinstance(example, list):
        return [_with_variables(value, re.sub("_ids$", "_id", name)) for value in example]
    found = re.search(r"([a-z]+_(?:id|uscc))$", name) if isinstance(example, str) else None
    return _variable(found[1]) if found else example
