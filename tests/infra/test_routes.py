"""The routes are those the API promises; the template routes each to the handler after which its event is named."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.pages import methods
from tests.infra.templates import API, FUNCTIONS, events, transformed
from tests.support.backend import ROOT, template

# The routes that need no token; every other one does.
PUBLIC = {
    "GET /health", "GET /openapi.json", "GET /vocabulary", "GET /docs", "GET /docs/{}",
    "GET /programmes", "GET /programmes/{}", "GET /batches", "GET /batches/{}", "GET /batches/{}/results",
    "GET /products", "GET /products/{}", "GET /register", "GET /register/{}", "GET /notices", "GET /notices/{}",
    "POST /notices/{}/objections", "POST /objections/{}/answer", "POST /complaints", "GET /public", "GET /office",
    "GET /public/{}/{}",
    "POST /complaints/{}/answer", "POST /complaints/{}/documents", "POST /complaints/{}/withdraw",
    "POST /mailbox/answer",
}  # fmt: skip
# The contract's routes that the journey of a year takes; none may get lost.
JOURNEY = """
POST /programmes                     POST /programmes/{}/confirm      POST /programmes/{}/batches
POST /batches/{}/publish             POST /batches/{}/close           POST /batches/{}/vouchers
POST /lists/{}/{}/imports            GET /lists/{}/{}/imports/{}      POST /lists/{}/{}/imports/{}/apply
GET /lists/{}/{}                     POST /enterprises                PATCH /enterprises/{}
POST /enterprises/{}/documents       POST /enterprises/{}/submit      POST /enterprises/{}/review
POST /enterprises/{}/disqualify      GET /enterprises                 GET /enterprises/{}
GET /enterprises/{}/eligibility      POST /agencies                   PATCH /agencies/{}
POST /agencies/{}/documents          POST /agencies/{}/submit         POST /agencies/{}/pre-review
POST /agencies/{}/approve            POST /products                   PATCH /products/{}
POST /products/{}/publish            POST /products/{}/withdraw       GET /vouchers
GET /vouchers/{}                     GET /vouchers/{}/postings        POST /orders/quote
POST /orders                         GET /orders                      GET /orders/{}
POST /orders/{}/accept               POST /orders/{}/refuse           POST /orders/{}/contract
POST /orders/{}/deliver              POST /orders/{}/confirm          POST /orders/{}/cancellation
POST /orders/{}/cancellation/review  POST /orders/{}/rating           POST /settlements
POST /settlements/{}/documents       PUT /settlements/{}/lines/{}     POST /settlements/{}/submit
POST /settlements/{}/pre-review      POST /rounds                     POST /rounds/{}/approve
POST /rounds/{}/notice               POST /notices/{}/close           POST /objections/{}/resolve
POST /rounds/{}/invoices             POST /rounds/{}/payouts          POST /payouts/{}/result
POST /violations                     POST /violations/{}/lift         GET /reports/{}/reconciliation
POST /violations/{}/orders/{}/release  GET /reports/{}/usage
GET /reports/{}/compliance
GET /inbox                           POST /inbox/{}/read              GET /me
"""
# Method, path and the handler's name in CamelCase, which is the event's id in the template.
Served = tuple[str, str, str]


def route(properties: dict[str, Any]) -> str:
    """`POST /orders/{}/accept`, whatever the parameters are called."""
    return f"{properties['Method']} {re.sub(r'{[^}]*}', '{}', properties['Path'])}"


def served_by(folder: Path) -> set[Served]:
    """What a function's app.py answers, by the decorators of its handlers."""
    found = set()
    for node in ast.walk(ast.parse((folder / "app.py").read_text())):
        for call in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args:
                path = str(ast.literal_eval(call.args[0]))
                found.add((call.func.attr.upper(), re.sub(r"<(\w+)>", r"{\1}", path), camel_case(node.name)))
    return found


