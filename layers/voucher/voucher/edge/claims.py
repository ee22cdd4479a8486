"""What the claims of a token say, read exactly: its kind, whom it is for, and the staff roles of its owner.

What an issuer leaves open is decided against the token: two marks that contradict each other, an audience that names
others only, a group whose name merely contains a role's.
"""

import json
from collections.abc import Mapping
from typing import Any

from voucher.edge.identity import TOKEN_ROLES

Claims = Mapping[str, Any]
# Keycloak puts its own page for accounts into the audience of every token; nobody else is served under that name
KEYCLOAK_ITSELF = "account"


def is_access_token(header: Claims, claims: Claims) -> bool:
    """True if the token says so, as Cognito's do (`token_use`), as Keycloak's do (`typ`) or as RFC 9068 wants it (`typ`
    of the header), and no such mark says anything else."""
    header_type = str(header.get("typ") or "JWT").lower().removeprefix("application/")
    marks = [
        (claims.get("token_use"), "access"),
        (claims.get("typ"), "Bearer"),
        (None if header_type == "jwt" else header_type, "at+jwt"),
    ]
    made = [(mark, right) for mark, right in marks if mark is not None]
    return bool(made) and all(mark == right for mark, right in made)


def is_made_for(audience: str, claims: Claims) -> bool:
    """True if `aud` names the audience. Only where the issuer names nobody there, as Cognito and Keycloak do, must the
    client that asked for the token be it."""
    named = claims.get("aud")
    named = [named] if isinstance(named, str) else named or []
    if not isinstance(named, list):
        return False
    if audience in named:
        return True
    others = [each for each in named if each != KEYCLOAK_ITSELF or claims.get("typ") != "Bearer"]
    asked = [claims[name] for name in ("client_id", "azp") if claims.get(name) is not None]
    return not others and bool(asked) and all(each == audience for each in asked)


def roles_in(claims: Claims, groups_claim: str) -> list[str]:
    """The staff roles among the groups, whose names are those of the roles, with or without Keycloak's leading slash.
    The claim may stand inside others: `realm_access.roles`."""
    names = {name.removeprefix("/") for name in _names(_claim(claims, groups_claim))}
    return sorted(TOKEN_ROLES & names)


def _claim(claims: Claims, name: str) -> Any:
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _names(groups: Any) -> list[str]:
    """The names of groups, which issuers write as a list, as the same in JSON, as `a,b` or as `[a b]`."""
    if isinstance(groups, str):
        groups = _split(groups.strip())
    return [name for name in groups if isinstance(name, str)] if isinstance(groups, list) else []


def _split(text: str) -> list[Any]:
    is_bracketed = text.startswith("[") and text.endswith("]")
    if is_bracketed:
        try:
            return list(json.loads(text))
        except ValueError:
            text = text[1:-1]
    return [name.strip() for name in text.split(None if is_bracketed and "," not in text else ",")]
