"""Whose token opens the door, as an issuer's published keys say: what issuers write, and what is no token for us."""

import base64
import json
import logging
import re
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.support.backend import function, template
from tests.support.issuer import Issuer, PrivateKey, published, running_issuer
from voucher.edge.issuer import LIFESPAN_SECONDS, PAUSE_SECONDS, STALE_SECONDS, IssuerFailed

ARN = "arn:aws:execute-api:ap-east-1:1:api/prod/GET/me"
ISSUER, AUDIENCE, SUBJECT = "https://issuer.example", "voucher-app", "person-1"
OURS, ANOTHERS = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
CURVE = ec.generate_private_key(ec.SECP256R1())
COGNITO = {"token_use": "access", "client_id": AUDIENCE, "cognito:groups": ["bureau", "visitors"]}
KEYCLOAK = {"typ": "Bearer", "azp": AUDIENCE, "aud": "account", "groups": ["/bureau", "/visitors"]}
RFC_9068 = {"client_id": "another-app", "aud": AUDIENCE, "groups": "bureau"}
AT_JWT = {"typ": "at+jwt"}
START = 1_800_000_000


@pytest.fixture(autouse=True)
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """The deployed settings, and an issuer that publishes a key of each kind. Its process is a new one."""
    monkeypatch.setattr(logging.root.manager, "disable", logging.NOTSET)
    with running_issuer() as running:
        running.publish(published(OURS, "ours"), published(CURVE, "curve"))
        deployed = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "GROUPS_CLAIM": "groups", "JWKS_URL": running.address}
        for name, value in {**deployed, "no_proxy": "127.0.0.1"}.items():
            monkeypatch.setenv(name, value)
        function("authorize").issuer_keys.cache_clear()
        yield running


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still until it is moved."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def ask_with(authorization: str) -> Any:
    """The authorizer's answer to a header."""
    return function("authorize").handler({"authorizationToken": authorization, "methodArn": ARN}, None)


def token_of(
    claims: dict[str, Any],
    header: dict[str, Any] | None = None,
    key: PrivateKey = OURS,
    algorithm: str = "RS256",
) -> str:
    """A token of our issuer; claims and parts of its header that are None are left out."""
    whole = {"iss": ISSUER, "sub": SUBJECT, "exp": time.time() + 60, **claims}
    kept = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(kept, key, algorithm, {"kid": "ours", **(header or {})})


def ask(claims: dict[str, Any], header: dict[str, Any] | None = None, key: PrivateKey = OURS) -> Any:
    """The authorizer's answer to such a token."""
    return ask_with(f"Bearer {token_of(claims, header, key)}")


def roles_of(answer: Any) -> str:
    """The roles that a policy grants for the whole stage, after the subject."""
    [statement] = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "arn:aws:execute-api:ap-east-1:1:api/prod/*")
    assert answer["context"]["sub"] == SUBJECT
    return str(answer["context"]["roles"])


