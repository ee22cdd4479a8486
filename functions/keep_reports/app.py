"""Worker: counts what changed of an enterprise's vouchers and orders in the report of its year (§5.1).

A message only says whose. What that enterprise counts for is made anew from its records and postings, and the
difference to what was counted of it is added to the rows, in one transaction. So a message that comes twice, late or in
another order changes nothing that is right already.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import batched
from typing import Any

from voucher.edge import clock, workers
from voucher.edge.observe import log_work
from voucher.models.reports import CountedFirm, Rows
from voucher.rules.reports import counted, difference, towards, united
from voucher.store import reports
from voucher.store.engine.table import MOST_ITEMS, pause

# their rows are nearly the same, so that all of them fit a transaction
FIRMS_AT_ONCE = 20
# two workers write the same rows; with random waits one of them soon comes first
TRIES = 12


@dataclass(frozen=True)
class Step:
    """What is counted of an enterprise before and after a write, and whether all of it is counted then."""

    old: CountedFirm
    new: CountedFirm
    added: Rows
    is_whole: bool


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the keep_reports queue, together: an enterprise that several are about is counted once."""
    return workers.handle_together(event, context, work)


def work(bodies: list[dict[str, Any]]) -> None:
    """Some messages."""
    years = defaultdict[int, set[str]](set)
    for body in bodies:
        years[int(body["year"])].add(str(body["uscc"]))
    for year, usccs in years.items():
        for part in batched(sorted(usccs), FIRMS_AT_ONCE, strict=False):
            count(year, list(part))
        log_work("reported", year=year, enterprises=len(usccs))


def count(year: int, usccs: list[str]) -> None:
    """Count some enterprises of a year. Raises RuntimeError if others kept coming first."""
    tries = 0
    while usccs:
        generation = reports.find_state(year).newest
        # first what was counted: whoever counts after this look makes the write fail, so the newest truth stays
        steps = [step_of(old, generation) for old in reports.find_counted(year, usccs)]
        changed = [step for step in steps if step.old != step.new]
        fitting = as_many_as_fit(changed)
        if fitting and not commit(fitting):
            if (tries := tries + 1) == TRIES:
                raise RuntimeError("what is counted kept moving")
            pause(tries)
            continue
        done = {id(step) for step in fitting if step.is_whole}
        usccs = [step.old.uscc for step in changed if id(step) not in done]


def step_of(old: CountedFirm, generation: int) -> Step:
    """The next write about one enterprise. One that counts in more rows than a transaction holds takes several."""
    before, now = old.rows_in(generation), counted(reports.read_firm(old.year, old.uscc))
    after = towards(before, now, MOST_ITEMS - 1)
    if after == before and (old.generation == generation or not after):
        return Step(old, old, {}, True)
    new = old.model_copy(update={"version": old.version + 1, "generation": generation, "rows": after})
    return Step(old, new, difference(before, after), after == now)


def as_many_as_fit(steps: list[Step]) -> list[Step]:
    """Those of the steps, from the first on, that fit one transaction."""
    chosen, rows = list[Step](), set[str]()
    for step in steps:
        if len(chosen) + 1 + len(rows | step.added.keys()) > MOST_ITEMS:
            break
        chosen.append(step)
        rows |= step.added.keys()
    return chosen


def commit(steps: list[Step]) -> bool:
    """Write some steps and add up what they add. False if one of the enterprises was counted anew meanwhile."""
    added = united(step.added for step in steps)
    return reports.commit_counted([each.old for each in steps], [each.new for each in steps], added, clock.now())
