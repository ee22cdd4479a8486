"""Whose token opens the door: what issuers write, and what is no access token for us."""

import base64
import json
import re
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.backend import function, template

ARN = "arn:aws:execute-api:ap-east-1:1:api/prod/GET/me"
ISSUER_KEYS = function("authorize").issuer_keys
ISSUER, AUDIENCE, SUBJECT = "https://issuer.example", "voucher-app", "person-1"
OURS, ANOTHERS = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
COGNITO = {"token_use": "access", "client_id": AUDIENCE, "cognito:groups": ["bureau", "visitors"]}
KEYCLOAK = {"typ": "Bearer", "azp": AUDIENCE, "aud": ["account"], "groups": ["bureau"]}
RFC_9068 = {"client_id": "another-app", "aud": AUDIENCE, "groups": "bureau"}


def published_key(kid: str) -> jwt.PyJWK:
    """Our issuer's key, as it is published under an id."""
    plain = jwt.algorithms.RSAAlgorithm.to_jwk(OURS.public_key(), as_dict=True)
    return jwt.PyJWK.from_dict(plain | {"alg": "RS256", "kid": kid})


class Keys:
    """What the issuer publishes."""

    def get_signing_key_from_jwt(self, _token: str) -> Any:
        """Our issuer's key."""
        return published_key("ours")


@pytest.fixture(autouse=True)
def issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deployed settings."""
    for name, value in {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "GROUPS_CLAIM": "groups"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(function("authorize"), "issuer_keys", Keys)


class Unknown:
    """An issuer that publishes other keys."""

    def get_signing_key_from_jwt(self, _token: str) -> Any:
        """Raises as PyJWT does."""
        raise jwt.PyJWKClientError("Unable to find a signing key")


def ask(claims: dict[str, Any], header: dict[str, str] | None = None, key: Any = OURS, scheme: str = "Bearer") -> Any:
    """The authorizer's answer to a token."""
    whole = {"iss": ISSUER, "sub": SUBJECT, "exp": time.time() + 60, **claims}
    token = jwt.encode({name: value for name, value in whole.items() if value is not None}, key, "RS256", header)
    return function("authorize").handler({"authorizationToken": f"{scheme} {token}", "methodArn": ARN}, None)


@pytest.mark.parametrize(
    ("claims", "header", "groups_claim"),
    [
        (COGNITO, None, "cognito:groups"),
        (COGNITO | {"cognito:groups": "[bureau visitors]"}, None, "cognito:groups"),
        (KEYCLOAK, None, "groups"),
        (RFC_9068, {"typ": "at+jwt"}, "groups"),
        (RFC_9068, {"typ": "application/at+jwt"}, "groups"),
    ],
)
def test_the_access_token_of_any_issuer_names_the_person_and_the_staff_roles(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], header: dict[str, str] | None, groups_claim: str
) -> None:
    monkeypatch.setenv("GROUPS_CLAIM", groups_claim)
    answer = ask(claims, header)
    assert answer["context"] == {"sub": SUBJECT, "roles": "bureau"}
    [statement] = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "arn:aws:execute-api:ap-east-1:1:api/prod/*")