def why(answer: Any) -> str:
    """The reason of a policy that denies the whole stage; beside it stands a Chinese sentence, and no subject."""
    [statement] = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Deny", "arn:aws:execute-api:ap-east-1:1:api/prod/*")
    assert set(answer["context"]) == {"reason", "detail"}
    assert any("\u4e00" <= letter <= "\u9fff" for letter in answer["context"]["detail"])
    assert not set(answer["context"]["detail"]) & set('"\\')  # it is put between quotes as it is
    return str(answer["context"]["reason"])


@pytest.mark.parametrize(
    ("claims", "header", "groups_claim"),
    [
        (COGNITO, None, "cognito:groups"),
        (COGNITO | {"cognito:groups": "[bureau visitors]"}, None, "cognito:groups"),
        (KEYCLOAK, None, "groups"),
        (KEYCLOAK | {"aud": ["account", AUDIENCE]}, None, "groups"),
        (KEYCLOAK | {"aud": None}, {"typ": "JWT"}, "groups"),
        (RFC_9068, AT_JWT, "groups"),
        (RFC_9068, {"typ": "application/AT+JWT"}, "groups"),
        (RFC_9068 | {"aud": ["https://issuer.example/userinfo", AUDIENCE]}, AT_JWT, "groups"),
    ],
)
def test_the_access_token_of_any_issuer_names_the_person_and_the_staff_roles(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], header: dict[str, str] | None, groups_claim: str
) -> None:
    monkeypatch.setenv("GROUPS_CLAIM", groups_claim)
    assert roles_of(ask(claims, header)) == "bureau"


def test_a_key_on_a_curve_signs_as_well() -> None:
    assert roles_of(ask_with(f"Bearer {token_of(RFC_9068, AT_JWT | {'kid': 'curve'}, CURVE, 'ES256')}")) == "bureau"


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        (["/platform"], "platform"),
        ('["/platform", "bureau"]', "bureau,platform"),
        ("/platform", "platform"),
        ("platform,bureau", "bureau,platform"),
        ("platform, /bureau", "bureau,platform"),
        ("[platform bureau]", "bureau,platform"),
        ("[platform, bureau]", "bureau,platform"),
        ([], ""),
        ("", ""),
        (None, ""),
        (["not platform"], ""),
        ("not platform", ""),
        ("[not platform, staff]", ""),
        ('["not platform"]', ""),
        (["x/platform", "/x/platform", "/platform/x", "//platform", "platform/"], ""),
        (["Platform", "PLATFORM", " platform", "platform\n", "ｐlatform", "platform,bureau"], ""),
        ([["platform"], {"platform": 1}, 7, None], ""),
        ({"platform": True}, ""),
        ('{"platform": 1}', ""),
        (7, ""),
        (True, ""),
        ('["platform"', ""),
        ("[" * 5000, ""),
    ],
)
def test_only_a_whole_name_of_a_group_is_a_role(groups: Any, roles: str) -> None:
    assert roles_of(ask(KEYCLOAK | {"groups": groups})) == roles


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"realm_access": {"roles": ["offline_access", "bureau"]}}, "bureau"),
        ({"realm_access.roles": ["finance"], "realm_access": {"roles": ["bureau"]}}, "finance"),
        ({"realm_access": ["bureau"]}, ""),
        ({"realm_access": "roles"}, ""),
        ({"realm_access": {"roles": {"bureau": 1}}}, ""),
        ({"roles": ["bureau"]}, ""),
    ],
)
def test_the_claim_of_the_groups_may_stand_inside_another(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], roles: str
) -> None:
    monkeypatch.setenv("GROUPS_CLAIM", "realm_access.roles")
    assert roles_of(ask(KEYCLOAK | claims)) == roles


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_id": "another-app"}, "other_audience"),
        ({"client_id": None}, "other_audience"),
        ({"client_id": None, "azp": "another-app"}, "other_audience"),
        ({"azp": "another-app"}, "other_audience"),
        ({"aud": "another-app"}, "other_audience"),
        ({"aud": "account"}, "other_audience"),
        ({"aud": {AUDIENCE: 1}}, "other_audience"),
        ({"aud": f"{AUDIENCE} another-app"}, "other_audience"),
        ({"client_id": [AUDIENCE]}, "other_audience"),
        ({"iss": "https://another.example"}, "unknown_issuer"),
        ({"iss": f"{ISSUER}/"}, "unknown_issuer"),
        ({"iss": None}, "malformed"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "malformed"),
        ({"exp": "tomorrow"}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"iat": 10**12}, "not_yet_valid"),
        ({"iat": {}}, "malformed"),
        ({"nbf": 10**12}, "not_yet_valid"),
        ({"nbf": []}, "malformed"),
        ({"sub": None}, "malformed"),
        ({"sub": 1}, "malformed"),
        ({"sub": ""}, "malformed"),
        ({"sub": " person"}, "malformed"),
        ({"sub": "person\n"}, "malformed"),
        ({"sub": "x" * 256}, "malformed"),
        ({"sub": "role:bureau"}, "malformed"),
        ({"sub": "\ud800"}, "malformed"),
    ],
)
def test_what_is_no_access_token_for_us_is_refused_with_the_reason(
    caplog: pytest.LogCaptureFixture, changes: dict[str, Any], reason: str
) -> None:
    assert ask(COGNITO)["context"]["sub"] == SUBJECT
    assert why(ask(COGNITO | changes)) == reason
    assert not caplog.records, "these are foreseen"


@pytest.mark.parametrize(
    "changes", [{"aud": "another-app"}, {"aud": ["account", "another-app"]}, {"aud": ["another-app"], "client_id": "x"}]
)
def test_a_token_for_another_service_opens_nothing_though_our_client_asked(changes: dict[str, Any]) -> None:
    assert why(ask(KEYCLOAK | changes)) == "other_audience"


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        (COGNITO | {"token_use": "id", "aud": AUDIENCE}, None),
        (COGNITO | {"token_use": None}, None),
        (COGNITO | {"token_use": None, "typ": "ID"}, None),
        (KEYCLOAK | {"typ": "Refresh"}, None),
        (KEYCLOAK | {"typ": "bearer"}, None),
        (KEYCLOAK | {"typ": "DPoP"}, None),
        (COGNITO | {"token_use": "id", "typ": "Bearer"}, AT_JWT),
        (COGNITO | {"token_use": ["access"]}, AT_JWT),
        (KEYCLOAK | {"typ": "ID"}, AT_JWT),
        (COGNITO, {"typ": "logout+jwt"}),
        (KEYCLOAK, {"typ": "id+jwt"}),
        (RFC_9068, {"typ": "JWT"}),
    ],
)
def test_a_token_of_another_kind_is_refused_whatever_else_it_says(
    claims: dict[str, Any], header: dict[str, str] | None
) -> None:
    assert why(ask(claims, header)) == "not_access_token"


def test_a_token_that_another_key_signed_is_refused() -> None:
    assert why(ask(COGNITO, key=ANOTHERS)) == "bad_signature"


@pytest.mark.parametrize(
    ("kid", "key", "algorithm", "reason"),
    [
        ("ours", CURVE, "ES256", "bad_algorithm"),
        ("curve", OURS, "RS256", "bad_algorithm"),
        ("ours", OURS, "RS512", "bad_algorithm"),
        ("ours", OURS, "PS256", "bad_algorithm"),
    ],
)
def test_a_signature_of_another_kind_than_the_key_is_refused(
    kid: str, key: PrivateKey, algorithm: str, reason: str
) -> None:
    assert why(ask_with(f"Bearer {token_of(COGNITO, {'kid': kid}, key, algorithm)}")) == reason


def test_a_token_that_breaks_the_library_is_refused_and_logged_but_no_fault(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise TypeError("a key of another kind")

    monkeypatch.setattr(jwt, "decode_complete", broken)
    assert why(ask(COGNITO)) == "malformed"
    assert [record.getMessage() for record in caplog.records] == ["token refused for TypeError"]


def test_a_setting_that_the_deployment_lacks_is_a_fault_and_logs_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUDIENCE")
    with pytest.raises(KeyError):
        ask(COGNITO)


@pytest.mark.parametrize(("seconds", "reason"), [(1, None), (10, None), (11, "not_yet_valid")])
@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_the_issuers_clock_may_be_ten_seconds_ahead(
    clock: time_machine.Traveller, claim: str, seconds: int, reason: str | None
) -> None:
    answer = ask(COGNITO | {claim: START + seconds})
    assert answer["context"].get("reason") == reason


@pytest.mark.parametrize(("seconds", "reason"), [(1, None), (9, None), (10, "expired")])
def test_a_token_ends_less_than_ten_seconds_late(
    clock: time_machine.Traveller, seconds: int, reason: str | None
) -> None:
    assert ask(COGNITO | {"exp": START - seconds})["context"].get("reason") == reason


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
    f"Bearer {part({'alg': 'HS256', 'kid': 'ours'})}.{part({'sub': 'x'})}.{part('x')}",
    f"Bearer {part({'alg': ['RS256']})}.{part({'sub': 'x'})}.{part('x')}",
    f"Bearer {part({'alg': 'RS256'})}.{part({'sub': 'x'})}.{part('x')}",
    f"Bearer {part({'alg': 'RS256', 'kid': {'a': 1}})}.{part({'sub': 'x'})}.{part('x')}",
    f"Bearer {part({'alg': 'RS256', 'kid': 'ours', 'crit': ['x']})}.{part({'sub': 'x'})}.{part('x')}",
    f"Bearer {part({'alg': 'RS256', 'kid': 'ours', 'b64': False})}.{part({'sub': 'x'})}.{part('x')}",
    f"Bearer {part([])}.{part([])}.{part('x')}",
    f"Bearer {part('[' * 5000)}.{part({})}.{part('x')}",
    f"Bearer {part('[' * 200_000)}.{part({})}.{part('x')}",
    f"Bearer {part({'alg': 'RS256', 'kid': 'ours'})}.{part('[' * 5000)}.{part('x')}",
    f"Bearer {part({'alg': 'RS256', 'kid': 'ours'})}.{part('1' * 5000)}.{part('x')}",
    f"Bearer {part({'alg': 'ES256', 'kid': 'ours'})}.{part({'sub': 'x'})}.{part('x')}",
    f"Bearer {part({'alg': 'ES256', 'kid': 'curve'})}.{part({'sub': 'x'})}.{part('x')}",
]


@pytest.mark.parametrize("header", NO_TOKENS, ids=range(len(NO_TOKENS)))
def test_what_is_no_token_at_all_is_never_a_fault(header: str) -> None:
    assert why(ask_with(header)) in {"malformed", "unknown_key", "bad_algorithm", "bad_signature"}


SCHEMES = ["Bearer ", "bearer ", "BEARER ", "bEaReR  ", "Bearer     "]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_neither_the_case_of_the_scheme_nor_more_blanks_mean_anything(scheme: str) -> None:
    authorizer = template("template.yaml")["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"]["Token"]
    header = scheme + token_of(COGNITO)
    assert re.fullmatch(authorizer["Identity"]["ValidationExpression"], header)
    assert ask_with(header)["context"]["sub"] == SUBJECT


@pytest.mark.parametrize("scheme", ["", "Basic ", "DPoP ", "Bearer\t", "Bearer: ", "Bearerx "])
def test_another_scheme_opens_nothing_at_the_gate_or_behind_it(scheme: str) -> None:
    authorizer = template("template.yaml")["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"]["Token"]
    header = scheme + token_of(COGNITO)
    assert not re.fullmatch(authorizer["Identity"]["ValidationExpression"], header)
    assert why(ask_with(header)) == "malformed"


def test_the_keys_are_asked_for_once_while_they_are_fresh(issuer: Issuer, clock: time_machine.Traveller) -> None:
    for _ in range(3):
        roles_of(ask(COGNITO))
        clock.shift(LIFESPAN_SECONDS / 4)
    assert issuer.asked == 1
    clock.shift(LIFESPAN_SECONDS / 4)
    roles_of(ask(COGNITO))
    assert issuer.asked == 2


def test_a_key_that_the_issuer_withdraws_opens_nothing_once_the_set_is_stale(
    issuer: Issuer, clock: time_machine.Traveller
) -> None:
    roles_of(ask(COGNITO))
    issuer.publish(published(ANOTHERS, "next"))
    clock.shift(LIFESPAN_SECONDS - 1)
    roles_of(ask(COGNITO))
    clock.shift(1)
    assert why(ask(COGNITO)) == "unknown_key"
    roles_of(ask(COGNITO, {"kid": "next"}, ANOTHERS))
    assert 300 <= LIFESPAN_SECONDS <= 600


def test_a_key_under_a_known_id_is_replaced_with_the_set(issuer: Issuer, clock: time_machine.Traveller) -> None:
    roles_of(ask(COGNITO))
    issuer.publish(published(ANOTHERS, "ours"))
    clock.shift(LIFESPAN_SECONDS)
    assert why(ask(COGNITO)) == "bad_signature"


def test_an_issuer_that_withdraws_every_key_lets_nobody_in(issuer: Issuer, clock: time_machine.Traveller) -> None:
    roles_of(ask(COGNITO))
    issuer.publish()
    clock.shift(LIFESPAN_SECONDS)
    with pytest.raises(IssuerFailed):
        ask(COGNITO)


def test_a_new_key_is_known_ten_seconds_after_the_last_look(issuer: Issuer, clock: time_machine.Traveller) -> None:
    roles_of(ask(COGNITO))
    issuer.publish(published(OURS, "ours"), published(ANOTHERS, "next"))
    assert why(ask(COGNITO, {"kid": "next"}, ANOTHERS)) == "unknown_key"
    clock.shift(PAUSE_SECONDS)
    roles_of(ask(COGNITO, {"kid": "next"}, ANOTHERS))


def test_made_up_keys_do_not_make_us_ask_the_issuer_each_time(issuer: Issuer, clock: time_machine.Traveller) -> None:
    for number in range(100):
        assert why(ask(COGNITO, {"kid": f"made-up-{number}"})) == "unknown_key"
    assert issuer.asked == 1
    clock.shift(PAUSE_SECONDS)
    for number in range(100):
        assert why(ask(COGNITO, {"kid": f"made-up-{number}"})) == "unknown_key"
    assert issuer.asked == 2


def test_what_nobody_could_sign_does_not_make_us_ask_at_all(issuer: Issuer) -> None:
    for header in NO_TOKENS[:13]:
        why(ask_with(header))
    assert issuer.asked == 0


FAILURES = {"busy": (503, b""), "a page": (200, "<html>维护中</html>".encode()), "nothing": (200, b"")}


@pytest.mark.parametrize("failure", FAILURES)
def test_while_the_issuer_fails_its_last_keys_go_on_for_an_hour(
    issuer: Issuer, clock: time_machine.Traveller, failure: str
) -> None:
    roles_of(ask(COGNITO))
    issuer.status, issuer.content = FAILURES[failure]
    clock.shift(STALE_SECONDS - 1)
    roles_of(ask(COGNITO))
    assert why(ask(COGNITO, {"kid": "made-up"})) == "unknown_key"
    clock.shift(1)
    with pytest.raises(IssuerFailed):
        ask(COGNITO)


def test_an_issuer_that_fails_is_asked_again_but_not_at_each_request(
    issuer: Issuer, clock: time_machine.Traveller
) -> None:
    good, issuer.status = issuer.content, 503
    for _ in range(10):
        with pytest.raises(IssuerFailed):
            ask(COGNITO)
    assert issuer.asked == 1
    issuer.status, issuer.content = 200, good
    clock.shift(PAUSE_SECONDS)
    roles_of(ask(COGNITO))


@pytest.mark.parametrize("content", ["<html>维护中</html>", "", '{"keys": []}', '{"keys": [{}]}', "[]", "7", "\udcff"])
def test_an_issuer_that_gives_no_keys_is_a_fault_and_logs_nobody_out(issuer: Issuer, content: str) -> None:
    issuer.content = content.encode(errors="surrogateescape")
    with pytest.raises(IssuerFailed):
        ask(COGNITO)


def test_an_issuer_that_nobody_answers_for_is_a_fault(monkeypatch: pytest.MonkeyPatch, issuer: Issuer) -> None:
    monkeypatch.setenv("JWKS_URL", "http://127.0.0.1:9/keys")
    with pytest.raises(IssuerFailed):
        ask(COGNITO)


@pytest.mark.parametrize(
    "odd",
    [
        published(ANOTHERS, "other", use="enc"),
        published(ANOTHERS, None),
        {"kty": "unheard of", "kid": "odd"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "ours-too"},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA", "kid": "odd"},
    ],
)
def test_a_key_of_no_use_beside_ours_harms_nothing(issuer: Issuer, odd: dict[str, Any]) -> None:
    issuer.publish(odd, published(OURS, "ours"))
    roles_of(ask(COGNITO))
