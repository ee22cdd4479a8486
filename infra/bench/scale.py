"""A rush on a batch in simulated time: grants per second, waiting times, and how many grants are out of turn.

A rush is one opening of one batch: claimants arrive at a rate, most for one quota and some for two, until each has a
definite answer. The same seed gives the same rush.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count
from math import inf
from random import Random

import simpy

from infra.bench import limits
from infra.bench.designs import Design, GrabAnswer, OneCounter, Ours, Versioned, split
from infra.bench.service import Claim, Function, Gateway, SimulatedTable, Steps
from voucher.edge.replies import RETRY_AFTER
from voucher.refusals import Refusal

PLAIN, SERIALISABLE = "ours", "ours, serialisable reads"
VERSIONED, COUNTER = "(a) optimistic version", "(b) one counter"
LOADS_PER_SECOND = (100, 500, 1_000, 2_500, 10_000, 50_000)
SHARDS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
CLAIMANTS = 2_000
QUOTAS = 1_000
DOUBLE_SHARE = 0.1
SEED = 2026
WARM_TABLE_WRITE_UNITS = 40_000
WARM_TABLE_READ_UNITS = 120_000
# a claimant without an answer this long after the last arrival counts as unanswered
HORIZON_SECONDS = 10.0


@dataclass(frozen=True)
class Rush:
    """The input: the design, its shards, claimants per second, and the batch's size in default quotas."""

    design: str
    shards: int
    per_second: float
    quotas: int = QUOTAS
    claimants: int = CLAIMANTS
    write_units: int = WARM_TABLE_WRITE_UNITS
    seed: int = SEED


@dataclass(frozen=True)
class RushResult:
    """The outcome. Times are in seconds, from a claimant's first request to its definite answer."""

    rush: Rush
    granted: int
    units_granted: int
    units_left: int
    granted_per_second: float
    p50_seconds: float
    p99_seconds: float
    conflicts_per_grant: float
    busy_per_claim: float
    reads_per_claim: float
    out_of_turn: float
    inversions: float
    wrongly_refused: int
    unanswered: int


@dataclass
class Claimant:
    """One claimant: its arrival, and the time and kind of its answer."""

    arrived: float
    claim: Claim
    answered: float = inf
    granted: bool = False
    busy: int = 0


def grid() -> list[Rush]:
    """All rushes of the report."""
    ours = [
        Rush(name, shards, load) for name in (PLAIN, SERIALISABLE) for load in LOADS_PER_SECOND for shards in SHARDS
    ]
    return ours + [Rush(name, 1, load) for name in (VERSIONED, COUNTER) for load in LOADS_PER_SECOND]


def run_all(rushes: list[Rush]) -> list[RushResult]:
    """Simulate many rushes, on as many processes as there are cores."""
    with ProcessPoolExecutor() as pool:
        return list(pool.map(run, rushes))


def run(rush: Rush) -> RushResult:
    """Simulate one rush: the account's own limits, no authorizer."""
    clock, random = simpy.Environment(), Random(rush.seed)
    table = SimulatedTable(clock, random, rush.write_units, WARM_TABLE_READ_UNITS)
    gateway = Gateway(clock, limits.API_REQUESTS_PER_SECOND, limits.API_BURST)
    function = Function(clock, random, limits.ENVIRONMENTS, limits.COLD_START_SECONDS)
    design = _design(rush, table, random)
    claimants, now = [], 0.0
    for _ in range(rush.claimants):
        now += random.expovariate(rush.per_second)
        claimants.append(Claimant(now, new_claim(random, design)))
    wrongly_refused: list[Claimant] = []
    for claimant in claimants:
        clock.process(_claimant(clock, random, gateway, function, design, claimant, wrongly_refused))
    clock.run(until=HORIZON_SECONDS + now)
    return _result(rush, claimants, table, design, len(wrongly_refused))


def _design(rush: Rush, table: SimulatedTable, random: Random) -> Design:
    rows = [table.row(units) for units in split(rush.quotas, rush.shards)]
    if rush.design == VERSIONED:
        return Versioned(table, random, rows)
    if rush.design == COUNTER:
        return OneCounter(table, random, rows)
    return Ours(table, random, rows, serialisable=rush.design == SERIALISABLE)


