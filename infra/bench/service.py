"""The simulated services: partitions with capacity, items that conflict, environments that must start."""

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from math import ceil
from random import Random
from typing import Any, Literal

import simpy

from infra.bench import limits

# "unmet": a row's condition is false; "differs": the claim's units are others than its entitlement has; "held": the
# claimant has its voucher already
Outcome = Literal["done", "held", "differs", "unmet", "conflict", "throttled"]
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


@dataclass
class Claim:
    """What one claimant asks for: `units` are what its entitlement has, `home` is its hash. `partitions` are those of
    its entitlement and its voucher; it `holds` the voucher once it was granted."""

    home: int
    units: int
    partitions: tuple[int, int]
    holds: bool = False


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
    """Calls by DynamoDB's operation, and how many of them met another transaction or found no room."""

    calls: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    throttled_writes: int = 0
    throttled_reads: int = 0

    @property
    def reads(self) -> int:
        """All calls that only read."""
        return self.calls.total() - self.calls["TransactWriteItems"]


@dataclass
class SimulatedTable:
    """A table with its partitions, which share out evenly what the table takes at once."""

    clock: simpy.Environment
    random: Random
    write_units: int
    read_units: int
    counts: CallCounts = field(default_factory=CallCounts)

    def __post_init__(self) -> None:
        number = max(
            ceil(self.write_units / limits.WRITE_UNITS_PER_PARTITION),
            ceil(self.read_units / limits.READ_UNITS_PER_PARTITION),
        )
        self._writes = [_bucket(self.write_units / number) for _ in range(number)]
        self._reads = [_bucket(self.read_units / number) for _ in range(number)]

    def partition(self) -> int:
        """The partition that a key's hash chooses."""
        return self.random.randrange(len(self._writes))

    def row(self, units: int) -> SimulatedRow:
        """A new item."""
        return SimulatedRow(units, self.partition())

    def transact(self, changes: list[RowChange], claim: Claim) -> Steps:
        """TransactWriteItems over `changes`, the claimant's entitlement and its voucher; the result is an Outcome."""
        self.counts.calls["TransactWriteItems"] += 1
        call_seconds = self._seconds(limits.TRANSACTION_SECONDS)
        yield self.clock.timeout(call_seconds * limits.PREPARED_AT)
        outcome = self._prepare(changes, claim)
        if outcome == "done":
            for change in changes:
                change.row.in_transaction = True
        yield self.clock.timeout(call_seconds * (limits.COMMITTED_AT - limits.PREPARED_AT))
        if outcome == "done":
            claim.holds = True
            for change in changes:
                change.apply()
                change.row.in_transaction = False
        yield self.clock.timeout(call_seconds * (1 - limits.COMMITTED_AT))
        return outcome

    def _prepare(self, changes: list[RowChange], claim: Claim) -> Outcome:
        partitions = [*(change.row.partition for change in changes), *claim.partitions]
        room = [self._writes[each].take(limits.WRITE_UNITS_PER_ITEM, self.clock.now) for each in partitions]
        if not all(room):
            self.counts.throttled_writes += 1
            return "throttled"
        if any(change.row.in_transaction for change in changes):
            self.counts.conflicts += 1
            return "conflict"
        if claim.holds:
            return "held"
        if sum(change.units for change in changes) != claim.units:
            return "differs"
        return "done" if all(change.holds() for change in changes) else "unmet"

    def read_each(self, rows: list[SimulatedRow]) -> Steps:
        """BatchGetItem of at most 100 rows: what was read of them, as {number: (units, version)}; those of partitions
        without room are missing."""
        self.counts.calls["BatchGetItem"] += 1
        call_seconds = self._seconds(limits.PLAIN_READ_SECONDS)
        yield self.clock.timeout(call_seconds / 2)
        has_room = self._room_for(Counter(row.partition for row in rows), limits.PLAIN_READ_UNITS_PER_ITEM)
        found = {number: (row.units, row.version) for number, row in enumerate(rows) if has_room[row.partition]}
        yield self.clock.timeout(call_seconds / 2)
        return found

    def read_together(self, rows: list[SimulatedRow], private: tuple[int, ...] = ()) -> Steps:
        """TransactGetItems of at most 100 rows, or of the claimant's own items in the partitions `private`: each row's
        (units, version), or "conflict" or "throttled"."""
        self.counts.calls["TransactGetItems"] += 1
        call_seconds = self._seconds(limits.SERIALISABLE_READ_SECONDS)
        yield self.clock.timeout(call_seconds / 2)
        by_partition = Counter([*(row.partition for row in rows), *private])
        has_room = self._room_for(by_partition, limits.SERIALISABLE_READ_UNITS_PER_ITEM)
        met_transaction = any(row.in_transaction for row in rows)
        self.counts.conflicts += met_transaction
        found = [(row.units, row.version) for row in rows]
        yield self.clock.timeout(call_seconds / 2)
        if not all(has_room.values()):
            return "throttled"
        return "conflict" if met_transaction else found

    def read_one(self, partition: int | None) -> Steps:
        """GetItem: whether there was room. None is the partition of another table, which always has some."""
        self.counts.calls["GetItem"] += 1
        yield self.clock.timeout(self._seconds(limits.PLAIN_READ_SECONDS))
        return partition is None or self._room_for(Counter([partition]), limits.PLAIN_READ_UNITS_PER_ITEM)[partition]

    def _room_for(self, items_by_partition: Counter[int], units: int) -> dict[int, bool]:
        now = self.clock.now
        room = {each: self._reads[each].take(units * items, now) for each, items in items_by_partition.items()}
        self.counts.throttled_reads += not all(room.values())
        return room

    def _seconds(self, median: float) -> float:
        """A random duration with this median, in seconds."""
        return self.random.lognormvariate(0, limits.SPREAD) * median


