"""The contract of two sides over the API (§4.2.1)."""

from datetime import UTC, datetime

import pytest

from infra.client import steps
from infra.client.http import Person
from tests.conftest import StoppedClock
from tests.support.backend import function
from tests.support.relaying import relayed, subjects
from tests.support.scenario import OWNER, RIVAL, SELLER, TODAY, Json, Town, change_sides, leave
from tests.support.snapshots import everything_kept
from tests.support.workers import drain
from voucher.store import keys

Scene = tuple[Town, Json]
MOVER = Person("mover")


@pytest.mark.clause("§1.4b")
@pytest.mark.clause("§4.2.1")
def test_a_number_that_the_enterprise_alone_wrote_carries_no_money_over_the_year(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    order = town.order(contract_number="HT-MADE-UP", contract_signed_on=TODAY.isoformat())
    stopped_clock.instant = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)
    function("sweep").handler({"time": stopped_clock.instant.isoformat()}, None)
    drain("void_vouchers")
    shown = town.shown(f"/orders/{order['order_id']}")
    assert (shown["state"], shown["contract_agreed_at"]) == ("cancelled", None)
    assert town.movements()[-1][0] == "lapse"


@pytest.mark.clause("§4.2.1")
def test_neither_side_changes_a_contract_alone_and_the_other_one_hears_of_it(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(contract_number="HT-1", contract_signed_on=TODAY.isoformat()), "accept")
    assert order["contract_agreed_at"] is not None
    with relayed(keys.order(order["order_id"])):
        said = steps.expect(town.act(SELLER, order, "contract", town.contract(order, contract_fen=9_000_000)), 200)
    assert (said["contract_fen"], said["proposed_contract"]["contract_fen"]) == (1_000_000, 9_000_000)
    actions = town.shown(f"/orders/{order['order_id']}", OWNER)["allowed_actions"]
    assert "acknowledge" in {each["action"] for each in actions}
    assert subjects(town.world, OWNER) == ["待办：确认对方登记的合同信息。"]
    before = everything_kept()
    stale = town.act(OWNER, order, "contract/acknowledge", {"version": order["version"]})
    own, foreign = (town.act(person, order, "contract/acknowledge") for person in (SELLER, RIVAL))
    assert (stale.code, own.code, foreign.code) == ("CHANGED_MEANWHILE", "NO_CONTRACT_PROPOSED", "NOT_FOUND")
    assert everything_kept() == before
    agreed = steps.expect(town.act(OWNER, order, "contract/acknowledge", {"version": said["version"]}), 200)
    assert (agreed["contract_fen"], agreed["proposed_contract"]) == (9_000_000, None)


@pytest.mark.clause("§4.2.1")
def test_an_agency_that_accepts_what_it_saw_agrees_to_nothing_that_came_after(voucher: Scene) -> None:
    town, _ = voucher
    signed = {"contract_number": "HT-1", "contract_signed_on": TODAY.isoformat()}
    seen = town.order(**signed)
    steps.expect(town.act(OWNER, seen, "contract", town.contract(seen, contract_fen=9_000_000)), 200)
    before = everything_kept()
    assert town.act(SELLER, seen, "accept", {"version": seen["version"]}).code == "CHANGED_MEANWHILE"
    assert everything_kept() == before
    now = town.shown(f"/orders/{seen['order_id']}", SELLER)
    accepted = steps.expect(town.act(SELLER, seen, "accept", {"version": now["version"]}), 200)
    assert (accepted["contract_fen"], accepted["contract_agreed_at"] is not None) == (9_000_000, True)


