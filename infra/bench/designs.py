"""Three designs for granting from a batch, as the simulation runs them: ours and two others.

Each is a process with the result "granted", "refused" or "busy". `Ours` repeats store/engine/pools.py step by step.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal, Protocol

from infra.bench.service import RowChange, SimulatedRow, SimulatedTable, Steps, WarmEnvironment

GrabAnswer = Literal["granted", "refused", "busy"]
DRAW_ATTEMPTS = 24  # as in store/engine/pools.py
READ_ATTEMPTS = 8  # as ATTEMPTS in store/engine/table.py


class Design(Protocol):
    """A design: how the units of one claimant are drawn."""

    rows: list[SimulatedRow]

    def grab(self, home: int, units: int, environment: WarmEnvironment) -> Steps: ...


def split(units: int, rows: int) -> list[int]:
    """Units split evenly over rows; the first rows have one more."""
    each, rest = divmod(units, rows)
    return [each + (number < rest) for number in range(rows)]


@dataclass
class Ours:
    """A pool of shards: first the claimant's home shard, after a conflict another, several if no single one suffices.

    Before it gathers from several or refuses, all shards are read; `serialisable` chooses the kind of read. A batch
    only shrinks, so plain consistent reads are enough: their sum is never below the remaining units.
    """

    table: SimulatedTable
    random: Random
    rows: list[SimulatedRow]
    serialisable: bool = True

    def grab(self, home: int, units: int, environment: WarmEnvironment) -> Steps:
        """One claim; `home` is the claimant's hash."""
        if environment.sold_out:
            return "refused"
        plan = {home % len(self.rows): units}
        for attempt in range(DRAW_ATTEMPTS):
            outcome = yield from self._transact(plan)
            if outcome == "done":
                return "granted"
            if outcome == "conflict":
                plan = {(next(iter(plan)) + 1) % len(self.rows): units} if len(plan) == 1 else plan
                yield self.table.clock.timeout(self.random.uniform(0, min(0.2, 0.005 * 2**attempt)))
                continue
            units_read = yield from self._read()
            if units_read is None:
                return "busy"
            if sum(units_read) < units:
                environment.sold_out = sum(units_read) == 0
                return "refused"
            plan = gather(units_read, units)
        return "busy"

    def _transact(self, plan: dict[int, int]) -> Steps:
        for attempt in range(2):
            outcome = yield from self.table.transact(
                [RowChange(self.rows[shard], part) for shard, part in plan.items()]
            )
            if outcome != "conflict":
                return outcome
            yield self.table.clock.timeout(self.random.uniform(0, 0.01 * 2**attempt))
        return "conflict"

    def _read(self) -> Steps:
        for attempt in range(READ_ATTEMPTS):
            rows_read = yield from self.table.read(self.rows, self.serialisable)
            if rows_read is not None:
                return [units for units, _ in rows_read]
            yield self.table.clock.timeout(self.random.uniform(0, min(0.4, 0.01 * 2**attempt)))
        return None


def gather(units_read: list[int], units: int) -> dict[int, int]:
    """A plan over the fullest shards."""
    plan: dict[int, int] = {}
    for shard in sorted(range(len(units_read)), key=lambda each: (-units_read[each], each)):
        part = min(units_read[shard], units - sum(plan.values()))
        if part:
            plan[shard] = part
    return plan


@dataclass
class Versioned:
    """(a) Read the batch, check its units, and write it on condition that its version is unchanged."""

    table: SimulatedTable
    random: Random
    rows: list[SimulatedRow]

    def grab(self, home: int, units: int, environment: WarmEnvironment) -> Steps:  # noqa: ARG002 - it has one row and no memory
        """One claim."""
        for attempt in range(DRAW_ATTEMPTS):
            row_read = yield from self.table.read(self.rows, serialisable=False)
            if row_read is not None:
                remaining_units, version = row_read[0]
                if remaining_units < units:
                    return "refused"
                outcome = yield from self.table.transact([RowChange(self.rows[0], units, version)])
                if outcome == "done":
                    return "granted"
                self.table.counts.conflicts += outcome == "unmet"
            yield self.table.clock.timeout(self.random.uniform(0, min(0.2, 0.005 * 2**attempt)))
        return "busy"


@dataclass
class OneCounter:
    """(b) One counter, decreased in a transaction on condition that it suffices."""

    table: SimulatedTable
    random: Random
    rows: list[SimulatedRow]

    def grab(self, home: int, units: int, environment: WarmEnvironment) -> Steps:  # noqa: ARG002 - it has one row and no memory
        """One claim."""
        for attempt in range(DRAW_ATTEMPTS):
            outcome = yield from self.table.transact([RowChange(self.rows[0], units)])
            if outcome == "done":
                return "granted"
            if outcome == "unmet":
                return "refused"
            yield self.table.clock.timeout(self.random.uniform(0, min(0.2, 0.005 * 2**attempt)))
        return "busy"
