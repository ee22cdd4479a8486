"""The OpenAPI document, put together: one operation for each route, from what the code says of it.

Powertools' own document (`OpenAPIMerge`) is not used: it reads parameters and bodies off the signatures of handlers
that run under its validation, which costs half a second of a cold start; our handlers read theirs with `app.body`.
"""

import json
import re
from functools import cache
from typing import Any

from infra.contract import prose, vocabulary
from infra.contract.examples import recorded
from infra.contract.operations import JSON, Operation, operations
from infra.contract.problems import FIELD_ERROR, PROBLEM, examples, refusal_answers
from infra.contract.schemas import PLACE, Schema, add_known_words, every_schema, schemas
from infra.contract.sharing import shared
from infra.pages.handlers import ANYBODY, told
from infra.pages.markers import ROOT
from voucher.policy import LIST_KINDS
from voucher.words import MAILBOX_ROLE_WORDS, ROLE_WORDS

# Its first number is raised by what breaks clients (changes.py), the second by what is added, the third by words.
VERSION = "1.0.0"
FILE = ROOT / "functions/docs/openapi.json"
ID = {"type": "string", "pattern": r"^[A-Za-z0-9_.\-]{1,80}$"}
USCC = {"type": "string", "minLength": 1, "maxLength": 40}
TEXT = {"type": "string"}
BYTES = {"type": "string", "format": "binary"}
FILE_SCHEMAS = {"/openapi.json": {"type": "object"}, "/vocabulary": vocabulary.SCHEMA}
# what pydantic calls the bounds of a value that is read from a text
BOUNDS = {"ge": "minimum", "le": "maximum", "max_length": "maxLength", "min_length": "minLength"}
# by name; any other parameter of a path is an id
PATH_PARAMETERS: dict[str, Schema] = {
    "year": {"type": "string", "pattern": "^[0-9]{4}$"},
    "kind": {"type": "string", "enum": list(LIST_KINDS)},
    "uscc": USCC,
    "agency_uscc": USCC,
}


@cache
def document() -> dict[str, Any]:
    """The whole document. It is made from the code alone, and equal code makes an equal document."""
    found = list(operations())
    by_key, definitions = schemas(_types(found))
    paths: dict[str, Any] = {}
    for each in found:
        paths.setdefault(each.handler.path, {})[each.handler.method.lower()] = _operation(each, by_key)
    _show_each_answer_once(paths)
    codes = sorted({code for each in every_schema(paths) for code in each.get("x-codes", [])})
    made = {
        "openapi": "3.1.1",
        "info": {
            "title": "丽水市中小微企业服务券 · Service vouchers of Lishui",
            "version": VERSION,
            "summary": "Grants, orders and settlement of service vouchers for small enterprises",
            "description": prose.INFO,
        },
        "servers": [{"url": ".", "description": "Where this document lies"}],
        "security": [{"bearer": []}],
        "tags": _tags(found),
        "paths": paths,
        "components": {
            "schemas": {**definitions, "Problem": PROBLEM, "FieldError": FIELD_ERROR},
            "examples": examples(codes),
            "headers": {
                "Idempotent-Replay": {"description": prose.REPLAY, "schema": {"type": "string", "enum": ["true"]}},
                "Retry-After": {"description": prose.RETRY, "schema": {"type": "integer"}},
                "WWW-Authenticate": {"description": prose.CHALLENGE, "schema": TEXT},
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": prose.BEARER}
            },
        },
    }
    _drop_unused(made)
    add_known_words(made)
    return made


def _show_each_answer_once(paths: dict[str, Any]) -> None:
    """Answers of one schema are shown by its first operation only: the others differ in a state or two, and a browser
    loads a fifteenth less."""
    shown: set[str] = set()
    for operations_of_path in paths.values():
        for operation in operations_of_path.values():
            for answer in operation["responses"].values():
                media = answer.get("content", {}).get(JSON, {})
                if "example" in media:
                    kind = json.dumps(media["schema"])
                    if kind in shown:
                        del media["example"]
                    shown.add(kind)


def text() -> str:
    """The document as it is written to its file."""
    return _lines(shared(document()), 3) + "\n"


def _lines(value: Any, depth: int) -> str:
    """JSON with a line for each operation and each schema: small gzipped, and a change of one shows which."""
    if depth == 0 or not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "{" + ",\n".join(f"{json.dumps(name)}:{_lines(each, depth - 1)}" for name, each in value.items()) + "}"


def _types(found: list[Operation]) -> list[tuple[str, Any, Any]]:
    bodies = [(_key(each, "body"), "validation", each.body) for each in found if each.body is not None]
    answers = [(_key(each, "answer"), "serialization", each.content) for each in found if each.content is not None]
    return [*bodies, *answers]


def _key(operation: Operation, what: str) -> str:
    return f"{operation.function.folder.name} {operation.id} {what}"


