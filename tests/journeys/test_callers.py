"""Who may call, over HTTP: tokens, roles, foreign and unknown records; and malformed bodies."""

import json
import re

import pytest

from infra.city.enterprises import Enterprise
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person, Reply
from infra.demo.plan import owner_of
from tests.journeys.deployment import Deployment
from tests.support.contract import document

STRANGER = Person("u-stranger")
PUBLIC = ("/health", "/programmes", "/batches", "/products", "/notices")


@pytest.fixture(scope="module")
def enterprise(deployment: Deployment) -> Enterprise:
    """A registered enterprise."""
    return deployment.add_draft_enterprise()


def assert_problem(reply: Reply, status: int, code: str) -> None:
    """The reply is a problem by RFC 9457, in Chinese, with the request id that is in the logs."""
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert reply.body["status"] == status
    assert reply.body["request_id"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in reply.body["detail"])


def test_what_is_public_needs_no_token(deployment: Deployment) -> None:
    assert {path: deployment.send("GET", path).status for path in PUBLIC} == dict.fromkeys(PUBLIC, 200)


def test_every_operation_that_is_not_public_refuses_whoever_has_no_good_token(
    deployment: Deployment, subtests: pytest.Subtests
) -> None:
    tokens = deployment.client.sign_in(STRANGER)
    header, claims, signature = tokens["access"].split(".")
    forged = f"{header}.{claims}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    wrong = {None: "missing", forged: "bad_signature", tokens["id"]: "not_access_token"}
    for path, operations in document()["paths"].items():
        for method in (name for name, operation in operations.items() if operation.get("security") != []):
            with subtests.test(f"{method} {path}"):
                for token, reason in wrong.items():
                    reply = deployment.send(method.upper(), re.sub(r"{\w+}", "0", path), token=token)
                    assert_problem(reply, 401, "UNAUTHENTICATED")
                    assert reply.body["errors"][0]["code"] == reason


def test_an_access_token_lets_its_owner_in_and_says_who_it_is(deployment: Deployment) -> None:
    reply = deployment.send("GET", "/me", token=deployment.client.token(OPERATOR))
    assert (reply.status, reply.body["roles"]) == (200, ["platform"])


@pytest.mark.parametrize("token", ["garbage", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."], ids=["word", "unsigned"])
def test_a_text_that_is_no_token_is_refused(deployment: Deployment, token: str) -> None:
    assert_problem(deployment.send("GET", "/me", token=token), 401, "UNAUTHENTICATED")


def test_another_way_of_signing_in_than_bearer_is_refused(deployment: Deployment) -> None:
    reply = deployment.client.send("GET", "/me", None, {"Authorization": "Basic dGVzdDp0ZXN0"})
    assert_problem(reply, 401, "UNAUTHENTICATED")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER  ", "Bearer   "])
def test_the_scheme_may_be_written_in_any_case_and_with_more_blanks(deployment: Deployment, scheme: str) -> None:
    header = {"Authorization": f"{scheme} {deployment.client.token(OPERATOR)}"}
    assert deployment.client.send("GET", "/me", None, header).status == 200


@pytest.mark.parametrize("person", [STRANGER, OPERATOR, FINANCE], ids=["user", "platform", "finance"])
def test_a_caller_without_the_role_is_refused_and_nothing_is_written(deployment: Deployment, person: Person) -> None:
    draft = {"year": 2099, "total_fen": 1}
    assert_problem(deployment.client.call(person, "POST", "/programmes", draft), 403, "ROLE_REQUIRED")
    assert_problem(deployment.send("GET", "/programmes/2099"), 404, "NOT_FOUND")


def test_a_member_may_not_review_its_own_enterprise(deployment: Deployment, enterprise: Enterprise) -> None:
    review = {"decision": "approve", "reasons": []}
    reply = deployment.client.call(owner_of(enterprise.uscc), "POST", f"/enterprises/{enterprise.uscc}/review", review)
    assert_problem(reply, 403, "ROLE_REQUIRED")


def test_a_foreign_enterprise_is_as_unknown_as_one_that_does_not_exist(
    deployment: Deployment, enterprise: Enterprise
) -> None:
    assert deployment.get(owner_of(enterprise.uscc), f"/enterprises/{enterprise.uscc}")["uscc"] == enterprise.uscc
    foreign = deployment.client.call(STRANGER, "GET", f"/enterprises/{enterprise.uscc}")
    unknown = deployment.client.call(STRANGER, "GET", "/enterprises/91331100MA2EFLCR5B")
    assert_problem(foreign, 404, "NOT_FOUND")
    assert {**foreign.body, "request_id": ""} == {**unknown.body, "request_id": ""}


def test_a_foreign_enterprise_cannot_be_changed(deployment: Deployment, enterprise: Enterprise) -> None:
    path = f"/enterprises/{enterprise.uscc}"
    assert_problem(deployment.client.call(STRANGER, "PATCH", path, {"name": "别人的企业"}), 404, "NOT_FOUND")
    assert deployment.get(BUREAU, path)["name"] == enterprise.name


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "ROUTE_NOT_FOUND"),
        ("GET", "/", 404, "ROUTE_NOT_FOUND"),
        ("GET", "/orders/1/2/3/4", 404, "ROUTE_NOT_FOUND"),
        ("DELETE", "/programmes", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_an_unknown_path_or_method_is_a_problem_like_any_other(
    deployment: Deployment, method: str, path: str, status: int, code: str
) -> None:
    assert_problem(deployment.send(method, path, token=deployment.client.token(STRANGER)), status, code)


BODIES = {
    "BROKEN_JSON": b'{"year": 2098,',
    "BODY_TOO_LARGE": json.dumps({"year": 2098, "total_fen": 1, "policy": {"edition": "x" * 65 * 1024}}).encode(),
    "NESTED_TOO_DEEP": b'{"year": 2098, "total_fen": 1, "policy": ' + b"[" * 33 + b"]" * 33 + b"}",
    "MALFORMED": b'{"year": 2098, "total_fen": 1.5}',
}


@pytest.mark.parametrize("code", BODIES)
def test_a_malformed_body_is_refused_and_nothing_is_written(deployment: Deployment, code: str) -> None:
    reply = deployment.send("POST", "/programmes", BODIES[code], deployment.client.token(BUREAU))
    assert_problem(reply, 422, code)
    assert_problem(deployment.send("GET", "/programmes/2098"), 404, "NOT_FOUND")
