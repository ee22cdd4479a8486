"""HTTP in, HTTP out: bodies read strictly, refusals as problem+json (RFC 9457), records as replies.

A fault is not caught here: Lambda counts it, the alarm sees it, and API Gateway answers a clean 502.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from pydantic import BaseModel, ValidationError

from voucher.edge import clock
from voucher.edge.identity import Caller, caller_of
from voucher.edge.observe import log_outcome, logger
from voucher.models.base import Record, Remembering, Request, Stateful
from voucher.refusals import FieldError, Refusal, Refused

MAX_BODY_BYTES = 64 * 1024
MAX_NESTING = 32
TRIES = 4
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# Pydantic's error types in words a shop owner understands; anything else is "格式不正确".
WORDS = {
    "missing": "必填。",
    "extra_forbidden": "没有这个字段。",
    "int_type": "须为整数。",
    "string_type": "须为文字。",
    "bool_type": "须为 true 或 false。",
    "string_too_long": "文字过长。",
    "string_too_short": "不能为空。",
    "greater_than_equal": "数值过小。",
    "greater_than": "数值过小。",
    "less_than_equal": "数值过大。",
    "enum": "不在可选范围内。",
    "literal_error": "不在可选范围内。",
    "too_long": "条目过多。",
    "too_short": "条目过少。",
}


class Nothing(Request):
    """The body of a call that takes none: absent, or an empty object."""


class Api(APIGatewayRestResolver):
    """The resolver of one function, with the manners of this house."""

    def __init__(self) -> None:
        super().__init__(strip_prefixes=[])
        self.exception_handler(Refused)(self._refused)
        self.not_found(self._no_route)

    def handle(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """The Lambda entry point: one request in, one reply out, one log line with its correlation id."""
        logger.set_correlation_id(str((event.get("requestContext") or {}).get("requestId", "")))
        for _ in range(TRIES):
            self._overtaken = False
            answer: dict[str, Any] = self.resolve(event, context)
            if not self._overtaken:
                break
        return answer

    @staticmethod
    def year(text: str) -> int:
        """A programme year in a path. Raises NOT_FOUND for anything but four digits."""
        if not (text.isascii() and text.isdecimal() and len(text) == 4):
            raise Refused(Refusal.NOT_FOUND)
        return int(text)

    @property
    def caller(self) -> Caller:
        """Who is calling; UNAUTHENTICATED when nobody is signed in."""
        return caller_of(self.current_event.raw_event)

    def body[Body: Request](self, model: type[Body]) -> Body:
        """The request's body as `model`. Raises BODY_TOO_LARGE, BROKEN_JSON, NESTED_TOO_DEEP or MALFORMED (422)."""
        text = self._text
        read_json(text)
        try:
            return model.model_validate_json(text or "{}")
        except ValidationError as error:
            raise malformed(error) from None

    @property
    def _text(self) -> str:
        """The body as text. It may come base64-encoded, since some answers are bytes and the API says so for both."""
        try:
            return self.current_event.decoded_body or ""
        except ValueError:
            raise Refused(Refusal.BROKEN_JSON) from None

    def query(self, name: str) -> str | None:
        """A query parameter, None when absent; at most 200 characters, or 1,000 of a cursor."""
        value = (self.current_event.query_string_parameters or {}).get(name)
        if value is not None and len(value) > (1_000 if name == "cursor" else 200):
            raise Refused(Refusal.MALFORMED, errors=[FieldError(name, WORDS["string_too_long"])])
        return value

    @property
    def limit(self) -> int:
        """`?limit=1..100`, 50 when absent."""
        text = self.query("limit") or "50"
        if not re.fullmatch(r"[1-9][0-9]?|100", text):
            raise Refused(Refusal.MALFORMED, errors=[FieldError("limit", "须为 1 至 100 的整数。")])
        return int(text)

    @property
    def request_sha256(self) -> str:
        """Fingerprint of method, path and the body's meaning, to tell a replay from another request."""
        event = self.current_event
        text = self._text
        meaning = json.dumps(read_json(text), sort_keys=True) if text else ""
        return hashlib.sha256(f"{event.http_method} {event.path}\n{meaning}".encode()).hexdigest()

    def check_same(self, sha256: str | None) -> None:
        """That what exists under the request's key was made by an equal one. Raises IDEMPOTENCY_KEY_REUSED."""
        if sha256 != self.request_sha256:
            raise Refused(Refusal.IDEMPOTENCY_KEY_REUSED)

    def idempotency_key(self) -> str | None:
        """The Idempotency-Key of the request, None when absent; malformed ones are refused."""
        headers = {name.lower(): value for name, value in (self.current_event.headers or {}).items()}
        key = headers.get("idempotency-key")
        if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
            raise Refused(Refusal.IDEMPOTENCY_KEY_REQUIRED)
        return key

    def new_id(self, prefix: str, key_required: bool = False) -> str:
        """The id of a thing about to be created: from the caller's Idempotency-Key if given, else random."""
        key = self.idempotency_key()
        if key is None:
            if key_required:
                raise Refused(Refusal.IDEMPOTENCY_KEY_REQUIRED)
            return f"{prefix}_{uuid4().hex[:24]}"
        seed = f"{prefix}\n{self.caller.sub}\n{key}"
        return f"{prefix}_{hashlib.sha256(seed.encode()).hexdigest()[:24]}"

    def step(self, action: str) -> dict[str, Any]:
        """What a record remembers of the step now taken, so that its repetition is known again."""
        mark = {"last_action": action, "last_by": self.caller.sub, "last_sha256": self.request_sha256}
        return mark | {"updated_at": clock.now()}

    def is_repeat(self, record: Stateful, action: str) -> bool:
        """True if the latest step of `record` is this very request: same person, same action, same body; of a record
        that remembers, the latest step of that action."""
        asked = (action, self.caller.sub, self.request_sha256)
        latest = (record.last_action, record.last_by, record.last_sha256)
        return latest == asked or (isinstance(record, Remembering) and record.remembers(*asked))

    def _refused(self, refused: Refused) -> Response[str]:
        # nothing was written, and the facts have changed: whoever was overtaken by a twin of the same call must
        # learn that it is done, so the call is answered from the facts as they are now
        self._overtaken = refused.refusal is Refusal.CHANGED_MEANWHILE
        return problem(refused, self._request_id)

    def _no_route(self, _error: NotFoundError) -> Response[str]:
        return problem(Refused(Refusal.ROUTE_NOT_FOUND), self._request_id)

    @property
    def _request_id(self) -> str:
        return str(self.current_event.request_context.request_id or "")


