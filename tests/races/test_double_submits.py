"""The same request sixteen times at once: one effect, and every answer tells of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.races import stage
from tests.races.stage import QUOTA_FEN, YEAR
from tests.races.trade import Trade, open_trade
from tests.races.turns import Turns
from tests.support.backend import World, function
from voucher.models.accounts import Posting
from voucher.models.orders import Order
from voucher.models.pools import SURPLUS_SHARDS, surplus_pool
from voucher.models.vouchers import Voucher
from voucher.store import programmes
from voucher.store.engine import pools

TIMES = 16

END = datetime(2026, 11, 30, 16, tzinfo=UTC)

YEAR_END = datetime(2026, 12, 31, 16, tzinfo=UTC)


def together(seed: int, action: Callable[[], Reply]) -> list[dict[str, Any]]:
    """The bodies of sixteen answers, which must all say yes."""
    replies = Turns(seed).run([action] * TIMES)
    assert [reply.body for reply in replies if reply.status not in (200, 201)] == []
    return [reply.body for reply in replies]


def entries() -> list[str]:
    """The entry of every posting in the books, sorted."""
    found = stage.stored(Posting, "vouchers", "POSTING#") + stage.stored(Posting, "orders", "POSTING#")
    return sorted(each.entry for each in found)


@pytest.mark.clause("§4.1.4")
def test_sixteen_equal_grabs_make_one_voucher_and_all_show_it(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    batch_id = stage.open_batch(world, QUOTA_FEN, total_fen=100_000_000)
    [firm] = stage.enterprises(1)
    replies = Turns(seed).run([lambda: stage.grab(world, batch_id, firm)] * TIMES)
    assert sorted(reply.status for reply in replies) == [200] * (TIMES - 1) + [201]
    [voucher] = stage.stored(Voucher, "vouchers", "VOUCHER#")
    shown = {(reply.body["voucher_id"], reply.body["balance_fen"]) for reply in replies}
    assert shown == {(voucher.voucher_id, QUOTA_FEN)}
    stage.assert_books_hold()


@pytest.mark.clause("§4.2.1")
def test_sixteen_equal_orders_hold_the_money_once(world: World, stopped_clock: StoppedClock, seed: int) -> None:
    trade = open_trade(world)
    body = stage.order_body(trade.product_id, trade.voucher_id, 700_000, contract_number="HT-1")
    shown = together(seed, lambda: stage.insist(world, trade.buyer.person, "/orders", body, key="one"))
    [order] = stage.stored(Order, "orders", "RECORD")
    assert {each["order_id"] for each in shown} == {order.order_id}
    [voucher] = stage.stored(Voucher, "vouchers", "VOUCHER#")
    assert voucher.balance_fen == QUOTA_FEN - 700_000
    stage.assert_books_hold()


@pytest.mark.clause("§1.4a")
def test_sixteen_equal_publications_release_the_money_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    batch_id = stage.draft_batch(world, 10 * QUOTA_FEN)
    shown = together(seed, lambda: stage.publish(world, batch_id))
    assert {(each["state"], each["remaining_fen"]) for each in shown} == {("open", 10 * QUOTA_FEN)}
    assert entries() == ["appropriate", "release"]
    stage.assert_books_hold()


@pytest.mark.clause("§2.3.3")
def test_sixteen_equal_publications_of_a_re_release_take_the_surplus_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    first = stage.open_batch(world, 10 * QUOTA_FEN, total_fen=20 * QUOTA_FEN)
    steps.expect(world.call(BUREAU, "POST", f"/batches/{first}/close"), 200)
    batch_id = stage.draft_batch(world, 10 * QUOTA_FEN, kind="rerelease")
    shown = together(seed, lambda: stage.publish(world, batch_id))
    assert {(each["state"], each["remaining_fen"]) for each in shown} == {("open", 10 * QUOTA_FEN)}
    assert entries() == ["appropriate", "close", "re-release", "release"]
    assert pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen == 0
    stage.assert_books_hold()


@pytest.mark.clause("§1.3")
def test_sixteen_equal_confirmations_of_a_cut_withdraw_the_money_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    cut = {"total_fen": 4 * QUOTA_FEN, "reason": "预算调整"}
    steps.expect(world.call(BUREAU, "POST", f"/programmes/{YEAR}/total", cut), 200)
    shown = together(seed, lambda: stage.insist(world, FINANCE, f"/programmes/{YEAR}/total/confirm"))
    assert {(each["total_fen"], each["unreleased_fen"]) for each in shown} == {(4 * QUOTA_FEN, 4 * QUOTA_FEN)}
    assert entries() == ["appropriate", "withdraw"]
    stage.assert_books_hold()


@pytest.mark.clause("§1.3")
def test_sixteen_equal_confirmations_appropriate_the_money_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    draft = {"year": YEAR, "total_fen": 10 * QUOTA_FEN, "policy": {}}
    steps.expect(world.call(BUREAU, "POST", "/programmes", draft), 201)
    shown = together(seed, lambda: stage.insist(world, FINANCE, f"/programmes/{YEAR}/confirm"))
    assert {each["state"] for each in shown} == {"open"}
    assert entries() == ["appropriate"]
    stage.assert_books_hold()


@pytest.mark.clause("§3.5.1(5)")
def test_sixteen_equal_approvals_of_a_cancellation_give_the_money_back_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    trade = open_trade(world)
    order_id = trade.order(700_000)
    stage.both_ask_to_cancel(world, order_id, trade.buyer.person, trade.seller.person)
    path, approve = f"/orders/{order_id}/cancellation/review", {"decision": "approve"}
    shown = together(seed, lambda: stage.insist(world, OPERATOR, path, approve))
    assert {each["state"] for each in shown} == {"cancelled"}
    [voucher] = stage.stored(Voucher, "vouchers", "VOUCHER#")
    assert voucher.balance_fen == QUOTA_FEN
    assert entries() == ["appropriate", "hold", "release", "release"]
    stage.assert_books_hold()


@pytest.mark.clause("§4.2.2")
def test_sixteen_deliveries_of_one_sweep_message_end_the_voucher_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    trade = open_trade(world)
    stopped_clock.instant = END
    message = stage.lapse_message(trade.batch_id, trade.voucher_id, "2026-11-30T16:00:00.000Z")
    Turns(seed).run([lambda: function("void_vouchers").work(message)] * TIMES)
    [voucher] = stage.stored(Voucher, "vouchers", "VOUCHER#")
    assert (voucher.state, voucher.balance_fen) == ("expired", 0)
    surplus = pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS)
    assert surplus.remaining_fen == QUOTA_FEN
    assert entries() == ["appropriate", "lapse", "release"]
    stage.assert_books_hold()


@pytest.mark.clause("§1.4b")
def test_sixteen_deliveries_of_the_years_end_close_the_year_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    stage.open_batch(world, 10 * QUOTA_FEN, total_fen=30 * QUOTA_FEN)
    stopped_clock.instant = YEAR_END
    message = {"year": YEAR, "instant": "2026-12-31T16:00:00.000Z"}

    def deliver() -> None:
        event = stage.queue_event(message)
        while function("close_year").handler(event, None)["batchItemFailures"]:
            pass

    Turns(seed).run([deliver] * TIMES)
    assert programmes.get(YEAR).state == "closed"
    assert entries() == ["appropriate", "close", "expire", "release"]
    assert pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen == 30 * QUOTA_FEN
    stage.assert_books_hold()


@pytest.mark.clause("§3.5.1")
def test_sixteen_equal_applications_for_settlement_are_one_application(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    trade = open_trade(world)
    order_id = trade.completed_order(700_000)
    body = {"agency_uscc": trade.seller.uscc, "order_ids": [order_id]}
    shown = together(seed, lambda: stage.insist(world, trade.seller.person, "/settlements", body, key="one"))
    assert len({each["settlement_id"] for each in shown}) == 1
    [order] = stage.stored(Order, "orders", "RECORD")
    assert (order.state, order.settlement_id) == ("settling", shown[0]["settlement_id"])
    stage.assert_books_hold()


def closed_notice(trade: Trade) -> str:
    """The path that closes the notice on a round with one order."""
    notice_id: str = trade.notice([trade.completed_order(700_000)])["notice_id"]
    return f"/notices/{notice_id}/close"


@pytest.mark.clause("§3.5.3")
def test_sixteen_equal_closings_of_a_notice_make_its_lines_payable_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    path = closed_notice(open_trade(world))
    together(seed, lambda: stage.insist(world, BUREAU, path))
    assert stage.states(Order, "orders") == ["payable"]
    accounts = stage.assert_books_hold()
    assert accounts["payable"] == 700_000


@pytest.mark.clause("§3.5.4")
def test_sixteen_equal_results_of_a_payout_pay_it_once(world: World, stopped_clock: StoppedClock, seed: int) -> None:
    trade = open_trade(world)
    payout_id = trade.payout([trade.completed_order(700_000)])
    result = {"state": "paid", "bank_reference": "BK-1", "paid_on": stage.TODAY.isoformat()}
    shown = together(seed, lambda: stage.insist(world, FINANCE, f"/payouts/{payout_id}/result", result))
    assert {each["state"] for each in shown} == {"paid"}
    assert stage.states(Order, "orders") == ["paid"]
    accounts = stage.assert_books_hold()
    assert accounts["paid"] == 700_000
