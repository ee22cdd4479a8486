"""Three designs for granting from a batch, as the simulation runs them: ours and two others.

Each is a process with the result "granted", "refused" or "busy". `Ours` repeats functions/grab/app.py and
store/engine/pools.py step by step; tests/races/test_likeness.py holds its calls beside theirs.
"""

from dataclasses import dataclass
from itertools import batched
from random import Random
from typing import Literal, Protocol

import simpy

from infra.bench import limits
from infra.bench.service import Claim, RowChange, SimulatedRow, SimulatedTable, Steps, WarmEnvironment
from voucher.store import keys
from voucher.store.engine import pools, table

GrabAnswer = Literal["granted", "refused", "busy"]
DRAW_ATTEMPTS = pools.MOST_PLANS
# functions/grab/app.MOST_AMOUNTS and memory.REMEMBERED_FOR; functions are imported by nobody, so the test compares them
MOST_AMOUNTS = 6
REMEMBERED_SECONDS = 60.0
# what is guessed of every claimant: one quota
GUESS = 1


class Design(Protocol):
    """A design: how the units of one claimant are drawn."""

    table: SimulatedTable
    rows: list[SimulatedRow]

    def claim(self, home: int, units: int) -> Claim: ...

    def grab(self, claim: Claim, environment: WarmEnvironment) -> Steps: ...


def split(units: int, rows: int) -> list[int]:
    """Units split evenly over rows; the first rows have one more."""
    each, rest = divmod(units, rows)
    return [each + (number < rest) for number in range(rows)]


class Exhausted(Exception):
    """The rows together hold less than the claim: `room` units."""

    def __init__(self, room: int) -> None:
        super().__init__(room)
        self.room = room


class Busy(Exception):
    """Others were in the way, or the table takes no more, for as long as the store tries."""


@dataclass
class Ours:
    """A pool of shards: first the claimant's home shard, after a conflict another, several if no single one suffices.

    Before it gathers from several or refuses, all shards are read; `serialisable` chooses the kind of read. A batch
    only shrinks, so plain consistent reads are enough: their sum is never below the remaining units. Before a refusal
    the claimant's own voucher is read.
    """

    table: SimulatedTable
    random: Random
    rows: list[SimulatedRow]
    serialisable: bool = False

    def __post_init__(self) -> None:
        self._batch = self.table.partition()
        self._buckets = [self.table.partition() for _ in range(keys.BUCKETS)]

    def claim(self, home: int, units: int) -> Claim:
        """A claimant: an entitlement of its own key, and a voucher in one of the batch's buckets."""
        return Claim(home, units, (self.table.partition(), self._buckets[home % len(self._buckets)]))

    def grab(self, claim: Claim, environment: WarmEnvironment) -> Steps:
        """One request (functions/grab/app.grab)."""
        try:
            return (yield from self._grab(claim, environment))
        except Busy:
            return "busy"

    def _grab(self, claim: Claim, environment: WarmEnvironment) -> Steps:
        if not environment.knows_batch:
            yield from self._read_item(self._batch)
            environment.knows_batch = True
        room = self._room_left(environment)
        if room == 0:
            return (yield from self._held_or("refused", claim, always_enterprise=False))
        units = GUESS
        if room is not None:
            # claims are of the whole quota: whether it fits is read off the entitlement
            yield from self._read_own(claim.partitions[0])
            if not claim.holds:
                units = claim.units
                if units > room:
                    return "refused"
        for _ in range(MOST_AMOUNTS):
            try:
                outcome = yield from self._draw(claim, units)
            except Exhausted as exhausted:
                environment.room = exhausted.room, self.table.clock.now
                return (yield from self._held_or("refused", claim, always_enterprise=True))
            except Busy:
                return (yield from self._held_or("busy", claim, always_enterprise=True))
            if outcome != "differs":
                return "granted"  # or held already: the claimant is shown its voucher
            units = claim.units
        raise Busy

    def _room_left(self, environment: WarmEnvironment) -> int | None:
        if environment.room is None or self.table.clock.now - environment.room[1] >= REMEMBERED_SECONDS:
            return None
        return environment.room[0]

    def _held_or(self, no: GrabAnswer, claim: Claim, always_enterprise: bool) -> Steps:
        """app.held_or_sold_out and app.held_or_refuse: the voucher, and the enterprise that decides who may see it."""
        yield from self._read_own(claim.partitions[1])
        if always_enterprise or claim.holds:
            yield from self._read_item(None)
        return "granted" if claim.holds else no

    def _draw(self, claim: Claim, units: int) -> Steps:
        """store/engine/pools.commit_draws for one pool."""
        plan, throttled = {claim.home % len(self.rows): units}, 0
        for attempt in range(DRAW_ATTEMPTS):
            outcome = yield from self._transact(plan, claim)
            if outcome in ("done", "held", "differs"):
                return outcome
            if outcome == "unmet":
                plan = yield from self._new_plan(units)
                continue
            throttled += outcome == "throttled"
            if throttled == pools.MOST_THROTTLED:
                break
            plan = {(next(iter(plan)) + 1) % len(self.rows): units} if len(plan) == 1 else plan
            yield self._wait(0, min(0.2, 0.005 * 2**attempt))
        raise Busy

    def _transact(self, plan: dict[int, int], claim: Claim) -> Steps:
        """store/engine/table.transact with two attempts."""
        throttled = 0
        for attempt in range(2):
            changes = [RowChange(self.rows[shard], part) for shard, part in plan.items()]
            outcome = yield from self.table.transact(changes, claim)
            if outcome not in ("conflict", "throttled"):
                return outcome
            throttled += outcome == "throttled"
            yield self._pause(attempt, throttled)
        return "throttled" if throttled else "conflict"

    def _new_plan(self, units: int) -> Steps:
        units_read = yield from (self._read_together() if self.serialisable else self._read_each())
        if sum(units_read) < units:
            raise Exhausted(sum(units_read))
        return gather(units_read, units)

    def _read_each(self) -> Steps:
        """store/engine/reading.read_each: what found no room is asked for again."""
        found: dict[int, int] = {}
        for attempt in range(table.ATTEMPTS):
            missing = [number for number in range(len(self.rows)) if number not in found]
            for part in batched(missing, limits.ITEMS_PER_READ, strict=False):
                read = yield from self.table.read_each([self.rows[number] for number in part])
                found |= {part[place]: units for place, (units, _) in read.items()}
            if len(found) == len(self.rows):
                return [found[number] for number in range(len(self.rows))]
            yield self._pause(attempt)
        raise Busy

    def _read_together(self) -> Steps:
        """store/engine/reading.read_together, over any number of rows."""
        units_read: list[int] = []
        for part in batched(self.rows, limits.ITEMS_PER_READ, strict=False):
            found = yield from self._patiently(list(part), ())
            units_read += [units for units, _ in found]
        return units_read

    def _read_own(self, partition: int) -> Steps:
        """The claimant's entitlement or voucher, at rest."""
        yield from self._patiently([], (partition,))

    def _patiently(self, rows: list[SimulatedRow], private: tuple[int, ...]) -> Steps:
        throttled = 0
        for attempt in range(table.ATTEMPTS):
            found = yield from self.table.read_together(rows, private)
            if found not in ("conflict", "throttled"):
                return found
            throttled += found == "throttled"
            if throttled == table.ATTEMPTS_WHEN_THROTTLED:
                break
            yield self._pause(attempt, throttled)
        raise Busy

    def _read_item(self, partition: int | None) -> Steps:
        """GetItem, which botocore asks again (store/engine/patience.py)."""
        for attempt in range(3):
            if (yield from self.table.read_one(partition)):
                return
            yield self._wait(0, 2**attempt)
        raise Busy

    def _pause(self, attempt: int, throttled: int = 0) -> simpy.Event:
        """store/engine/table.pause."""
        return self._wait(0.1 * throttled, min(0.4, 0.01 * 2**attempt) + 0.3 * throttled)

    def _wait(self, least: float, most: float) -> simpy.Event:
        return self.table.clock.timeout(self.random.uniform(least, most))