def read_json(text: str) -> Any:
    """Parse a body strictly: at most 64 KB, 32 levels, no repeated names, no NaN. Empty text is {}."""
    if len(text.encode()) > MAX_BODY_BYTES:
        raise Refused(Refusal.BODY_TOO_LARGE)
    if _depth(text) > MAX_NESTING:
        raise Refused(Refusal.NESTED_TOO_DEEP)
    try:
        return json.loads(text or "{}", object_pairs_hook=_unrepeated, parse_constant=_not_a_number)
    except ValueError:
        raise Refused(Refusal.BROKEN_JSON) from None


def _depth(text: str) -> int:
    if text.count("{") + text.count("[") <= MAX_NESTING:
        return 0
    deepest = depth = 0
    # an open string ends with the text, and nothing is tried twice: else a body of quotes takes minutes
    for bracket in re.sub(r'(?s)"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', "", text):
        if bracket in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "}]":
            depth -= 1
    return deepest


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _not_a_number(word: str) -> None:
    raise ValueError(word)


def malformed(error: ValidationError, prefix: str = "") -> Refused:
    """A pydantic error as the refusal MALFORMED, field by field, without repeating what was sent."""
    errors = [
        FieldError(prefix + _field(each["loc"]), WORDS.get(each["type"], "格式不正确。"))
        for each in error.errors(include_url=False, include_input=False)[:50]
    ]
    return Refused(Refusal.MALFORMED, errors=errors)


def _field(place: tuple[int | str, ...]) -> str:
    # of a union pydantic names the branch tried, too; a client knows only fields, which are lower case
    named = [str(part) for part in place if (str(part)[0].islower() and "[" not in str(part)) or str(part).isdecimal()]
    return ".".join(named) or "body"


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
