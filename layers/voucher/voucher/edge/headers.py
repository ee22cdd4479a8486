"""What every answer of a function says beside its content: who may read it, who may keep it, and which request it was.

API Gateway says the same of its own answers (template.yaml, GatewayResponses). Only the standard library is imported
here, because preflights are answered with it, too.
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Any

# what a page of another origin may read beside the few headers that browsers always show
EXPOSED = (
    "Content-Disposition, ETag, Idempotent-Replay, Retry-After, WWW-Authenticate, X-Content-Sha256, "
    "X-Payout-File-Number, X-Request-Id, X-Rows-Sha256"
)
# what everybody asks for before a release is at most this old
PUBLIC_SECONDS = 2


def finished(event: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its headers. What the public may read is kept for two seconds, and answered 304 if the caller has
    it already; all else is personal and kept nowhere. HEAD has no body."""
    method, context = event["httpMethod"], event.get("requestContext") or {}
    headers: dict[str, list[str]] = answer.setdefault("multiValueHeaders", {})
    said = {"X-Content-Type-Options": "nosniff", **cors(event), "X-Request-Id": str(context.get("requestId", ""))}
    is_signed_in = bool((context.get("authorizer") or {}).get("sub"))
    if answer["statusCode"] == 200 and method in {"GET", "HEAD"} and not is_signed_in:
        tag = f'W/"{hashlib.sha256(str(answer["body"]).encode()).hexdigest()[:32]}"'
        said |= {"Cache-Control": f"public, max-age={PUBLIC_SECONDS}", "ETag": tag}
        said["Vary"] = ", ".join(filter(None, [said.get("Vary"), "Accept-Encoding"]))
        if tag in _known(event):
            answer |= {"statusCode": 304, "body": "", "isBase64Encoded": False}
    else:
        said["Cache-Control"] = "no-store"
    for name, value in said.items():
        headers.setdefault(name, [value])
    if method == "HEAD":
        answer |= {"body": "", "isBase64Encoded": False}
    return answer


def cors(event: Mapping[str, Any]) -> dict[str, str]:
    """What a browser must hear before a page of the request's origin may read the answer; without the permission if
    ALLOWED_ORIGINS does not name that origin."""
    allowed = os.environ.get("ALLOWED_ORIGINS", "*")
    if allowed == "*":
        return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
    origin = header(event, "origin")
    if origin not in allowed.split(","):
        return {"Vary": "Origin"}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED, "Vary": "Origin"}


def header(event: Mapping[str, Any], name: str) -> str:
    """A header of the request, whatever the case of its name; empty when absent."""
    return next((str(value) for key, value in (event.get("headers") or {}).items() if key.lower() == name), "")


def _known(event: Mapping[str, Any]) -> set[str]:
    """The tags of what the caller has, all as weak ones: a proxy may have made one weak or strong by compressing."""
    return {f"W/{tag.strip().removeprefix('W/')}" for tag in header(event, "if-none-match").split(",")}
