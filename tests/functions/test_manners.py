"""What every answer says beside its content, and how a route is found: origins, caching, request ids, base paths."""

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.client import steps
from infra.client.http import BUREAU, Person, Reply
from tests.support import samples
from tests.support.backend import Route, World, api_event, function, read_reply, routes
from tests.support.scenario import OWNER, SELLER, Town
from voucher.edge.observe import logger
from voucher.refusals import Refusal, Refused
from voucher.store.engine import table
from voucher.words import THING_WORDS

ADMIN = Person("an-admin", "admin")
PAGE = "https://voucher.example.cn"
EVERY = {f"{route.method} {route.path}": route for route in routes()}
WITH_ID = [name for name, route in EVERY.items() if "{" in route.path]
UNREADABLE = ("x" * 81, "9" * 2048, "a b", "a/b", "%2e", "丽水", "?", "#", "")


def event_of(name: str, person: Person | None = None, value: str = "x", **changes: Any) -> dict[str, Any]:
    """The event of one route, each of its parameters with the same value."""
    route = EVERY[name]
    parameters = dict.fromkeys(re.findall(r"\{(\w+)\}", route.path), value)
    path = re.sub(r"\{\w+\}", lambda _: value, route.path)
    return api_event(route, path, "", parameters, None, person, None, None) | changes


def answer_to(name: str, *arguments: Any, **changes: Any) -> Reply:
    """The function's answer to such an event."""
    return read_reply(function(EVERY[name].folder).handler(event_of(name, *arguments, **changes), None))


def unrouted(method: str, path: str, **headers: str) -> Reply:
    """The answer to a request that fits no route."""
    route = Route(method, "/{proxy+}", "unrouted", public=True)
    event = api_event(route, f"/v1{path}", "", {"proxy": path.lstrip("/")}, None, None, None, None)
    return read_reply(function("unrouted").handler(event | {"headers": headers}, None))


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No table may be asked."""

    def asked() -> Any:
        raise AssertionError("a table was asked")

    monkeypatch.setattr(table, "client", asked)


class Failing:
    """A client of AWS whose every call is answered by an error of that code."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __getattr__(self, operation: str) -> Any:
        def fail(**_request: Any) -> None:
            raise ClientError({"Error": {"Code": self.code}}, operation)

        return fail


@pytest.mark.parametrize(
    "name", ["GET /products", "GET /products/{product_id}", "GET /batches/{batch_id}", "GET /vouchers/{voucher_id}"]
)
@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"]
)
def test_whoever_comes_while_a_table_takes_no_more_is_asked_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, code: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(table, "client", lambda: Failing(code))
        reply = answer_to(name, OWNER, "b_1.91331100000000000A")
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (429, "BUSY", "1")