def why(answer: Any) -> str:
    """The reason of a policy that denies the whole stage; beside it stands a Chinese sentence, and no subject."""
    [statement] = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Deny", "arn:aws:execute-api:ap-east-1:1:api/prod/*")
    assert set(answer["context"]) == {"reason", "detail"}
    assert any("\u4e00" <= letter <= "\u9fff" for letter in answer["context"]["detail"])
    assert not set(answer["context"]["detail"]) & set('"\\')  # it is put between quotes as it is
    return str(answer["context"]["reason"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"token_use": "id", "aud": AUDIENCE}, "not_access_token"),
        ({"token_use": None}, "not_access_token"),
        ({"token_use": None, "typ": "ID"}, "not_access_token"),
        ({"client_id": "another-app"}, "other_audience"),
        ({"client_id": None}, "other_audience"),
        ({"iss": "https://another.example"}, "unknown_issuer"),
        ({"iss": None}, "malformed"),
        ({"exp": 1}, "expired"),
        ({"exp": "tomorrow"}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"iat": 10**12}, "not_yet_valid"),
        ({"nbf": 10**12}, "not_yet_valid"),
        ({"sub": None}, "malformed"),
        ({"sub": 1}, "malformed"),
    ],
)
def test_what_is_no_access_token_for_us_is_refused_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    assert ask(COGNITO)["context"]["sub"] == SUBJECT
    assert why(ask(COGNITO | changes)) == reason


def test_a_token_that_another_key_signed_is_refused() -> None:
    assert why(ask(COGNITO, key=ANOTHERS)) == "bad_signature"


def test_a_token_of_a_key_that_the_issuer_does_not_publish_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function("authorize"), "issuer_keys", Unknown)
    assert why(ask(COGNITO)) == "unknown_key"


@pytest.mark.parametrize("seconds", [1, 9])
@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_the_issuers_clock_may_be_a_little_ahead(claim: str, seconds: int) -> None:
    assert ask(COGNITO | {claim: int(time.time()) + seconds})["context"]["sub"] == SUBJECT


def part(value: Any) -> str:
    """One part of a token."""
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


NO_TOKENS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer word",
    "Bearer a.b.c",
    "Bearer ..",
    "Bearer 丽水.丽水.丽水",
    "Bearer \x00\xff",
    "Bearer \udcff.\udcff.\udcff",
    f"Bearer {'x' * 9000}",
    f"Bearer {part({'alg': 'none'})}.{part({'sub': 'x'})}.",
    f"Bearer {part({'alg': 'HS256'})}.{part({'sub': 'x'})}.{part('x')}",
    f"Bearer {part({'alg': ['RS256']})}.{part({'sub': 'x'})}.{part('x')}",
    f"Bearer {part({'alg': 'RS256', 'kid': {'a': 1}})}.{part({'sub': 'x'})}.{part('x')}",
    f"Bearer {part([])}.{part([])}.{part('x')}",
    f"Bearer {part('[' * 5000)}.{part({})}.{part('x')}",
    f"Bearer {part({'alg': 'RS256'})}.{part('[' * 5000)}.{part('x')}",
    f"Bearer {part({'alg': 'RS256'})}.{part('1' * 5000)}.{part('x')}",
]


@pytest.mark.parametrize("header", NO_TOKENS, ids=range(len(NO_TOKENS)))
def test_what_is_no_token_at_all_is_never_a_fault(monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    keys = jwt.PyJWKClient("https://issuer.example/keys")
    monkeypatch.setattr(keys, "get_signing_keys", lambda **_: [published_key("ours")])
    monkeypatch.setattr(function("authorize"), "issuer_keys", lambda: keys)
    answer = function("authorize").handler({"authorizationToken": header, "methodArn": ARN}, None)
    assert why(answer) in {"malformed", "unknown_key"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_case_of_the_scheme_means_nothing(scheme: str) -> None:
    authorizer = template("template.yaml")["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"]["Token"]
    assert re.fullmatch(authorizer["Identity"]["ValidationExpression"], f"{scheme} a.b.c")
    assert ask(COGNITO, scheme=scheme)["context"]["sub"] == SUBJECT


def test_a_key_that_the_issuer_withdraws_opens_nothing_once_the_set_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    published = ["old"]
    monkeypatch.setattr(jwt.PyJWKClient, "get_signing_keys", lambda *_, **__: [published_key(published[0])])
    monkeypatch.setenv("JWKS_URL", "https://issuer.example/keys")
    monkeypatch.setattr(function("authorize"), "issuer_keys", ISSUER_KEYS)
    assert ask(COGNITO, {"kid": "old"})["context"]["sub"] == SUBJECT
    published[0] = "new"
    assert why(ask(COGNITO, {"kid": "old"})) == "unknown_key"


@pytest.mark.parametrize("answer", ["<html>维护中</html>", "", '{"keys": []}', '{"keys": [{}]}', None])
def test_an_issuer_that_gives_no_keys_is_a_fault_and_logs_nobody_out(
    monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    def fetched(*_: Any) -> Any:
        if answer is None:
            raise jwt.PyJWKClientConnectionError("timed out")
        return json.loads(answer)

    monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", fetched)
    monkeypatch.setenv("JWKS_URL", "https://issuer.example/keys")
    monkeypatch.setattr(function("authorize"), "issuer_keys", lambda: jwt.PyJWKClient("https://issuer.example/keys"))
    with pytest.raises(function("authorize").IssuerFailed):
        ask(COGNITO)
