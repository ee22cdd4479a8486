"""People with a phone: they call, wait, call again with the same key, and at last give up."""

import json
import re
from dataclasses import dataclass
from typing import Any

from infra.client.http import Person, Reply, key_of_call
from tests.simulation.cloud import Cloud
from tests.simulation.scheduler import Killed
from tests.support import backend
from tests.support.backend import World, api_event, read_reply
from tests.support.contract import check_answer

MOST_TRIES = 6
WAIT_SECONDS = 3.0
CREATES = re.compile(r"/(orders|settlements|rounds|notice|payouts|violations)$")
CHANGED, LOST = {"BUSY", "CHANGED_MEANWHILE"}, 502


class GaveUpError(Exception):
    """A person gave up after a few tries without a definite answer."""


@dataclass(frozen=True)
class Call:
    """One request and its reply, and between which seconds."""

    begun: float
    ended: float
    person: Person | None
    method: str
    path: str
    body: Any
    key: str | None
    reply: Reply
    route: str


class People(World):
    """The client of the backend in a simulated cloud. `calls` has every reply that reached its caller."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.calls: list[Call] = []

    def upload(self, post: dict[str, Any], content: bytes) -> None:
        """Put a file where a presigned POST would put it."""
        self._cloud.files.put_object(Key=post["fields"]["key"], Body=content)

    def call(
        self,
        person: Person | None,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        raw: str | None = None,
    ) -> Reply:
        """A call until it is answered for good. Raises GaveUpError."""
        if self._cloud.scheduler.current is None:
            return super().call(person, method, path, body, key, raw)
        key = key_of_call(method, key)
        for attempt in range(MOST_TRIES):
            reply = self.send(person, method, path, body, key)
            if reply.status < 500 and reply.status != 429 and reply.code not in CHANGED:
                # to whoever asks again it is all the same that it had been made already
                made = attempt and reply.status == 200 and CREATES.search(path)
                return Reply(201, reply.body, reply.headers) if made else reply
            self._cloud.scheduler.sleep(self._cloud.chance.random.uniform(0.1, WAIT_SECONDS))
        raise GaveUpError(f"{method} {path}")

    def send(self, person: Person | None, method: str, path: str, body: Any, key: str | None) -> Reply:
        """One request; status 502 if no answer reached the caller."""
        cloud, chance = self._cloud, self._cloud.chance
        path, _, search = path.partition("?")
        route, parameters = backend.route_of(method, path)
        event = api_event(route, path, search, parameters, body, person, key, None)
        begun = cloud.scheduler.now
        cloud.scheduler.sleep(chance.latency())
        try:
            reply = read_reply(cloud.invoke(route.folder, json.loads(json.dumps(event))))
        except Killed:
            chance.met["process ended"] += 1
            reply = Reply(LOST, {})
        except Exception:  # noqa: BLE001 - API Gateway answers 502; the cloud keeps those that nothing explains
            reply = Reply(LOST, {})
        if reply.status != LOST:
            check_answer(method, route.path, reply)
        cloud.scheduler.sleep(chance.latency())
        if chance.happens("client lost answer"):
            return Reply(LOST, {})
        if reply.status != LOST:
            self.calls.append(
                Call(begun, cloud.scheduler.now, person, method, path, body, key, reply, f"{method} {route.path}")
            )
        return reply
