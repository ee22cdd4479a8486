"""Interleaved threads: one runs at a time, from one AWS call to the next, and a seed chooses the next one.

So a race can be repeated exactly. The local engine handles one request at a time and never cancels a transaction
because of a conflict; the same seed adds such conflicts.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.support.aws_errors import conflict
from tests.support.short_cuts import listening
from voucher.edge.api import Api
from voucher.store.engine import pools, table

CONFLICT_SHARE = 0.1
PATIENCE_SECONDS = 120


class Interleaving:
    """Runs actions together, each in its own thread."""

    def __init__(self, seed: int, conflict_share: float = CONFLICT_SHARE) -> None:
        self._random = Random(seed)
        self._conflict_share = conflict_share
        self._this_thread = threading.local()
        self._turn_over = threading.Semaphore(0)

    def run[Result](self, actions: Iterable[Callable[[], Result]]) -> list[Result]:
        """The results, in the order of the actions; the first exception of an action is raised."""
        workers = [_Worker(action, self._turn_over, self._this_thread) for action in actions]
        table.client().meta.events.register("before-send.dynamodb", self._before_send)
        try:
            with listening():
                self._give_turns(workers)
        finally:
            table.client().meta.events.unregister("before-send.dynamodb", self._before_send)
        return [worker.result() for worker in workers]

    def _give_turns(self, workers: list["_Worker[Any]"]) -> None:
        unfinished = list(workers)
        while unfinished:
            worker = self._random.choice(unfinished)
            worker.start_turn.release()
            assert self._turn_over.acquire(timeout=PATIENCE_SECONDS), "a thread waits for another one's turn"
            unfinished = [each for each in unfinished if not each.is_done]

    def _before_send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
        worker: _Worker[object] | None = getattr(self._this_thread, "worker", None)
        if worker is None or worker.keeps_turn:
            return None
        worker.end_turn()
        if self._random.random() >= self._conflict_share:
            return None
        return conflict(event_name.removeprefix("before-send."), request)

    @contextmanager
    def without_turns(self) -> Iterator[None]:
        """Read the tables without letting other threads run, so the reads show the state of this moment."""
        self._this_thread.worker.keeps_turn = True
        try:
            yield
        finally:
            self._this_thread.worker.keeps_turn = False


class _Worker[Result]:
    """One action in its thread. It waits for `start_turn` before it begins and before every AWS call."""

    def __init__(
        self, action: Callable[[], Result], turn_over: threading.Semaphore, this_thread: threading.local
    ) -> None:
        self.start_turn = threading.Semaphore(0)
        self.is_done = False
        self.keeps_turn = False
        self._action, self._turn_over, self._this_thread = action, turn_over, this_thread
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._this_thread.worker = self
        self.start_turn.acquire()
        try:
            self._results.append(self._action())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that started this one
            self._error = error
        self.is_done = True
        self._turn_over.release()

    def end_turn(self) -> None:
        """Let other threads run until the next turn of this worker."""
        self._turn_over.release()
        self.start_turn.acquire()

    def result(self) -> Result:
        """The action's result; raises the exception of the action."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._results[0]


def run_at_once[Result](actions: Iterable[Callable[[], Result]]) -> list[Result]:
    """Run actions without turns: all threads start at once, and the operating system schedules them."""
    action_list = list(actions)
    turn_over, barrier = threading.Semaphore(0), threading.Barrier(len(action_list))

    def together(action: Callable[[], Result]) -> Callable[[], Result]:
        def run() -> Result:
            barrier.wait()
            return action()

        return run

    workers = [_Worker(together(action), turn_over, threading.local()) for action in action_list]
    for worker in workers:
        worker.start_turn.release()
    return [worker.result() for worker in workers]


def give_each_thread_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the request per thread. The resolver keeps it as its own, because a Lambda answers one request at a time."""
    this_thread = threading.local()

    def of_this_thread(name: str) -> property:
        return property(lambda _: getattr(this_thread, name), lambda _, value: setattr(this_thread, name, value))

    for name in ("event", "_caller", "_overtaken"):
        monkeypatch.setattr(Api, name, of_this_thread(name), raising=False)


def skip_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts take no time."""
    for module in (table, pools):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=lambda _seconds: None))
