"""What both parties of an order agree on is what one of them said and the other one saw, whoever speaks meanwhile."""

from functools import partial

import pytest

from tests.conftest import StoppedClock
from tests.races import tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import seed_parties
from tests.races.seed_data import TODAY
from tests.support.backend import World
from voucher.models.orders import Order

NUMBERS = ("HT-A", "HT-B")


@pytest.mark.clause("§4.2.1")
def test_who_agrees_to_a_version_agrees_to_no_other_contract_of_the_same_moment(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_id = parties.accept_order(100_000)
    agency, path = parties.agency.person, f"/orders/{order_id}/contract"
    first, second = (
        {"contract_number": number, "contract_signed_on": TODAY.isoformat(), "contract_fen": fen}
        for number, fen in zip(NUMBERS, (200_000, 9_000_000), strict=True)
    )
    seen = world.call(agency, "POST", path, first).body["version"]
    other, agreed = Interleaving(seed).run(
        [
            partial(world.call, agency, "POST", path, second),
            partial(world.call, parties.enterprise.person, "POST", f"{path}/acknowledge", {"version": seen}),
        ]
    )
    [order] = tables.list_records(Order, "orders", "RECORD")
    assert {other.code, agreed.code} <= {None, "CHANGED_MEANWHILE"}
    assert (order.contract_number == "HT-A") == (agreed.code is None)
    assert order.contract_number in ("HT-1", "HT-A")
    assert order.contract_fen != 9_000_000
    numbers = {each["pk"] for each in tables.list_items("orders", "CONTRACT") if each["order_id"] == order_id}
    assert numbers == {f"CONTRACT#{parties.agency.uscc}#{order.contract_number}"}


@pytest.mark.clause("§5.2b")
def test_of_two_orders_that_agree_on_one_number_at_once_one_has_it(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_ids = [parties.accept_order(100_000) for _ in range(2)]
    owner, body = parties.enterprise.person, {"contract_signed_on": TODAY.isoformat(), "contract_fen": 200_000}
    for order_id in order_ids:
        said = world.call(owner, "POST", f"/orders/{order_id}/contract", body | {"contract_number": "HT-SAME"})
        assert said.status == 200
    replies = Interleaving(seed).run(
        [
            partial(world.call, parties.agency.person, "POST", f"/orders/{each}/contract/acknowledge")
            for each in order_ids
        ]
    )
    assert sorted(reply.code or "done" for reply in replies) == ["CONTRACT_USED", "done"]
    agreed = [each.contract_number for each in tables.list_records(Order, "orders", "RECORD")]
    assert agreed.count("HT-SAME") == 1
