"""Orders whose term is over: found at night, ended with their money; before that, those who can act are reminded."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.client import steps
from tests.conftest import StoppedClock
from tests.support.relaying import relayed
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Json, Town
from tests.support.settlement_scenario import books
from tests.support.workers import deliver, drain, sweep_night
from voucher.store import keys

Scene = tuple[Town, Json]
NIGHT = timedelta(minutes=5)


def midnight_after(day: str) -> datetime:
    """24:00 of a day in Lishui."""
    return datetime.fromisoformat(f"{day}T16:00:00+00:00").astimezone(UTC)


def state_of(town: Town, order: Json) -> str:
    state: str = town.shown(f"/orders/{order['order_id']}")["state"]
    return state


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("signed", [False, True])
def test_an_order_that_is_not_answered_in_five_working_days_ends_and_both_hear_of_it(
    voucher: Scene, stopped_clock: StoppedClock, signed: bool
) -> None:
    town, _ = voucher
    contract = {"contract_number": "HT-7", "contract_signed_on": TODAY.isoformat()} if signed else {}
    order = town.order(**contract)
    assert order["answer_by"] == "2026-06-23", "the 19th is the Dragon Boat Festival"
    over = midnight_after(order["answer_by"])
    sweep_night(stopped_clock, over - timedelta(milliseconds=1))
    assert (state_of(town, order), town.balance_fen()) == ("placed", 300_000)
    with relayed(keys.order(order["order_id"])):
        sweep_night(stopped_clock, over + NIGHT)
    assert (state_of(town, order), town.balance_fen()) == ("cancelled", 1_000_000)
    assert town.movements()[1:] == [("hold", 700_000), ("release", 700_000)]
    for person in (OWNER, SELLER):
        [told] = [each for each in town.shown("/inbox", person)["items"] if "未在期限内接单" in each["subject"]]
        assert told["about"] == f"order:{order['order_id']}"
    assert town.act(SELLER, order, "accept").code == "WRONG_STATE"
    books()


@pytest.mark.clause("§4.2.1")
def test_an_agency_is_reminded_on_the_day_before_its_answer_is_due_once(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    order = town.order()
    last_day = midnight_after(order["answer_by"]) - timedelta(days=1)
    for nights, count in ((-2, 0), (-1, 1), (0, 1)):
        sweep_night(stopped_clock, last_day + timedelta(days=nights) + NIGHT)
        drain("notify")
        subjects = [each["subject"] for each in town.shown("/inbox", SELLER)["items"]]
        assert subjects.count("订单尚待接单，最后期限为2026-06-23，逾期将自动取消。") == count, nights


@pytest.mark.clause("§4.2.1")
def test_an_order_that_was_accepted_before_its_message_came_goes_on(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    order = town.order()
    stopped_clock.instant = midnight_after(order["answer_by"])
    steps.expect(town.act(SELLER, order, "accept"), 200)
    message = {"task": "end_order", "order_id": order["order_id"], "instant": "2026-06-23T16:00:00.000Z"}
    assert deliver("end_orders", message, message) == {"batchItemFailures": []}
    assert (state_of(town, order), town.balance_fen()) == ("accepted", 300_000)


def test_an_unknown_task_stays_in_the_queue() -> None:
    message = {"task": "whatever", "instant": "2026-06-23T16:00:00.000Z"}
    assert deliver("end_orders", message) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