def routed_to(function: dict[str, Any]) -> set[Served]:
    """What the template routes to a function, by its API events. An edit's second event, for PUT, is named so; HEAD is
    GET without a body, and has no handler of its own."""
    return {
        (event["Properties"]["Method"], event["Properties"]["Path"], name.removesuffix("Put"))
        for name, event in function.get("Events", {}).items()
        if event["Type"] == "Api" and event["Properties"]["Method"] not in {"HEAD", "ANY"}
    }


def every_served() -> Iterator[Served]:
    """What all functions answer."""
    for each in FUNCTIONS.values():
        yield from served_by(folder_of(each))


def served(each: Served) -> tuple[str, str]:
    """Path and handler, whatever the method."""
    return each[1:]


def camel_case(name: str) -> str:
    """`ReviewOfAgency` for `review_of_agency`: a logical id has no underscores."""
    return "".join(word.title() for word in name.split("_"))


def folder_of(function: dict[str, Any]) -> Path:
    """Where a function's code is."""
    return ROOT / str(function["CodeUri"])


def test_every_function_folder_is_deployed_once_and_nothing_is_deployed_without_one() -> None:
    folders = sorted(each.parent.name for each in (ROOT / "functions").glob("*/app.py"))
    assert sorted(folder_of(each).name for each in FUNCTIONS.values()) == folders


