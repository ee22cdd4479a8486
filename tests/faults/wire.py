"""The wire to AWS, on which one call at a time goes wrong: what each fault does, and the hooks that let it happen.

`before-call` counts the calls a use case makes, `before-send` sees each attempt of a call, botocore's retries included.
"""

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from botocore.model import OperationModel
from botocore.session import Session
from moto.core.models import botocore_stubber

from tests.support import aws_errors
from tests.support.short_cuts import listening
from voucher.store.engine import patience

# the option that botocore sets, too; without it every answer takes 40 ms
NETWORK = URLLib3Session(socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)])

# finds the table names in a request
TABLE_NAME = re.compile(r'"TableName": ?"([^"]+)"')
# the operations of DynamoDB that only read
READS = {"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"}


class Killed(BaseException):
    """The process ended here; nothing in it may catch this."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of a call; `call` is its name, such as `dynamodb.TransactWriteItems`."""

    call: str
    request: AWSPreparedRequest

    @property
    def service(self) -> str:
        """Such as `dynamodb`."""
        return self.call.partition(".")[0]

    def send(self) -> AWSResponse:
        """Let it through: to the engine of the tables, or to moto for all that is not a table."""
        self.request.reset_stream()  # a file that was sent once is at its end
        if self.service == "dynamodb":
            return NETWORK.send(self.request)
        answer = botocore_stubber("before-send", self.request)
        if answer is None:
            raise LookupError(f"nobody answers for {self.request.url}")
        return answer


@dataclass(frozen=True)
class Fault:
    """What happens to an attempt. `lasting` faults strike every attempt from the call on, else only the first one."""

    name: str
    strike: Callable[[Attempt], AWSResponse | None]
    lasting: bool = False

    def can_strike(self, call: str) -> bool:
        """Only transactions conflict, and only DynamoDB tells whose fault a throttle is; all else happens anywhere."""
        if self.strike is _conflict:
            return call in aws_errors.TRANSACTIONS
        return self.strike is not _throttle_account or call.startswith("dynamodb.")


def _lose_request(attempt: Attempt) -> None:
    raise EndpointConnectionError(endpoint_url=attempt.request.url)


def _lose_response(attempt: Attempt) -> None:
    attempt.send()
    raise ReadTimeoutError(endpoint_url=attempt.request.url)


def _send_twice(attempt: Attempt) -> AWSResponse:
    attempt.send()
    return attempt.send()


def _conflict(attempt: Attempt) -> AWSResponse | None:
    return aws_errors.conflict(attempt.call, attempt.request)


def _throttle(attempt: Attempt) -> AWSResponse:
    if attempt.call in aws_errors.TRANSACTIONS:
        return aws_errors.cancelled(attempt.request, "ThrottlingError")
    return aws_errors.throttled(attempt.request, attempt.service)


def _throttle_account(attempt: Attempt) -> AWSResponse | None:
    if attempt.service != "dynamodb":
        return None
    return aws_errors.error(attempt.request, attempt.service, 400, "ThrottlingException")


def _fail(attempt: Attempt) -> AWSResponse:
    return aws_errors.error(attempt.request, attempt.service, 500, "InternalServerError")


def _fail_after(attempt: Attempt) -> AWSResponse:
    attempt.send()
    return _fail(attempt)


def _kill(attempt: Attempt) -> None:
    attempt.send()
    raise Killed


_ONCE_OR_LASTING = {
    "request lost": _lose_request,
    "response lost": _lose_response,
    "conflict": _conflict,
    "throttled": _throttle,
    "throttled by account": _throttle_account,
    "500": _fail,
    "500 though done": _fail_after,
}
FAULTS = (
    *(Fault(name, strike) for name, strike in _ONCE_OR_LASTING.items()),
    *(Fault(f"{name}, lasting", strike, lasting=True) for name, strike in _ONCE_OR_LASTING.items()),
    Fault("sent twice", _send_twice),
    Fault("killed after", _kill),
)
# What each call of each use case meets in `make test`: the answer that never comes, and the end of the process. Of the
# others each strikes every fourth call there, and every call in `make soak`.
ALWAYS = {"response lost", "killed after"}
EVERY = 1 if os.environ.get("VOUCHER_FAULTS") == "all" else 4


def faults_of(calls: list[str]) -> list[tuple[Fault, int]]:
    """The faults that strike a use case of these calls, and at which call, from 0. A short one meets all of them."""
    step = EVERY if len(calls) > EVERY else 1
    return [
        (fault, at)
        for at, call in enumerate(calls)
        for number, fault in enumerate(FAULTS)
        if fault.can_strike(call) and (fault.name in ALWAYS or (at + number) % step == 0)
    ]


class Wire:
    """Names the calls of a use case, and strikes at call number `at` (counted from 0) with `fault`."""

    def __init__(self, fault: Fault | None, at: int) -> None:
        self._fault, self._at = fault, at
        self._attempt = 0
        self.calls: list[str] = []
        self.struck = 0

    def begin(self, call: str) -> None:
        """A call begins."""
        self.calls.append(call)
        self._attempt = 0

    def strike(self, attempt: Attempt) -> AWSResponse | None:
        """An attempt is about to leave; None if it may."""
        self._attempt += 1
        number = len(self.calls) - 1
        if self._fault is None or number < self._at:
            return None
        if not self._fault.lasting and (number > self._at or self._attempt > 1):
            return None
        self.struck += 1
        return self._fault.strike(attempt)


_UNDISTURBED = Wire(None, 0)
_current = SimpleNamespace(wire=_UNDISTURBED)
# the tables, by their deployed names, that were written to since this was emptied
WRITTEN_TABLES: set[str] = set()


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client of the backend that is created from now on uses the wire. The wire calls moto; if moto stayed
    registered with botocore, it would execute calls that the wire loses."""

    @cache
    def wired() -> Session:
        session = Session()
        session.unregister("before-send", botocore_stubber)
        session.register("before-call", _before_call)
        session.register("before-send", _before_send)
        return session

    monkeypatch.setattr(patience, "session", wired)


def _before_call(model: OperationModel, params: dict[str, Any], **_: object) -> None:
    service = model.service_model.service_name
    if service == "dynamodb":
        note_written_tables(model.name, params["body"].decode())
    _current.wire.begin(f"{service}.{model.name}")


def note_written_tables(operation: str, request: str) -> None:
    """A call of a table was made."""
    if operation not in READS:
        WRITTEN_TABLES.update(TABLE_NAME.findall(request))


def _before_send(request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
    attempt = Attempt(event_name.removeprefix("before-send."), request)
    struck: AWSResponse | None = _current.wire.strike(attempt)
    return attempt.send() if struck is None else struck


@contextmanager
def wire(fault: Fault | None = None, at: int = 0) -> Iterator[Wire]:
    """While the block lasts, calls go over a wire on which `fault` strikes call `at`."""
    _current.wire = Wire(fault, at)
    try:
        with listening():
            yield _current.wire
    finally:
        _current.wire = _UNDISTURBED


def never_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore's own waits between attempts take no time; their number stays."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _seconds: None))
