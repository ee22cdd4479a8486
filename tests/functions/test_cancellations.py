"""An order is cancelled: both parties ask, the operator agrees, the money goes back the way it came (§3.5.1(5))."""

from datetime import UTC, datetime

import pytest

from infra.client import steps
from infra.client.http import OPERATOR
from tests.conftest import StoppedClock
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Json, Town, remove_agency
from tests.support.settlement_scenario import books, settling, the_order
from tests.support.snapshots import everything_kept

Scene = tuple[Town, Json]


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.parametrize(
    "steps_taken", [("accept",), ("accept", "contract"), ("accept", "contract", "deliver", "confirm")]
)
def test_both_ask_the_operator_agrees_and_the_money_goes_back_the_way_it_came(
    voucher: Scene, steps_taken: tuple[str, ...]
) -> None:
    town, _ = voucher
    order = town.advance(town.order(), *steps_taken)
    why, approve = {"reason": "双方协商一致"}, {"decision": "approve"}
    assert town.act(OPERATOR, order, "cancellation/review", approve).code == "CANCEL_NOT_ASKED"
    steps.expect(town.act(OWNER, order, "cancellation", why), 200)
    before = everything_kept()
    alone = town.act(OPERATOR, order, "cancellation/review", approve)
    assert (alone.status, alone.code, alone.body["clause"]) == (409, "CANCEL_NOT_ASKED", "§3.5.1(5)")
    assert everything_kept() == before
    steps.expect(town.act(SELLER, order, "cancellation", why), 200)
    cancelled = steps.expect(town.act(OPERATOR, order, "cancellation/review", approve), 200)
    assert cancelled["state"] == "cancelled"
    assert town.balance_fen() == 1_000_000
    assert town.room_fen(order["category"]) == 30_000_000
    again = town.act(OPERATOR, order, "cancellation/review", approve)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert town.movements()[1:] == [("hold", 700_000), ("release", 700_000)]
    books()


@pytest.mark.clause("§3.5.1(5)")
def test_an_agency_that_never_answers_an_order_keeps_no_voucher_money(voucher: Scene) -> None:
    town, _ = voucher
    order = town.order(contract_number="HT-7", contract_signed_on=TODAY.isoformat())
    steps.expect(town.act(OWNER, order, "cancellation", {"reason": "服务机构久未接单"}), 200)
    assert "cancel" in {each["action"] for each in town.shown(f"/orders/{order['order_id']}")["allowed_actions"]}
    cancelled = steps.expect(town.act(OPERATOR, order, "cancellation/review", {"decision": "approve"}), 200)
    assert (cancelled["state"], town.balance_fen()) == ("cancelled", 1_000_000)
    assert town.order(contract_number="HT-7")["state"] == "placed", "its contract number is free again"
    books()


