"""What the seed decides: how long things take, and what goes wrong how often.

Each seed draws its own world first: some are calm, some stormy, and in each some faults are frequent and others absent.
Nothing is drawn anywhere else.
"""

from collections import Counter
from collections.abc import Container, Sequence
from itertools import accumulate
from random import Random

# what may go wrong with a call to AWS
FAULTS = ("request lost", "answer lost", "500", "500 though done", "throttled", "killed before", "killed after")
# and elsewhere: a conflict that no other transaction explains; the client's answer; a message or a batch of changes
# that comes again; a message that is lost for good, with its dead letter
OTHERS = (
    *("conflict", "client lost answer", "message again", "changes again", "message lost"),
    *("keys unprocessed", "schedule again"),
)
# within so many seconds of its commit every item of a transaction has changed
MOST_SECONDS = 2.0
FREQUENCIES = (0.0, 0.0, 0.004, 0.02, 0.06)


class Chance:
    """The chances of one run; `without` names faults and stories that are left out. `met` counts what came about. Until
    `begin` the world is calm, and at once."""

    def __init__(self, seed: int, without: Container[str] = ()) -> None:
        self.without = without
        self.random = Random(seed)
        self.met: Counter[str] = Counter()
        self.rates: dict[str, float] = dict.fromkeys((*FAULTS, *OTHERS), 0.0)
        self.item_seconds = self.lag_seconds = self.skew_seconds = 0.0
        self.units_per_second = 0

    def begin(self) -> None:
        """Draw the world of this seed; from now on things go wrong."""
        choice = self.random.choice
        drawn = {name: choice(FREQUENCIES) for name in self.rates}
        drawn["message lost"] *= 10  # only few are of those that may be lost
        self.rates = {name: 0.0 if name in self.without else rate for name, rate in drawn.items()}
        self.item_seconds, self.lag_seconds = choice((0.0, 0.01, 0.2)), choice((0.0, 0.05, 3.0))
        self.skew_seconds, self.units_per_second = choice((0.0, 0.05, 2.0)), choice((0, 0, 100, 20))

    def end_faults(self) -> None:
        """From now on nothing goes wrong any more; things still take their time."""
        self.rates = dict.fromkeys(self.rates, 0.0)
        self.units_per_second = 0

    def happens(self, what: str) -> bool:
        """Whether a fault strikes here."""
        rate = self.rates[what]
        if not rate or self.random.random() >= rate:
            return False
        self.met[what] += 1
        return True

    def fault(self) -> str | None:
        """What goes wrong with this attempt of a call."""
        return next((name for name in FAULTS if self.happens(name)), None)

    def latency(self) -> float:
        """Seconds on the way to AWS or back; one in a hundred is slow."""
        return self.random.expovariate(250) + (self.random.uniform(0, 2) if self.random.random() < 0.01 else 0)

    def delays_of_items(self, count: int) -> list[float]:
        """After how many seconds each item of a transaction changes: together, or one after the other."""
        if not self.item_seconds or self.random.random() < 0.5:
            return [0.0] * count
        one = self.random.expovariate
        ends = [min(each, MOST_SECONDS) for each in accumulate(one(1 / self.item_seconds) for _ in range(count))]
        self.random.shuffle(ends)
        return ends

    def lag(self) -> float:
        """How many seconds later an index follows its table."""
        return self.random.expovariate(1 / self.lag_seconds) if self.lag_seconds else 0.0

    def processed[Thing](self, keys: Sequence[Thing]) -> Sequence[Thing]:
        """The keys of a batch that are answered at once; the first ones, at least one."""
        return keys[: self.random.randint(1, len(keys))] if self.happens("keys unprocessed") else keys
