"""A rush in simulated time: how many are granted each second, how long they wait, and how far out of turn.

`rush` is one opening of one batch: claimants arrive at a rate, most for one quota and some for two, until everybody
has a definite answer. The same seed gives the same rush.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import inf
from random import Random

import simpy

from infra.bench import limits
from infra.bench.designs import Design, OneCounter, Ours, Versioned, split
from infra.bench.service import Fleet, Steps, Table

PLAIN, SERIALISABLE = "ours", "ours, serialisable reads"
VERSIONED, COUNTER = "(a) optimistic version", "(b) one counter"
LOADS_PER_SECOND = (100, 500, 1_000, 2_500, 10_000, 50_000)
SHARDS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
CLAIMANTS = 2_000
QUOTAS = 1_000
DOUBLE_SHARE = 0.1
SEED = 2026
WARM_TABLE_WRITE_UNITS = 40_000
# whoever has no answer so long after the last claimant came counts as unanswered
HORIZON_SECONDS = 10.0


@dataclass(frozen=True)
class Rush:
    """What happens: the design, its shards, claimants per second, and the batch's size in default quotas."""

    design: str
    shards: int
    per_second: float
    quotas: int = QUOTAS
    claimants: int = CLAIMANTS
    write_units: int = WARM_TABLE_WRITE_UNITS
    seed: int = SEED


@dataclass(frozen=True)
class Result:
    """How it went. Times in seconds from a claimant's first request to the definite answer."""

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
class Claim:
    """One claimant: when it came, and when and how it was answered."""

    arrived: float
    units: int
    home: int
    answered: float = inf
    granted: bool = False
    busy: int = 0


def grid() -> list[Rush]:
    """Every rush of the report."""
    ours = [
        Rush(name, shards, load) for name in (PLAIN, SERIALISABLE) for load in LOADS_PER_SECOND for shards in SHARDS
    ]
    return ours + [Rush(name, 1, load) for name in (VERSIONED, COUNTER) for load in LOADS_PER_SECOND]


def run_all(rushes: list[Rush]) -> list[Result]:
    """Simulate many rushes, on as many processes as there are cores."""
    with ProcessPoolExecutor() as pool:
        return list(pool.map(run, rushes))


def run(rush: Rush) -> Result:
    """Simulate one rush."""
    clock, random = simpy.Environment(), Random(rush.seed)
    table, fleet = Table(clock, random, rush.write_units), Fleet(clock, random)
    design = _design(rush, table, random)
    claims, now = [], 0.0
    for _ in range(rush.claimants):
        now += random.expovariate(rush.per_second)
        claims.append(Claim(now, 2 if random.random() < DOUBLE_SHARE else 1, random.getrandbits(32)))
    wrong: list[Claim] = []
    for claim in claims:
        clock.process(_claimant(clock, random, fleet, design, claim, wrong))
    clock.run(until=HORIZON_SECONDS + now)
    return _result(rush, claims, table, design, len(wrong))


def _design(rush: Rush, table: Table, random: Random) -> Design:
    rows = [table.row(units) for units in split(rush.quotas, rush.shards)]
    if rush.design == VERSIONED:
        return Versioned(table, random, rows)
    if rush.design == COUNTER:
        return OneCounter(table, random, rows)
    return Ours(table, random, rows, serialisable=rush.design == SERIALISABLE)


def _claimant(
    clock: simpy.Environment, random: Random, fleet: Fleet, design: Design, claim: Claim, wrong: list[Claim]
) -> Steps:
    yield clock.timeout(claim.arrived)
    for attempt in range(1_000):
        process = yield from fleet.enter()
        if process is not None:
            yield clock.timeout(handler_seconds(random))
            answer = yield from design.grab(claim.home, claim.units, process)
            fleet.leave(process)
            if answer != "busy":
                claim.answered, claim.granted = clock.now, answer == "granted"
                if answer == "refused" and sum(row.units for row in design.rows) >= claim.units:
                    wrong.append(claim)
                return
            claim.busy += 1
        yield clock.timeout(random.uniform(0.5, 1.5) * limits.CLIENT_WAIT_SECONDS * min(8, 2**attempt))


def handler_seconds(random: Random) -> float:
    """The handler's own time for one request."""
    return random.lognormvariate(0, limits.SPREAD / 2) * limits.HANDLER_SECONDS


def _result(rush: Rush, claims: list[Claim], table: Table, design: Design, wrong: int) -> Result:
    granted = [claim for claim in claims if claim.granted]
    waits = sorted(claim.answered - claim.arrived for claim in claims)
    ended = sorted(claim.answered for claim in granted)
    span = max(1e-9, ended[len(ended) * 99 // 100] - claims[0].arrived)
    return Result(
        rush,
        granted=len(granted),
        units_granted=sum(claim.units for claim in granted),
        units_left=sum(row.units for row in design.rows),
        granted_per_second=0.99 * len(granted) / span,
        p50_seconds=waits[len(waits) // 2],
        p99_seconds=waits[len(waits) * 99 // 100],
        conflicts_per_grant=table.counts.conflicts / len(granted),
        busy_per_claim=sum(claim.busy for claim in claims) / len(claims),
        reads_per_claim=table.counts.reads / len(claims),
        out_of_turn=_out_of_turn(claims),
        inversions=_inversions([claim.answered for claim in granted]),
        wrongly_refused=wrong,
        unanswered=sum(claim.answered == inf for claim in claims),
    )


def _out_of_turn(claims: list[Claim]) -> float:
    """The share of grants that a strict queue would have given to somebody else."""
    due, left = [], sum(claim.units for claim in claims if claim.granted)
    for claim in claims:
        due.append(claim.units <= left)
        left -= claim.units if due[-1] else 0
    granted = sum(claim.granted for claim in claims)
    return sum(claim.granted and not is_due for claim, is_due in zip(claims, due, strict=True)) / granted


def _inversions(values: list[float]) -> float:
    """The share of pairs that stand in the wrong order: 0 is strictly in turn, 0.5 is a lottery."""
    count, tree = 0, [0] * (len(values) + 1)
    ranks = {value: rank for rank, value in enumerate(sorted(values), start=1)}
    for seen, value in enumerate(values):
        rank, before = ranks[value], 0
        while rank:
            before, rank = before + tree[rank], rank & (rank - 1)
        count += seen - before
        rank = ranks[value]
        while rank < len(tree):
            tree[rank] += 1
            rank += rank & -rank
    return count / max(1, len(values) * (len(values) - 1) // 2)
