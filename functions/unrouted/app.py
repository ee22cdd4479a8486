"""What no route answers: the preflight of each path, a method that a path does not have, and unknown paths.

A browser asks here before each call of a page of another origin, so a preflight is answered without any import.
"""

import json
from pathlib import Path
from typing import Any

from voucher.edge.headers import cors, finished

# the methods of each path, paths with fewer ids first; `make pages` writes them from template.yaml
METHODS: dict[str, list[str]] = json.loads((Path(__file__).parent / "methods.json").read_text())
# what a page may send beside the few headers that every page may
REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match"
ANY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
# for how long a browser remembers a preflight; none does for longer than two hours
REMEMBERED_SECONDS = 7200


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """The answer to a request that fits no route."""
    allowed = methods_of(str((event.get("pathParameters") or {}).get("proxy", "")))
    if event["httpMethod"] == "OPTIONS":
        return preflight(event, allowed)
    return refusal(event, allowed)


def methods_of(path: str) -> list[str]:
    """The methods of a path; none if it is unknown. As in API Gateway, a part that is spelt out comes before an id."""
    parts = path.strip("/").split("/")
    for known, allowed in METHODS.items():
        pattern = known.strip("/").split("/")
        if len(pattern) == len(parts) and all(a == b or a[0] == "{" for a, b in zip(pattern, parts, strict=True)):
            return allowed
    return []


def preflight(event: dict[str, Any], allowed: list[str]) -> dict[str, Any]:
    """What a page may do with a path. With an unknown one anything, so that the page may read that it is unknown."""
    names = ", ".join([*(allowed or ANY), "OPTIONS"])
    said = {"Allow": names, "Access-Control-Max-Age": str(REMEMBERED_SECONDS)} | cors(event)
    if "Access-Control-Allow-Origin" in said:
        said |= {"Access-Control-Allow-Methods": names, "Access-Control-Allow-Headers": REQUEST_HEADERS}
    return finished(
        event, {"statusCode": 204, "multiValueHeaders": {name: [value] for name, value in said.items()}, "body": ""}
    )


def refusal(event: dict[str, Any], allowed: list[str]) -> dict[str, Any]:
    """405 with the methods that the path has, or 404."""
    # not above: they take ten times as long to import as the rest, and preflights do without
    from voucher.edge.observe import log_request  # noqa: PLC0415
    from voucher.edge.replies import problem  # noqa: PLC0415
    from voucher.refusals import Refusal, Refused  # noqa: PLC0415

    request_id = str((event.get("requestContext") or {}).get("requestId", ""))
    log_request(event)
    refused = Refused(Refusal.ROUTE_NOT_FOUND)
    allow = {}
    if allowed:
        method, others = event["httpMethod"], "、".join(allowed)
        refused = Refused(Refusal.METHOD_NOT_ALLOWED, method=method, allowed=others)
        allow = {"Allow": ", ".join([*allowed, "OPTIONS"])}
    answer = problem(refused, request_id)
    answer.headers |= allow
    return finished(event, answer.as_gateway_takes_it())
