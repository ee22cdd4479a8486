"""Clearing an agency out takes two hands, and from then on nobody orders from it (§3.4.1)."""

import pytest

from infra.client.http import BUREAU, OPERATOR, Person
from tests.support.scenario import Json, Town


@pytest.mark.clause("§3.4.1")
def test_an_agency_is_cleared_out_by_two_hands_and_takes_no_more_orders(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    path, why = f"/agencies/{town.agency.uscc}/removal", {"reason": "不配合监督检查"}
    assert town.world.call(OPERATOR, "POST", path, why).body["state"] == "removal_proposed"
    hand = Person(OPERATOR.name, "platform,bureau")
    assert town.world.call(hand, "POST", f"{path}/approve").code == "FOUR_EYES"
    assert town.world.call(BUREAU, "POST", f"{path}/approve").body["state"] == "removed"
    assert town.place().code == "AGENCY_NOT_ACTIVE"