@pytest.mark.clause("§4.2.1")
def test_an_agreement_repeated_changes_nothing_and_a_new_one_counts_again(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept", "contract")
    again = town.act(OWNER, order, "contract/acknowledge")
    assert (again.body, again.headers["idempotent-replay"]) == (order, "true")
    assert town.agree(order, contract_number="HT-2")["contract_number"] == "HT-2"
    assert town.agree(order, OWNER, contract_number="HT-3")["contract_number"] == "HT-3"
    delivered = town.advance(order, "deliver")
    assert town.act(OWNER, delivered, "contract", town.contract(order)).code == "WRONG_STATE"


@pytest.mark.clause("§5.2b")
def test_a_number_in_use_is_refused_when_it_is_proposed_and_when_it_is_agreed_to(voucher: Scene) -> None:
    town, _ = voucher
    first, second, third = (town.advance(town.order(voucher_fen=100_000), "accept") for _ in range(3))
    same = {"contract_number": "HT-SAME"}
    for order in (first, second):
        steps.expect(town.act(SELLER, order, "contract", town.contract(order, **same)), 200)
    steps.expect(town.act(OWNER, first, "contract/acknowledge"), 200)
    assert town.act(OWNER, second, "contract/acknowledge").code == "CONTRACT_USED"
    assert town.act(SELLER, third, "contract", town.contract(third, **same)).code == "CONTRACT_USED"


@pytest.mark.clause("§5.2b")
def test_whoever_changed_sides_agrees_to_nothing_that_they_said_for_the_other_one(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    change_sides(town, SELLER, town.agency.uscc, MOVER)
    steps.expect(town.act(MOVER, order, "contract", town.contract(order, contract_fen=9_000_000)), 200)
    leave(town, town.agency.uscc, MOVER)
    change_sides(town, OWNER, town.enterprise.uscc, MOVER)
    no = town.act(MOVER, order, "contract/acknowledge")
    assert (no.code, no.body["clause"]) == ("FOUR_EYES", "§5.2b")
    assert town.shown(f"/orders/{order['order_id']}")["contract_agreed_at"] is None
    steps.expect(town.act(OWNER, order, "contract/acknowledge"), 200)


@pytest.mark.clause("§5.2b")
@pytest.mark.clause("§4.2.3")
def test_whoever_acted_for_the_agency_says_nothing_for_the_enterprise(voucher: Scene) -> None:
    town, _ = voucher
    order = town.complete(town.order())
    change_sides(town, OWNER, town.enterprise.uscc, SELLER)
    for step, said in (("cancellation", {"reason": "不再需要"}), ("rating", {"score": 5})):
        assert town.act(SELLER, order, step, said).code == "FOUR_EYES"
    assert town.shown(f"/orders/{order['order_id']}")["rating"] is None
    assert town.act(OWNER, order, "rating", {"score": 2}).status == 200


@pytest.mark.clause("§5.2a")
@pytest.mark.clause("§5.2b")
def test_whoever_placed_an_order_does_not_refuse_it_for_the_agency(voucher: Scene) -> None:
    town, _ = voucher
    order = town.order()
    change_sides(town, SELLER, town.agency.uscc, OWNER)
    assert town.act(OWNER, order, "refuse", {"reason": "不承接"}).code == "FOUR_EYES"
    assert town.act(SELLER, order, "refuse", {"reason": "不承接"}).status == 200


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.clause("§5.2b")
def test_whoever_once_spoke_for_the_enterprise_takes_back_no_word_of_the_agency(voucher: Scene) -> None:
    """Not even if their own word is taken back, so that nothing but the hands tells for whom they spoke."""
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    change_sides(town, OWNER, town.enterprise.uscc, MOVER)
    steps.expect(town.act(MOVER, order, "cancellation", {"reason": "不再需要"}), 200)
    steps.expect(town.act(MOVER, order, "cancellation/withdraw"), 200)
    leave(town, town.enterprise.uscc, MOVER)
    change_sides(town, SELLER, town.agency.uscc, MOVER)
    steps.expect(town.act(SELLER, order, "cancellation", {"reason": "无法提供"}), 200)
    for step in ("cancellation/withdraw", "contract"):
        said = town.contract(order) if step == "contract" else None
        assert town.act(MOVER, order, step, said).code == "FOUR_EYES"
    assert town.act(SELLER, order, "cancellation/withdraw").status == 200


@pytest.mark.clause("§3.5.1")
@pytest.mark.clause("§4.2.3")
@pytest.mark.clause("§5.2b")
def test_whoever_handed_in_for_the_agency_says_nothing_for_the_enterprise(voucher: Scene) -> None:
    town, _ = voucher
    order = town.complete(town.order())
    settlement = town.open_settlement(order)
    town.fill_in(settlement)
    change_sides(town, SELLER, town.agency.uscc, MOVER)
    path = f"/settlements/{settlement['settlement_id']}/submit"
    steps.expect(town.world.call(MOVER, "POST", path), 200)
    leave(town, town.agency.uscc, MOVER)
    change_sides(town, OWNER, town.enterprise.uscc, MOVER)
    for step, said in (("cancellation", {"reason": "不再需要"}), ("rating", {"score": 5})):
        assert town.act(MOVER, order, step, said).code == "FOUR_EYES"
        assert town.act(OWNER, order, step, said).status == 200
