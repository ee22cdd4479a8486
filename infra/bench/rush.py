"""A rush on the deployed stack in simulated time: through gateway, authorizer, Lambda's starts and the table; and the
smallest parameters of template.yaml that answer all claimants in time.

Claimants crowd at the opening. Each has a token of its own, so each costs a call of the authorizer. Who is told to come
back (429, 502) does so. The same seed gives the same rush.
"""

import argparse
import json
from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import simpy

from infra.bench import limits
from infra.bench.designs import Ours, split
from infra.bench.scale import Claimant, handler_seconds, is_wrong, new_claim, seconds_until_asked_again
from infra.bench.service import Function, Gateway, SimulatedTable, Steps
from tests.support.backend import template
from voucher.policy import EDITIONS
from voucher.rules.batches import shards_for

SEED = 2026
SEEDS_OF_THE_SEARCH = 2
# how long after the last arrival the simulation ends: who has no answer then counts as unanswered
PATIENCE_SECONDS = 180.0
GOAL_P99_SECONDS = 3.0
# of so many claimants one may be shown a fault (502), for want of an environment
CLAIMANTS_PER_FAULT = 100


@dataclass(frozen=True)
class Settings:
    """Parameters of template.yaml that bound a rush; their names there are these in camel case."""

    requests_per_second: int
    request_burst: int
    authorize_concurrency: int
    grab_concurrency: int
    warm_writes: int
    warm_reads: int

    @property
    def write_units(self) -> int:
        """What the table takes at once, in write units a second."""
        return self.warm_writes or limits.COLD_WRITE_UNITS

    @property
    def read_units(self) -> int:
        """The same for reading; both are warmed or none is (infra/data.yaml)."""
        return self.warm_reads if self.warm_writes else limits.COLD_READ_UNITS

    @property
    def environments(self) -> int:
        """Lambda's quota of the account that leaves room for all shares."""
        shares = self.authorize_concurrency + self.grab_concurrency + _public_shares()
        return shares + limits.UNSHARED_ENVIRONMENTS

    @property
    def words(self) -> str:
        """As `sam deploy --parameter-overrides` takes them."""
        return " ".join(f"{parameter(name)}={value}" for name, value in asdict(self).items())


def parameter(name: str) -> str:
    """The template's name of a setting."""
    return name.title().replace("_", "")


def default_settings() -> Settings:
    """The settings of a stack that is deployed without any."""
    parameters = template("template.yaml")["Parameters"]
    return Settings(**{name: parameters[parameter(name)]["Default"] for name in Settings.__dataclass_fields__})


def _public_shares() -> int:
    """What the functions that answer without a token take of the account's concurrency."""
    main = template("template.yaml")
    sharing = [each for each in main["Resources"].values() if "PublicConcurrency" in str(each)]
    return len(sharing) * int(main["Parameters"]["PublicConcurrency"]["Default"])


@dataclass(frozen=True)
class Opening:
    """The input: so many claimants within so many seconds, on a batch of so many default quotas, and so many warm
    environments of the authorizer and of the grab."""

    claimants: int
    seconds: float
    quotas: int
    warm: int = limits.WARM_ENVIRONMENTS
    seed: int = SEED

    @property
    def shards(self) -> int:
        """The shards that such a batch gets."""
        policy = EDITIONS[-1]
        return shards_for(self.quotas * policy.quota_default_fen, policy)


@dataclass(frozen=True)
class Outcome:
    """What became of an opening. Times are in seconds, from a claimant's arrival to its definite answer."""

    opening: Opening
    settings: Settings
    granted: int
    refused: int
    unanswered: int
    wrong: int
    units_granted: int
    units_left: int
    p50_seconds: float
    p99_seconds: float
    last_answer_seconds: float
    # who was sent away, by stage
    gateway_throttled: int
    authorizer_throttled: int
    grab_throttled: int
    busy: int
    # of the table's calls
    throttled_writes: int
    throttled_reads: int
    conflicts: int
    calls: dict[str, int] = field(default_factory=dict)
    # (arrival, waiting time) of each claimant, in the order of arrival
    waits: list[tuple[float, float]] = field(default_factory=list, repr=False)

    @property
    def faults(self) -> int:
        """Calls that were answered 502, because Lambda had no environment for the authorizer or the grab."""
        return self.authorizer_throttled + self.grab_throttled

    @property
    def is_good(self) -> bool:
        """Everybody has a right answer, and in time."""
        return self.p99_seconds <= GOAL_P99_SECONDS and not (self.unanswered or self.wrong)

    @property
    def has_few_faults(self) -> bool:
        """At most one of a hundred claimants was shown a fault."""
        return self.faults * CLAIMANTS_PER_FAULT <= self.opening.claimants


