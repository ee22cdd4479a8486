"""A local AWS of the ring's own: deployed before its first test, ended after its last, however that one ended.

Everything is called over HTTP, under the roles that the template gives; no test looks into a function.
"""

from collections.abc import Iterator

import pytest

from infra.client import steps
from infra.local import stack as local
from infra.local.stack import Stack
from infra.local.state import LOCAL
from tests.journeys.deployment import TOTAL_FEN, Deployment, deployment_of


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The deployed stack; its schedules are disabled, so that they do not interfere with tests."""
    state = LOCAL / "journeys"
    local.down(state)
    try:
        yield local.up(state, {"Schedules": "DISABLED"})
    finally:
        local.down(state)


@pytest.fixture(scope="session")
def deployment(stack: Stack) -> Deployment:
    """The stack with a client, a plan, and unused organisations."""
    return deployment_of(stack)


@pytest.fixture(scope="session")
def year(deployment: Deployment) -> int:
    """A programme year that is open today; its own dates make this true on any day."""
    steps.open_programme(
        deployment.client, deployment.plan.year, TOTAL_FEN, deployment.plan.policy, deployment.plan.document
    )
    return deployment.plan.year
