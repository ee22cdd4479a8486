"""The simulated rush needs the calls that the store needs, on DynamoDB Local, and grants as much."""

import pytest

from infra.bench import likeness
from infra.client import steps
from tests.conftest import StoppedClock
from tests.races import requests, seed_data
from tests.races.interleaving import run_at_once
from tests.races.seed_data import QUOTA_FEN, SHARDS, YEAR
from tests.support.backend import World
from tests.support.short_cuts import listening


@pytest.mark.clause("§4.1.4")
@pytest.mark.parametrize("policy", [{}, {"batch_shards": SHARDS}], ids=["shards by the rule", "four shards"])
@pytest.mark.usefixtures("stopped_clock")
def test_each_claim_needs_the_same_calls_in_the_simulation(world: World, policy: dict[str, int]) -> None:
    steps.open_programme(world, YEAR, 100_000_000, {"notice_working_days": 0, **policy})
    with listening():
        calls, shards = likeness.measured(world)
    assert likeness.modelled(shards) == calls
    assert {granted for _, granted, _ in calls} == {True, False}


def test_the_simulation_remembers_as_long_and_tries_as_often_as_the_grab() -> None:
    for name, (there, here) in likeness.constants().items():
        assert there == here, name


@pytest.mark.clause("§4.1.4")
def test_as_many_are_granted_at_once_as_in_the_simulation(world: World, stopped_clock: StoppedClock) -> None:
    batch_id = seed_data.open_batch(world, 10 * QUOTA_FEN, total_fen=100_000_000)
    claims = [
        lambda each=each: requests.grab(world, batch_id, each).status == 201  # type: ignore[misc]
        for each in seed_data.add_enterprises(32)
    ]
    granted, _ = likeness.at_once(32, 10, SHARDS)
    assert sum(run_at_once(claims)) == granted == 10
