"""Every call of every step of settlement goes wrong in every way: the effect is there exactly once."""

from collections.abc import Callable

import pytest

from tests.conftest import StoppedClock
from tests.faults.settlement_use_cases import SETTLEMENT_USE_CASES
from tests.faults.test_faults import Tried, ask, what_is_wrong
from tests.faults.use_cases import Ready
from tests.faults.wire import FAULTS, wire
from tests.races.memory import Memory
from tests.world import World


@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(prepare, id=prepare.__name__, marks=pytest.mark.clause(clause))
        for clause, cases in SETTLEMENT_USE_CASES.items()
        for prepare in cases
    ],
)
def test_whatever_goes_wrong_on_the_wire_a_step_of_settlement_happens_once(
    world: World, stopped_clock: StoppedClock, prepare: Callable[[World, StoppedClock], Ready], tried: Tried
) -> None:
    ready = prepare(world, stopped_clock)
    before = Memory()
    with wire() as undisturbed:
        assert ask(ready) is not None
    before.bring_back_from(Memory())
    runs = [(fault, at) for at, name in enumerate(undisturbed.calls) for fault in FAULTS if fault.can_strike(name)]
    found = [what_is_wrong(ready, fault, at, before, stopped_clock) for fault, at in runs]
    tried[prepare.__name__] = (len(undisturbed.calls), len(runs))
    assert [each for each in found if each is not None] == []
