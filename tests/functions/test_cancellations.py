"""An order is cancelled: both parties ask, the operator agrees, the money goes back the way it came (§3.5.1(5))."""

from datetime import UTC, datetime

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support.relaying import relayed
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Json, Town, remove_agency
from tests.support.settlement_scenario import books, settling, the_order
from tests.support.snapshots import everything_kept
from voucher.store import keys

Scene = tuple[Town, Json]
WHY = {"reason": "改用其他服务"}


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


@pytest.mark.clause("§4.2.1")
def test_before_acceptance_the_enterprise_takes_its_order_back_by_itself(voucher: Scene) -> None:
    town, _ = voucher
    order = town.order(contract_number="HT-7", contract_signed_on=TODAY.isoformat())
    for person in (SELLER, OPERATOR):
        assert town.act(person, order, "withdraw", WHY).code == "NOT_FOUND"
    assert town.act(OWNER, order, "withdraw", {"reason": " "}).status == 422
    assert town.balance_fen() == 300_000
    withdrawn = steps.expect(town.act(OWNER, order, "withdraw", WHY), 200)
    assert (withdrawn["state"], withdrawn["withdrawal_reason"]) == ("withdrawn", WHY["reason"])
    assert (town.balance_fen(), town.room_fen(order["category"])) == (1_000_000, 30_000_000)
    assert town.movements()[1:] == [("hold", 700_000), ("release", 700_000)]
    again = town.act(OWNER, order, "withdraw", WHY)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    late = town.act(SELLER, order, "accept")
    assert (late.code, late.body["state"]) == ("WRONG_STATE", "withdrawn")
    assert town.order(contract_number="HT-7")["state"] == "placed", "its contract number is free again"
    books()


@pytest.mark.clause("§4.2.1")
def test_an_accepted_order_is_not_left_by_one_party_alone(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    before = everything_kept()
    no = town.act(OWNER, order, "withdraw", WHY)
    assert (no.status, no.code, no.body["state"]) == (409, "WRONG_STATE", "accepted")
    assert everything_kept() == before


@pytest.mark.clause("§4.2.1", "§4.2.2")
def test_what_is_withdrawn_onto_a_voucher_that_has_ended_lapses(voucher: Scene, stopped_clock: StoppedClock) -> None:
    town, held = voucher
    order = town.order()
    stopped_clock.instant = datetime.fromisoformat(held["ends_at"])
    steps.expect(town.act(OWNER, order, "withdraw", WHY), 200)
    assert town.movements()[1:] == [("hold", 700_000), ("release", 700_000), ("lapse", 700_000)]
    assert books()["accounts"]["surplus"] == 700_000


@pytest.mark.clause("§3.5.1(5)")
def test_whoever_asked_to_cancel_may_take_the_request_back_and_ask_anew(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    for person in (OWNER, SELLER):
        steps.expect(town.act(person, order, "cancellation", WHY), 200)
    for _ in range(2):
        kept = steps.expect(town.act(SELLER, order, "cancellation/withdraw"), 200)
        assert (kept["state"], kept["agency_cancel"]) == ("accepted", None)
        assert kept["enterprise_cancel"]["reason"] == WHY["reason"], "what the other party asked for stands"
        again = town.act(SELLER, order, "cancellation/withdraw")
        assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
        assert town.act(OPERATOR, order, "cancellation/review", {"decision": "approve"}).code == "CANCEL_NOT_ASKED"
        asked = steps.expect(town.act(SELLER, order, "cancellation", WHY), 200)
        assert asked["agency_cancel"]["reason"] == WHY["reason"]
    steps.expect(town.act(OWNER, order, "cancellation/withdraw"), 200)
    steps.expect(town.act(SELLER, order, "cancellation/withdraw"), 200)
    assert town.shown("/orders?cancel_asked=true")["items"] == []
    none = town.act(OWNER, order, "cancellation/withdraw")
    assert (none.status, none.code, none.body["clause"]) == (409, "NO_CANCEL_REQUEST", "§3.5.1(5)")


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
@pytest.mark.clause("§3.4.1")
@pytest.mark.parametrize("steps_taken", [("accept",), ("accept", "contract"), ("accept", "contract", "deliver")])
def test_money_that_a_removed_agency_holds_comes_back_if_the_enterprise_asks(
    voucher: Scene, steps_taken: tuple[str, ...]
) -> None:
    town, _ = voucher
    order = town.advance(town.order(voucher_fen=300_000), *steps_taken)
    approve = {"decision": "approve", "reason": "服务机构已被清退"}
    steps.expect(town.act(OWNER, order, "cancellation", WHY), 200)
    assert town.act(OPERATOR, order, "cancellation/review", approve).code == "CANCEL_NOT_ASKED"
    remove_agency(town)
    no = town.act(OPERATOR, order, "cancellation/review", {"decision": "approve"})
    assert (no.status, [error["field"] for error in no.body["errors"]]) == (422, ["reason"])
    with relayed(keys.order(order["order_id"])):
        cancelled = steps.expect(town.act(OPERATOR, order, "cancellation/review", approve), 200)
    decided = {name: cancelled["decision"][name] for name in ("decision", "ground", "reason")}
    assert (cancelled["state"], decided) == (
        "cancelled",
        {"decision": "cancel", "ground": "gone", "reason": "服务机构已被清退"},
    )
    assert town.balance_fen() == 1_000_000
    [told] = [
        each["subject"] for each in town.shown("/inbox?role=bureau", BUREAU)["items"] if "单方" in each["subject"]
    ]
    assert told == "平台运营机构单方处理订单：取消订单。理由：服务机构已被清退"
    books()


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.parametrize("asking", [OWNER, SELLER])
def test_one_party_suffices_to_cancel_once_the_other_left_its_request_unanswered(
    voucher: Scene, stopped_clock: StoppedClock, asking: Person
) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept", "contract")
    asked = steps.expect(town.act(asking, order, "cancellation", WHY), 200)
    request = asked["enterprise_cancel"] or asked["agency_cancel"]
    assert request["answer_by"] == "2026-06-25"
    approve = {"decision": "approve", "reason": "逾期未答复"}
    stopped_clock.instant = datetime(2026, 6, 25, 15, 59, 59, tzinfo=UTC)
    assert town.act(OPERATOR, order, "cancellation/review", approve).code == "CANCEL_NOT_ASKED"
    stopped_clock.instant = datetime(2026, 6, 25, 16, tzinfo=UTC)
    cancelled = steps.expect(town.act(OPERATOR, order, "cancellation/review", approve), 200)
    assert (cancelled["state"], cancelled["decision"]["ground"]) == ("cancelled", "silent")
    assert town.balance_fen() == 1_000_000
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
