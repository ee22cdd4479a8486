"""Lambda authorizer: a token in; out comes a policy with the caller's subject and roles, or with the reason why not.

Any OIDC issuer will do if it signs with RS256 or ES256, says in its tokens which are access tokens (as Cognito,
Keycloak or RFC 9068 do) and puts staff roles into a claim. Of each token the signature (by the issuer's published
keys), issuer, expiry, audience and kind are checked; an id token is refused.

A wrong token is answered by a policy that denies, not by an exception, because only a policy can carry a reason: the
gateway response ACCESS_DENIED shows it to the caller, with status 401. The reason is remembered as long as a policy.
"""

import logging
import os
import re
from functools import cache
from typing import Any

import jwt

from voucher.edge.claims import is_access_token, is_made_for, roles_in
from voucher.edge.issuer import IssuerFailed, IssuerKeys, UnknownKey

# how far the issuer's clock and ours may be apart, in either direction
LEEWAY_SECONDS = 10
ALGORITHMS = ["RS256", "ES256"]
# as OpenID Connect has it; a subject is part of keys, and `role:` begins the inboxes that staff share
SUBJECT = re.compile(r"(?!role:)[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")


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
    jwt.InvalidAlgorithmError: ("bad_algorithm", "登录凭证的签名算法与本系统要求不符，请重新登录。"),
    jwt.InvalidIssuerError: ("unknown_issuer", "登录凭证不是本系统认可的登录服务签发的，请重新登录。"),
    UnknownKey: ("unknown_key", "登录凭证的签名密钥未知，请重新登录。"),
    NotAccessToken: ("not_access_token", "这不是访问令牌，请改用访问令牌（access token）。"),
    OtherAudience: ("other_audience", "登录凭证是为其他应用签发的，请重新登录。"),
}


@cache
def issuer_keys() -> IssuerKeys:
    """The issuer's keys, as this process knows them."""
    return IssuerKeys(os.environ["JWKS_URL"])


def verified_claims(authorization: str, keys: IssuerKeys, issuer: str, audience: str) -> dict[str, Any]:
    """The claims of the valid access token in the header `Authorization`. Raises IssuerFailed, which is a fault;
    whatever else it raises is the token's fault."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip(" ")
    # who signs otherwise does not make us look for keys
    header = jwt.get_unverified_header(token)
    if scheme.lower() != "bearer":
        raise jwt.DecodeError
    if header.get("alg") not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError
    decoded = jwt.decode_complete(
        token,
        keys.find(header.get("kid")),
        algorithms=ALGORITHMS,
        issuer=issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": ["exp", "iss", "sub"], "verify_aud": False},
    )
    claims: dict[str, Any] = decoded["payload"]
    if not is_access_token(decoded["header"], claims):
        raise NotAccessToken
    if not is_made_for(audience, claims):
        raise OtherAudience
    if not SUBJECT.fullmatch(claims["sub"]):
        raise jwt.InvalidTokenError
    return claims


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """API Gateway's token authorizer. It fails if the issuer gives no keys, since a refusal would log everybody out."""
    authorization = str(event.get("authorizationToken", ""))
    # before a token is looked at: what the deployment lacks is a fault
    settings, groups_claim = (issuer_keys(), os.environ["ISSUER"], os.environ["AUDIENCE"]), os.environ["GROUPS_CLAIM"]
    try:
        claims = verified_claims(authorization, *settings)
        roles = ",".join(roles_in(claims, groups_claim))
    except IssuerFailed:
        raise
    except Exception as error:  # noqa: BLE001 - a stranger chooses what a token breaks, and must not choose a fault
        reason, detail = REASONS.get(type(error), MALFORMED)
        if not isinstance(error, jwt.PyJWTError | ValueError):
            logging.getLogger().warning("token refused for %s", type(error).__name__)
        return policy(event, "Deny", "nobody", reason=reason, detail=detail)
    return policy(event, "Allow", claims["sub"], sub=claims["sub"], roles=roles)


def policy(event: dict[str, Any], effect: str, principal: str, **context: str) -> dict[str, Any]:
    """One policy for the whole stage, so that API Gateway's cache of it serves every route."""
    api_stage = "/".join(event["methodArn"].split("/")[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{api_stage}/*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal, "policyDocument": document, "context": context}
