"""Who is let in, over HTTP: tokens, roles, what is foreign and what is unknown; and bodies that are none."""

import json

import pytest

from infra.city.enterprises import Enterprise
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person, Reply
from infra.demo.plan import owner_of
from tests.journeys.place import Place

STRANGER = Person("u-stranger")
PUBLIC = ("/health", "/programmes", "/batches", "/products", "/notices")


@pytest.fixture(scope="module")
def firm(place: Place) -> Enterprise:
    """A firm that has registered."""
    return place.drafted_firm()


def assert_problem(reply: Reply, status: int, code: str) -> None:
    """A refusal as RFC 9457 has it, in Chinese, with the id under which it is in the logs."""
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert reply.body["status"] == status
    assert reply.body["request_id"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in reply.body["detail"])


def test_what_is_public_needs_no_token(place: Place) -> None:
    assert {path: place.send("GET", path).status for path in PUBLIC} == dict.fromkeys(PUBLIC, 200)


@pytest.mark.parametrize("path", ["/me", "/inbox", "/vouchers", "/orders", "/enterprises"])
def test_without_a_token_nobody_is_let_in(place: Place, path: str) -> None:
    assert_problem(place.send("GET", path), 401, "UNAUTHENTICATED")


def test_an_access_token_lets_its_owner_in_and_says_who_it_is(place: Place) -> None:
    reply = place.send("GET", "/me", token=place.client.token(OPERATOR))
    assert (reply.status, reply.body["roles"]) == (200, ["platform"])


def test_an_id_token_of_the_same_person_is_refused(place: Place) -> None:
    assert_problem(place.send("GET", "/me", token=place.client.sign_in(STRANGER)["id"]), 401, "UNAUTHENTICATED")


def test_a_token_is_refused_when_a_letter_of_it_was_changed(place: Place) -> None:
    header, claims, signature = place.client.token(STRANGER).split(".")
    other = "A" if signature[0] != "A" else "B"
    forged = f"{header}.{claims}.{other}{signature[1:]}"
    assert_problem(place.send("GET", "/me", token=forged), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize("token", ["garbage", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."], ids=["word", "unsigned"])
def test_what_is_no_token_is_refused(place: Place, token: str) -> None:
    assert_problem(place.send("GET", "/me", token=token), 401, "UNAUTHENTICATED")


def test_another_way_of_signing_in_than_bearer_is_refused(place: Place) -> None:
    reply = place.client.send("GET", "/me", None, {"Authorization": "Basic dGVzdDp0ZXN0"})
    assert_problem(reply, 401, "UNAUTHENTICATED")


@pytest.mark.parametrize("person", [STRANGER, OPERATOR, FINANCE], ids=["user", "platform", "finance"])
def test_who_lacks_the_role_is_refused_and_nothing_is_written(place: Place, person: Person) -> None:
    draft = {"year": 2099, "total_fen": 1}
    assert_problem(place.client.call(person, "POST", "/programmes", draft), 403, "ROLE_REQUIRED")
    assert_problem(place.send("GET", "/programmes/2099"), 404, "NOT_FOUND")


def test_a_member_may_not_review_its_own_firm(place: Place, firm: Enterprise) -> None:
    review = {"decision": "approve", "reasons": []}
    reply = place.client.call(owner_of(firm.uscc), "POST", f"/enterprises/{firm.uscc}/review", review)
    assert_problem(reply, 403, "ROLE_REQUIRED")


def test_a_foreign_firm_is_as_unknown_as_one_that_does_not_exist(place: Place, firm: Enterprise) -> None:
    assert place.shown(owner_of(firm.uscc), f"/enterprises/{firm.uscc}")["uscc"] == firm.uscc
    foreign = place.client.call(STRANGER, "GET", f"/enterprises/{firm.uscc}")
    unknown = place.client.call(STRANGER, "GET", "/enterprises/91331100MA2EFLCR5B")
    assert_problem(foreign, 404, "NOT_FOUND")
    assert {**foreign.body, "request_id": ""} == {**unknown.body, "request_id": ""}


def test_a_foreign_firm_cannot_be_changed(place: Place, firm: Enterprise) -> None:
    path = f"/enterprises/{firm.uscc}"
    assert_problem(place.client.call(STRANGER, "PATCH", path, {"name": "别人的企业"}), 404, "NOT_FOUND")
    assert place.shown(BUREAU, path)["name"] == firm.name


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("GET", "/"), ("DELETE", "/programmes"), ("GET", "/orders/1/2/3/4")]
)
def test_an_unknown_path_or_method_is_a_problem_like_any_other(place: Place, method: str, path: str) -> None:
    assert_problem(place.send(method, path, token=place.client.token(STRANGER)), 404, "ROUTE_NOT_FOUND")


BODIES = {
    "BROKEN_JSON": b'{"year": 2098,',
    "BODY_TOO_LARGE": json.dumps({"year": 2098, "total_fen": 1, "policy": {"edition": "x" * 65 * 1024}}).encode(),
    "NESTED_TOO_DEEP": b'{"year": 2098, "total_fen": 1, "policy": ' + b"[" * 33 + b"]" * 33 + b"}",
    "MALFORMED": b'{"year": 2098, "total_fen": 1.5}',
}


@pytest.mark.parametrize("code", BODIES)
def test_a_body_that_is_none_is_refused_and_nothing_is_written(place: Place, code: str) -> None:
    reply = place.send("POST", "/programmes", BODIES[code], place.client.token(BUREAU))
    assert_problem(reply, 422, code)
    assert_problem(place.send("GET", "/programmes/2098"), 404, "NOT_FOUND")
