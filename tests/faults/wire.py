"""The wire to DynamoDB, on which one call at a time goes wrong: what each fault does, and the hooks that let it happen.

`before-call` counts the calls a use case makes, `before-send` sees each attempt of a call, botocore's retries included.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.model import OperationModel

from tests.faults import answers
from voucher.store import table

Send = Callable[[AWSPreparedRequest], AWSResponse]


class Killed(BaseException):
    """The process ended here; nothing in it may catch this."""


@dataclass(frozen=True)
class Fault:
    """What happens to an attempt. `lasting` faults strike every attempt from the call on, else only the first one."""

    name: str
    strike: Callable[[AWSPreparedRequest, Send], AWSResponse | None]
    lasting: bool = False

    def can_strike(self, operation: str) -> bool:
        """A plain read never conflicts; anything else can happen to any call."""
        return self.strike is not _conflict or operation in answers.TRANSACTIONS


def _lose_request(request: AWSPreparedRequest, _: Send) -> None:
    raise EndpointConnectionError(endpoint_url=request.url)


def _lose_response(request: AWSPreparedRequest, send: Send) -> None:
    send(request)
    raise ReadTimeoutError(endpoint_url=request.url)


def _send_twice(request: AWSPreparedRequest, send: Send) -> None:
    send(request)


def _conflict(request: AWSPreparedRequest, _: Send) -> AWSResponse | None:
    return answers.conflict(request)


def _throttle(request: AWSPreparedRequest, _: Send) -> AWSResponse:
    if answers.operation(request) in answers.TRANSACTIONS:
        return answers.cancelled(request, "ThrottlingError")
    return answers.answer(request, 400, "ProvisionedThroughputExceededException")


def _throttle_account(request: AWSPreparedRequest, _: Send) -> AWSResponse:
    return answers.answer(request, 400, "ThrottlingException")


def _fail(request: AWSPreparedRequest, _: Send) -> AWSResponse:
    return answers.answer(request, 500, "InternalServerError")


def _fail_after(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    send(request)
    return answers.answer(request, 500, "InternalServerError")


def _kill(request: AWSPreparedRequest, send: Send) -> None:
    send(request)
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


class Wire:
    """The hooks on one client of the store: names the calls, and strikes at call number `at` with `fault`."""

    def __init__(self, client: Any, fault: Fault | None, at: int) -> None:
        self._client, self._fault, self._at = client, fault, at
        self._attempt = 0
        self.calls: list[str] = []
        self.struck = 0

    def before_call(self, model: OperationModel, **_: object) -> None:
        """A call begins."""
        self.calls.append(model.name)
        self._attempt = 0

    def before_send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        """An attempt is about to leave."""
        self._attempt += 1
        number = len(self.calls) - 1
        if self._fault is None or number < self._at:
            return None
        if not self._fault.lasting and (number > self._at or self._attempt > 1):
            return None
        self.struck += 1
        return self._fault.strike(request, self._client._endpoint.http_session.send)


@contextmanager
def wire(fault: Fault | None = None, at: int = 0) -> Iterator[Wire]:
    """While the block lasts, the store's calls go over a wire on which `fault` strikes call `at` (counted from 0)."""
    client = table.client()
    hooked = Wire(client, fault, at)
    hooks = {"before-call.dynamodb": hooked.before_call, "before-send.dynamodb": hooked.before_send}
    for event, hook in hooks.items():
        client.meta.events.register(event, hook)
    try:
        yield hooked
    finally:
        for event, hook in hooks.items():
            client.meta.events.unregister(event, hook)


def never_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore's own waits between attempts take no time; their number stays."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _seconds: None))
