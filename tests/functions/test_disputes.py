"""A delivery that the enterprise disputes or leaves unconfirmed is decided by the operator on the evidence (§4.2.1)."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO
from tests.conftest import StoppedClock
from tests.support.relaying import relayed
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, Json, Town, remove_agency
from tests.support.settlement_scenario import books
from tests.support.snapshots import everything_kept
from tests.support.workers import drain, sweep_night
from voucher.store import keys

Scene = tuple[Town, Json]
WHY = {"reason": "检测报告缺页"}
# 24:00 of the last day on which the enterprise may confirm what was delivered today
TERM_OVER = datetime(2026, 6, 30, 16, tzinfo=UTC)


def delivered(town: Town) -> Json:
    return town.advance(town.order(), "accept", "contract", "deliver")


def decision(word: str) -> Json:
    return {"decision": word, "reason": "已现场核实"}


@pytest.mark.clause("§4.2.1")
def test_the_enterprise_disputes_a_delivery_once_and_operator_and_agency_hear_of_it(voucher: Scene) -> None:
    town, _ = voucher
    early = town.act(OWNER, town.order(voucher_fen=100_000), "dispute", WHY)
    assert (early.status, early.code) == (409, "WRONG_STATE")
    order = delivered(town)
    for person in (SELLER, NEIGHBOUR, OPERATOR):
        assert town.act(person, order, "dispute", WHY).code == "NOT_FOUND"
    with relayed(keys.order(order["order_id"])):
        disputed = steps.expect(town.act(OWNER, order, "dispute", WHY), 200)
    assert (disputed["state"], disputed["dispute"]["reason"]) == ("delivered", WHY["reason"])
    assert town.act(OWNER, order, "dispute", WHY).headers["idempotent-replay"] == "true"
    assert town.act(OWNER, order, "dispute", {"reason": "别的"}).code == "ALREADY_EXISTS"
    for path, person, words in (
        ("/inbox?role=platform", OPERATOR, "企业对交付提出异议，请核实后作出决定。"),
        ("/inbox", SELLER, "企业对交付提出异议：检测报告缺页"),
    ):
        assert [each["subject"] for each in town.shown(path, person)["items"]].count(words) == 1
    assert town.advance(order, "confirm")["state"] == "completed", "both may still agree"


@pytest.mark.clause("§4.2.1")
def test_before_its_time_nobody_decides_in_the_place_of_the_enterprise(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    order = delivered(town)
    assert order["confirm_by"] == "2026-06-30"
    stopped_clock.instant = TERM_OVER - timedelta(seconds=1)
    before = everything_kept()
    no = town.act(OPERATOR, order, "decision", decision("confirm"))
    assert (no.status, no.code, "2026-06-30" in no.body["detail"]) == (409, "TOO_EARLY", True)
    assert town.act(OPERATOR, order, "decision", {"decision": "confirm", "reason": " "}).status == 422
    assert town.act(BUREAU, order, "decision", decision("confirm")).code == "ROLE_REQUIRED"
    assert everything_kept() == before
    placed = town.order(voucher_fen=100_000)
    assert town.act(OPERATOR, placed, "decision", decision("confirm")).code == "WRONG_STATE"


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("ground", ["silent", "disputed", "gone"])
@pytest.mark.parametrize("word", ["confirm", "cancel"])
def test_the_operator_confirms_or_cancels_with_a_reason_and_the_bureau_hears_of_it(
    voucher: Scene, stopped_clock: StoppedClock, ground: str, word: str
) -> None:
    town, _ = voucher
    order = delivered(town)
    if ground == "disputed":
        steps.expect(town.act(OWNER, order, "dispute", WHY), 200)
    elif ground == "gone":
        remove_agency(town)
    else:
        stopped_clock.instant = TERM_OVER
    with relayed(keys.order(order["order_id"])):
        decided = steps.expect(town.act(OPERATOR, order, "decision", decision(word)), 200)
    again = town.act(OPERATOR, order, "decision", decision(word))
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert decided["state"] == {"confirm": "completed", "cancel": "cancelled"}[word]
    assert (decided["decision"]["ground"], decided["decision"]["reason"]) == (ground, "已现场核实")
    assert town.balance_fen() == {"confirm": 300_000, "cancel": 1_000_000}[word]
    subjects = [each["subject"] for each in town.shown("/inbox?role=bureau", BUREAU)["items"]]
    words = {"confirm": "确认服务完成", "cancel": "取消订单"}[word]
    assert subjects.count(f"平台运营机构单方处理订单：{words}。理由：已现场核实") == 1
    for person in (OWNER, SELLER):
        told = [each["subject"] for each in town.shown("/inbox", person)["items"]]
        assert len([each for each in told if each.endswith("理由：已现场核实")]) == 1
    books()


@pytest.mark.clause("§4.2.1")
def test_what_is_returned_is_delivered_disputed_and_decided_again_in_the_same_words(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    order = delivered(town)
    for _ in range(2):
        steps.expect(town.act(OWNER, order, "dispute", WHY), 200)
        returned = steps.expect(town.act(OPERATOR, order, "decision", decision("return")), 200)
        assert (returned["state"], returned["dispute"], returned["confirm_by"]) == ("accepted", None, None)
        assert town.act(OWNER, order, "confirm").code == "WRONG_STATE"
        stopped_clock.instant += timedelta(days=3)
        again = steps.expect(town.act(SELLER, order, "deliver"), 200)
        assert again["state"] == "delivered"
    assert again["confirm_by"] == "2026-07-06", "15 days from the second delivery anew"
    assert town.advance(order, "confirm")["state"] == "completed"


@pytest.mark.clause("§4.2.1")
def test_the_enterprise_is_reminded_before_its_term_and_the_operator_hears_after_it(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    delivered(town)
    reminder = "服务成果待确认，请于2026-06-30前确认或提出异议，逾期由平台核实处理。"
    overdue = "企业逾期未确认服务成果，请核实后作出决定。"
    for nights, counts in ((-5, (0, 0)), (-4, (1, 0)), (-1, (1, 0)), (0, (1, 1)), (1, (1, 1))):
        sweep_night(stopped_clock, TERM_OVER + timedelta(days=nights, minutes=5))
        drain("notify")
        mine = [each["subject"] for each in town.shown("/inbox", OWNER)["items"]].count(reminder)
        theirs = [each["subject"] for each in town.shown("/inbox?role=platform")["items"]].count(overdue)
        assert (mine, theirs) == counts, nights


@pytest.mark.clause("§3.5.2")
def test_whoever_decided_on_a_delivery_does_not_pre_review_its_line(voucher: Scene) -> None:
    town, _ = voucher
    order = delivered(town)
    steps.expect(town.act(OWNER, order, "dispute", WHY), 200)
    steps.expect(town.act(OPERATOR, order, "decision", decision("confirm")), 200)
    settlement = town.open_settlement(order)
    town.fill_in(settlement)
    steps.expect(town.world.call(SELLER, "POST", f"/settlements/{settlement['settlement_id']}/submit"), 200)
    lines = {"lines": [{"order_id": order["order_id"], "decision": "pass", "opinion": "材料完整"}]}
    path = f"/settlements/{settlement['settlement_id']}/pre-review"
    assert town.world.call(OPERATOR, "POST", path, lines).code == "FOUR_EYES"
    steps.expect(town.world.call(OPERATOR_TWO, "POST", path, lines), 200)
