"""What the demo heard: every call with its answer and its time. The tables at the end and the page are made from it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.client.http import Client, Person, Reply


@dataclass(frozen=True)
class Call:
    """One call: who asked for what, when by this machine's clock, and the answer."""

    person: Person | None
    method: str
    path: str
    asked_at: datetime
    answered_at: datetime
    reply: Reply

    @property
    def is_refused(self) -> bool:
        """True for a refusal of the API itself, which has a code."""
        return self.reply.code is not None and self.reply.status >= 400


@dataclass
class Recorder:
    """A client that remembers."""

    client: Client
    calls: list[Call] = field(default_factory=list)

    def call(self, person: Person | None, method: str, path: str, body: Any = None, key: str | None = None) -> Reply:
        """As the client's own."""
        asked_at = datetime.now(UTC)
        reply = self.client.call(person, method, path, body, key)
        self.calls.append(Call(person, method, path, asked_at, datetime.now(UTC), reply))
        return reply

    def upload(self, post: dict[str, Any], content: bytes) -> None:
        """As the client's own."""
        self.client.upload(post, content)

    def refusals(self) -> Iterator[Call]:
        """Every call that was refused, in the order of the answers."""
        return (each for each in self.calls if each.is_refused)
