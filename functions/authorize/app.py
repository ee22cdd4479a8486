"""Lambda authorizer: an access token of the configured issuer in, a policy with the caller's subject and roles out.

Any OIDC issuer will do if it signs with RS256 or ES256, says in its tokens which are access tokens (as Cognito,
Keycloak or RFC 9068 do) and puts staff roles into a claim. Of each token the signature (by the issuer's published keys,
cached), issuer, expiry, audience and kind are checked; an id token is refused.
"""

import os
from functools import cache
from typing import Any

import jwt
from jwt import PyJWKClient

from voucher.edge.identity import STAFF_ROLES


@cache
def issuer_keys() -> PyJWKClient:
    """The issuer's published signing keys, fetched once per process and again for a key it does not know."""
    return PyJWKClient(os.environ["JWKS_URL"], cache_keys=True, lifespan=3600, timeout=5)


def verified_claims(token: str) -> dict[str, Any]:
    """The claims of a valid access token. Raises jwt.PyJWTError for anything else."""
    key = issuer_keys().get_signing_key_from_jwt(token)
    decoded = jwt.decode_complete(
        token,
        key.key,
        algorithms=["RS256", "ES256"],
        issuer=os.environ["ISSUER"],
        options={"require": ["exp", "iss", "sub"], "verify_aud": False},
    )
    claims: dict[str, Any] = decoded["payload"]
    if not is_access_token(decoded["header"], claims) or os.environ["AUDIENCE"] not in audiences(claims):
        raise jwt.InvalidTokenError("not an access token for this audience")
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
    """API Gateway's token authorizer. `Unauthorized` is the exact word that makes it answer 401."""
    scheme, _, token = str(event.get("authorizationToken", "")).partition(" ")
    try:
        claims = verified_claims(token if scheme.lower() == "bearer" else "")
    except jwt.PyJWKClientConnectionError:
        raise  # the issuer cannot be reached: a fault, which must not log everybody out
    except jwt.PyJWTError:
        raise Exception("Unauthorized") from None  # noqa: TRY002 - the one word it understands
    # One policy for the whole stage, so that API Gateway's cache of it serves every route.
    api_stage = "/".join(event["methodArn"].split("/")[:2])
    allow = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api_stage}/*"}
    return {
        "principalId": claims["sub"],
        "policyDocument": {"Version": "2012-10-17", "Statement": [allow]},
        "context": {"sub": claims["sub"], "roles": ",".join(roles_in(claims))},
    }