def test_a_function_is_named_as_its_folder_is() -> None:
    words = {name: camel_case(folder_of(each).name) for name, each in FUNCTIONS.items()}
    assert words == {name: name for name in FUNCTIONS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_template_routes_to_a_function_exactly_what_its_handlers_answer(name: str) -> None:
    assert routed_to(FUNCTIONS[name]) == served_by(folder_of(FUNCTIONS[name]))


def test_every_route_is_declared_once_and_only_what_has_none_by_a_greedy_path() -> None:
    declared = [(function, route(properties)) for function, properties in events("Api")]
    routes = [each for function, each in declared if function != "Unrouted"]
    assert len(set(routes)) == len(routes)
    assert {each.split()[0] for each in routes} <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
    assert [each for each in routes if "+" in each] == []
    assert {(each["Method"], each["Path"]) for function, each in events("Api") if function == "Unrouted"} == {
        ("ANY", "/{proxy+}"),
        ("ANY", "/"),
    }


def test_who_cannot_send_patch_may_send_put() -> None:
    patched, put = ({served(each) for each in every_served() if each[0] == method} for method in ("PATCH", "PUT"))
    assert patched and patched <= put


def test_what_everybody_may_get_answers_head_too() -> None:
    found: dict[str, dict[tuple[str, str], str]] = {"GET": {}, "HEAD": {}}
    for name, function in FUNCTIONS.items():
        for event_name, event in function.get("Events", {}).items():
            if event["Type"] == "Api" and event["Properties"].get("Auth") and event["Properties"]["Method"] in found:
                found[event["Properties"]["Method"]][name, event["Properties"]["Path"]] = event_name
    assert found["HEAD"] == {place: f"{name}Head" for place, name in found["GET"].items()}


def test_what_answers_a_wrong_method_knows_the_methods_of_every_path() -> None:
    assert methods.PLACE.read_text() == methods.text(), "run: make pages"


def test_no_function_has_more_routes_than_its_permissions_take() -> None:
    """Lambda takes 20,480 bytes of permissions of a function, and SAM writes some 350 for each route."""
    for function in FUNCTIONS.values():
        assert len(function.get("Events", {})) * 350 < 20_480 / 2


def test_no_route_of_the_contract_that_a_year_takes_is_lost() -> None:
    contract = set(re.findall(r"[A-Z]+ /\S+", JOURNEY))
    assert contract - {route(properties) for _, properties in events("Api")} == set()


def test_a_route_is_open_without_a_token_exactly_if_the_contract_says_so() -> None:
    declared = {route(properties): properties.get("Auth") for _, properties in events("Api")}
    heads = {each.replace("GET", "HEAD") for each in PUBLIC if each.startswith("GET")}
    anything = {"ANY /", "ANY /{}"}
    assert {each for each, auth in declared.items() if auth is not None} == (PUBLIC | heads | anything) & set(declared)
    assert [auth for auth in declared.values() if auth not in (None, {"Authorizer": "NONE"})] == []
    assert API["Auth"]["DefaultAuthorizer"] == "Token"


ANSWERS = {
    "UNAUTHORIZED", "ACCESS_DENIED", "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE",
    "THROTTLED", "WAF_FILTERED", "DEFAULT_4XX", "DEFAULT_5XX", "INVALID_SIGNATURE", "EXPIRED_TOKEN",
}  # fmt: skip
SAID = {
    "Content-Type": "'application/problem+json'",
    "Access-Control-Allow-Origin": "'*'",
    "Access-Control-Expose-Headers": "'Retry-After, WWW-Authenticate, X-Request-Id'",
    "Cache-Control": "'no-store'",
    "X-Content-Type-Options": "'nosniff'",
    "X-Request-Id": "context.requestId",
}


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_what_the_gateway_itself_refuses_is_a_problem_like_any_other(kind: str) -> None:
    assert set(API["GatewayResponses"]) == ANSWERS
    answer = API["GatewayResponses"][kind]
    headers = dict(answer["ResponseParameters"]["Headers"])
    challenge, retry = headers.pop("WWW-Authenticate", None), headers.pop("Retry-After", None)
    assert headers == SAID
    assert (challenge is not None, retry is not None) == (answer["StatusCode"] == 401, answer["StatusCode"] == 429)
    body = ast.literal_eval(answer["ResponseTemplates"]["application/json"])
    assert body["status"] == answer["StatusCode"]
    assert {"type", "title", "status", "code", "detail", "errors", "request_id"} == set(body)
    assert body["request_id"] == "$context.requestId"
    # of all that AWS knows of a request, only this and what our authorizer says leaves: no header, so no token
    named = set(re.findall(r"\$context\.[\w.]+|\$\w+", answer["ResponseTemplates"]["application/json"]))
    assert named <= {"$context.requestId", "$context.authorizer.detail", "$context.authorizer.reason"}


def test_a_rate_of_its_own_names_a_route_as_the_gateway_wants_it_written() -> None:
    """But for the first, slashes are ~1; written otherwise, the rate is in force nowhere."""
    every = {(each["Method"], each["Path"]) for _, each in events("Api")}
    for setting in API["MethodSettings"]:
        path = setting["ResourcePath"]
        assert path == "/*" or (setting["HttpMethod"], path.removeprefix("/").replace("~1", "/")) in every


def test_the_throttle_of_objections_is_where_the_gateway_looks_and_no_switch() -> None:
    """§3.5.3: one bucket for everybody that is soon empty would let anybody silence all others."""
    [stage] = [each["Properties"] for each in transformed().values() if each["Type"] == "AWS::ApiGateway::Stage"]
    settings = {(each["HttpMethod"], each["ResourcePath"]): each for each in stage["MethodSettings"]}
    every, own = settings["*", "/*"], settings["POST", "/~1notices~1{notice_id}~1objections"]
    parameters = template("template.yaml")["Parameters"]
    for name, parameter in {"ThrottlingRateLimit": "RequestsPerSecond", "ThrottlingBurstLimit": "RequestBurst"}.items():
        assert own[name] == every[name] == {"Ref": parameter}, "its bucket is its own, and as large as any"
        assert parameters[parameter]["Default"] >= 100


def test_no_preflight_is_left_to_sam_which_breaks_it_beside_binary_answers() -> None:
    """aws/serverless-application-model#1344: beside */* the gateway answers SAM's own preflights with 500."""
    assert API["BinaryMediaTypes"] == ["*/*"]
    assert "Cors" not in API
