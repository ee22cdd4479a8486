"""Faults strike every AWS call of every use case; the client repeats its request: one effect, one success."""

from collections.abc import Callable

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from infra.client.http import Reply
from tests.conftest import StoppedClock
from tests.faults import services
from tests.faults.order_use_cases import ORDER_USE_CASES
from tests.faults.payout_use_cases import PAYOUT_USE_CASES
from tests.faults.retention_use_cases import RETENTION_USE_CASES
from tests.faults.round_use_cases import ROUND_USE_CASES
from tests.faults.sanction_use_cases import SANCTION_USE_CASES
from tests.faults.settlement_use_cases import SETTLEMENT_USE_CASES
from tests.faults.use_case import UseCase
from tests.faults.use_cases import USE_CASES
from tests.faults.wire import WRITTEN_TABLES, Fault, Killed, faults_of, wire
from tests.faults.year_use_cases import YEAR_USE_CASES
from tests.races import tables
from tests.races.table_snapshot import TableSnapshot
from tests.support.backend import World

ALL_USE_CASES = (
    USE_CASES,
    ORDER_USE_CASES,
    SETTLEMENT_USE_CASES,
    ROUND_USE_CASES,
    PAYOUT_USE_CASES,
    YEAR_USE_CASES,
    RETENTION_USE_CASES,
    SANCTION_USE_CASES,
)
ATTEMPTS = 10
Tried = dict[str, tuple[int, int]]


def ask_until_answered(use_case: UseCase, fault: Fault, at: int) -> Reply:
    """The final answer. Only the first request meets the fault; a new process answers if the first one was killed."""
    with wire(fault, at) as struck_wire:
        reply = ask(use_case)
    assert struck_wire.struck, "the fault never struck"
    for _ in range(ATTEMPTS):
        if reply is not None and reply.status != 429:
            return reply
        reply = ask(use_case)
    raise AssertionError("no answer")


def ask(use_case: UseCase) -> Reply | None:
    """One request; None if it ended in a fault (502), or if a message stayed in its queue."""
    try:
        return use_case.ask()
    except (BotoCoreError, ClientError):
        return None
    except Killed:
        services.start_new_process()
        return None


def problem_after(use_case: UseCase, fault: Fault, at: int, before: TableSnapshot, clock: StoppedClock) -> str | None:
    """The problem after one fault, or None. Restores the tables to `before`."""
    services.start_new_process()
    WRITTEN_TABLES.clear()
    if use_case.queue:
        services.receive_all(use_case.queue)
    try:
        reply = ask_until_answered(use_case, fault, at)
        assert reply.status in (200, 201), f"a wrong refusal: {reply.status} {reply.code}"
        after = TableSnapshot(before, WRITTEN_TABLES)
        with after.serving():
            use_case.check(reply.body)
        if use_case.books_hold:
            tables.assert_books_hold(after)
        before.restore(after)
    except AssertionError as error:
        before.restore(TableSnapshot())
        return f"{fault.name} at call {at}: {str(error).partition(chr(10))[0]}"
    return None


@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(prepare, id=prepare.__name__, marks=pytest.mark.clause(clause))
        for use_cases in ALL_USE_CASES
        for clause, cases in use_cases.items()
        for prepare in cases
    ],
)
def test_a_use_case_takes_effect_once_and_succeeds_whatever_fault_strikes_it(
    world: World, stopped_clock: StoppedClock, prepare: Callable[[World, StoppedClock], UseCase], tried: Tried
) -> None:
    use_case = prepare(world, stopped_clock)
    before = TableSnapshot()
    with wire() as wire_without_fault:
        assert ask(use_case) is not None
    before.restore(TableSnapshot())
    runs = faults_of(wire_without_fault.calls)
    problems = [problem_after(use_case, fault, at, before, stopped_clock) for fault, at in runs]
    tried[prepare.__name__] = (len(wire_without_fault.calls), len(runs))
    assert [each for each in problems if each is not None] == []
