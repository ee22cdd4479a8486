"""What a call of an engine on this machine costs on our side, cut down; what is asked and what is answered stay.

botocore spends most of a call's time on things that matter only to the real AWS: a true signature, turning attribute
values that are in wire format already into wire format, an HTTP client for every kind of server, telling which program
asks, and finding out for each call anew where its service is.
"""

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.httpsession import URLLib3Session
from botocore.parsers import BaseJSONParser
from botocore.serialize import JSONSerializer
from botocore.useragent import UserAgentString

# the shapes of DynamoDB that Python spells as JSON does; only a binary value is not, and no table here has one
VALUES = {"AttributeValue", "AttributeMap", "Key", "PutItemInputAttributeMap", "ExpressionAttributeValueMap"}
call_fully = BaseClient._make_api_call
ANSWERED = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
# how many blocks want to hear of calls now
_LISTENERS = SimpleNamespace(number=0)
read_structure, read_map = BaseJSONParser._handle_structure, BaseJSONParser._handle_map
sign, resolve = SigV4Auth.add_auth, BaseClient._resolve_endpoint_ruleset
write_structure, write_map = JSONSerializer._serialize_type_structure, JSONSerializer._serialize_type_map


def sign_in_form(signer: SigV4Auth, request: Any) -> None:
    """To DynamoDB a signature that only says who asks and where; the engines look at no more."""
    if signer._service_name != "dynamodb":
        sign(signer, request)
        return
    scope = f"{signer.credentials.access_key}/20260101/{signer._region_name}/dynamodb/aws4_request"
    request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def where_once(client: Any, operation: Any, params: Any, context: dict[str, Any], *given: Any, **named: Any) -> Any:
    """Where an operation of DynamoDB is asked, found out once for each client: it would differ only for tables that are
    named by an ARN. `context` is told how to sign."""
    if client.meta.service_model.service_name != "dynamodb":
        return resolve(client, operation, params, context, *given, **named)
    known = client.__dict__.setdefault("known_endpoints", {})
    if operation.name not in known:
        found = resolve(client, operation, params, context, *given, **named)
        known[operation.name] = found, {name: context[name] for name in ("auth_type", "signing") if name in context}
    found, how = known[operation.name]
    context.update(deepcopy(how))
    return found


def _read_structure(parser: Any, shape: Any, value: Any) -> Any:
    return value if shape.name in VALUES else read_structure(parser, shape, value)


def _read_map(parser: Any, shape: Any, value: Any) -> Any:
    return value if shape.name in VALUES else read_map(parser, shape, value)


def _write_structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name in VALUES:
        serialized[key] = value
    else:
        write_structure(serializer, serialized, value, shape, key)


def _write_map(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name in VALUES:
        serialized[key] = value
    else:
        write_map(serializer, serialized, value, shape, key)


def speak_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients sign in form only, and attribute values go out and come in as they are."""
    monkeypatch.setattr(SigV4Auth, "add_auth", sign_in_form)
    monkeypatch.setattr(UserAgentString, "to_string", lambda _agent: "tests")
    monkeypatch.setattr(BaseClient, "_resolve_endpoint_ruleset", where_once)
    monkeypatch.setattr(BaseJSONParser, "_handle_structure", _read_structure)
    monkeypatch.setattr(BaseJSONParser, "_handle_map", _read_map)
    monkeypatch.setattr(JSONSerializer, "_serialize_type_structure", _write_structure)
    monkeypatch.setattr(JSONSerializer, "_serialize_type_map", _write_map)


class _Body:
    """The part of a urllib3 answer that botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        """All at once."""
        yield self._content


_mine = threading.local()


def _line(where: tuple[str, int]) -> tuple[socket.socket, Any]:
    """This thread's connection, as long as the engine keeps it open: a socket, and a file to read from it."""
    known: tuple[socket.socket, Any] | None = _mine.__dict__.pop(f"{where}", None)
    # where nothing was asked there is nothing to read, unless that the other end has closed
    if known and not select.select([known[0]], [], [], 0)[0]:
        return known
    if known:
        known[0].close()
    opened = socket.create_connection(where)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened, opened.makefile("rb")


def post(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    """One POST to DynamoDB Local, head and body in one piece: status, headers and content of its answer."""
    host, _, port = urlsplit(url).netloc.partition(":")
    assert host == "127.0.0.1", f"no engine of this machine: {url}"
    wire, answer = _line((host, int(port)))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    wire.sendall(f"POST / HTTP/1.1\r\nHost: {host}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    status = int(answer.readline().split()[1])
    told = {}
    while line := answer.readline().strip().decode("latin-1"):
        name, _, value = line.partition(":")
        told[name.lower()] = value.strip()
    content = answer.read(int(told["content-length"])) if "content-length" in told else _pieces(answer)
    # kept only when the whole answer was read, so that nobody is given somebody else's
    _mine.__dict__[f"{(host, int(port))}"] = wire, answer
    return status, told, content


def _pieces(answer: Any) -> bytes:
    """A long answer, which comes in pieces: each after a line that says how long it is, the last one empty."""
    pieces = []
    while length := int(answer.readline(), 16):
        pieces.append(answer.read(length))
        answer.readline()
    answer.readline()
    return b"".join(pieces)


def _send(_session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
    headers = {name: _text(value) for name, value in request.headers.items() if name.lower() != "content-length"}
    status, told, content = post(request.url, headers, request.body)
    return AWSResponse(request.url, status, told, _Body(content))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def send_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes to DynamoDB Local goes over a plain connection, one for each thread."""
    monkeypatch.setattr(URLLib3Session, "send", _send)


@contextmanager
def listening() -> Iterator[None]:
    """While the block lasts, each call is made as botocore makes it, and whoever listens to its events hears of it."""
    _LISTENERS.number += 1
    try:
        yield
    finally:
        _LISTENERS.number -= 1


def nothing_to_note(_operation: str, _request: Mapping[str, Any]) -> None:
    """Nobody counts the calls."""


def ask_at_once(
    monkeypatch: pytest.MonkeyPatch, note: Callable[[str, Mapping[str, Any]], None] = nothing_to_note
) -> None:
    """A call of DynamoDB Local goes out as it was written, and its answer comes back as it is, unless somebody listens.
    `note` is told of each call that is not heard."""

    def call(client: BaseClient, operation: str, request: dict[str, Any]) -> Any:
        if _LISTENERS.number or client.meta.service_model.service_name != "dynamodb":
            return call_fully(client, operation, request)
        note(operation, request)
        return ask(client, operation, request)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def ask(client: BaseClient, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine answers; raises what it refuses, as botocore does."""
    key = client._request_signer._credentials.access_key  # type: ignore[attr-defined]
    scope = f"{key}/20260101/{client.meta.region_name}/dynamodb/aws4_request"
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    status, _, content = post(client.meta.endpoint_url, headers, json.dumps(request).encode())
    said: dict[str, Any] = json.loads(content)
    if status != 200:
        raise refusal(client, operation, said)
    return said | {"ResponseMetadata": ANSWERED}


def refusal(client: BaseClient, operation: str, said: dict[str, Any]) -> Exception:
    """What botocore raises when DynamoDB said no."""
    code = said.pop("__type").partition("#")[2]
    error = {"Code": code, "Message": said.get("Message", said.get("message"))}
    exception: Exception = client.exceptions.from_code(code)(said | {"Error": error}, operation)
    return exception