@pytest.mark.clause("§3.5.1(5)")
def test_a_cancellation_the_operator_rejects_must_be_asked_for_anew(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    for person in (OWNER, SELLER):
        steps.expect(town.act(person, order, "cancellation", {"reason": "x"}), 200)
    kept = steps.expect(town.act(OPERATOR, order, "cancellation/review", {"decision": "reject"}), 200)
    assert (kept["state"], kept["enterprise_cancel"], kept["agency_cancel"]) == ("accepted", None, None)
    assert town.act(OPERATOR, order, "cancellation/review", {"decision": "approve"}).code == "CANCEL_NOT_ASKED"
    assert town.balance_fen() == 300_000


@pytest.mark.clause("§3.5.1(5)")
def test_a_rejected_cancellation_may_be_asked_for_again_in_the_same_words(voucher: Scene) -> None:
    town, _ = voucher
    order, why = town.order(), {"reason": "双方协商"}
    for _ in range(2):
        asked = steps.expect(town.act(OWNER, order, "cancellation", why), 200)
        assert asked["enterprise_cancel"]["reason"] == "双方协商"
        rejected = town.act(OPERATOR, order, "cancellation/review", {"decision": "reject"})
        assert (rejected.status, rejected.body["enterprise_cancel"]) == (200, None)


@pytest.mark.clause("§3.5.1(5)", "§4.2.2")
def test_what_goes_back_to_a_voucher_that_has_ended_lapses_in_the_same_step(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, held = voucher
    order = town.advance(town.order(), "accept")
    for person in (OWNER, SELLER):
        steps.expect(town.act(person, order, "cancellation", {"reason": "x"}), 200)
    stopped_clock.instant = datetime.fromisoformat(held["ends_at"])
    steps.expect(town.act(OPERATOR, order, "cancellation/review", {"decision": "approve"}), 200)
    assert town.movements()[1:] == [("hold", 700_000), ("release", 700_000), ("lapse", 700_000)]
    assert town.balance_fen() == 300_000, "what was never held lapses with the sweep"
    year = town.shown("/programmes/2026")
    assert (year["surplus_fen"], year["lapsed_fen"], year["held_fen"]) == (700_000, 700_000, 0)
    books()


@pytest.mark.clause("§3.5.1(5)")
def test_money_that_a_removed_agency_holds_comes_back_if_the_enterprise_asks(voucher: Scene) -> None:
    town, _ = voucher
    open_ = town.advance(town.order(voucher_fen=300_000), "accept")
    signed = town.advance(town.order(voucher_fen=200_000), "accept", "contract")
    approve = {"decision": "approve"}
    for order in (open_, signed):
        steps.expect(town.act(OWNER, order, "cancellation", {"reason": "服务机构已被清退"}), 200)
    assert town.act(OPERATOR, open_, "cancellation/review", approve).code == "CANCEL_NOT_ASKED"
    remove_agency(town)
    assert town.act(OPERATOR, signed, "cancellation/review", approve).code == "CANCEL_NOT_ASKED"
    assert steps.expect(town.act(OPERATOR, open_, "cancellation/review", approve), 200)["state"] == "cancelled"
    assert town.balance_fen() == 800_000
    books()


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.parametrize("reviewed", [False, True])
def test_an_order_in_settlement_is_cancelled_with_its_line_before_it_is_in_a_round(
    submitted: Scene, reviewed: bool
) -> None:
    case, order = settling(submitted), the_order(submitted)
    before_fen = case.town.balance_fen()
    if reviewed:
        steps.expect(case.decide(order, verified_contract_fen=800_000), 200)
    cancelled = steps.expect(case.cancel(order), 200)
    assert (cancelled["state"], cancelled["settlement_id"]) == ("cancelled", None)
    assert (case.line(order)["state"], case.shown()["state"]) == ("withdrawn", "withdrawn")
    assert case.town.balance_fen() == before_fen + 700_000
    assert case.used_fen() == 0
    books()


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.parametrize("on_notice", [False, True])
def test_a_line_in_a_round_is_taken_out_of_it_before_its_order_is_cancelled(submitted: Scene, on_notice: bool) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.noticed(order)["round_id"] if on_notice else case.passed(order)["round_id"]
    no = case.cancel(order)
    assert (no.status, no.code) == (409, "LINE_UNDER_REVIEW")
    path = f"/rounds/{round_id}/lines/{order['order_id']}/withdraw"
    taken, again = (case.call(OPERATOR, "POST", path, {"reason": "双方协商"}) for _ in range(2))
    assert (taken.status, taken.body["lines"], again.body) == (200, [], taken.body)
    review = {"decision": "approve"}
    assert steps.expect(case.town.act(OPERATOR, order, "cancellation/review", review), 200)["state"] == "cancelled"
    assert case.town.balance_fen() == 1_000_000
    books()


@pytest.mark.clause("§4.2.2")
def test_a_cancelled_orders_money_lapses_if_its_voucher_has_ended_meanwhile(
    submitted: Scene, stopped_clock: StoppedClock
) -> None:
    case, order = settling(submitted), the_order(submitted)
    stopped_clock.instant = datetime(2026, 12, 1, 2, tzinfo=UTC)
    steps.expect(case.cancel(order), 200)
    assert steps.expect(case.call(OWNER, "GET", f"/vouchers/{case.town.voucher_id}"), 200)["balance_fen"] == 300_000
    assert books()["accounts"]["surplus"] == 700_000
