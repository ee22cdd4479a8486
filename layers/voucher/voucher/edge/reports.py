"""What is counted of some enterprises, step by step: each write leaves the rows equal to the sum of what is counted."""

from dataclasses import dataclass

from voucher.edge import clock
from voucher.models.compliance import ReportException
from voucher.models.reports import CountedFirm, Rows
from voucher.policy import Policy
from voucher.rules.compliance import exceptions_of
from voucher.rules.reports import counted, difference, towards, united
from voucher.store import programmes, reports
from voucher.store.engine.table import MOST_ITEMS, pause

Exceptions = dict[str, ReportException]
# two workers write the same rows; with random waits one of them soon comes first
TRIES = 12


@dataclass(frozen=True)
class Step:
    """What is counted of an enterprise before and after a write, and whether all of it is counted then."""

    old: CountedFirm
    new: CountedFirm
    added: Rows
    is_whole: bool

    @property
    def items(self) -> int:
        """How many items a write of it alone has, its rows left out."""
        both = self.old.exceptions.keys() | self.new.exceptions.keys()
        return 1 + sum(self.old.exceptions.get(each) != self.new.exceptions.get(each) for each in both)


def count(year: int, usccs: list[str]) -> None:
    """Count some enterprises of a year. Raises RuntimeError if others kept coming first."""
    tries, policy = 0, programmes.load(year).policy
    while usccs:
        generation = reports.find_state(year).newest
        # first what was counted: whoever counts after this look makes the write fail, so the newest truth stays
        steps = [step_of(old, generation, policy) for old in reports.find_counted(year, usccs)]
        changed = [step for step in steps if step.old != step.new]
        fitting = as_many_as_fit(changed)
        if fitting and not commit(fitting):
            if (tries := tries + 1) == TRIES:
                raise RuntimeError("what is counted kept moving")
            pause(tries)
            continue
        done = {id(step) for step in fitting if step.is_whole}
        usccs = [step.old.uscc for step in changed if id(step) not in done]


def step_of(old: CountedFirm, generation: int, policy: Policy) -> Step:
    """The next write about one enterprise. One that counts in more rows than a transaction holds takes several."""
    firm = reports.read_firm(old.year, old.uscc)
    before, now, listed = old.rows_in(generation), counted(firm), exceptions_of(firm, policy)
    after = towards(before, now, MOST_ITEMS - 1)
    room = MOST_ITEMS - 1 - len(difference(before, after))
    shown = partly(old.exceptions, listed, room)
    if after == before and shown == old.exceptions and (old.generation == generation or not after):
        return Step(old, old, {}, True)
    facts = {"version": old.version + 1, "generation": generation, "rows": after, "exceptions": shown}
    return Step(old, old.model_copy(update=facts), difference(before, after), (after, shown) == (now, listed))


def partly(before: Exceptions, after: Exceptions, most: int) -> Exceptions:
    """What comes nearer to `after` than `before` does, and differs from it in so many places at most."""
    changed = sorted(place for place in before.keys() | after.keys() if before.get(place) != after.get(place))
    found = {place: each for place, each in before.items() if place not in changed[:most]}
    return found | {place: after[place] for place in changed[:most] if place in after}


def as_many_as_fit(steps: list[Step]) -> list[Step]:
    """Those of the steps, from the first on, that fit one transaction."""
    chosen, items, rows = list[Step](), 0, set[str]()
    for step in steps:
        items += step.items
        rows |= step.added.keys()
        if items + len(rows) > MOST_ITEMS:
            break
        chosen.append(step)
    return chosen


def commit(steps: list[Step]) -> bool:
    """Write some steps and add up what they add. False if one of the enterprises was counted anew meanwhile."""
    added = united(step.added for step in steps)
    return reports.commit_counted([each.old for each in steps], [each.new for each in steps], added, clock.now())