def new_claim(random: Random, design: Design) -> Claim:
    """One claimant: most have one quota, some two."""
    return design.claim(random.getrandbits(32), 2 if random.random() < DOUBLE_SHARE else 1)


def _claimant(
    clock: simpy.Environment,
    random: Random,
    gateway: Gateway,
    function: Function,
    design: Design,
    claimant: Claimant,
    wrongly_refused: list[Claimant],
) -> Steps:
    yield clock.timeout(claimant.arrived)
    for attempt in count():
        environment = (yield from function.enter()) if gateway.admits() else None
        if environment is not None:
            yield clock.timeout(handler_seconds(random, limits.HANDLER_SECONDS))
            answer = yield from design.grab(claimant.claim, environment)
            function.leave(environment)
            if answer != "busy":
                claimant.answered, claimant.granted = clock.now, answer == "granted"
                if is_wrong(answer, design, claimant.claim):
                    wrongly_refused.append(claimant)
                return
            claimant.busy += 1
        yield clock.timeout(seconds_until_asked_again(random, attempt))


def is_wrong(answer: GrabAnswer, design: Design, claim: Claim) -> bool:
    """A "no" to somebody who holds a voucher, or whose units the batch still has at this moment."""
    return answer == "refused" and (claim.holds or sum(row.units for row in design.rows) >= claim.units)


def handler_seconds(random: Random, median: float) -> float:
    """A handler's own time for one request."""
    return random.lognormvariate(0, limits.SPREAD / 2) * median


def seconds_until_asked_again(random: Random, attempt: int) -> float:
    """How long a client waits after it was told to come back: not less than `Retry-After` says."""
    return RETRY_AFTER[Refusal.BUSY] + random.uniform(0, min(limits.MOST_JITTER_SECONDS, 2.0**attempt))


def _result(rush: Rush, claimants: list[Claimant], table: SimulatedTable, design: Design, wrong: int) -> RushResult:
    granted_claimants = [claimant for claimant in claimants if claimant.granted]
    waits = sorted(claimant.answered - claimant.arrived for claimant in claimants)
    answer_times = sorted(claimant.answered for claimant in granted_claimants)
    span = max(1e-9, answer_times[len(answer_times) * 99 // 100] - claimants[0].arrived)
    return RushResult(
        rush,
        granted=len(granted_claimants),
        units_granted=sum(claimant.claim.units for claimant in granted_claimants),
        units_left=sum(row.units for row in design.rows),
        granted_per_second=0.99 * len(granted_claimants) / span,
        p50_seconds=waits[len(waits) // 2],
        p99_seconds=waits[len(waits) * 99 // 100],
        conflicts_per_grant=table.counts.conflicts / len(granted_claimants),
        busy_per_claim=sum(claimant.busy for claimant in claimants) / len(claimants),
        reads_per_claim=table.counts.reads / len(claimants),
        out_of_turn=_out_of_turn(claimants),
        inversions=_inversions([claimant.answered for claimant in granted_claimants]),
        wrongly_refused=wrong,
        unanswered=sum(claimant.answered == inf for claimant in claimants),
    )


def _out_of_turn(claimants: list[Claimant]) -> float:
    """The share of grants that a strict queue would have given to other claimants."""
    would_be_granted, remaining_units = [], sum(claimant.claim.units for claimant in claimants if claimant.granted)
    for claimant in claimants:
        would_be_granted.append(claimant.claim.units <= remaining_units)
        remaining_units -= claimant.claim.units if would_be_granted[-1] else 0
    granted_count = sum(claimant.granted for claimant in claimants)
    pairs = zip(claimants, would_be_granted, strict=True)
    return sum(claimant.granted and not is_in_turn for claimant, is_in_turn in pairs) / granted_count


def _inversions(values: list[float]) -> float:
    """The share of pairs in the wrong order: 0 is strictly in turn, 0.5 is a lottery."""
    count, tree = 0, [0] * (len(values) + 1)
    ranks = {value: rank for rank, value in enumerate(sorted(values), start=1)}
    for position, value in enumerate(values):
        rank, before = ranks[value], 0
        while rank:
            before, rank = before + tree[rank], rank & (rank - 1)
        count += position - before
        rank = ranks[value]
        while rank < len(tree):
            tree[rank] += 1
            rank += rank & -rank
    return count / max(1, len(values) * (len(values) - 1) // 2)