def _bucket(rate: float) -> TokenBucket:
    return TokenBucket(rate, rate * limits.BURST_SECONDS)


@dataclass
class WarmEnvironment:
    """One warm Lambda environment and its memory, as functions/grab/memory.py has it: whether it knows the batch, and
    how much the batch had left at most (and when that was), if a claim did not fit."""

    knows_batch: bool = False
    room: tuple[int, float] | None = None


class Gateway:
    """API Gateway's throttle of one method, which also stays below the account's."""

    def __init__(self, clock: simpy.Environment, requests_per_second: float, burst: float) -> None:
        self._clock, self.throttled = clock, 0
        rate, capacity = min(requests_per_second, limits.API_REQUESTS_PER_SECOND), min(burst, limits.API_BURST)
        self._bucket = TokenBucket(rate, capacity)

    def admits(self) -> bool:
        """Whether a request is let in; otherwise it is answered 429."""
        is_admitted = self._bucket.take(1, self._clock.now)
        self.throttled += not is_admitted
        return is_admitted


class Function:
    """One Lambda function: its environments, at most `share` of them, and how fast new ones start."""

    def __init__(
        self,
        clock: simpy.Environment,
        random: Random,
        share: int,
        cold_start_seconds: float,
        warm: int = limits.WARM_ENVIRONMENTS,
    ) -> None:
        self._clock, self._random, self._cold_start_seconds = clock, random, cold_start_seconds
        self._share = share
        self._idle = [WarmEnvironment(knows_batch=True) for _ in range(min(share, warm))]
        self.running = len(self._idle)
        self.throttled = 0
        rate = limits.ENVIRONMENT_STARTS / limits.ENVIRONMENT_START_PERIOD_SECONDS
        self._starts = TokenBucket(rate, limits.ENVIRONMENT_STARTS)
        self._requests = _bucket(share * limits.REQUESTS_PER_ENVIRONMENT)

    def enter(self) -> Steps:
        """An environment, if necessary after a cold start; None if all are taken."""
        if self._requests.take(1, self._clock.now):
            if self._idle:
                return self._idle.pop()
            if self.running < self._share and self._starts.take(1, self._clock.now):
                self.running += 1
                spread = self._random.lognormvariate(0, limits.SPREAD / 2)
                yield self._clock.timeout(spread * self._cold_start_seconds)
                return WarmEnvironment()
        self.throttled += 1
        return None

    def leave(self, environment: WarmEnvironment) -> None:
        """Free the environment for the next request."""
        self._idle.append(environment)
