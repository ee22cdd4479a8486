"""Every call of every use case goes wrong in every way; the client asks again until it is told: exactly once."""

from collections.abc import Callable

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from infra.client.http import Reply
from tests.conftest import StoppedClock
from tests.faults import services
from tests.faults.order_use_cases import ORDER_USE_CASES
from tests.faults.settlement_use_cases import SETTLEMENT_USE_CASES
from tests.faults.use_cases import USE_CASES, Ready
from tests.faults.wire import FAULTS, WRITTEN, Fault, Killed, wire
from tests.faults.year_use_cases import YEAR_USE_CASES
from tests.races import stage
from tests.races.memory import Memory
from tests.support.backend import World

PATIENCE = 10
Tried = dict[str, tuple[int, int]]


def ask_until_told(ready: Ready, fault: Fault, at: int) -> Reply:
    """What the client is told in the end. Its first request meets the fault, the later ones do not; a new process
    answers them if the first one was killed."""
    with wire(fault, at) as hooked:
        reply = ask(ready)
    assert hooked.struck, "the fault never struck"
    for _ in range(PATIENCE):
        if reply is not None and reply.status != 429:
            return reply
        reply = ask(ready)
    raise AssertionError("never told")


def ask(ready: Ready) -> Reply | None:
    """One request; None when there was no answer but a fault's (502), or a message stayed in its queue."""
    try:
        return ready.ask()
    except (BotoCoreError, ClientError):
        return None
    except Killed:
        services.start_afresh()
        return None


def what_is_wrong(ready: Ready, fault: Fault, at: int, before: Memory, clock: StoppedClock) -> str | None:
    """None if all is as it must be after the fault, else what is not. Leaves the world as it was `before`."""
    services.start_afresh()
    WRITTEN.clear()
    if ready.queue:
        services.received(ready.queue)
    try:
        reply = ask_until_told(ready, fault, at)
        assert reply.status in (200, 201), f"a wrong no: {reply.status} {reply.code}"
        after = Memory(before, WRITTEN)
        with after.serving():
            ready.check(reply.body)
        if ready.in_order:
            stage.assert_books_hold(after)
        before.bring_back_from(after)
    except AssertionError as error:
        before.bring_back_from(Memory())
        return f"{fault.name} at call {at}: {str(error).partition(chr(10))[0]}"
    return None


@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(prepare, id=prepare.__name__, marks=pytest.mark.clause(clause))
        for use_cases in (USE_CASES, ORDER_USE_CASES, SETTLEMENT_USE_CASES, YEAR_USE_CASES)
        for clause, cases in use_cases.items()
        for prepare in cases
    ],
)
def test_whatever_goes_wrong_on_the_wire_the_effect_is_there_once_and_the_client_is_told_so(
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