def _operation(operation: Operation, by_key: dict[str, Schema]) -> Schema:
    handler = operation.handler
    example = recorded().get(f"{handler.method} {handler.path}", {})
    made: Schema = {
        "operationId": operation.id,
        "tags": [_tag(operation.subject)],
        "summary": handler.purpose[:1].upper() + handler.purpose[1:],
        "description": _description(operation),
        "x-roles": _callers(operation),
        "x-clauses": list(handler.clauses),
    }
    if parameters := [*_path_parameters(handler.path), *_query_parameters(operation), *_key_parameter(operation)]:
        made["parameters"] = parameters
    if operation.body is not None:
        media: Schema = {"schema": by_key[_key(operation, "body")]}
        if "request" in example:
            media["example"] = example["request"]
        required = any(each.is_required() for each in operation.body.model_fields.values())
        made["requestBody"] = {"required": required, "content": {JSON: media}}
    made["responses"] = _answers(operation, by_key, example) | refusal_answers(operation)
    if operation.is_open:
        made["security"] = []
        if handler.method == "GET":
            made["responses"]["304"] = {"description": prose.UNCHANGED}
    return made


def _description(operation: Operation) -> str:
    callers = "; ".join(_with_word(each) for each in told(_callers(operation)))
    lines = [operation.handler.more, f"**Who may call it:** {callers}."]
    if operation.handler.clauses:
        lines.append(f"**Clause:** {', '.join(operation.handler.clauses)}.")
    return "\n\n".join(filter(None, lines))


def _callers(operation: Operation) -> list[str]:
    if operation.is_open:
        return [prose.EVERYBODY]
    return [each.strip("`") for each in operation.handler.callers] or [ANYBODY]


def _with_word(caller: str) -> str:
    words = ROLE_WORDS | MAILBOX_ROLE_WORDS
    return f"`{caller}` {words[caller]}" if caller in words else caller


def _path_parameters(path: str) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": dict(PATH_PARAMETERS.get(name, ID))}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(operation: Operation) -> list[Schema]:
    if operation.query is None:
        return []
    _, defined = schemas([("query", "validation", operation.query)])
    schema = next(iter(each for each in defined.values() if "properties" in each))
    made = []
    for name, given in schema["properties"].items():
        found = dict(given)
        for kind in found.pop("anyOf", []):  # null is how a model says that a parameter may be left out
            found.update(kind if kind != {"type": "null"} else {})
        while "$ref" in found:
            found.update(defined[found.pop("$ref").removeprefix(PLACE)])
        plain = {BOUNDS.get(key, key): _never_null(value) for key, value in found.items() if value is not None}
        described = {"description": plain.pop("description")} if "description" in plain else {}
        made.append(
            {"name": name, "in": "query", "required": name in schema.get("required", []), **described, "schema": plain}
        )
    return made


def _never_null(value: Any) -> Any:
    """A list of types, or of values, without null."""
    if not isinstance(value, list):
        return value
    kept = [each for each in value if each not in (None, "null")]
    return kept[0] if len(kept) == 1 and "null" in value else kept


def _key_parameter(operation: Operation) -> list[Schema]:
    if not operation.key:
        return []
    schema = {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"}
    required = operation.key == "required"
    return [
        {"name": "Idempotency-Key", "in": "header", "required": required, "description": prose.KEY, "schema": schema}
    ]


def _answers(operation: Operation, by_key: dict[str, Schema], example: dict[str, Any]) -> dict[str, Schema]:
    made: dict[str, Schema] = {}
    for status, kinds in operation.answers.items():
        content: Schema = {
            kind: {"schema": dict(FILE_SCHEMAS.get(operation.handler.path, TEXT if "text" in kind else BYTES))}
            for kind in kinds
        }
        if JSON in content and operation.content is not None:
            content[JSON]["schema"] = by_key[_key(operation, "answer")]
        if JSON in content and example.get("status") == status:
            content[JSON]["example"] = example["reply"]
        answer: Schema = {"description": _words(operation, status), "content": content}
        if operation.replays and status == 200:
            answer["headers"] = {"Idempotent-Replay": {"$ref": "#/components/headers/Idempotent-Replay"}}
        made[str(status)] = answer
    return made


def _words(operation: Operation, status: int) -> str:
    if status == 201:
        return "Created"
    return "Carried out before, and shown as it is now" if 201 in operation.answers else "Done"


def _tag(subject: str) -> str:
    name = subject.partition(":")[0]
    return name[:1].upper() + name[1:]


def _tags(found: list[Operation]) -> list[Schema]:
    subjects = dict.fromkeys(each.subject for each in found)
    return [{"name": _tag(each), "description": each.partition(": ")[2]} for each in subjects]


def _drop_unused(made: dict[str, Any]) -> None:
    """Leave out schemas that nothing refers to (only hidden fields are made of them), and order the others."""
    defined = made["components"]["schemas"]
    waiting, used = [made["paths"], PROBLEM], {"Problem"}
    while waiting:
        for each in every_schema(waiting.pop()):
            name = str(each.get("$ref", "")).removeprefix(PLACE)
            if name in defined and name not in used:
                used.add(name)
                waiting.append(defined[name])
    # alike beside alike: gzip looks back 32 KB only, and finds more to repeat there
    alike = sorted(used, key=lambda name: (sorted(defined[name].get("properties", ())), name))
    made["components"]["schemas"] = {name: defined[name] for name in alike}
