"""Lines that leave a round at the same moment (§3.5.1(5))."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import OPERATOR
from tests.conftest import StoppedClock
from tests.races import stage
from tests.races.trade import open_trade
from tests.races.turns import Turns
from tests.support.backend import World
from voucher.store import rounds


@pytest.mark.clause("§3.5.1(5)")
def test_a_round_ends_though_its_last_two_lines_leave_at_the_same_moment(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    trade = open_trade(world)
    order_ids = [trade.completed_order(100_000) for _ in range(2)]
    gathering = {"settlement_ids": [trade.passed(order_ids)]}
    round_id = steps.expect(world.call(OPERATOR, "POST", "/rounds", gathering), 201)["round_id"]
    paths = [f"/rounds/{round_id}/lines/{order_id}/withdraw" for order_id in order_ids]
    Turns(seed).run([partial(stage.insist, world, OPERATOR, path, {"reason": "双方协商"}) for path in paths])
    assert rounds.load(round_id).state == "rejected"
    stage.assert_books_hold()
