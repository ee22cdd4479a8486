"""HTTP in, HTTP out: the resolver of one function, which also knows a request that is repeated.

A fault is not caught here: Lambda counts it, the alarm sees it, and API Gateway answers a clean 502.

Why not the resolver of Powertools: API Gateway says already which route was asked, so nothing is left to match; and its
import takes a fifth of what a cold start may take.
"""

import hashlib
import json
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from voucher.edge import clock
from voucher.edge.bodies import read_json
from voucher.edge.headers import finished
from voucher.edge.identity import Caller, caller_of
from voucher.edge.mistakes import fields_of, malformed
from voucher.edge.observe import log_request
from voucher.edge.paths import is_nowhere, located, thing_sought
from voucher.edge.queries import Query
from voucher.edge.replies import Response, problem
from voucher.models.base import Mark, Remembering, Request, Stateful, parse_year
from voucher.refusals import FieldError, Refusal, Refused, not_found

TRIES = 4
# what a service of AWS says that takes no more at present
THROTTLING = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "ThrottlingException",
}
Handler = Callable[..., Any]
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Api:
    """The resolver of one function: strict bodies, problem+json, repeated requests known again."""

    # the request that is being answered, as `located` gives it, and who sent it: a Lambda answers one at a time
    event: dict[str, Any]
    _caller: Caller | None = None
    _overtaken = False

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], tuple[Handler, type[Query] | None]] = {}

    def route(self, method: str, rule: str) -> Callable[[Handler], Handler]:
        """Register a handler of `/things/<thing_id>`. It gets the ids of its path by their names, and its query
        parameters as `query`, by the model that its annotation names; without one it takes none. MALFORMED names the
        parameters that a call does not take."""

        def register(handler: Handler) -> Handler:
            resource = rule.replace("<", "{").replace(">", "}")
            self._handlers[method, resource] = handler, handler.__annotations__.get("query")
            return handler

        return register

    def get(self, rule: str) -> Callable[[Handler], Handler]:
        """Register a handler of GET."""
        return self.route("GET", rule)

    def post(self, rule: str) -> Callable[[Handler], Handler]:
        """Register a handler of POST."""
        return self.route("POST", rule)

    def put(self, rule: str) -> Callable[[Handler], Handler]:
        """Register a handler of PUT."""
        return self.route("PUT", rule)

    def patch(self, rule: str) -> Callable[[Handler], Handler]:
        """Register a handler of PATCH."""
        return self.route("PATCH", rule)

    def delete(self, rule: str) -> Callable[[Handler], Handler]:
        """Register a handler of DELETE."""
        return self.route("DELETE", rule)

    def handle(self, event: dict[str, Any], _context: Any) -> dict[str, Any]:
        """The Lambda entry point: one request in, one reply out, one log line with its correlation id.

        Why the guarded record is read last. A call may be overtaken by its own twin: the same request, sent twice.
        A handler that decides on several records reads the one whose step it takes after all others. So if the twin
        came in between, that record already shows the step, and the handler answers the repetition as done. Read
        first, it would look untouched beside records that are not, and the caller would be refused.
        """
        log_request(event)
        for _ in range(TRIES):
            answer = self.resolve(located(event))
            if not self._overtaken:
                break
        return finished(event, answer)

    def resolve(self, event: dict[str, Any]) -> dict[str, Any]:
        """The answer to a located request, which may have been overtaken."""
        self.event, self._caller, self._overtaken = event, None, False
        request_id = str((event.get("requestContext") or {}).get("requestId") or "")
        try:
            answer = self._answer(event)
        except Refused as no:
            # Nothing was written, because the facts changed since they were read. If a twin of the same call changed
            # them, the caller must learn that it is done: so the call is answered once more, from the facts as they are
            # now. A refusal with errors is final: they name the version that the caller should have seen.
            self._overtaken = no.refusal is Refusal.CHANGED_MEANWHILE and not no.errors
            answer = problem(no, request_id)
        except Exception as error:
            if not is_throttling(error):
                raise
            answer = problem(Refused(Refusal.BUSY), request_id)
        return answer.as_gateway_takes_it()

    def _answer(self, event: dict[str, Any]) -> Response[Any]:
        known = self._handlers.get((event["httpMethod"], event["resource"]))
        if known is None or is_nowhere(event):
            # API Gateway passes on only what fits a route of this function, so it is an id that nothing can have
            thing = thing_sought(event)
            raise not_found(thing) if thing else Refused(Refusal.ROUTE_NOT_FOUND)
        handler, model = known
        query, path = self._query(model or Query), event.get("pathParameters") or {}
        answer: Response[Any] = handler(**path, query=query) if model else handler(**path)
        return answer

    @staticmethod
    def year(text: str) -> int:
        """A programme year in a path. Raises NOT_FOUND for anything but four digits."""
        if (year := parse_year(text)) is None:
            raise not_found("programme")
        return year

    @property
    def caller(self) -> Caller:
        """Who is calling, one and the same during a request; UNAUTHENTICATED when nobody is signed in."""
        if self._caller is None:
            self._caller = caller_of(self.event)
        return self._caller

    def body[Body: Request](self, model: type[Body]) -> Body:
        """The request's body as `model`. Raises BODY_TOO_LARGE, BROKEN_JSON, NESTED_TOO_DEEP or MALFORMED (422)."""
        text = self._text
        read_json(text)
        try:
            return model.model_validate_json(text or "{}")
        except ValidationError as error:
            raise malformed(error, model) from None

    @property
    def _text(self) -> str:
        """The body as text, without a byte order mark (RFC 8259). It may come base64-encoded, since some answers are
        bytes and the API says so for both."""
        text = self.event.get("body") or ""
        try:
            return (b64decode(text).decode() if self.event.get("isBase64Encoded") else str(text)).removeprefix("\ufeff")
        except ValueError:
            raise Refused(Refusal.BROKEN_JSON) from None

    def _query(self, model: type[Query]) -> Query:
        event = self.event
        single = event.get("queryStringParameters") or {}
        sent = event.get("multiValueQueryStringParameters") or {name: [value] for name, value in single.items()}
        if twice := [name for name, values in sent.items() if len(values) > 1]:
            raise Refused(Refusal.MALFORMED, errors=[FieldError(name, "只能出现一次。", "twice") for name in twice])
        try:
            # a known parameter without a value is not sent
            values = {name: value for name, [value] in sent.items() if value or name not in fields_of(model)}
            return model.model_validate(values)
        except ValidationError as error:
            raise malformed(error, model) from None

    @property
    def request_sha256(self) -> str:
        """Fingerprint of method, path and the body's meaning, to tell a replay from another request. An edit by PUT is
        the same as by PATCH, which some clients cannot send."""
        event = self.event
        method = "PATCH" if event["httpMethod"] == "PUT" else event["httpMethod"]
        text = self._text
        meaning = json.dumps(read_json(text), sort_keys=True) if text else ""
        return hashlib.sha256(f"{method} {event['path']}\n{meaning}".encode()).hexdigest()

    def check_same(self, sha256: str | None) -> None:
        """That what exists under the request's key was made by an equal one. Raises IDEMPOTENCY_KEY_REUSED."""
        if sha256 != self.request_sha256:
            raise Refused(Refusal.IDEMPOTENCY_KEY_REUSED)

    def idempotency_key(self) -> str | None:
        """The Idempotency-Key of the request, None when absent; malformed ones are refused."""
        headers = {name.lower(): value for name, value in (self.event.get("headers") or {}).items()}
        key: str | None = headers.get("idempotency-key")
        if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
            raise Refused(Refusal.IDEMPOTENCY_KEY_REQUIRED)
        return key

    @property
    def needed_key(self) -> str:
        """The same, of a request that must have one. Raises IDEMPOTENCY_KEY_REQUIRED."""
        if (key := self.idempotency_key()) is None:
            raise Refused(Refusal.IDEMPOTENCY_KEY_REQUIRED)
        return key

    def new_id(self, prefix: str, by: str | None = None) -> str:
        """The id of a thing about to be created, which follows from the Idempotency-Key of the caller, or of whoever
        stands for somebody not signed in (`by`): a thing without a name of its own is made once, however often its
        call is sent. What makes it writes `creation.key_write`, too. Raises IDEMPOTENCY_KEY_REQUIRED."""
        seed = f"{prefix}\n{by or self.caller.sub}\n{self.needed_key}"
        return f"{prefix}_{hashlib.sha256(seed.encode()).hexdigest()[:24]}"

    @property
    def mark(self) -> Mark:
        """Who asks for the step that is now taken, when, in which role, and the fingerprint of the request. Raises
        LookupError, a fault, for a step that no check of `identity` let anybody take."""
        caller = self.caller
        if caller.role is None:
            raise LookupError("nothing decided in which role this step is taken")
        return Mark(by=caller.sub, at=clock.now(), sha256=self.request_sha256, role=caller.role)

    def creation(self, action: str) -> dict[str, Any]:
        """What a record that is made now says of its making: by whom, when, by which request."""
        mark = self.mark
        made = {"created_at": mark.at, "created_by": mark.by, "request_sha256": mark.sha256, "updated_at": mark.at}
        last = {"last_action": action, "last_by": mark.by, "last_role": mark.role, "last_sha256": mark.sha256}
        return made | last

    def is_repeat(self, record: Stateful, action: str) -> bool:
        """True if the latest step of `record` is this very request: same person, same action, same body; of a record
        that remembers, the latest step of that action."""
        asked = (action, self.caller.sub, self.request_sha256)
        latest = (record.last_action, record.last_by, record.last_sha256)
        return latest == asked or (isinstance(record, Remembering) and record.remembers(*asked))


def is_throttling(error: Exception) -> bool:
    """Whether AWS asks to come later; by the error's code, because not every function imports AWS's client."""
    answer = getattr(error, "response", None)
    return isinstance(answer, dict) and answer.get("Error", {}).get("Code") in THROTTLING
