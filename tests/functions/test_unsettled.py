"""Orders that are not handed in for settlement by the last day: refused from then on, and ended at night (§4.2.1)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU
from tests.conftest import StoppedClock
from tests.functions.test_end_orders import NIGHT, midnight_after, state_of
from tests.support import scenario
from tests.support.backend import World
from tests.support.relaying import relayed, subjects
from tests.support.scenario import OWNER, SELLER, Json, Town
from tests.support.settlement_scenario import Settling, books, opened, settling, small_orders
from tests.support.snapshots import everything_kept
from tests.support.workers import deliver, drain, sweep_night
from voucher.store import keys

Scene = tuple[Town, Json]
OVER = midnight_after("2027-06-30")
ENDED = "订单未在截止日前申请兑付，已自动取消，抵用额已退回或作废。"


def opening(town: Town, order: Json) -> Any:
    """An attempt at an application."""
    body = {"agency_uscc": town.agency.uscc, "order_ids": [order["order_id"]]}
    return town.world.call(SELLER, "POST", "/settlements", body, key="late")


@pytest.mark.clause("§3.5.1")
def test_an_order_that_nobody_applied_for_ends_after_30_june_and_its_money_lapses(
    completed: Scene, stopped_clock: StoppedClock
) -> None:
    town, order = completed
    assert order["settle_by"] == "2027-06-30"
    sweep_night(stopped_clock, OVER - timedelta(milliseconds=1))
    assert state_of(town, order) == "completed"
    stopped_clock.instant, kept = OVER, everything_kept()
    late = opening(town, order)
    assert (late.status, late.code, late.body["clause"]) == (409, "SETTLEMENT_ENDED", "§3.5.1")
    assert late.body["detail"] == "2026年度订单的兑付申请已于市经信局确定的 2027-06-30 截止，不再受理。"
    assert everything_kept() == kept
    with relayed(keys.order(order["order_id"])):
        sweep_night(stopped_clock, OVER + NIGHT)
    assert (state_of(town, order), town.room_fen("tech_innovation")) == ("cancelled", 30_000_000)
    assert town.movements()[-2:] == [("release", 700_000), ("lapse", 700_000)]
    for person in (OWNER, SELLER):
        assert subjects(town.world, person).count(ENDED) == 1
    sweep_night(stopped_clock, OVER + NIGHT + timedelta(days=1))
    assert opening(town, order).code == "SETTLEMENT_ENDED"
    books()


@pytest.mark.clause("§3.5.1")
def test_the_agency_is_reminded_of_the_last_day_once(voucher: Scene, stopped_clock: StoppedClock) -> None:
    town, _ = voucher
    first, second, third = (*small_orders(town, 2), town.order(contract_fen=60_000, voucher_fen=40_000))
    opened(town, first)
    town.apply_for_settlement(second)
    town.advance(third, "accept", "contract")
    reminder = "订单尚未申请兑付，申请截止2027-06-30，逾期订单将自动取消，不再兑付。"
    for day, count in (("2027-05-29", 0), ("2027-05-30", 2), ("2027-05-31", 2), ("2027-06-29", 2)):
        sweep_night(stopped_clock, midnight_after(day) + NIGHT)
        drain("notify")
        assert subjects(town.world, SELLER).count(reminder) == count, day
    assert reminder not in subjects(town.world, OWNER)


@pytest.mark.clause("§3.5.1")
def test_an_application_that_was_not_handed_in_in_time_ends_with_its_orders(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    first, second, third = small_orders(town, 3)
    handed_in = town.apply_for_settlement(third)
    case, draft = opened(town, first, second)
    town.fill_in(draft)
    assert draft["submit_by"] == "2027-06-30"
    stopped_clock.instant, kept = OVER, everything_kept()
    late = case.call(SELLER, "POST", "submit")
    assert (late.code, late.body["clause"]) == ("SETTLEMENT_ENDED", "§3.5.1")
    assert {each["message"] for each in late.body["errors"]} == {first["order_id"], second["order_id"]}
    assert everything_kept() == kept
    sweep_night(stopped_clock, OVER + NIGHT)
    assert [state_of(town, each) for each in (first, second, third)] == ["cancelled", "cancelled", "settling"]
    assert (case.shown()["state"], {each["state"] for each in case.shown()["lines"]}) == ("withdrawn", {"withdrawn"})
    assert Settling(town, handed_in["settlement_id"]).shown()["state"] == "submitted"
    assert case.used_fen() == 40_000
    invoices = {
        each["pk"]["S"]: each["order_id"] for each in everything_kept()["settlements"] if "INVOICE#" in each["pk"]["S"]
    }
    assert sorted(map(str, invoices.values())) == sorted(
        map(str, [{"NULL": True}, {"NULL": True}, {"S": third["order_id"]}])
    )
    message = {"task": "end_application", "settlement_id": case.settlement_id, "instant": OVER.isoformat()}
    kept = everything_kept()
    assert deliver("end_orders", message, message) == {"batchItemFailures": []}
    assert everything_kept() == kept
    books()


@pytest.mark.clause("§3.5.1")
def test_an_application_that_was_half_ended_is_ended_by_the_next_message(
    two_lines: tuple[Settling, Json, Json], stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, first, second = two_lines
    stopped_clock.instant = OVER
    message = {"task": "end_application", "settlement_id": case.settlement_id, "instant": OVER.isoformat()}
    with monkeypatch.context() as patched:
        patched.setattr("voucher.edge.unsettled.vouchers.load", fail_at_second())
        assert len(deliver("end_orders", message)["batchItemFailures"]) == 1
    assert sorted(state_of(case.town, each) for each in (first, second)) == ["cancelled", "settling"]
    assert case.shown()["state"] == "draft"
    assert deliver("end_orders", message) == {"batchItemFailures": []}
    assert [state_of(case.town, each) for each in (first, second)] == ["cancelled", "cancelled"]
    books()


def fail_at_second() -> Any:
    """Loads one voucher, and breaks off at the next one."""
    from voucher.store import vouchers

    answers = iter([vouchers.load])
    return lambda voucher_id: next(answers)(voucher_id)  # noqa: PLW0108 - the next one each time


def returned_late(world: World, stopped_clock: StoppedClock) -> tuple[Settling, Json]:
    """A year that is settled until 30 November; a line that is returned on the 20th, and what it was told."""
    days = {"year_ends_on": "2026-11-30", "settlement_ends_on": "2026-11-30"}
    town, order = scenario.complete(scenario.settle(scenario.open_year(world, **days)))
    case = settling((town, town.apply_for_settlement(order)))
    stopped_clock.instant = datetime.fromisoformat("2026-11-20T01:00:00+00:00")
    with relayed(keys.line(case.settlement_id, order["order_id"])):
        steps.expect(case.decide(order, decision="return", opinion="请补发票。"), 200)
    return case, order


@pytest.mark.clause("§3.5.1")
def test_a_line_that_is_returned_near_the_last_day_may_be_corrected_after_it(
    world: World, stopped_clock: StoppedClock
) -> None:
    case, order = returned_late(world, stopped_clock)
    assert case.line(order)["correct_by"] == "2026-12-07", "the 5th is a Saturday"
    told = "兑付申请被退回，请查看意见。请于2026-12-07前更正并重新提交。意见：请补发票。"
    assert told in subjects(case.town.world, SELLER)
    [task] = case.town.shown(f"/tasks?organisation={case.town.agency.uscc}", SELLER)["items"]
    assert (task["kind"], task["due_on"]) == ("correct_line", "2026-12-07")
    over = midnight_after("2026-12-07")
    sweep_night(stopped_clock, over - timedelta(milliseconds=1))
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert case.line(order)["correct_by"] is None
    sweep_night(stopped_clock, over + NIGHT)
    assert state_of(case.town, order) == "settling"


@pytest.mark.clause("§3.5.1")
def test_a_line_that_is_corrected_too_late_is_refused_and_ends_with_its_order(
    world: World, stopped_clock: StoppedClock
) -> None:
    case, order = returned_late(world, stopped_clock)
    over = midnight_after("2026-12-07")
    stopped_clock.instant = over
    late = case.call(SELLER, "POST", "submit")
    assert (late.code, late.body["detail"]) == (
        "SETTLEMENT_ENDED",
        "2026年度订单的兑付申请已于市经信局确定的 2026-12-07 截止，不再受理。",
    )
    sweep_night(stopped_clock, over + NIGHT)
    assert (state_of(case.town, order), case.line(order)["state"]) == ("cancelled", "withdrawn")
    assert case.shown()["state"] == "withdrawn"
    books()


@pytest.mark.clause("§3.5.3")
def test_who_must_correct_a_line_after_a_round_or_an_objection_has_the_same_time(
    submitted: Scene, stopped_clock: StoppedClock
) -> None:
    case = settling(submitted)
    order = submitted[1]["lines"][0]
    round_id = case.passed(order)["round_id"]
    body = {"decision": "return", "opinion": "请更正"}
    steps.expect(case.call(BUREAU, "POST", f"/rounds/{round_id}/approve", body), 200)
    assert case.line(order)["correct_by"] == "2027-06-30"
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    notice = case.noticed(order)
    objection = {"order_id": order["order_id"], "name": "某人", "contact": "13800000000", "reason": "有误"}
    path = f"/notices/{notice['notice_id']}/objections"
    made = steps.expect(case.call(None, "POST", path, objection), 201)
    stopped_clock.instant = datetime.fromisoformat("2027-06-29T01:00:00+00:00")
    body = {"decision": "uphold", "opinion": "属实"}
    steps.expect(case.call(BUREAU, "POST", f"/objections/{made['objection_id']}/resolve", body), 200)
    assert case.line(order)["correct_by"] == "2027-07-14"


@pytest.mark.clause("§3.5.1")
def test_a_year_is_not_settled_before_it_ends(world: World) -> None:
    body = {"year": 2026, "total_fen": 1_000_000, "policy": {"settlement_ends_on": "2026-12-30"}}
    no = world.call(BUREAU, "POST", "/programmes", body)
    assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "policy.settlement_ends_on")
    body["policy"] = {"settlement_ends_on": "2026-12-31"}
    steps.expect(world.call(BUREAU, "POST", "/programmes", body), 201)
    correction = {"version": 1, "total_fen": 1_000_000, "policy": {"settlement_ends_on": "2025-06-30"}}
    assert world.call(BUREAU, "PATCH", "/programmes/2026", correction).code == "MALFORMED"
