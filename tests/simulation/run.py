"""One seed: a life, its faults, the quiet after them, and the checks."""

import logging
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO

from tests.simulation import crowd, life
from tests.simulation.chance import FAULTS, OTHERS
from tests.simulation.checks import check_at_rest, check_ended, check_log, check_rush
from tests.simulation.clients import Call
from tests.simulation.cloud import Cloud, simulated
from tests.simulation.life import City
from tests.simulation.witness import Witness
from voucher.edge.observe import logger

REFUSED = 300
STORM_SECONDS, REST_SECONDS, UNTIL_NEXT_YEAR = 120.0, 7_200.0, 203 * 86_400.0


@dataclass(frozen=True)
class Outcome:
    """What came about in the life of a seed, which routes accepted a call, and what was broken."""

    seed: int
    met: Counter[str]
    stories: tuple[str, ...]
    calls: int
    taken: frozenset[str]
    broken: str | None
    trace: tuple[str, ...]


def run(seed: int, without: Container[str] = ()) -> Outcome:
    """Live the life of a seed; `without` names faults and stories that are left out, to find a shorter one."""
    with logged(seed % 8 == 1) as log, simulated(seed, without) as cloud:
        witness = Witness(cloud)
        cloud.tables.on_commit = witness.see
        is_crowd = seed % 2 == 1
        city = crowd.found(cloud) if is_crowd else life.found(cloud)
        cloud.chance.begin()
        crowd.live(city) if is_crowd else life.live(city)
        broken = None
        try:
            cloud.scheduler.run(STORM_SECONDS)
            cloud.chance.end_faults()
            cloud.scheduler.run(REST_SECONDS)
            cloud.redrive()
            cloud.scheduler.spawn(lambda: life.on_schedule(cloud, "sweep"))
            cloud.scheduler.spawn(lambda: life.finish(city))
            cloud.scheduler.run(REST_SECONDS)
            check_at_rest(city, witness)
            if not is_crowd:
                check_rush(city, witness)
            if seed % 8 == 1:
                check_log(log.getvalue(), city.people.calls)
            if seed % 3 == 0 and not is_crowd:
                _end_year(cloud, city, witness)
        except Exception as failure:  # noqa: BLE001 - the outcome names it
            broken = f"{type(failure).__name__}: {failure}"
        faults = [(at, f"{at:8.3f} {'':8} {'':12} {call} {what}") for at, call, what in cloud.log]
        told = [(each.ended, _line(each)) for each in city.people.calls]
        trace = tuple(line for _, line in sorted(faults + told))
        calls = city.people.calls
        taken = frozenset(each.route for each in calls if each.reply.status < REFUSED)
        return Outcome(seed, cloud.chance.met, tuple(city.stories), len(calls), taken, broken, trace)


@contextmanager
def logged(is_read: bool) -> Iterator[StringIO]:
    """What is printed and, if somebody will read it, logged meanwhile."""
    text, before = StringIO(), logging.root.manager.disable
    [handler] = logger.handlers
    stream = handler.setStream(text)  # type: ignore[attr-defined]
    logging.disable(logging.NOTSET if is_read else logging.ERROR)
    try:
        with redirect_stdout(text):
            yield text
    finally:
        logging.disable(before)
        handler.setStream(stream)  # type: ignore[attr-defined]


def _end_year(cloud: Cloud, city: City, witness: Witness) -> None:
    """The same once more, over the end of the year."""
    cloud.chance.begin()
    life.begin(city, "the year ends", lambda: life.end_year(city), 0)
    cloud.scheduler.run(UNTIL_NEXT_YEAR)
    cloud.chance.end_faults()
    for _ in range(3):
        cloud.scheduler.run(REST_SECONDS)
        cloud.redrive()
        cloud.scheduler.spawn(lambda: life.on_schedule(cloud, "sweep"))
    cloud.scheduler.run(REST_SECONDS)
    check_at_rest(city, witness)
    check_rush(city, witness)
    check_ended()


def _line(call: Call) -> str:
    who = call.person.name if call.person else ""
    told = call.reply.code or call.reply.status
    return f"{call.begun:8.3f} {call.ended:8.3f} {who:12} {call.method} {call.path} {told}"


def shrunk(seed: int) -> tuple[Outcome, list[str]]:
    """A shorter life of a seed that is broken, too, and what it does without: each fault and story is left out in
    turn."""
    without, outcome = list[str](), run(seed)
    for name in (*outcome.stories, *FAULTS, *OTHERS):
        if (shorter := run(seed, [*without, name])).broken:
            without, outcome = [*without, name], shorter
    return outcome, without