@dataclass
class _Stack:
    """The simulated parts of a stack, and what their claimants meet."""

    clock: simpy.Environment
    random: Random
    gateway: Gateway
    authorizer: Function
    grab: Function
    design: Ours
    busy: int = 0
    wrong: int = 0


def run(opening: Opening, settings: Settings, patience_seconds: float = PATIENCE_SECONDS) -> Outcome:
    """Simulate one opening."""
    clock, random = simpy.Environment(), Random(opening.seed)
    table = SimulatedTable(clock, random, settings.write_units, settings.read_units)
    authorizers = settings.authorize_concurrency or limits.ENVIRONMENTS
    grabs = settings.grab_concurrency or limits.ENVIRONMENTS
    stack = _Stack(
        clock,
        random,
        Gateway(clock, settings.requests_per_second, settings.request_burst),
        Function(clock, random, authorizers, limits.AUTHORIZER_COLD_START_SECONDS, opening.warm),
        Function(clock, random, grabs, limits.COLD_START_SECONDS, opening.warm),
        Ours(table, random, [table.row(units) for units in split(opening.quotas, opening.shards)]),
    )
    arrivals = sorted(opening.seconds * random.betavariate(1, limits.CROWDING) for _ in range(opening.claimants))
    claimants = [Claimant(at, new_claim(random, stack.design)) for at in arrivals]
    for claimant in claimants:
        clock.process(_ask(stack, claimant))
    clock.run(until=arrivals[-1] + patience_seconds)
    return _outcome(opening, settings, stack, claimants)


def _ask(stack: _Stack, claimant: Claimant) -> Steps:
    """One client, until it has a definite answer."""
    clock, random = stack.clock, stack.random
    yield clock.timeout(claimant.arrived)
    loses_an_answer, authorized_until = random.random() < limits.LOST_ANSWERS, -inf
    for attempt in count():
        if stack.gateway.admits():
            if authorized_until < clock.now and (yield from _authorize(stack)):
                authorized_until = clock.now + limits.AUTHORIZED_SECONDS
            if authorized_until >= clock.now:
                answer = yield from _grab(stack, claimant)
                if answer in ("granted", "refused"):
                    if not loses_an_answer:
                        claimant.answered, claimant.granted = clock.now, answer == "granted"
                        return
                    loses_an_answer = False
        yield clock.timeout(seconds_until_asked_again(random, attempt))


def _authorize(stack: _Stack) -> Steps:
    """A call of the authorizer: whether there was an environment for it."""
    environment = yield from stack.authorizer.enter()
    if environment is None:
        return False
    yield stack.clock.timeout(handler_seconds(stack.random, limits.AUTHORIZER_HANDLER_SECONDS))
    stack.authorizer.leave(environment)
    return True


def _grab(stack: _Stack, claimant: Claimant) -> Steps:
    """A call of the grab: its answer, or None if every environment was taken."""
    environment = yield from stack.grab.enter()
    if environment is None:
        return None
    yield stack.clock.timeout(handler_seconds(stack.random, limits.HANDLER_SECONDS))
    answer = yield from stack.design.grab(claimant.claim, environment)
    stack.grab.leave(environment)
    stack.busy += answer == "busy"
    stack.wrong += is_wrong(answer, stack.design, claimant.claim)
    return answer


