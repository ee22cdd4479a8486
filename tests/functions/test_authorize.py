"""Whose token opens the door: what issuers write, and what is no access token for us."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.backend import function

ISSUER, AUDIENCE, SUBJECT = "https://issuer.example", "voucher-app", "person-1"
OURS, ANOTHERS = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
COGNITO = {"token_use": "access", "client_id": AUDIENCE, "cognito:groups": ["bureau", "visitors"]}
KEYCLOAK = {"typ": "Bearer", "azp": AUDIENCE, "aud": ["account"], "groups": ["bureau"]}
RFC_9068 = {"client_id": "another-app", "aud": AUDIENCE, "groups": "bureau"}


class Keys:
    """What the issuer publishes."""

    def get_signing_key_from_jwt(self, _token: str) -> Any:
        """Our issuer's key."""
        return jwt.PyJWK.from_dict(
            jwt.algorithms.RSAAlgorithm.to_jwk(OURS.public_key(), as_dict=True) | {"alg": "RS256"}
        )


class OutOfReach:
    """An issuer that does not answer."""

    def get_signing_key_from_jwt(self, _token: str) -> Any:
        """Raises as PyJWT does."""
        raise jwt.PyJWKClientConnectionError("timed out")


@pytest.fixture(autouse=True)
def issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deployed settings."""
    for name, value in {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "GROUPS_CLAIM": "groups"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(function("authorize"), "issuer_keys", Keys)


def ask(claims: dict[str, Any], header: dict[str, str] | None = None, key: Any = OURS) -> Any:
    """The authorizer's answer to a token."""
    whole = {"iss": ISSUER, "sub": SUBJECT, "exp": time.time() + 60, **claims}
    token = jwt.encode({name: value for name, value in whole.items() if value is not None}, key, "RS256", header)
    arn = "arn:aws:execute-api:ap-east-1:1:api/prod/GET/me"
    return function("authorize").handler({"authorizationToken": f"Bearer {token}", "methodArn": arn}, None)


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


@pytest.mark.parametrize(
    "changes",
    [
        {"token_use": "id", "aud": AUDIENCE},
        {"token_use": None},
        {"token_use": None, "typ": "ID"},
        {"client_id": "another-app"},
        {"client_id": None},
        {"iss": "https://another.example"},
        {"exp": 1},
        {"sub": None},
    ],
)
def test_what_is_no_access_token_for_us_is_refused(changes: dict[str, Any]) -> None:
    assert ask(COGNITO)
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask(COGNITO | changes)


def test_a_token_that_another_key_signed_is_refused() -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask(COGNITO, key=ANOTHERS)


def test_an_issuer_out_of_reach_is_a_fault_and_logs_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function("authorize"), "issuer_keys", OutOfReach)
    with pytest.raises(jwt.PyJWKClientConnectionError):
        ask(COGNITO)
