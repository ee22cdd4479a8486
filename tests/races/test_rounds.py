"""Lines that are withdrawn from a round at the same moment (§3.5.1(5))."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import OPERATOR
from tests.conftest import StoppedClock
from tests.races import requests, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import seed_parties
from tests.support.backend import World
from voucher.store import rounds


@pytest.mark.clause("§3.5.1(5)")
def test_a_round_ends_when_its_last_two_lines_are_withdrawn_at_the_same_moment(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(2)]
    gathering = {"settlement_ids": [parties.pass_application(order_ids)]}
    round_id = steps.expect(world.call(OPERATOR, "POST", "/rounds", gathering), 201)["round_id"]
    paths = [f"/rounds/{round_id}/lines/{order_id}/withdraw" for order_id in order_ids]
    Interleaving(seed).run([partial(requests.insist, world, OPERATOR, path, {"reason": "双方协商"}) for path in paths])
    assert rounds.load(round_id).state == "rejected"
    tables.assert_books_hold()