def _outcome(opening: Opening, settings: Settings, stack: _Stack, claimants: list[Claimant]) -> Outcome:
    waits = sorted(each.answered - each.arrived for each in claimants)
    answered = [each for each in claimants if each.answered < inf]
    held = [each for each in claimants if each.claim.holds]
    counts = stack.design.table.counts
    return Outcome(
        opening,
        settings,
        granted=sum(each.granted for each in answered),
        refused=sum(not each.granted for each in answered),
        unanswered=len(claimants) - len(answered),
        wrong=stack.wrong,
        units_granted=sum(each.claim.units for each in held),
        units_left=sum(row.units for row in stack.design.rows),
        p50_seconds=waits[len(waits) // 2],
        p99_seconds=waits[len(waits) * 99 // 100],
        last_answer_seconds=max((each.answered for each in answered), default=inf),
        gateway_throttled=stack.gateway.throttled,
        authorizer_throttled=stack.authorizer.throttled,
        grab_throttled=stack.grab.throttled,
        busy=stack.busy,
        throttled_writes=counts.throttled_writes,
        throttled_reads=counts.throttled_reads,
        conflicts=counts.conflicts,
        calls=dict(sorted(counts.calls.items())),
        waits=[(each.arrived, each.answered - each.arrived) for each in claimants],
    )


# --- the calculator ---

CONCURRENCIES = (25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 600, 700, 800, 900, 1_000)
# what each parameter may be, the smallest first; 0 is a table as AWS begins
LADDERS: dict[str, tuple[int, ...]] = {
    "requests_per_second": (
        100,
        200,
        300,
        400,
        500,
        750,
        1_000,
        1_500,
        2_000,
        2_500,
        3_000,
        4_000,
        5_000,
        7_500,
        10_000,
    ),
    "request_burst": (100, 250, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000),
    "authorize_concurrency": CONCURRENCIES,
    "grab_concurrency": CONCURRENCIES,
    "warm_writes": (0, 6_000, 8_000, 10_000, 12_000, 16_000, 20_000, 24_000, 28_000, 32_000, 36_000, 40_000),
    "warm_reads": (12_000, 16_000, 20_000, 24_000, 30_000, 36_000, 48_000, 60_000, 72_000, 96_000, 120_000),
}


@dataclass(frozen=True)
class Advice:
    """What the calculator found, and whether with few faults."""

    settings: Settings
    has_few_faults: bool


def smallest(opening: Opening) -> Advice | None:
    """The smallest settings that answer everybody in time, if possible with few faults; None if the largest fail.

    One parameter after the other is made as small as the others allow, the gateway's first: what it lets through
    decides what all others need. Each is tried with several seeds.
    """
    largest = Settings(**{name: ladder[-1] for name, ladder in LADDERS.items()})
    with ProcessPoolExecutor() as pool:

        def tried(settings: Settings) -> list[Outcome]:
            openings = [replace(opening, seed=opening.seed + number) for number in range(SEEDS_OF_THE_SEARCH)]
            return list(pool.map(partial(run, settings=settings, patience_seconds=4 * GOAL_P99_SECONDS), openings))

        outcomes = tried(largest)
        if not all(outcome.is_good for outcome in outcomes):
            return None
        few, settings = all(outcome.has_few_faults for outcome in outcomes), largest
        for name, ladder in LADDERS.items():
            settings = _lowest(
                name,
                ladder,
                settings,
                lambda it: all(each.is_good and each.has_few_faults >= few for each in tried(it)),
            )
    return Advice(settings, few)


def _lowest(name: str, ladder: tuple[int, ...], settings: Settings, holds: Callable[[Settings], bool]) -> Settings:
    """The settings with the lowest step that holds; the highest one does, and what holds at one step is taken to hold
    above it."""
    steps = [replace(settings, **{name: value}) for value in ladder]
    return steps[bisect_left(steps, True, hi=len(steps) - 1, key=holds)]


# --- what is printed, and kept for the page and the picture ---

FILE = Path(__file__).with_name("rush.json")
CLAIMANTS = 20_000
CLAIMANTS_PER_QUOTA = 10
WARMED = 300


@dataclass(frozen=True)
class Case:
    """One column of the page: an opening on a stack as it is deployed, or with the parameters that were found."""

    outcome: Outcome
    advised: bool


def report() -> list[Case]:
    """The rushes of the page, each as deployed and as advised; their figures are written to FILE."""
    usual = CLAIMANTS // CLAIMANTS_PER_QUOTA
    openings = [
        (Opening(CLAIMANTS, 10, usual), (False, True)),
        (Opening(CLAIMANTS, 10, usual, WARMED), (True,)),
        (Opening(CLAIMANTS, 60, usual), (False, True)),
        (Opening(CLAIMANTS, 60, CLAIMANTS), (True,)),
    ]
    cases = [
        Case(run(opening, _advised(opening).settings if advised else default_settings()), advised)
        for opening, kinds in openings
        for advised in kinds
    ]
    kept = [{"advised": each.advised, **_figures(each.outcome)} for each in cases]
    today = datetime.now(UTC).date().isoformat()
    FILE.write_text(json.dumps({"date": today, "cases": kept}, indent=1) + "\n")
    return cases


def _advised(opening: Opening) -> Advice:
    if (advice := smallest(opening)) is None:
        raise RuntimeError(f"no parameters of the ladders answer {opening} in time")
    return advice


def _figures(outcome: Outcome) -> dict[str, Any]:
    figures = asdict(outcome)
    del figures["waits"]
    return figures


def kept() -> tuple[str, list[Case]]:
    """The date and the cases of the last report, without the claimants' waits."""
    content = json.loads(FILE.read_text())
    cases = []
    for each in content["cases"]:
        advised, opening, settings = (
            each.pop("advised"),
            Opening(**each.pop("opening")),
            Settings(**each.pop("settings")),
        )
        cases.append(Case(Outcome(opening, settings, **each), advised))
    return content["date"], cases


def answer(arguments: Sequence[str]) -> list[str]:
    """The calculator: what becomes of one rush as deployed and with the smallest parameters, as lines to print."""
    parser = argparse.ArgumentParser("python -m infra.bench rush", description=__doc__)
    parser.add_argument("--claimants", type=positive_number, required=True, help="how many enterprises come")
    parser.add_argument(
        "--seconds", type=positive_number, required=True, help="within how many seconds, most of them at first"
    )
    parser.add_argument(
        "--quotas", type=positive_number, help="how many default quotas the batch has; a tenth of the claimants"
    )
    parser.add_argument(
        "--warm",
        type=positive_number,
        default=limits.WARM_ENVIRONMENTS,
        help="environments that are warm at the opening",
    )
    asked = parser.parse_args(arguments)
    quotas = asked.quotas or max(1, asked.claimants // CLAIMANTS_PER_QUOTA)
    opening, defaults = Opening(asked.claimants, asked.seconds, quotas, asked.warm), default_settings()
    head = f"{asked.claimants:,} claimants within {asked.seconds:,} s, {quotas:,} quotas in {opening.shards} shards"
    printed = [f"{head}, {asked.warm} warm environments (simulated)", "as deployed:", *lines(run(opening, defaults))]
    if (advice := smallest(opening)) is None:
        return [*printed, f"No parameters up to AWS's default quotas answer all with a p99 of {GOAL_P99_SECONDS:g} s."]
    printed += ["the smallest parameters that answer all in time:", *lines(run(opening, advice.settings))]
    printed.append(f"  Lambda's quota of the account: at least {advice.settings.environments:,}")
    if not advice.has_few_faults:
        printed.append("  Many are shown a fault (502) once, for want of warm environments: warm more, and say --warm.")
    return printed


def positive_number(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def lines(outcome: Outcome) -> list[str]:
    """What became of an opening, for a terminal."""
    return [f"  {outcome.settings.words}", *(f"  {name}: {value}" for name, value in rows(outcome))]


def rows(outcome: Outcome) -> list[tuple[str, str]]:
    """What became of an opening: names and figures."""
    calls = outcome.calls
    return [
        ("granted, refused", f"{outcome.granted:,}, {outcome.refused:,}"),
        ("without an answer, wrongly refused", f"{outcome.unanswered:,}, {outcome.wrong:,}"),
        ("waited: p50, p99", f"{outcome.p50_seconds:.2f} s, {outcome.p99_seconds:.2f} s"),
        ("last answer after the opening", f"{outcome.last_answer_seconds:.0f} s"),
        ("429 by the gateway", f"{outcome.gateway_throttled:,}"),
        ("502, no environment for authorizer, grab", f"{outcome.authorizer_throttled:,}, {outcome.grab_throttled:,}"),
        ("429 `BUSY` by the grab", f"{outcome.busy:,}"),
        ("throttled writes, reads of the table", f"{outcome.throttled_writes:,}, {outcome.throttled_reads:,}"),
        ("conflicts", f"{outcome.conflicts:,}"),
        (
            "transactions, reads",
            f"{calls['TransactWriteItems']:,}, {sum(calls.values()) - calls['TransactWriteItems']:,}",
        ),
    ]
