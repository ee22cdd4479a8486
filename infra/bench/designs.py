"""Three ways to grant from a batch, as the simulation runs them: ours, and the two it is compared with.

Each is a process whose value is "granted", "refused" or "busy". `Ours` repeats store/pools.py step by step.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal, Protocol

from infra.bench.service import Change, Process, Row, Steps, Table

Answer = Literal["granted", "refused", "busy"]
TRIES = 24  # as in store/pools.py
READ_ATTEMPTS = 8  # as ATTEMPTS in store/table.py


class Design(Protocol):
    """How one claimant's units are drawn."""

    rows: list[Row]

    def grab(self, home: int, units: int, process: Process) -> Steps: ...


def split(units: int, rows: int) -> list[int]:
    """Units spread evenly, the first rows having one more."""
    each, rest = divmod(units, rows)
    return [each + (number < rest) for number in range(rows)]


@dataclass
class Ours:
    """A pool of shards: the claimant's home shard first, another on conflict, several when no single one has enough.

    `serialisable` says how all shards are read before gathering or refusing. A batch only shrinks, so plain consistent
    reads prove as much: whoever adds them up sees at least what is left when the last of them is done.
    """

    table: Table
    random: Random
    rows: list[Row]
    serialisable: bool = True

    def grab(self, home: int, units: int, process: Process) -> Steps:
        """One claim; `home` is the claimant's hash."""
        if process.sold_out:
            return "refused"
        plan = {home % len(self.rows): units}
        for attempt in range(TRIES):
            outcome = yield from self._transact(plan)
            if outcome == "done":
                return "granted"
            if outcome == "conflict":
                plan = {(next(iter(plan)) + 1) % len(self.rows): units} if len(plan) == 1 else plan
                yield self.table.clock.timeout(self.random.uniform(0, min(0.2, 0.005 * 2**attempt)))
                continue
            seen = yield from self._read()
            if seen is None:
                return "busy"
            if sum(seen) < units:
                process.sold_out = sum(seen) == 0
                return "refused"
            plan = gather(seen, units)
        return "busy"

    def _transact(self, plan: dict[int, int]) -> Steps:
        for attempt in range(2):
            outcome = yield from self.table.transact([Change(self.rows[shard], part) for shard, part in plan.items()])
            if outcome != "conflict":
                return outcome
            yield self.table.clock.timeout(self.random.uniform(0, 0.01 * 2**attempt))
        return "conflict"

    def _read(self) -> Steps:
        for attempt in range(READ_ATTEMPTS):
            seen = yield from self.table.read(self.rows, self.serialisable)
            if seen is not None:
                return [units for units, _ in seen]
            yield self.table.clock.timeout(self.random.uniform(0, min(0.4, 0.01 * 2**attempt)))
        return None


def gather(seen: list[int], units: int) -> dict[int, int]:
    """A plan over the fullest shards."""
    plan: dict[int, int] = {}
    for shard in sorted(range(len(seen)), key=lambda each: (-seen[each], each)):
        part = min(seen[shard], units - sum(plan.values()))
        if part:
            plan[shard] = part
    return plan


@dataclass
class Versioned:
    """(a) Read the batch, check that it has enough, write it back if its version is still the same."""

    table: Table
    random: Random
    rows: list[Row]

    def grab(self, home: int, units: int, process: Process) -> Steps:  # noqa: ARG002 - it has one row and no memory
        """One claim."""
        for attempt in range(TRIES):
            seen = yield from self.table.read(self.rows, serialisable=False)
            if seen is not None:
                left, version = seen[0]
                if left < units:
                    return "refused"
                outcome = yield from self.table.transact([Change(self.rows[0], units, version)])
                if outcome == "done":
                    return "granted"
                self.table.counts.conflicts += outcome == "unmet"
            yield self.table.clock.timeout(self.random.uniform(0, min(0.2, 0.005 * 2**attempt)))
        return "busy"


@dataclass
class OneCounter:
    """(b) One counter in a transaction: decreased on condition that it is enough."""

    table: Table
    random: Random
    rows: list[Row]

    def grab(self, home: int, units: int, process: Process) -> Steps:  # noqa: ARG002 - it has one row and no memory
        """One claim."""
        for attempt in range(TRIES):
            outcome = yield from self.table.transact([Change(self.rows[0], units)])
            if outcome == "done":
                return "granted"
            if outcome == "unmet":
                return "refused"
            yield self.table.clock.timeout(self.random.uniform(0, min(0.2, 0.005 * 2**attempt)))
        return "busy"
