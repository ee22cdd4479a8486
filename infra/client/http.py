"""A client of the API: it signs in at the identity provider, calls over HTTP, and uploads files."""

import json
import threading
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import boto3

PASSWORD = "Lishui-Voucher-2026"  # noqa: S105 - demo accounts of a local pool
TIMEOUT_SECONDS = 90


@dataclass(frozen=True)
class Person:
    """A caller: a name and, for staff, the role of their group."""

    name: str
    role: str = ""


OPERATOR = Person("platform-lin", "platform")
OPERATOR_TWO = Person("platform-wu", "platform")
BUREAU = Person("bureau-chen", "bureau")
BUREAU_TWO = Person("bureau-qian", "bureau")
FINANCE = Person("finance-zhou", "finance")


@dataclass
class Reply:
    """A reply; `body` is decoded JSON, the bytes of a spreadsheet, or the text of anything else."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str | None:
        """The code of a refusal; None for a success."""
        return self.body.get("code") if isinstance(self.body, dict) else None


class Client(Protocol):
    """What `steps` needs of a client: this module has one over HTTP, the tests have one in their own process.

    `key` is the Idempotency-Key. Without one, each POST gets a key of its own, since one call here is sent once.
    Whoever sends a call again, because its answer was lost, gives both the same key. An empty text sends none.
    """

    def call(
        self, person: Person | None, method: str, path: str, body: Any = None, key: str | None = None
    ) -> Reply: ...

    def upload(self, post: dict[str, Any], content: bytes) -> None: ...


def key_of_call(method: str, key: str | None) -> str | None:
    """The Idempotency-Key that a call is sent with: a new one for a POST that was given none."""
    return uuid4().hex if key is None and method == "POST" else key


class HttpClient:
    """Calls a deployed stack. The account of a person is created in the local user pool at the first call."""

    def __init__(self, stack: dict[str, str]) -> None:
        """`stack` is the content of .local/stack.json."""
        self._stack = stack
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()
        self.calls = 0
        self.identity = boto3.client(
            "cognito-idp",
            endpoint_url=stack["aws_endpoint_url"],
            region_name=stack["region"],
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the emulator's root key
        )

    def token(self, person: Person) -> str:
        """The person's access token; the account is created on the first call."""
        with self._lock:
            if person.name not in self._tokens:
                self._tokens[person.name] = self.sign_in(person)["access"]
            return self._tokens[person.name]

    def sign_in(self, person: Person) -> dict[str, str]:
        """The person's tokens, `access` and `id`. Creates account, password and group if they are missing."""
        pool, name = self._stack["user_pool_id"], person.name
        with suppress(self.identity.exceptions.UsernameExistsException):
            self.identity.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
        self.identity.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
        if person.role:
            self.identity.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=person.role)
        answer = self.identity.initiate_auth(
            ClientId=self._stack["client_id"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person.name, "PASSWORD": PASSWORD},
        )
        return {
            "access": answer["AuthenticationResult"]["AccessToken"],
            "id": answer["AuthenticationResult"]["IdToken"],
        }

    def call(self, person: Person | None, method: str, path: str, body: Any = None, key: str | None = None) -> Reply:
        """One call; the reply may have any status. Raises URLError if the connection breaks."""
        headers = {"Authorization": f"Bearer {self.token(person)}"} if person else {}
        if key := key_of_call(method, key):
            headers["Idempotency-Key"] = key
        return self.send(method, path, json.dumps(body).encode() if body is not None else None, headers)

    def send(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Reply:
        """One request with exactly these headers and this body."""
        self.calls += 1
        route, _, search = path.partition("?")
        url = self._stack["api_url"].rstrip("/") + urllib.parse.quote(route) + (f"?{search}" if search else "")
        accepted = {"Content-Type": "application/json", "Accept": "*/*"}
        request = urllib.request.Request(url, data, accepted | headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return _reply(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as error:
            return _reply(error.code, error.read(), dict(error.headers))

    def upload(self, post: dict[str, Any], content: bytes) -> None:
        """Do the presigned POST as a browser would. Raises urllib's HTTPError when the store refuses it."""
        boundary = uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in post["fields"].items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'.encode()
        data = b"".join([*parts, head, content, f"\r\n--{boundary}--\r\n".encode()])
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        with urllib.request.urlopen(urllib.request.Request(post["url"], data, headers), timeout=TIMEOUT_SECONDS):
            pass


def _reply(status: int, content: bytes, headers: dict[str, str]) -> Reply:
    lower = {name.lower(): value for name, value in headers.items()}
    if "json" in lower.get("content-type", ""):
        return Reply(status, json.loads(content or b"null"), lower)
    if "spreadsheet" in lower.get("content-type", ""):
        return Reply(status, content, lower)
    return Reply(status, content.decode(errors="replace"), lower)
