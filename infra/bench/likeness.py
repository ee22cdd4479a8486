"""The simulation's calls beside the store's: one process, one claimant after the other, on the engine and in the model.

Each step says which of DynamoDB's operations a claim needs. tests/races/test_likeness.py insists that they are equal,
so that the model cannot drift from the code.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import simpy

from infra.bench.designs import MOST_AMOUNTS, REMEMBERED_SECONDS, Ours, split
from infra.bench.engine import Meter
from infra.bench.service import Claim, SimulatedTable, Steps, WarmEnvironment
from infra.bench.speed import ResultLine
from tests.races import requests, seed_data
from tests.races.seed_data import QUOTA_FEN, Organisation
from tests.support.backend import World, forget_batches, function
from voucher.models.pools import home_shard
from voucher.store import batches

ENTERPRISES = 64
SEED = 2026


@dataclass(frozen=True)
class Step:
    """A claim: who claims, and with which quota (1 or 2)."""

    words: str
    who: str
    units: int = 1


@dataclass(frozen=True)
class Scene:
    """A batch of some quotas, and claims on it, whose claimants all have the first shard as their home."""

    quotas: int
    steps: tuple[Step, ...]


SCENES = (
    Scene(
        4,
        (
            Step("the first claim of a new process", "a"),
            Step("the second claim", "b"),
            Step("a holder asks again", "a"),
            Step("the third claim", "c"),
            Step("the last claim that fits", "d"),
            Step("the first refusal", "e"),
            Step("a refusal after it", "f"),
            Step("a refused one asks again", "f"),
            Step("a holder asks after the sell-out", "b"),
        ),
    ),
    Scene(
        3,
        (
            Step("the first claim of a new process, of two quotas", "a", 2),
            Step("its holder asks again", "a", 2),
            Step("the first refusal beside a remainder", "b", 2),
            Step("a refusal beside a remainder", "c", 2),
            Step("the remainder is granted", "d"),
            Step("the first refusal of a whole quota", "e"),
            Step("a holder asks after the sell-out", "a", 2),
        ),
    ),
)
# what a step is, whether it was granted (or its voucher shown), and its calls by DynamoDB's operation
Calls = list[tuple[str, bool, dict[str, int]]]


def measured(world: World) -> tuple[Calls, list[int]]:
    """The calls of each step on the engine, whose programme year is open, and the shards of each scene's batch."""
    enterprises = seed_data.add_enterprises(ENTERPRISES, double_quota=range(1, ENTERPRISES, 2))
    unused = enterprises[0::2], enterprises[1::2]
    calls: Calls = []
    shards: list[int] = []
    for scene in SCENES:
        batch_id = seed_data.open_batch(world, scene.quotas * QUOTA_FEN)
        shards.append(batches.get(batch_id).shards)
        forget_batches()
        cast = _cast(scene, unused, shards[-1])
        for step in scene.steps:
            with Meter() as meter:
                reply = requests.grab(world, batch_id, cast[step.who])
            if reply.status not in (200, 201) and reply.code != "SOLD_OUT":
                raise RuntimeError(f"{step.words}: {reply.status} {reply.code}")
            calls.append((step.words, reply.status in (200, 201), dict(sorted(meter.calls.items()))))
    return calls, shards


def _cast(scene: Scene, unused: tuple[list[Organisation], list[Organisation]], shards: int) -> dict[str, Organisation]:
    """An enterprise for each claimant of a scene, taken from those with one quota or those with two."""
    cast = {}
    for who, units in {step.who: step.units for step in scene.steps}.items():
        of_quota = unused[units - 1]
        cast[who] = next(each for each in of_quota if home_shard(each.uscc, shards) == 0)
        of_quota.remove(cast[who])
    return cast


def modelled(shards: list[int]) -> Calls:
    """The calls of each step in the simulation."""
    return [each for scene, count in zip(SCENES, shards, strict=True) for each in _play(scene, count)]


def _play(scene: Scene, shards: int) -> Iterator[tuple[str, bool, dict[str, int]]]:
    clock, random = simpy.Environment(), Random(SEED)
    table = SimulatedTable(clock, random, 40_000, 120_000)
    ours = Ours(table, random, [table.row(units) for units in split(scene.quotas, shards)])
    process, cast = WarmEnvironment(), {step.who: ours.claim(0, step.units) for step in scene.steps}
    for step in scene.steps:
        before = Counter(table.counts.calls)
        answer = clock.run(until=clock.process(ours.grab(cast[step.who], process)))
        yield step.words, answer == "granted", dict(sorted((table.counts.calls - before).items()))


def at_once(claimants: int, quotas: int, shards: int, seed: int = SEED) -> tuple[int, Counter[str]]:
    """Many claims at the same moment in the simulation, each in a warm process: how many are granted, and the calls."""
    clock, random = simpy.Environment(), Random(seed)
    table = SimulatedTable(clock, random, 40_000, 120_000)
    ours = Ours(table, random, [table.row(units) for units in split(quotas, shards)])
    claims = [ours.claim(random.getrandbits(32), 1) for _ in range(claimants)]

    def until_answered(claim: Claim) -> Steps:
        process = WarmEnvironment(knows_batch=True)
        while (yield from ours.grab(claim, process)) == "busy":
            yield clock.timeout(1)

    for claim in claims:
        clock.process(until_answered(claim))
    clock.run()
    return sum(claim.holds for claim in claims), table.counts.calls


def measure(world: World) -> list[ResultLine]:
    """How many of the steps need the same calls in both."""
    calls, shards = measured(world)
    pairs = list(zip(calls, modelled(shards), strict=True))
    others = ", ".join(here[0] for here, there in pairs if here != there)
    figure = f"{sum(here == there for here, there in pairs)} of {len(pairs)}{f': not {others}' if others else ''}"
    return [ResultLine("simulation: claims that need the calls of the store", figure, f"{len(pairs)}")]


def constants() -> dict[str, tuple[float, float]]:
    """What the simulation repeats of functions/grab, which nothing may import: (there, here)."""
    grab = function("grab")
    return {
        "MOST_AMOUNTS": (grab.MOST_AMOUNTS, MOST_AMOUNTS),
        "REMEMBERED_FOR": (grab.memory.REMEMBERED_FOR.total_seconds(), REMEMBERED_SECONDS),
    }
