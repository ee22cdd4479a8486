"""Vouchers that end: their money lapses, orders without a contract are cancelled, and who has a balance is reminded."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.bench.engine import Meter
from tests.conftest import StoppedClock
from tests.races import requests, seed_data
from tests.races.seed_data import QUOTA_FEN
from tests.support.backend import function
from tests.support.relaying import subjects
from tests.support.scenario import OWNER, Json, Town
from tests.support.workers import LAST_NIGHT, drain, sweep_night
from voucher.edge import queues
from voucher.store import keys

ENDS_AT = datetime(2026, 11, 30, 16, tzinfo=UTC)


@pytest.mark.clause("§4.2.1")
def test_an_order_without_a_contract_is_cancelled_at_the_years_end_and_lapses(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    uncontracted = town.order(voucher_fen=200_000)
    contracted = town.advance(town.order(voucher_fen=300_000), "accept", "contract")

    sweep_night(stopped_clock, LAST_NIGHT)

    assert town.shown(f"/orders/{uncontracted['order_id']}")["state"] == "cancelled"
    assert town.shown(f"/orders/{contracted['order_id']}")["state"] == "accepted"
    postings = town.shown(f"/vouchers/{town.voucher_id}/postings")["items"]
    assert [(each["entry"], each["amount_fen"]) for each in postings] == [
        ("grant", 1_000_000),
        ("hold", 200_000),
        ("hold", 300_000),
        ("release", 200_000),
        ("lapse", 200_000),
        ("lapse", 500_000),
    ]


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.usefixtures("metered")
def test_a_bucket_is_swept_in_parts_each_of_a_few_calls_and_each_item_is_read_once(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    town, _ = voucher
    worker, sent = function("void_vouchers"), list[Json]()
    monkeypatch.setattr(worker, "ITEMS_PER_MESSAGE", limit)
    monkeypatch.setattr(worker.queues, "send", lambda _queue, bodies: sent.extend(bodies))
    orders = [town.order(contract_fen=100_000, voucher_fen=10_000) for _ in range(6)]
    stopped_clock.instant = LAST_NIGHT
    bucket, instant = keys.bucket_of(town.enterprise.uscc), LAST_NIGHT.isoformat()
    first = {"task": "lapse", "batch_id": town.batch_id, "bucket": bucket, "instant": instant, "year_over": True}
    sent.append(first)
    delivered = 0
    while sent:
        message = sent.pop(0)
        with Meter() as meter:
            worker.work(message)
        assert meter.calls["Query"] == 1
        assert meter.round_trips <= 2 + 3 * limit
        delivered += 1
        if delivered == 2:
            worker.work(message)  # delivered twice
            sent.pop()
    assert delivered <= (6 + 6 * 2 + 1) // limit + 1, "what cancelling adds behind is read once, too"
    assert {town.shown(f"/orders/{each['order_id']}")["state"] for each in orders} == {"cancelled"}
    kept = town.shown(f"/vouchers/{town.voucher_id}")
    assert (kept["state"], kept["balance_fen"]) == ("expired", 0)
    entries = [each["entry"] for each in town.shown(f"/vouchers/{town.voucher_id}/postings")["items"]]
    assert sorted(entries) == ["grant", *["hold"] * 6, *["lapse"] * 7, *["release"] * 6]
    assert town.shown("/programmes/2026")["surplus_fen"] == QUOTA_FEN


@pytest.mark.clause("§4.2.2")
def test_a_worker_killed_between_its_parts_goes_on_where_it_was(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, _ = voucher
    firms = [each for each in seed_data.add_enterprises(40) if keys.bucket_of(each.uscc) == 3]
    assert len(firms) > 1
    for firm in firms:
        requests.grab_voucher(town.world, town.batch_id, firm)
    worker, sent = function("void_vouchers"), list[Json]()

    def fail(_queue: str, bodies: list[Json]) -> None:
        sent.extend(bodies)
        raise RuntimeError("the queue took nothing")

    stopped_clock.instant = ENDS_AT
    message = {"task": "lapse", "batch_id": town.batch_id, "bucket": 3, "instant": ENDS_AT.isoformat()}
    monkeypatch.setattr(worker, "ITEMS_PER_MESSAGE", 1)
    with monkeypatch.context() as patch:
        patch.setattr(worker.queues, "send", fail)
        with pytest.raises(RuntimeError):
            worker.work(message)
    assert "after" in sent[0]
    for each in (sent[0], message):
        queues.send("void_vouchers", [each])
    drain("void_vouchers")
    for firm in firms:
        assert town.shown(f"/vouchers/{town.batch_id}.{firm.uscc}")["state"] == "expired"


@pytest.mark.clause("§4.2.2")
@pytest.mark.parametrize(("days_before", "reminders"), [(15, 0), (14, 1), (0, 1), (-1, 0)])
def test_a_balance_is_reminded_of_once_in_the_last_fourteen_days_of_a_voucher(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock, days_before: int, reminders: int
) -> None:
    town, _ = voucher
    town.order(voucher_fen=200_000)
    last_day = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
    for number in range(2):
        sweep_night(stopped_clock, last_day - timedelta(days=days_before, minutes=number))
    drain("notify")
    reminded = [each for each in subjects(town.world, OWNER) if "余额" in each]
    assert reminded == ["服务券余额8000.00元，有效期至2026-11-30，逾期作废。"] * reminders


@pytest.mark.clause("§4.2.2")
def test_nobody_is_reminded_of_a_voucher_that_is_used_up(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    town.order(contract_fen=2_000_000, voucher_fen=1_000_000)
    sweep_night(stopped_clock, datetime(2026, 11, 25, tzinfo=UTC))
    drain("notify")
    assert subjects(town.world, OWNER) == []


@pytest.mark.clause("§4.2.2")
def test_reminders_of_a_bucket_come_in_parts_and_leave_nobody_out(
    town: Town, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    firms = [each for each in seed_data.add_enterprises(40) if keys.bucket_of(each.uscc) == 3]
    for firm in firms:
        requests.grab_voucher(town.world, town.batch_id, firm)
    worker, told = function("void_vouchers"), list[Json]()
    queued = [{"task": "remind", "batch_id": town.batch_id, "bucket": 3}]
    sent = {"void_vouchers": queued, "notify": told}
    monkeypatch.setattr(worker, "ITEMS_PER_MESSAGE", 1)
    monkeypatch.setattr(worker.queues, "send", lambda queue, bodies: sent[queue].extend(bodies))
    delivered = 0
    while queued:
        worker.work(queued.pop(0))
        delivered += 1
    assert sorted(each["recipient"] for each in told) == sorted(firm.uscc for firm in firms)
    assert delivered >= len(firms) > 1
