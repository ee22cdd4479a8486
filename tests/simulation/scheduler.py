"""Virtual time and one baton: of all tasks exactly one runs, and each wait hands the baton to whoever is due next.

Nothing here looks at a real clock. How long a wait takes is drawn from the seed by whoever waits, so the seed decides
every interleaving; two that are due at one instant come in the order in which they began to wait.
"""

import heapq
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

Action = Callable[[], Any]


class Killed(BaseException):
    """The process of this task ended here; nothing in it may catch this."""


class Task:
    """An action in a thread of its own; it runs only while it has the baton. `process` is whose code it runs now."""

    process: Any = None

    def __init__(self, action: Action) -> None:
        self.action = action
        self.baton = threading.Lock()
        self.baton.acquire()


class Scheduler:
    """The seconds since the run began (`now`), and what is due when."""

    def __init__(self) -> None:
        self.now = 0.0
        self.failures: list[BaseException] = []
        self.current: Task | None = None
        self._main = Task(lambda: None)
        self._due: list[tuple[float, int, Task | Action]] = []
        self._numbers = count()
        self._ends_at = 0.0
        self._is_given_up = False

    def at(self, delay: float, action: Action) -> None:
        """Do something after so many seconds, in nobody's process; it must not wait."""
        self._put(self.now + delay, action)

    def spawn(self, action: Action, delay: float = 0.0) -> None:
        """Begin a task after so many seconds."""
        self.at(delay, lambda: self._begin(Task(action)))

    def run(self, seconds: float) -> None:
        """Let everything run that is due within so many seconds. Raises the first failure of a task."""
        self._ends_at = self.now + seconds
        self._pass_on(self._main)
        self.current = None
        if self.failures:
            raise self.failures[0]
        self.now = self._ends_at

    def sleep(self, seconds: float) -> None:
        """The task that has the baton waits."""
        me, due = self.current, self.now + seconds
        assert me is not None, "only a task may wait"
        if due <= self._ends_at and not (self._due and self._due[0][0] <= due):
            self.now = due  # nobody else would have had a turn
            return
        self._put(due, me)
        self._pass_on(me)
        self.current = me
        if self._is_given_up:
            raise Killed

    def give_up(self) -> None:
        """End every task that still waits; the run is over."""
        self._is_given_up = True
        self._ends_at = float("inf")
        self._due = [each for each in self._due if isinstance(each[2], Task)]
        heapq.heapify(self._due)
        self._pass_on(self._main)

    def _put(self, due: float, what: Task | Action) -> None:
        heapq.heappush(self._due, (due, next(self._numbers), what))

    def _begin(self, task: Task) -> None:
        threading.Thread(target=self._live, args=(task,), daemon=True).start()
        self._put(self.now, task)

    def _live(self, task: Task) -> None:
        task.baton.acquire()
        self.current = task
        try:
            if not self._is_given_up:
                task.action()
        except Killed:
            pass
        except BaseException as failure:  # noqa: BLE001 - `run` raises it
            self.failures.append(failure)
        self._pass_on(None)

    def _pass_on(self, me: Task | None) -> None:
        """Whoever has the baton does what is due, until it is the turn of another task, or its own."""
        while True:
            if self.failures and not self._is_given_up:
                following: Task | Action = self._main
            elif self._due and self._due[0][0] <= self._ends_at:
                self.now, _, following = heapq.heappop(self._due)
            else:
                following = self._main
            if not isinstance(following, Task):
                self.current = None
                following()
            elif following is me:
                return
            else:
                following.baton.release()
                if me is not None:
                    me.baton.acquire()
                return
