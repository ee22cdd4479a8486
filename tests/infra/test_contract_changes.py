"""What breaks a client, and what does not: each change made to a small document, one at a time."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from infra.contract.changes import breaking_changes, released_text

Json = dict[str, Any]
BODY = {
    "type": "object",
    "title": "Body",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 10, "pattern": "^a"},
        "size": {"type": ["integer", "null"], "minimum": 1},
        "kind": {"type": "string", "enum": ["x", "y"]},
        "parts": {
            "type": "array",
            "maxItems": 3,
            "items": {"type": "object", "properties": {"id": {"type": "string"}}},
        },
    },
}
ANSWER = {
    "type": "object",
    "title": "Answer",
    "required": ["id", "state"],
    "properties": {
        "id": {"type": "string"},
        "state": {"type": "string", "enum": ["on", "off"]},
        "at": {"type": ["string", "null"], "format": "date-time"},
        "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
        "more": {"anyOf": [{"$ref": "#/components/schemas/Part"}, {"type": "null"}]},
    },
}
PART = {"type": "object", "title": "Part", "required": ["fen"], "properties": {"fen": {"type": "integer"}}}
DOCUMENT: Json = {
    "info": {"version": "1.0.0"},
    "paths": {
        "/things": {
            "post": {
                "operationId": "things_make",
                "parameters": [
                    {"name": "q", "in": "query", "required": False, "schema": {"type": "string", "maxLength": 5}}
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}},
                },
                "responses": {
                    "201": {
                        "headers": {"Idempotent-Replay": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}},
                    },
                    "404": {"x-codes": ["NOT_FOUND"]},
                },
            }
        }
    },
    "components": {"schemas": {"Body": BODY, "Answer": ANSWER, "Part": PART}},
}
Change = Callable[[Json], object]


def operation(document: Json) -> Json:
    """The only operation."""
    found: Json = document["paths"]["/things"]["post"]
    return found


def body(document: Json) -> Json:
    """The schema of its body."""
    found: Json = document["components"]["schemas"]["Body"]
    return found


def answer(document: Json) -> Json:
    """The schema of its answer."""
    found: Json = document["components"]["schemas"]["Answer"]
    return found


def new_parameter(required: bool) -> Json:
    """One more query parameter."""
    return {"name": "r", "in": "query", "required": required, "schema": {"type": "string"}}


BREAKING: dict[str, Change] = {
    "an operation is removed": lambda d: d["paths"].pop("/things"),
    "an operation is called otherwise": lambda d: operation(d).update(operationId="other"),
    "a token is needed": lambda d: operation(d).update(security=[{"bearer": []}]),
    "a parameter is removed": lambda d: operation(d)["parameters"].clear(),
    "a parameter is required": lambda d: operation(d)["parameters"][0].update(required=True),
    "a new parameter is required": lambda d: operation(d)["parameters"].append(new_parameter(True)),
    "a parameter takes less": lambda d: operation(d)["parameters"][0]["schema"].update(maxLength=4),
    "a body is not taken any more": lambda d: operation(d).pop("requestBody"),
    "another content type is taken": lambda d: operation(d)["requestBody"].update(content={"text/csv": {"schema": {}}}),
    "a body is newly required": lambda d: d,
    "a body is newly taken and required": lambda d: d,
    "a field of the body is required": lambda d: body(d)["required"].append("size"),
    "a field of the body is removed": lambda d: body(d)["properties"].pop("size"),
    "a new field of the body is required": lambda d: (
        body(d)["properties"].update(new={"type": "string"}),
        body(d)["required"].append("new"),
    ),
    "a field of the body is never null": lambda d: body(d)["properties"]["size"].update(type="integer"),
    "a field of the body has another type": lambda d: body(d)["properties"]["name"].update(type="integer"),
    "a field of the body has a greater least value": lambda d: body(d)["properties"]["size"].update(minimum=2),
    "a field of the body gets a bound": lambda d: body(d)["properties"]["size"].update(maximum=9),
    "a field of the body has another pattern": lambda d: body(d)["properties"]["name"].update(pattern="^b"),
    "a value is not taken any more": lambda d: body(d)["properties"]["kind"].update(enum=["x"]),
    "only some values are taken": lambda d: body(d)["properties"]["name"].update(enum=["a"]),
    "a list of the body is shorter": lambda d: body(d)["properties"]["parts"].update(maxItems=2),
    "an entry of a list loses a field": lambda d: body(d)["properties"]["parts"]["items"]["properties"].pop("id"),
    "a status of success is removed": lambda d: operation(d)["responses"].pop("201"),
    "a new status of success": lambda d: operation(d)["responses"].update({"202": {}}),
    "a header of the answer is removed": lambda d: operation(d)["responses"]["201"]["headers"].clear(),
    "another content type is answered": lambda d: operation(d)["responses"]["201"].update(content={}),
    "a field of the answer is removed": lambda d: answer(d)["properties"].pop("at"),
    "a field of the answer may be missing": lambda d: answer(d)["required"].remove("id"),
    "a field of the answer may be null": lambda d: answer(d)["properties"]["id"].update(type=["string", "null"]),
    "a field of the answer has another type": lambda d: answer(d)["properties"]["id"].update(type="integer"),
    "a field of the answer has another format": lambda d: answer(d)["properties"]["at"].update(format="date"),
    "an entry of a list of the answer has another type": lambda d: answer(d)["properties"]["rows"].update(
        items={"type": "string"}
    ),
    "a field inside the answer has another type": lambda d: d["components"]["schemas"]["Part"]["properties"].update(
        fen={"type": "number"}
    ),
}
# what the document said before, where it was not the one above
BEFORE: dict[str, Change] = {
    "a token is needed": lambda d: operation(d).update(security=[]),
    "a body is newly required": lambda d: operation(d)["requestBody"].update(required=False),
    "a body is newly taken and required": lambda d: operation(d).pop("requestBody"),
}
HARMLESS: dict[str, Change] = {
    "nothing": lambda d: d,
    "words": lambda d: operation(d).update(summary="new", description="new"),
    "an operation is added": lambda d: d["paths"].update({"/more": {"get": {}}}),
    "a parameter is added": lambda d: operation(d)["parameters"].append(new_parameter(False)),
    "a field of the body is added": lambda d: body(d)["properties"].update(new={"type": "string"}),
    "a field of the body need not be there": lambda d: body(d)["required"].remove("name"),
    "a field of the body takes more": lambda d: body(d)["properties"]["size"].update(minimum=0),
    "a bound is lifted": lambda d: body(d)["properties"]["name"].pop("maxLength"),
    "a value is added to what is taken": lambda d: body(d)["properties"]["kind"]["enum"].append("z"),
    "a field of the answer is added": lambda d: answer(d)["properties"].update(new={"type": "string"}),
    "a field of the answer is always there": lambda d: answer(d)["required"].append("at"),
    "a state is added": lambda d: answer(d)["properties"]["state"]["enum"].append("new"),
    "a code is added": lambda d: operation(d)["responses"]["404"]["x-codes"].append("OTHER"),
    "a status of a refusal is added": lambda d: operation(d)["responses"].update({"409": {"x-codes": ["NEW"]}}),
}


def changed(change: Change) -> Json:
    """The document after a change."""
    document = deepcopy(DOCUMENT)
    change(document)
    return document


def released(before: Change = lambda _: None) -> Json:
    """The document before the change, as it is kept after a release."""
    return dict(json.loads(released_text(changed(before))))


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_a_client_is_found(name: str) -> None:
    old = released(BEFORE.get(name, lambda _: None))
    assert breaking_changes(old, changed(BREAKING[name])) != []


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_only_added_breaks_nobody(name: str) -> None:
    assert breaking_changes(released(), changed(HARMLESS[name])) == []
