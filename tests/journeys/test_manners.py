"""How the deployed API treats pages, caches, monitors, and clients that ask wrongly: over HTTP, and in a browser.

The browser's test is skipped, with its reason, on a machine that has none.
"""

from pathlib import Path

import pytest

from infra.city.enterprises import Enterprise
from infra.client.http import Person, Reply
from infra.demo.plan import owner_of
from tests.journeys.browser import browser, run_in_page
from tests.journeys.deployment import Deployment, Json

STRANGER = Person("u-stranger")
ORIGIN = {"Origin": "https://page.example"}
PUBLIC = ("/health", "/programmes", "/batches", "/products", "/notices")
# what the page does: a call, an upload, a download, a repeated request, refusals of functions, gateway and authorizer
SCRIPT = """
const call = async (method, path, body, headers = {}) => {
  const answer = await fetch(facts.api + path, {method, body: body && JSON.stringify(body), headers: {
    Authorization: `Bearer ${facts.token}`, "Content-Type": "application/json", ...headers}});
  const content = await answer.text();
  return {status: answer.status, body: content && JSON.parse(content), headers: Object.fromEntries(answer.headers)};
};
const folder = `/enterprises/${facts.uscc}/documents`;
const file = {kind: "tax_certificate", filename: "a.pdf", content_type: "application/pdf", size_bytes: 9};
const me = await call("GET", "/me");
const announced = await call("POST", folder, file, {"Idempotency-Key": "page-1"});
const form = new FormData();
for (const [name, value] of Object.entries(announced.body.upload.fields)) form.append(name, value);
form.append("file", new Blob(["%PDF-1.7\\n"], {type: "application/pdf"}));
const uploaded = await fetch(announced.body.upload.url, {method: "POST", body: form});
const links = await call("GET", `/enterprises/${facts.approved}/documents`, undefined, {
  Authorization: `Bearer ${facts.approved_token}`});
const downloaded = await fetch(links.body.items[0].url);
return {
  me, announced, edited: await call("PUT", `/enterprises/${facts.uscc}`, {name: "网页改名"}),
  uploaded: {status: uploaded.status, etag: uploaded.headers.get("ETag")},
  downloaded: {status: downloaded.status, bytes: (await downloaded.arrayBuffer()).byteLength},
  refused: await call("POST", "/programmes", {year: 2099, total_fen: 1}),
  forged: await call("GET", "/me", undefined, {Authorization: "Bearer forged"}),
  anonymous: await (await fetch(facts.api + "/me")).json(),
  unknown: await call("GET", "/nothing"),
};
"""


@pytest.fixture(scope="module")
def enterprise(deployment: Deployment) -> Enterprise:
    """A registered enterprise."""
    return deployment.add_draft_enterprise()


def ask(deployment: Deployment, method: str, path: str, **headers: str) -> Reply:
    """One request without a token."""
    return deployment.client.send(method, path, None, ORIGIN | {k.replace("_", "-"): v for k, v in headers.items()})


def check_said(reply: Reply) -> None:
    """Every answer lets pages read it, is taken for what it says it is, and names its request."""
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["x-request-id"]
    if isinstance(reply.body, dict) and "code" in reply.body:
        assert reply.body["request_id"] == reply.headers["x-request-id"]
        assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/me", "/orders/quote", "/batches/b/vouchers", "/notices/n.csv", "/nothing", "/"])
def test_a_preflight_is_answered_on_every_path_without_a_token(deployment: Deployment, path: str) -> None:
    wanted = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "authorization"}
    reply = ask(deployment, "OPTIONS", path, **wanted)
    assert (reply.status, bool(reply.body)) == (204, False)
    assert "Authorization" in reply.headers["access-control-allow-headers"]
    check_said(reply)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/me", 401, "UNAUTHENTICATED"),
        ("GET", "/nothing", 404, "ROUTE_NOT_FOUND"),
        ("GET", "/", 404, "ROUTE_NOT_FOUND"),
        ("DELETE", "/programmes", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/orders/quote", 405, "METHOD_NOT_ALLOWED"),
        ("GET", f"/products/{'9' * 2048}", 404, "NOT_FOUND"),
        ("GET", f"/notices/{'x' * 3000}", 404, "NOT_FOUND"),
        ("POST", f"/notices/{'x' * 3000}/objections", 404, "NOT_FOUND"),
    ],
)
def test_whoever_refuses_the_answer_is_of_one_kind(
    deployment: Deployment, method: str, path: str, status: int, code: str
) -> None:
    reply = ask(deployment, method, path)
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers["content-type"] == "application/problem+json"
    check_said(reply)
    assert ("allow" in reply.headers) is (status == 405)


