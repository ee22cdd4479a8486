"""Answers: records as JSON, refusals as problem+json (RFC 9457), one log line for each."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from voucher.edge.observe import log_outcome
from voucher.models.base import Record
from voucher.refusals import Refused


def problem(refused: Refused, request_id: str) -> Response[str]:
    """A refusal as application/problem+json."""
    refusal = refused.refusal
    content: dict[str, Any] = {
        "type": f"urn:voucher:refusal:{refusal.name.lower()}",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "code": refusal.name,
        "detail": refused.detail,
        "errors": [{name: value for name, value in vars(each).items() if value is not None} for each in refused.errors],
        "request_id": request_id,
    }
    known = {"clause": refused.clause, "state": refused.state}
    content |= {name: value for name, value in known.items() if value is not None}
    log_outcome(refusal.name, refusal.status, refused.clause)
    return Response(refusal.status, "application/problem+json", json.dumps(content, ensure_ascii=False))


def reply(content: Record | Mapping[str, Any], status: int = 200, replay: bool = False) -> Response[str]:
    """A record or a plain mapping as JSON; `replay` marks an answer given before."""
    plain = content.public() if isinstance(content, Record) else content
    headers = {"Idempotent-Replay": "true"} if replay else {}
    log_outcome("OK", status, None)
    return Response(status, "application/json", json.dumps(plain, ensure_ascii=False, default=_plain), headers)


def _plain(value: object) -> Any:
    if isinstance(value, Record):
        return value.public()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(type(value).__name__)
