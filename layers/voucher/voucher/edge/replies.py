"""Answers: records as JSON, refusals as problem+json (RFC 9457), one log line for each."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, TypedDict, overload

from pydantic import BaseModel

from voucher.edge.observe import log_outcome
from voucher.models.base import Record
from voucher.refusals import FieldError, Refusal, Refused

# after how many seconds a refused call is worth another try
RETRY_AFTER = {
    Refusal.BUSY: 1,
    Refusal.TOO_MANY_OBJECTIONS: 3600,
    Refusal.TOO_MANY_COMPLAINTS: 3600,
    Refusal.TOO_MANY_DOCUMENTS_TODAY: 3600,
}


class Response[Body: (str, bytes)]:
    """An answer. `is_base64`: its body is bytes that stand in a text already."""

    def __init__(
        self,
        status: int,
        content_type: str,
        body: Body,
        headers: Mapping[str, str] | None = None,
        is_base64: bool = False,
    ) -> None:
        self.status, self.is_base64 = status, is_base64
        self.body: Body = body
        self.headers: dict[str, str] = {"Content-Type": content_type, **(headers or {})}

    def as_gateway_takes_it(self) -> dict[str, Any]:
        """The answer of a Lambda proxy."""
        body: str | bytes = self.body
        return {
            "statusCode": self.status,
            "body": b64encode(body).decode() if isinstance(body, bytes) else body,
            "isBase64Encoded": self.is_base64 or isinstance(body, bytes),
            "multiValueHeaders": {name: [value] for name, value in self.headers.items()},
        }


def problem(refused: Refused, request_id: str) -> Response[str]:
    """A refusal as application/problem+json."""
    refusal = refused.refusal
    content: dict[str, Any] = {
        "type": f"urn:voucher:refusal:{refusal.name.lower()}",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "code": refusal.name,
        "detail": refused.detail,
        "errors": [_present(each, refused) for each in refused.errors],
        "request_id": request_id,
    }
    known = {"clause": refused.clause, "state": refused.state, **refused.members}
    content |= {name: value for name, value in known.items() if value is not None}
    log_outcome(refusal.name, refusal.status, refused.clause)
    headers = {"Retry-After": str(RETRY_AFTER[refusal])} if refusal in RETRY_AFTER else {}
    return Response(refusal.status, "application/problem+json", json.dumps(content, ensure_ascii=False), headers)


class PageOf[Item](TypedDict):
    """A page of a list. `next_cursor` is null after the last page."""

    items: list[Item]
    next_cursor: str | None


class Answer[Content](Response[str]):
    """A JSON answer. Its content, in a handler's return annotation, is what the API's document says of the answer."""


@overload
def reply[Kept: Record](content: Kept, status: int = 200, replay: bool = False) -> Answer[Kept]: ...
@overload
def reply(content: Mapping[str, Any], status: int = 200, replay: bool = False) -> Answer[Any]: ...
def reply(content: Record | Mapping[str, Any], status: int = 200, replay: bool = False) -> Answer[Any]:
    """A record or a plain mapping as JSON; `replay` marks an answer given before."""
    plain = content.public() if isinstance(content, Record) else content
    headers = {"Idempotent-Replay": "true"} if replay else {}
    log_outcome("OK", status, None)
    return Answer(status, "application/json", json.dumps(plain, ensure_ascii=False, default=_plain), headers)


def reply_page[Kept: Record](items: Iterable[Kept], next_cursor: str | None = None) -> Answer[PageOf[Kept]]:
    """A page of records, each in its public form."""
    return reply({"items": list(items), "next_cursor": next_cursor})


def _present(error: FieldError, refused: Refused) -> dict[str, Any]:
    """A field error with its code: if it has none of its own, that of the refusal."""
    known = {"field": error.field, "message": error.message, "code": error.code or refused.refusal.name}
    more = {name: value for name, value in vars(error).items() if value is not None}
    return known | more


def _plain(value: object) -> Any:
    if isinstance(value, Record):
        return value.public()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(type(value).__name__)
