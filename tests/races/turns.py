"""Threads that take turns: one runs at a time, from one call of AWS to the next, and a seed says whose turn it is.

So every race can be run again exactly. The engine serialises its requests anyway; what it never shows, a transaction
cancelled by a conflict, is dealt out by the same seed.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.support.aws_errors import conflict
from voucher.edge.api import Api
from voucher.store.engine import pools, table

CONFLICT_SHARE = 0.1
PATIENCE_SECONDS = 120


class Turns:
    """Runs actions together, each in a thread of its own."""

    def __init__(self, seed: int, conflict_share: float = CONFLICT_SHARE) -> None:
        self._random = Random(seed)
        self._conflict_share = conflict_share
        self._mine = threading.local()
        self._back = threading.Semaphore(0)

    def run[Result](self, actions: Iterable[Callable[[], Result]]) -> list[Result]:
        """The results, in the order of the actions; the first exception of an action is raised."""
        workers = [_Worker(action, self._back, self._mine) for action in actions]
        table.client().meta.events.register("before-send.dynamodb", self._before_send)
        try:
            waiting = list(workers)
            while waiting:
                worker = self._random.choice(waiting)
                worker.go.release()
                assert self._back.acquire(timeout=PATIENCE_SECONDS), "a thread waits for another one's turn"
                waiting = [each for each in waiting if not each.done]
        finally:
            table.client().meta.events.unregister("before-send.dynamodb", self._before_send)
        return [worker.result() for worker in workers]

    def _before_send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
        worker: _Worker[object] | None = getattr(self._mine, "worker", None)
        if worker is None or worker.watching:
            return None
        worker.pass_on()
        if self._random.random() >= self._conflict_share:
            return None
        return conflict(event_name.removeprefix("before-send."), request)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at the tables without passing the turn on: what is seen holds for the moment before."""
        self._mine.worker.watching = True
        try:
            yield
        finally:
            self._mine.worker.watching = False


class _Worker[Result]:
    """One action in its thread, which waits for `go` before it starts and at every call of AWS."""

    def __init__(self, action: Callable[[], Result], back: threading.Semaphore, mine: threading.local) -> None:
        self.go = threading.Semaphore(0)
        self.done = False
        self.watching = False
        self._action, self._back, self._mine = action, back, mine
        self._results: list[Result] = []
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._mine.worker = self
        self.go.acquire()
        try:
            self._results.append(self._action())
        except BaseException as fault:  # noqa: BLE001 - handed to the thread that started this one
            self._fault = fault
        self.done = True
        self._back.release()

    def pass_on(self) -> None:
        """Let somebody else run until it is this worker's turn again."""
        self._back.release()
        self.go.acquire()

    def result(self) -> Result:
        """What the action answered, or raise what it raised."""
        self._thread.join()
        if self._fault is not None:
            raise self._fault
        return self._results[0]


def run_freely[Result](actions: Iterable[Callable[[], Result]]) -> list[Result]:
    """The same without turns: threads as the machine schedules them, all let go at once."""
    listed = list(actions)
    back, barrier = threading.Semaphore(0), threading.Barrier(len(listed))

    def together(action: Callable[[], Result]) -> Callable[[], Result]:
        def run() -> Result:
            barrier.wait()
            return action()

        return run

    workers = [_Worker(together(action), back, threading.local()) for action in listed]
    for worker in workers:
        worker.go.release()
    return [worker.result() for worker in workers]


def give_each_thread_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Powertools keeps the request in its class, since a Lambda answers one at a time; here each thread has its own."""
    mine, convert = threading.local(), Api._to_proxy_event

    def convert_here(api: Api, event: dict[str, object]) -> object:
        mine.event, mine.context = convert(api, event), {}
        return mine.event

    def keep(_: Api, value: dict[str, object]) -> None:
        mine.context = value

    monkeypatch.setattr(Api, "_to_proxy_event", convert_here)
    monkeypatch.setattr(Api, "current_event", property(lambda _: mine.event), raising=False)
    monkeypatch.setattr(Api, "context", property(lambda _: mine.context, keep), raising=False)


def never_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-offs between attempts take no time."""
    for module in (table, pools):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=lambda _seconds: None))