def gather(units_read: list[int], units: int) -> dict[int, int]:
    """A plan over the fullest shards."""
    plan: dict[int, int] = {}
    for shard in sorted(range(len(units_read)), key=lambda each: (-units_read[each], each)):
        part = min(units_read[shard], units - sum(plan.values()))
        if part:
            plan[shard] = part
    return plan


@dataclass
class _Rival:
    """What the two other designs have in common: one row, no memory, and a voucher of its own key."""

    table: SimulatedTable
    random: Random
    rows: list[SimulatedRow]

    def claim(self, home: int, units: int) -> Claim:
        """A claimant, whose entitlement and voucher may be in any partition."""
        return Claim(home, units, (self.table.partition(), self.table.partition()))

    def back_off(self, attempt: int) -> simpy.Event:
        """Wait as ours does."""
        return self.table.clock.timeout(self.random.uniform(0, min(0.2, 0.005 * 2**attempt)))


class Versioned(_Rival):
    """(a) Read the batch, check its units, and write it on condition that its version is unchanged."""

    def grab(self, claim: Claim, environment: WarmEnvironment) -> Steps:  # noqa: ARG002 - it has no memory
        """One claim."""
        for attempt in range(DRAW_ATTEMPTS):
            row_read = yield from self.table.read_each(self.rows)
            if row_read:
                remaining_units, version = row_read[0]
                if remaining_units < claim.units:
                    return "refused"
                outcome = yield from self.table.transact([RowChange(self.rows[0], claim.units, version)], claim)
                if outcome in ("done", "held"):
                    return "granted"
                self.table.counts.conflicts += outcome == "unmet"
            yield self.back_off(attempt)
        return "busy"


class OneCounter(_Rival):
    """(b) One counter, decreased in a transaction on condition that it suffices."""

    def grab(self, claim: Claim, environment: WarmEnvironment) -> Steps:  # noqa: ARG002 - it has no memory
        """One claim."""
        for attempt in range(DRAW_ATTEMPTS):
            outcome = yield from self.table.transact([RowChange(self.rows[0], claim.units)], claim)
            if outcome in ("done", "held"):
                return "granted"
            if outcome == "unmet":
                return "refused"
            yield self.back_off(attempt)
        return "busy"