@pytest.mark.parametrize("path", PUBLIC)
def test_what_is_public_is_kept_briefly_and_not_sent_twice(deployment: Deployment, path: str) -> None:
    first = ask(deployment, "GET", path)
    assert first.headers["cache-control"] == "public, max-age=2"
    again = ask(deployment, "GET", path, If_None_Match=first.headers["etag"])
    assert (again.status, bool(again.body)) == (304, False)
    head = ask(deployment, "HEAD", path)
    assert (head.status, bool(head.body), head.headers["etag"]) == (200, False, first.headers["etag"])
    check_said(first)


def why(reply: Reply) -> str:
    """The reason in a 401, which names the scheme as RFC 6750 wants it."""
    assert (reply.status, reply.code) == (401, "UNAUTHENTICATED")
    [error] = reply.body["errors"]
    assert ('error="invalid_token"' in reply.headers["www-authenticate"]) is (error["code"] != "missing")
    assert reply.headers["www-authenticate"].startswith('Bearer realm="voucher"')
    check_said(reply)
    return str(error["code"])


def test_a_401_says_what_is_wrong_with_the_token_at_the_first_time_and_at_the_next(deployment: Deployment) -> None:
    tokens = deployment.client.sign_in(STRANGER)
    header, claims, signature = tokens["access"].split(".")
    other = "A" if signature[0] != "A" else "B"
    wrong = {
        f"Bearer {tokens['id']}": "not_access_token",
        f"bearer {header}.{claims}.{other}{signature[1:]}": "bad_signature",
        "BEARER garbage": "malformed",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.": "bad_algorithm",
        "Basic dGVzdDp0ZXN0": "missing",
        "Bearer": "missing",
    }
    for _ in range(2):
        assert {sent: why(ask(deployment, "GET", "/me", Authorization=sent)) for sent in wrong} == wrong
    assert why(ask(deployment, "GET", "/me")) == "missing"
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert ask(deployment, "GET", "/me", Authorization=f"{scheme} {tokens['access']}").status == 200


@pytest.mark.skipif(browser() is None, reason="there is no Chromium here, so no page of another origin was tried")
def test_a_page_of_another_origin_calls_uploads_downloads_and_reads_refusals(
    deployment: Deployment, enterprise: Enterprise, tmp_path: Path
) -> None:
    approved = deployment.add_approved_enterprise()
    facts = {
        "api": deployment.stack.api_url,
        "uscc": enterprise.uscc,
        "token": deployment.client.token(owner_of(enterprise.uscc)),
        "approved": approved.uscc,
        "approved_token": deployment.client.token(owner_of(approved.uscc)),
    }
    seen: Json = run_in_page(tmp_path, SCRIPT, facts)
    assert "error" not in seen, seen
    assert (seen["me"]["status"], seen["me"]["body"]["organisations"][0]["uscc"]) == (200, enterprise.uscc)
    assert seen["me"]["headers"]["x-request-id"]
    assert seen["announced"]["status"] == 201
    assert (seen["uploaded"]["status"], bool(seen["uploaded"]["etag"])) == (204, True)
    assert (seen["edited"]["status"], seen["edited"]["body"]["name"]) == (200, "网页改名")
    assert seen["downloaded"]["status"] == 200 and seen["downloaded"]["bytes"] > 0
    refused = seen["refused"]
    assert (refused["status"], refused["body"]["code"]) == (403, "ROLE_REQUIRED")
    assert refused["headers"]["x-request-id"] == refused["body"]["request_id"]
    assert (seen["forged"]["status"], seen["forged"]["body"]["errors"][0]["code"]) == (401, "malformed")
    assert "invalid_token" in seen["forged"]["headers"]["www-authenticate"]
    assert seen["anonymous"]["errors"][0]["code"] == "missing"
    assert (seen["unknown"]["status"], seen["unknown"]["body"]["code"]) == (404, "ROUTE_NOT_FOUND")
