"""Lambda authorizer: a token in; out comes a policy with the caller's subject and roles, or with the reason why not.

Any OIDC issuer will do if it signs with RS256 or ES256, says in its tokens which are access tokens (as Cognito,
Keycloak or RFC 9068 do) and puts staff roles into a claim. Of each token the signature (by the issuer's published keys,
cached), issuer, expiry, audience and kind are checked; an id token is refused.

A wrong token is answered by a policy that denies, not by an exception, because only a policy can carry a reason: the
gateway response ACCESS_DENIED shows it to the caller, with status 401. The reason is remembered as long as a policy.
"""

import os
from functools import cache
from typing import Any

import jwt
from jwt import PyJWKClient

from voucher.edge.identity import STAFF_ROLES

# how far the issuer's clock and ours may be apart
LEEWAY_SECONDS = 10


class IssuerFailed(Exception):
    """The issuer cannot be reached, or answers something else than keys."""


# what comes of that; a key that is not among good ones is the token's fault
UNUSABLE_KEYS = (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError, jwt.PyJWKError, ValueError)


class NotAccessToken(jwt.InvalidTokenError):
    """A token of another kind, such as an id token."""


class OtherAudience(jwt.InvalidTokenError):
    """A token that was made for another application."""


# what is wrong with a token: a code for programs, a sentence for people
MALFORMED = "malformed", "登录凭证格式有误，请重新登录。"
REASONS: dict[type[Exception], tuple[str, str]] = {
    jwt.ExpiredSignatureError: ("expired", "登录已过期，请重新登录。"),
    jwt.ImmatureSignatureError: ("not_yet_valid", "登录凭证尚未生效，请稍后重试。"),
    jwt.InvalidSignatureError: ("bad_signature", "登录凭证的签名无效，请重新登录。"),
    jwt.InvalidIssuerError: ("unknown_issuer", "登录凭证不是本系统认可的登录服务签发的，请重新登录。"),
    jwt.PyJWKClientError: ("unknown_key", "登录凭证的签名密钥未知，请重新登录。"),
    NotAccessToken: ("not_access_token", "这不是访问令牌，请改用访问令牌（access token）。"),
    OtherAudience: ("other_audience", "登录凭证是为其他应用签发的，请重新登录。"),
}


@cache
def issuer_keys() -> PyJWKClient:
    """The issuer's published signing keys, fetched once per process and again for a key it does not know."""
    return PyJWKClient(os.environ["JWKS_URL"], lifespan=3600, timeout=5)


def verified_claims(token: str) -> dict[str, Any]:
    """The claims of a valid access token. Raises jwt.PyJWTError for anything else, ValueError for what is no text."""
    # first, so that what fails at the keys is not the token's fault
    jwt.decode_complete(token, options={"verify_signature": False})
    try:
        key = issuer_keys().get_signing_key_from_jwt(token)
    except UNUSABLE_KEYS as fault:
        raise IssuerFailed from fault
    decoded = jwt.decode_complete(
        token,
        key.key,
        algorithms=["RS256", "ES256"],
        issuer=os.environ["ISSUER"],
        leeway=LEEWAY_SECONDS,
        options={"require": ["exp", "iss", "sub"], "verify_aud": False},
    )
    claims: dict[str, Any] = decoded["payload"]
    if not is_access_token(decoded["header"], claims):
        raise NotAccessToken
    if os.environ["AUDIENCE"] not in audiences(claims):
        raise OtherAudience
    return claims


def is_access_token(header: dict[str, Any], claims: dict[str, Any]) -> bool:
    """True if the token says so: as Cognito's do, as Keycloak's do, or as RFC 9068 wants it."""
    header_type = str(header.get("typ", "")).lower().removeprefix("application/")
    return claims.get("token_use") == "access" or claims.get("typ") == "Bearer" or header_type == "at+jwt"


def audiences(claims: dict[str, Any]) -> set[str]:
    """Whom a token was made for: the client that asked for it, and its audience, one or several."""
    named = claims.get("aud") or []
    asked = {claims.get("client_id"), claims.get("azp")}
    return {str(each) for each in (*asked, *([named] if isinstance(named, str) else named)) if each}


def roles_in(claims: dict[str, Any]) -> list[str]:
    """Staff roles from the group claim, which issuers write as a list, as `a,b` or as `[a b]`."""
    groups = claims.get(os.environ["GROUPS_CLAIM"]) or []
    if isinstance(groups, str):
        groups = groups.strip("[]").replace(",", " ").split()
    return sorted(STAFF_ROLES.intersection(str(group) for group in groups))


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """API Gateway's token authorizer. It fails if the issuer gives no keys, since a refusal would log everybody out."""
    token = str(event.get("authorizationToken", "")).partition(" ")[2].strip()
    try:
        claims = verified_claims(token)
    except (jwt.PyJWTError, ValueError) as error:
        reason, detail = REASONS.get(type(error), MALFORMED)
        return policy(event, "Deny", "nobody", reason=reason, detail=detail)
    return policy(event, "Allow", claims["sub"], sub=claims["sub"], roles=",".join(roles_in(claims)))


def policy(event: dict[str, Any], effect: str, principal: str, **context: str) -> dict[str, Any]:
    """One policy for the whole stage, so that API Gateway's cache of it serves every route."""
    api_stage = "/".join(event["methodArn"].split("/")[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{api_stage}/*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal, "policyDocument": document, "context": context}
