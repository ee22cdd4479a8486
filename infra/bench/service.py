"""The simulated services: partitions with capacity, items that conflict, environments that must start."""

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

import simpy

from infra.bench import limits

Outcome = Literal["done", "conflict", "unmet"]
Steps = Generator[simpy.Event, Any, Any]


class TokenBucket:
    """Units that refill at a steady rate, up to a capacity."""

    def __init__(self, rate: float, capacity: float) -> None:
        self._rate, self._capacity, self._available, self._at = rate, capacity, capacity, 0.0

    def take(self, units: float, now: float) -> bool:
        """Take `units` if they are available at `now` (seconds)."""
        self._available = min(self._capacity, self._available + (now - self._at) * self._rate)
        self._at = now
        if self._available < units:
            return False
        self._available -= units
        return True


@dataclass
class SimulatedRow:
    """One item with units of a batch; `in_transaction` while a transaction has prepared it."""

    units: int
    partition: int
    version: int = 0
    in_transaction: bool = False


@dataclass(frozen=True)
class RowChange:
    """Part of a transaction: take `units` from `row`, on condition that it has them and, if given, has this version."""

    row: SimulatedRow
    units: int
    seen_version: int | None = None

    def holds(self) -> bool:
        """The condition of the write."""
        return self.row.units >= self.units and self.seen_version in (None, self.row.version)

    def apply(self) -> None:
        """The write."""
        self.row.units -= self.units
        self.row.version += 1


@dataclass
class CallCounts:
    """Counters of calls and failures."""

    writes: int = 0
    reads: int = 0
    conflicts: int = 0
    throttles: int = 0


@dataclass
class SimulatedTable:
    """A table with its partitions; the items of one claimant (entitlement, voucher) are spread evenly over them."""

    clock: simpy.Environment
    random: Random
    write_units: int
    counts: CallCounts = field(default_factory=CallCounts)

    def __post_init__(self) -> None:
        number = max(1, self.write_units // limits.WRITE_UNITS_PER_PARTITION)
        self._writes = [_bucket(limits.WRITE_UNITS_PER_PARTITION) for _ in range(number)]
        self._reads = [_bucket(limits.READ_UNITS_PER_PARTITION) for _ in range(number)]

    def row(self, units: int) -> SimulatedRow:
        """A new item, in a partition that its hashed key chooses."""
        return SimulatedRow(units, self.random.randrange(len(self._writes)))

    def seconds(self, median: float) -> float:
        """A random duration with this median, in seconds."""
        return self.random.lognormvariate(0, limits.SPREAD) * median

    def transact(self, changes: list[RowChange], private_items: int = 2) -> Steps:
        """TransactWriteItems over `changes` and the claimant's own items; the process's value is an Outcome."""
        self.counts.writes += 1
        call_seconds = self.seconds(limits.TRANSACTION_SECONDS)
        yield self.clock.timeout(call_seconds * limits.PREPARED_AT)
        outcome = self._prepare(changes, private_items)
        if outcome == "done":
            for change in changes:
                change.row.in_transaction = True
        yield self.clock.timeout(call_seconds * (limits.COMMITTED_AT - limits.PREPARED_AT))
        if outcome == "done":
            for change in changes:
                change.apply()
                change.row.in_transaction = False
        yield self.clock.timeout(call_seconds * (1 - limits.COMMITTED_AT))
        return outcome

    def _prepare(self, changes: list[RowChange], private_items: int) -> Outcome:
        partitions = [change.row.partition for change in changes]
        partitions += [self.random.randrange(len(self._writes)) for _ in range(private_items)]
        room = [self._writes[each].take(limits.WRITE_UNITS_PER_ITEM, self.clock.now) for each in partitions]
        if not all(room):
            self.counts.throttles += 1
            return "conflict"
        if any(not change.row.in_transaction and not change.holds() for change in changes):
            return "unmet"
        if any(change.row.in_transaction for change in changes):
            self.counts.conflicts += 1
            return "conflict"
        return "done"

    def read(self, rows: list[SimulatedRow], serialisable: bool) -> Steps:
        """The rows' (units, version), or None for a serialisable read that met a transaction or a limit."""
        cost = limits.SERIALISABLE_READ_UNITS_PER_ITEM if serialisable else limits.PLAIN_READ_UNITS_PER_ITEM
        median = limits.SERIALISABLE_READ_SECONDS if serialisable else limits.PLAIN_READ_SECONDS
        rows_read: list[tuple[int, int]] = []
        for start in range(0, len(rows), limits.ITEMS_PER_READ):
            part = rows[start : start + limits.ITEMS_PER_READ]
            self.counts.reads += 1
            call_seconds = self.seconds(median)
            yield self.clock.timeout(call_seconds / 2)
            rows_by_partition = Counter(row.partition for row in part)
            room = [self._reads[each].take(cost * rows, self.clock.now) for each, rows in rows_by_partition.items()]
            met_transaction = serialisable and any(row.in_transaction for row in part)
            self.counts.conflicts += met_transaction
            self.counts.throttles += not all(room)
            rows_read += [(row.units, row.version) for row in part]
            yield self.clock.timeout(call_seconds / 2)
            if met_transaction or not all(room):
                return None
        return rows_read


def _bucket(rate: float) -> TokenBucket:
    return TokenBucket(rate, rate * limits.BURST_SECONDS)


class WarmEnvironment:
    """One warm Lambda environment and its memory."""

    def __init__(self) -> None:
        self.sold_out = False


class Fleet:
    """API Gateway and Lambda: whether a request is let in, and which environment answers it."""

    def __init__(self, clock: simpy.Environment, random: Random) -> None:
        self._clock, self._random = clock, random
        self._idle = [WarmEnvironment() for _ in range(limits.WARM_ENVIRONMENTS)]
        self._running = len(self._idle)
        rate = limits.ENVIRONMENT_STARTS / limits.ENVIRONMENT_START_PERIOD_SECONDS
        self._starts = TokenBucket(rate, limits.ENVIRONMENT_STARTS)
        self._door = TokenBucket(limits.API_REQUESTS_PER_SECOND, limits.API_BURST)

    def enter(self) -> Steps:
        """An environment, if necessary after a cold start; None for 429."""
        if not self._door.take(1, self._clock.now):
            return None
        if self._idle:
            return self._idle.pop()
        if self._running >= limits.ENVIRONMENTS or not self._starts.take(1, self._clock.now):
            return None
        self._running += 1
        yield self._clock.timeout(self._random.lognormvariate(0, limits.SPREAD / 2) * limits.COLD_START_SECONDS)
        return WarmEnvironment()

    def leave(self, process: WarmEnvironment) -> None:
        """Free the environment for the next request."""
        self._idle.append(process)
