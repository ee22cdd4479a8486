"""The machine's bed: one call of the backend, foretold by the model, and the books checked after each step."""

from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from infra.client.http import Person, Reply
from tests.model import evidence, town
from tests.model.answers import Answer
from tests.model.place import Place
from tests.model.records import Order
from tests.support.backend import World

PICK = st.integers(0, 1000)
RARELY = st.sampled_from([False] * 7 + [True])
REASON = st.sampled_from(["甲", "乙"]).map(lambda text: {"reason": text})


def chosen[Thing](things: list[Thing], pick: int) -> Thing:
    """One of the things there are; the latest ones come first."""
    return things[-1 - pick % len(things)]


class Machine(RuleBasedStateMachine):
    """One run: a town of its own, the model beside it. `place` is where runs happen; `lengths` has the steps of each
    run, `met` counts what is rare, over all runs; `latest` is the settlement call just done."""

    place: Place
    lengths: list[int]
    met: Counter[str]
    latest: tuple[Any, ...] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.city = town.make_city()
        self.place.clock.instant = self.city.now
        self.place.make_tables()
        town.settle(self.city)
        self.numbers = 0
        self.lengths.append(0)
        self.set_up()

    def set_up(self) -> None:
        """What a run begins with."""

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.place.drop_tables()

    @invariant()
    def the_books_hold(self) -> None:
        """Every invariant, after each step."""
        self.lengths[-1] += 1
        evidence.check(evidence.read(self.place), self.city)

    def fresh(self, word: str) -> str:
        """A name nobody used before in this run."""
        self.numbers += 1
        return f"{word}-{self.numbers}"

    @staticmethod
    def somebody(by: str | None) -> Person | None:
        """Who is called so; None is nobody who is signed in."""
        return town.person(by) if by else None

    def ask(
        self,
        expected: Answer,
        by: str | None,
        path: str,
        body: Any = None,
        key: str | None = None,
        method: str = "POST",
    ) -> Reply:
        """A call, answered as the model foretold."""
        self.latest = None
        reply = self.world.call(self.somebody(by), method, path, body, key=key)
        replay = reply.headers.get("idempotent-replay") == "true"
        assert expected.fits(reply.status, reply.code, replay), f"{reply.status} {reply.body}, expected {expected}"
        return reply

    def step(self, expected: Answer, by: str, order: Order, word: str, body: Any = None) -> None:
        """A step of an order."""
        self.ask(expected, by, f"/orders/{order.name}/{word}", body)
