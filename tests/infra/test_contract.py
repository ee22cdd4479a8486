"""The API's document: valid, as the code is, and of one mind with the template and with the examples."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from infra.client.http import Reply
from infra.contract import changes, document, vocabulary
from infra.contract.examples import recorded
from infra.contract.operations import operations
from infra.contract.problems import CALLS, PROBLEM_JSON
from infra.contract.schemas import every_schema
from infra.contract.sharing import SHARED, place_of, shared, unshared
from tests.infra.templates import API, events
from tests.support.backend import ROOT, routes
from tests.support.contract import Undocumented, check_answer
from voucher.refusals import Refusal

Json = dict[str, Any]
DOCUMENT = document.document()
OPERATIONS = {f"{each.handler.method} {each.handler.path}": each for each in operations()}
SAID = {
    f"{method.upper()} {path}": each for path, methods in DOCUMENT["paths"].items() for method, each in methods.items()
}


def names_of_schemas(tree: Any) -> Iterator[str]:
    """Every schema that a tree refers to."""
    return (
        str(each["$ref"]).rpartition("/")[2] for each in every_schema(tree) if "/schemas/" in str(each.get("$ref", ""))
    )


def validator(schema: Json) -> Draft202012Validator:
    """Reads a schema among the document's components."""
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]}, validate_formats=True)