def test_any_other_error_of_a_table_stays_a_fault(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(table, "client", lambda: Failing("AccessDeniedException"))
        with pytest.raises(ClientError):
            answer_to("GET /products/{product_id}")


@pytest.mark.parametrize("name", WITH_ID)
def test_an_id_that_nothing_can_have_is_404_before_any_table_is_asked(alone: None, name: str) -> None:
    for value in UNREADABLE:
        reply = answer_to(name, ADMIN, value)
        assert (reply.status, reply.code) == (404, "NOT_FOUND"), value
        assert THING_WORDS[reply.body["thing"]] in reply.body["detail"]


@pytest.mark.parametrize("base", ["", "/v1", "/api/vouchers"])
def test_a_base_path_of_the_domain_is_no_part_of_the_route(base: str) -> None:
    assert answer_to("GET /health", path=f"{base}/health").status == 200


def test_an_edit_sent_again_by_put_or_under_another_base_path_is_known(world: World) -> None:
    steps.expect(world.call(BUREAU, "POST", "/programmes", {"year": 2026, "total_fen": 100_000_000}), 201)
    answers = []
    for method, base in (("PATCH", ""), ("PUT", ""), ("PATCH", "/v1"), ("PUT", "/v1")):
        route, parameters = EVERY[f"{method} /programmes/{{year}}"], {"year": "2026"}
        body = {"version": 1, "total_fen": 70_000_000}
        event = api_event(route, f"{base}/programmes/2026", "", parameters, body, BUREAU, None, None)
        answers.append(read_reply(function(route.folder).handler(event, None)))
    assert [each.status for each in answers] == [200] * 4
    assert ["idempotent-replay" in each.headers for each in answers] == [False, True, True, True]


def test_a_public_answer_may_be_kept_for_two_seconds_and_is_not_sent_again_unchanged(town: Town) -> None:
    first = answer_to("GET /products")
    assert (first.headers["cache-control"], first.headers["vary"]) == ("public, max-age=2", "Accept-Encoding")
    tag = first.headers["etag"]
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/")):
        same = function("catalogue").handler(event_of("GET /products", headers={"If-None-Match": known}), None)
        assert (same["statusCode"], same["body"], same["multiValueHeaders"]["ETag"]) == (304, "", [tag])
    other = answer_to("GET /products", headers={"If-None-Match": 'W/"other"'})
    assert (other.status, other.body) == (200, first.body)


def test_another_answer_has_another_tag(town: Town) -> None:
    first = answer_to("GET /products/{product_id}", None, town.product_id).headers["etag"]
    assert town.world.call(SELLER, "POST", f"/products/{town.product_id}/withdraw").status == 200
    gone = answer_to("GET /products/{product_id}", None, town.product_id, headers={"If-None-Match": first})
    assert (gone.status, gone.headers["cache-control"]) == (404, "no-store")


def test_what_is_behind_a_token_and_every_refusal_is_kept_nowhere(town: Town) -> None:
    for reply in (
        town.world.call(OWNER, "GET", "/me"),
        town.world.call(OWNER, "POST", "/programmes", {}),
        town.world.call(None, "GET", "/programmes/1999"),
        town.world.call(None, "POST", "/notices/none/objections", {}),
    ):
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "etag" not in reply.headers


def test_head_is_answered_as_get_is_but_without_a_body() -> None:
    get, head = (function("inbox").handler(event_of("GET /health", httpMethod=each), None) for each in ("GET", "HEAD"))
    assert (head["statusCode"], head["body"]) == (200, "")
    assert head["multiValueHeaders"]["ETag"] == get["multiValueHeaders"]["ETag"]


def test_an_edit_by_put_is_the_same_edit_as_by_patch(town: Town) -> None:
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    path = f"/products/{draft['product_id']}"
    assert town.world.call(SELLER, "PUT", path, {"name": "新名"}).body["name"] == "新名"
    for method in ("PUT", "PATCH"):
        assert town.world.call(OWNER, method, path, {"price_fen": 5}).code == "NOT_FOUND"
        assert town.world.call(SELLER, method, path, {"price": 5}).code == "MALFORMED"
        assert town.world.call(OWNER, method, "/programmes/2026", {"version": 1}).code == "ROLE_REQUIRED"


def test_the_request_id_is_in_header_body_and_log() -> None:
    event = event_of("GET /me")
    reply = read_reply(function("inbox").handler(event, None))
    request_id = event["requestContext"]["requestId"]
    assert (reply.headers["x-request-id"], reply.body["request_id"]) == (request_id, request_id)
    assert logger.get_correlation_id() == request_id


@pytest.mark.parametrize(("refusal", "seconds"), [(Refusal.BUSY, "1"), (Refusal.TOO_MANY_OBJECTIONS, "3600")])
def test_who_comes_too_often_is_told_when_to_come_again(
    monkeypatch: pytest.MonkeyPatch, refusal: Refusal, seconds: str
) -> None:
    def busy(*_: Any) -> Any:
        raise Refused(refusal)

    monkeypatch.setattr(function("inbox").organisations, "list_memberships", busy)
    reply = answer_to("GET /me", OWNER)
    assert (reply.status, reply.headers["retry-after"]) == (429, seconds)


def test_every_page_may_read_if_every_origin_is_allowed() -> None:
    assert answer_to("GET /health").headers["access-control-allow-origin"] == "*"
    refused = answer_to("GET /me")
    assert refused.headers["access-control-allow-origin"] == "*"
    assert {"Idempotent-Replay", "Content-Disposition", "Retry-After", "ETag", "X-Request-Id"} <= set(
        refused.headers["access-control-expose-headers"].split(", ")
    )


def test_only_pages_of_the_origins_that_are_named_may_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", f"https://other.example,{PAGE}")
    own = answer_to("GET /health", headers={"Origin": PAGE})
    assert (own.headers["access-control-allow-origin"], own.headers["vary"]) == (PAGE, "Origin, Accept-Encoding")
    for origin in ({}, {"origin": "https://voucher.example"}, {"origin": "*"}, {"origin": f"{PAGE}.evil.example"}):
        foreign = answer_to("GET /me", headers=origin)
        assert "access-control-allow-origin" not in foreign.headers
        assert foreign.headers["vary"] == "Origin"
        assert "access-control-allow-methods" not in unrouted("OPTIONS", "/me", **origin).headers


@pytest.mark.parametrize("path", sorted({route.path for route in routes()}))
def test_the_preflight_of_a_path_names_its_methods(path: str) -> None:
    reply = function("unrouted").handler(
        {"httpMethod": "OPTIONS", "pathParameters": {"proxy": path.lstrip("/").replace("{", "").replace("}", "")}}, None
    )
    said = {name.lower(): values[0] for name, values in reply["multiValueHeaders"].items()}
    methods = {route.method for route in routes() if route.path == path}
    assert reply["statusCode"] == 204
    assert set(said["access-control-allow-methods"].split(", ")) - {"HEAD"} == methods | {"OPTIONS"}
    assert "Idempotency-Key" in said["access-control-allow-headers"].split(", ")


def test_a_page_may_try_an_unknown_path_so_that_it_reads_the_refusal() -> None:
    assert "DELETE" in unrouted("OPTIONS", "/nothing").headers["access-control-allow-methods"]
    reply = unrouted("GET", "/nothing")
    assert (reply.status, reply.code, reply.headers["access-control-allow-origin"]) == (404, "ROUTE_NOT_FOUND", "*")
    assert "allow" not in reply.headers


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/batches/2026.b1", "GET, HEAD, PUT, PATCH, OPTIONS"),
        ("GET", "/orders/quote", "POST, OPTIONS"),
        ("PATCH", "/orders/o_1/", "GET, OPTIONS"),
        ("POST", "/products/p_1", "GET, HEAD, PUT, PATCH, OPTIONS"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_405_with_those_it_has(method: str, path: str, allow: str) -> None:
    reply = unrouted(method, path)
    assert (reply.status, reply.code, reply.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", allow)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.body["request_id"] == reply.headers["x-request-id"]
    assert reply.headers["cache-control"] == "no-store"
