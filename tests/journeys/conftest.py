"""A local AWS of the ring's own: deployed before its first test, ended after its last, however that one ended.

Everything is called over HTTP, under the roles that the template gives; no test looks into a function.
"""

from collections.abc import Iterator

import pytest

from infra.local import stack as local
from infra.local.stack import Stack
from infra.local.state import LOCAL
from infra.tale import steps
from tests.journeys.place import TOTAL_FEN, Place, found


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The deployed stack; its schedules sleep, so that nothing happens that no test asked for."""
    state = LOCAL / "journeys"
    local.down(state)
    try:
        yield local.up(state, {"Schedules": "DISABLED"})
    finally:
        local.down(state)


@pytest.fixture(scope="session")
def place(stack: Stack) -> Place:
    """The stack with the means to act on it."""
    return found(stack)


@pytest.fixture(scope="session")
def year(place: Place) -> int:
    """A programme year that is open today, whatever today is."""
    steps.open_programme(place.client, place.plan.year, TOTAL_FEN, place.plan.policy)
    return place.plan.year
