"""The same request sixteen times at once: it takes effect once, and every reply shows this effect."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.races.seed_data import QUOTA_FEN, YEAR
from tests.support.backend import World, function
from voucher.models.accounts import Posting
from voucher.models.changes import Change
from voucher.models.orders import Order
from voucher.models.pools import SURPLUS_SHARDS, surplus_pool
from voucher.models.vouchers import Voucher
from voucher.store import programmes
from voucher.store.engine import pools

TIMES = 16

VOUCHER_END = datetime(2026, 11, 30, 16, tzinfo=UTC)

YEAR_END = datetime(2026, 12, 31, 16, tzinfo=UTC)


def bodies_of_equal_requests(seed: int, action: Callable[[], Reply]) -> list[dict[str, Any]]:
    """The bodies of sixteen equal requests, which must all succeed."""
    replies = Interleaving(seed).run([action] * TIMES)
    assert [reply.body for reply in replies if reply.status not in (200, 201)] == []
    return [reply.body for reply in replies]


def list_entries() -> list[str]:
    """The entry of every posting (`hold`, `release` …), sorted."""
    postings = tables.list_records(Posting, "vouchers", "POSTING#") + tables.list_records(Posting, "orders", "POSTING#")
    return sorted(each.entry for each in postings)


@pytest.mark.clause("§4.1.4")
def test_sixteen_equal_grabs_make_one_voucher_and_all_show_it(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    batch_id = seed_data.open_batch(world, QUOTA_FEN, total_fen=100_000_000)
    [enterprise] = seed_data.add_enterprises(1)
    replies = Interleaving(seed).run([lambda: requests.grab(world, batch_id, enterprise)] * TIMES)
    assert sorted(reply.status for reply in replies) == [200] * (TIMES - 1) + [201]
    [voucher] = tables.list_records(Voucher, "vouchers", "VOUCHER#")
    bodies = {(reply.body["voucher_id"], reply.body["balance_fen"]) for reply in replies}
    assert bodies == {(voucher.voucher_id, QUOTA_FEN)}
    tables.assert_books_hold()


@pytest.mark.clause("§4.2.1")
def test_sixteen_equal_orders_hold_the_money_once(world: World, stopped_clock: StoppedClock, seed: int) -> None:
    parties = seed_parties(world)
    body = requests.order_body(parties.product_id, parties.voucher_id, 700_000, contract_number="HT-1")
    bodies = bodies_of_equal_requests(
        seed, lambda: requests.insist(world, parties.enterprise.person, "/orders", body, key="one")
    )
    [order] = tables.list_records(Order, "orders", "RECORD")
    assert {each["order_id"] for each in bodies} == {order.order_id}
    [voucher] = tables.list_records(Voucher, "vouchers", "VOUCHER#")
    assert voucher.balance_fen == QUOTA_FEN - 700_000
    tables.assert_books_hold()


def test_requests_of_several_kinds_under_one_key_at_once_make_exactly_one_thing(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    owner, path = parties.enterprise.person, f"/enterprises/{parties.enterprise.uscc}/changes"
    ids, report = (parties.product_id, parties.voucher_id, 100_000), {"happened_on": "2026-06-01", "description": "迁"}
    orders = [requests.order_body(*ids, contract_number=f"HT-{number}") for number in range(2)]
    calls = [("/orders", body) for body in orders] + [(path, report)]
    replies = Interleaving(seed).run(
        [partial(requests.insist, world, owner, path, body, key="one") for path, body in calls for _ in range(4)]
    )
    assert sorted(reply.status for reply in replies if reply.code is None) == [200] * 3 + [201]
    assert {reply.code for reply in replies} == {None, "IDEMPOTENCY_KEY_REUSED"}
    made = tables.list_records(Order, "orders", "RECORD") + tables.list_records(Change, "registry", "CHANGE#")
    assert len(made) == 1
    tables.assert_books_hold()


@pytest.mark.clause("§1.4a")
def test_sixteen_equal_publications_release_the_money_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    batch_id = seed_data.draft_batch(world, 10 * QUOTA_FEN)
    bodies = bodies_of_equal_requests(seed, lambda: requests.publish_batch(world, batch_id))
    assert {(each["state"], each["remaining_fen"]) for each in bodies} == {("open", 10 * QUOTA_FEN)}
    assert list_entries() == ["appropriate", "release"]
    tables.assert_books_hold()


@pytest.mark.clause("§2.3.3")
def test_sixteen_equal_publications_of_a_re_release_take_the_surplus_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    first = seed_data.open_batch(world, 10 * QUOTA_FEN, total_fen=20 * QUOTA_FEN)
    steps.expect(world.call(BUREAU, "POST", f"/batches/{first}/close"), 200)
    batch_id = seed_data.draft_batch(world, 10 * QUOTA_FEN, kind="rerelease")
    bodies = bodies_of_equal_requests(seed, lambda: requests.publish_batch(world, batch_id))
    assert {(each["state"], each["remaining_fen"]) for each in bodies} == {("open", 10 * QUOTA_FEN)}
    assert list_entries() == ["appropriate", "close", "re-release", "release"]
    assert pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen == 0
    tables.assert_books_hold()


@pytest.mark.clause("§1.3")
def test_sixteen_equal_confirmations_of_a_cut_withdraw_the_money_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    cut = {"total_fen": 4 * QUOTA_FEN, "reason": "预算调整"}
    steps.expect(world.call(BUREAU, "POST", f"/programmes/{YEAR}/total", cut), 200)
    bodies = bodies_of_equal_requests(
        seed, lambda: requests.insist(world, FINANCE, f"/programmes/{YEAR}/total/confirm")
    )
    assert {(each["total_fen"], each["unreleased_fen"]) for each in bodies} == {(4 * QUOTA_FEN, 4 * QUOTA_FEN)}
    assert list_entries() == ["appropriate", "withdraw"]
    tables.assert_books_hold()


@pytest.mark.clause("§1.3")
def test_sixteen_equal_confirmations_appropriate_the_money_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    draft = {"year": YEAR, "total_fen": 10 * QUOTA_FEN, "policy": {}}
    steps.expect(world.call(BUREAU, "POST", "/programmes", draft), 201)
    bodies = bodies_of_equal_requests(seed, lambda: requests.insist(world, FINANCE, f"/programmes/{YEAR}/confirm"))
    assert {each["state"] for each in bodies} == {"open"}
    assert list_entries() == ["appropriate"]
    tables.assert_books_hold()


@pytest.mark.clause("§3.5.1(5)")
def test_sixteen_equal_approvals_of_a_cancellation_give_the_money_back_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_id = parties.place_order(700_000)
    requests.both_ask_to_cancel(world, order_id, parties.enterprise.person, parties.agency.person)
    path, approve = f"/orders/{order_id}/cancellation/review", {"decision": "approve"}
    bodies = bodies_of_equal_requests(seed, lambda: requests.insist(world, OPERATOR, path, approve))
    assert {each["state"] for each in bodies} == {"cancelled"}
    [voucher] = tables.list_records(Voucher, "vouchers", "VOUCHER#")
    assert voucher.balance_fen == QUOTA_FEN
    assert list_entries() == ["appropriate", "hold", "release", "release"]
    tables.assert_books_hold()


@pytest.mark.clause("§4.2.2")
def test_sixteen_deliveries_of_one_sweep_message_end_the_voucher_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    stopped_clock.instant = VOUCHER_END
    message = requests.lapse_message(parties.batch_id, parties.voucher_id, "2026-11-30T16:00:00.000Z")
    Interleaving(seed).run([lambda: function("void_vouchers").work(message)] * TIMES)
    [voucher] = tables.list_records(Voucher, "vouchers", "VOUCHER#")
    assert (voucher.state, voucher.balance_fen) == ("expired", 0)
    surplus = pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS)
    assert surplus.remaining_fen == QUOTA_FEN
    assert list_entries() == ["appropriate", "lapse", "release"]
    tables.assert_books_hold()


@pytest.mark.clause("§1.4b")
def test_sixteen_deliveries_of_the_years_end_close_the_year_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    seed_data.open_batch(world, 10 * QUOTA_FEN, total_fen=30 * QUOTA_FEN)
    stopped_clock.instant = YEAR_END
    message = {"year": YEAR, "instant": "2026-12-31T16:00:00.000Z"}

    def deliver() -> None:
        event = requests.queue_event(message)
        while function("close_year").handler(event, None)["batchItemFailures"]:
            pass

    Interleaving(seed).run([deliver] * TIMES)
    assert programmes.get(YEAR).state == "closed"
    assert list_entries() == ["appropriate", "close", "expire", "release"]
    assert pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen == 30 * QUOTA_FEN
    tables.assert_books_hold()


@pytest.mark.clause("§3.5.1")
def test_sixteen_equal_applications_for_settlement_are_one_application(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_id = parties.complete_order(700_000)
    body = {"agency_uscc": parties.agency.uscc, "order_ids": [order_id]}
    bodies = bodies_of_equal_requests(
        seed, lambda: requests.insist(world, parties.agency.person, "/settlements", body, key="one")
    )
    assert len({each["settlement_id"] for each in bodies}) == 1
    [order] = tables.list_records(Order, "orders", "RECORD")
    assert (order.state, order.settlement_id) == ("settling", bodies[0]["settlement_id"])
    tables.assert_books_hold()


def path_that_closes_a_notice(parties: Parties) -> str:
    """The path that closes the notice of a round with one order."""
    notice_id: str = parties.open_notice([parties.complete_order(700_000)])["notice_id"]
    return f"/notices/{notice_id}/close"


@pytest.mark.clause("§3.5.3")
def test_sixteen_equal_closings_of_a_notice_make_its_lines_payable_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    path = path_that_closes_a_notice(seed_parties(world))
    bodies_of_equal_requests(seed, lambda: requests.insist(world, BUREAU, path))
    assert tables.list_states(Order, "orders") == ["payable"]
    accounts = tables.assert_books_hold()
    assert accounts["payable"] == 700_000


@pytest.mark.clause("§3.5.4")
def test_sixteen_equal_results_of_a_payout_pay_it_once(world: World, stopped_clock: StoppedClock, seed: int) -> None:
    parties = seed_parties(world)
    payout_id = parties.make_payout([parties.complete_order(700_000)])
    result = {"state": "paid", "bank_reference": "BK-1", "paid_on": seed_data.TODAY.isoformat()}
    bodies = bodies_of_equal_requests(
        seed, lambda: requests.insist(world, FINANCE, f"/payouts/{payout_id}/result", result)
    )
    assert {each["state"] for each in bodies} == {"paid"}
    assert tables.list_states(Order, "orders") == ["paid"]
    accounts = tables.assert_books_hold()
    assert accounts["paid"] == 700_000