def test_the_document_is_openapi() -> None:
    assert [str(mistake) for mistake in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_what_is_served_is_what_the_code_says() -> None:
    assert document.FILE.read_text() == document.text(), "run: make pages"
    assert vocabulary.FILE.read_text() == vocabulary.text(), "run: make pages"


def test_every_deployed_route_is_an_operation_and_nothing_else_is() -> None:
    declared = {f"{each['Method']} {each['Path']}" for _, each in events("Api")}
    assert set(SAID) == {route for route in declared if not route.startswith(("OPTIONS", "HEAD", "ANY"))}


def test_every_list_is_read_page_by_page() -> None:
    """But the wrong rows of a list's file: they belong to a record, whose pages have one size."""
    for name, said in SAID.items():
        content = said["responses"].get("200", {}).get("content", {}).get("application/json", {})
        schema = content.get("schema", {})
        schema = DOCUMENT["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
        if {"items", "next_cursor"} <= set(schema.get("properties", {})):
            assert {"limit", "cursor"} <= {each["name"] for each in said["parameters"]}, name


def test_a_route_is_open_in_the_document_exactly_if_the_template_opens_it() -> None:
    open_routes = {f"{route.method} {route.path}" for route in routes() if route.public}
    assert {name for name, said in SAID.items() if said.get("security") == []} == open_routes & set(SAID)


def test_every_operation_says_what_it_is_and_every_name_is_used_once() -> None:
    assert len({said["operationId"] for said in SAID.values()}) == len(SAID)
    assert [name for name, said in SAID.items() if len(said["summary"]) < 10 or not said["x-roles"]] == []
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert {tag for said in SAID.values() for tag in said["tags"]} == tags


def test_every_json_answer_has_a_model() -> None:
    answers = {
        f"{name} {status}": answer["content"]["application/json"]["schema"]
        for name, said in SAID.items()
        for status, answer in said["responses"].items()
        if "application/json" in answer.get("content", {})
    }
    assert len(answers) > 100
    assert [name for name, schema in answers.items() if not schema] == []
    assert set(names_of_schemas(DOCUMENT)) == set(DOCUMENT["components"]["schemas"])


def test_a_list_says_what_its_entries_are() -> None:
    schemas = DOCUMENT["components"]["schemas"].items()
    entries = {
        name: each["properties"]["items"]
        for name, each in schemas
        if {"items", "next_cursor"} <= {*each.get("properties", {})}
    }
    assert len(entries) > 10
    assert [name for name, each in entries.items() if not each["items"]] == []


def test_what_stands_by_itself_is_what_the_operations_have() -> None:
    written = shared(DOCUMENT)
    assert unshared(written) == DOCUMENT
    for kind in SHARED:
        assert len(written["components"][kind]) > 10
        used = set(re.findall(rf"{place_of(kind)}(\w+)", json.dumps(written)))
        assert used == written["components"][kind].keys()


def test_no_schema_shows_what_a_record_hides() -> None:
    hidden = {"sealed_number", "fingerprint", "last_sha256", "request_sha256", "members", "drawn", "file_hashes"}
    shown = {name for each in DOCUMENT["components"]["schemas"].values() for name in each.get("properties", {})}
    assert shown & hidden == set()


def test_every_closed_list_has_its_chinese_words() -> None:
    wordless = {
        tuple(schema["enum"])
        for schema in every_schema(DOCUMENT)
        if isinstance(schema.get("enum"), list)
        and set(re.findall(r"`([^`]+)` [^·`]*[\u4e00-\u9fff]", schema.get("description", "")))
        != set(schema["enum"]) - {None}
    }
    calls = {values for values in wordless if all(" /" in value for value in values)}
    assert wordless - calls == {("application/pdf", "image/jpeg", "image/png"), ("true",), ("true", "false")}


def test_amounts_days_and_instants_say_their_unit() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        for field, each in schema.get("properties", {}).items():
            kinds = {each["type"]} if isinstance(each.get("type"), str) else set(each.get("type", []))
            assert not field.endswith("_fen") or kinds <= {"integer", "null", "object"}, (schema["title"], field)
            if field.endswith(("_fen", "_on", "_at")):
                assert each["description"], (schema["title"], field)


def test_every_refusal_is_documented_with_status_clause_and_sentence() -> None:
    shown = DOCUMENT["components"]["examples"]
    for code, example in shown.items():
        assert validator({"$ref": "#/components/schemas/Problem"}).is_valid(example["value"])
        assert example["value"]["code"] == code
        if code in Refusal.__members__:
            assert example["value"]["status"] == Refusal[code].status
            assert example["value"].get("clause") == Refusal[code].clause
            words = ".+".join(map(re.escape, re.split(r"{\w+}", Refusal[code].sentence)))
            assert re.fullmatch(words, example["value"]["detail"]), code
    unsaid = {refusal.name for refusal in Refusal} - set(shown)
    # only inside the errors of NOT_ELIGIBLE, or by the gateway alone
    assert unsaid <= {"METHOD_NOT_ALLOWED", "ROUTE_NOT_FOUND"}


def test_every_answer_of_the_gateway_has_its_calls() -> None:
    assert set(CALLS) == set(API["GatewayResponses"])
    assert "413" in SAID["POST /orders"]["responses"] and "413" not in SAID["GET /orders"]["responses"]
    assert "401" in SAID["GET /orders"]["responses"] and "401" not in SAID["GET /batches"]["responses"]


def test_a_refusal_is_found_wherever_a_handler_reaches_it() -> None:
    place = OPERATIONS["POST /orders"]
    codes = {refusal.name for refusal in place.refusals}
    assert {"OVER_RATIO", "CATEGORY_CAP", "IDEMPOTENCY_KEY_REQUIRED", "MALFORMED", "BUSY", "CONTRACT_USED"} <= codes
    # it is tried again inside
    assert "CHANGED_MEANWHILE" not in codes
    # a rule that is only looked at refuses nobody
    assert Refusal.RATED_D not in OPERATIONS["GET /enterprises/{uscc}/eligibility"].refusals
    assert Refusal.RATED_D in OPERATIONS["POST /enterprises/{uscc}/review"].refusals


def test_no_method_outside_the_resolver_raises_a_refusal_unseen() -> None:
    """The walk follows names; what a method of a record or another class raises would be missed."""
    found = set()
    for path in (ROOT / "layers/voucher/voucher").rglob("*.py"):
        for block in re.split(r"^(?=\S)", path.read_text(), flags=re.MULTILINE):
            if block.startswith("class ") and re.search(
                r"^    def .*(?:\n {8}.*|\n)*raise Refused", block, re.MULTILINE
            ):
                found.add(block.split("(")[0].split(":")[0])
    assert found == {"class Api"}


def test_every_example_fits_its_model_and_no_operation_lacks_one() -> None:
    lacking = []
    for name, said in SAID.items():
        example = recorded().get(name, {})
        if "requestBody" in said:
            media = said["requestBody"]["content"]["application/json"]
            assert not said["requestBody"]["required"] or "example" in media, name
            assert validator(media["schema"]).is_valid(media.get("example", {})), name
        for status, answer in said["responses"].items():
            media = answer.get("content", {}).get("application/json", {})
            if str(example.get("status")) == status:
                reply = example["reply"]
                assert media.get("example", reply) == reply
                assert [mistake.message for mistake in validator(media["schema"]).iter_errors(reply)] == [], name
                check_answer(*name.split(" "), Reply(int(status), reply, {"content-type": "application/json"}))
        if "reply" not in example and not name.startswith("PUT"):
            lacking.append(name)
    assert sorted(lacking) == [
        "GET /docs",
        "GET /docs/{asset}",
        "GET /office",
        "GET /openapi.json",
        "GET /public",
        "GET /public/{edition}/{asset}",
        "GET /reports/{year}/compliance.xlsx",
        "GET /reports/{year}/usage.xlsx",
        "GET /rounds/{round_id}/payout-file",
        "GET /vocabulary",
        "POST /agencies/{uscc}/reapply",  # the same: only in the next year
        "POST /agencies/{uscc}/renew",  # too early, whenever the others are made
        "POST /enterprises/{uscc}/reapply",  # the same: only in the next year
        "POST /orders/{order_id}/recoveries/{recovery_id}/withdraw",  # withdrawn already
    ]


def test_each_answer_that_was_recorded_is_shown_by_one_operation() -> None:
    shown: Counter[str] = Counter()
    schemas = set()
    for name, said in SAID.items():
        for status, answer in said["responses"].items():
            media = answer.get("content", {}).get("application/json", {})
            if str(recorded().get(name, {}).get("status")) == status:
                schemas.add(str(media["schema"]))
                shown[str(media["schema"])] += "example" in media
    assert shown == dict.fromkeys(schemas, 1)


ORDER = recorded()["POST /orders"]["reply"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(204, None, {}), "no such status"),
        (Reply(201, {**ORDER, "extra": 1}, {"content-type": "application/json"}), "extra"),
        (Reply(201, {**ORDER, "state": "gone"}, {"content-type": "application/json"}), "state"),
        (Reply(201, {**ORDER, "voucher_fen": 1.5}, {"content-type": "application/json"}), "voucher_fen"),
        (Reply(201, {**ORDER, "created_at": "today"}, {"content-type": "application/json"}), "created_at"),
        (
            Reply(201, {k: v for k, v in ORDER.items() if k != "voucher_fen"}, {"content-type": "application/json"}),
            "voucher_fen",
        ),
        (Reply(201, "x", {"content-type": "text/html"}), "content type"),
        (Reply(409, {"code": "SOLD_OUT"}, {"content-type": PROBLEM_JSON}), "no such code"),
        (Reply(404, {"code": "NOT_FOUND"}, {"content-type": PROBLEM_JSON}), "detail"),
    ],
)
def test_an_answer_that_the_document_does_not_have_is_a_fault(reply: Reply, words: str) -> None:
    check_answer("POST", "/orders", Reply(201, ORDER, {"content-type": "application/json"}))
    with pytest.raises(Undocumented, match=words):
        check_answer("POST", "/orders", reply)


def test_an_operation_that_the_document_does_not_have_is_a_fault() -> None:
    with pytest.raises(Undocumented, match="no such operation"):
        check_answer("POST", "/nowhere", Reply(200, {}, {"content-type": "application/json"}))


def test_nothing_breaks_the_clients_of_the_last_release_unless_the_version_says_so() -> None:
    released = changes.released()
    if changes.major(DOCUMENT) == changes.major(released):
        assert changes.breaking_changes(released, DOCUMENT) == []


def test_the_renderer_is_the_one_that_was_chosen_and_asks_no_other_host() -> None:
    page = (ROOT / "functions/docs/page.html").read_text()
    assert re.findall(r"""(?:src|href|spec-url)="([^"]+)""", page) == [
        "docs/openapi-explorer-2.4.820.js",
        "openapi.json",
        "openapi.json",
    ]
    assert json.loads(document.FILE.read_text())["servers"] == [{"url": ".", "description": "Where this document lies"}]
