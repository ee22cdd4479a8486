"""The end of a programme year: what is uncontracted is cancelled, what is left lapses, the key share is frozen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.bench.engine import Meter
from infra.client import http, steps
from infra.client.http import BUREAU, FINANCE
from tests.conftest import StoppedClock
from tests.races import requests, seed_data
from tests.races.seed_data import QUOTA_FEN
from tests.support import samples
from tests.support import scenario as towns
from tests.support.backend import World, function
from tests.support.relaying import relayed, subjects
from tests.support.scenario import OWNER, SELLER, Json, Town
from tests.support.snapshots import everything_kept
from tests.support.workers import drain
from voucher.edge import queues
from voucher.models.pools import batch_pool
from voucher.store import batches, keys
from voucher.store.engine import pools

LAST_NIGHT = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)  # 1 January 2027, five past midnight in Lishui


def night(clock: StoppedClock, instant: datetime) -> None:
    """Run the sweep of one night and everything it sets in motion."""
    clock.instant = instant
    function("sweep").handler({"time": instant.isoformat()}, None)
    drain("void_vouchers")
    drain("close_year")


@pytest.mark.clause("§4.2.1")
def test_an_order_without_a_contract_is_cancelled_at_the_years_end_and_its_money_lapses(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    uncontracted = town.order(voucher_fen=200_000)
    contracted = town.advance(town.order(voucher_fen=300_000), "accept", "contract")

    night(stopped_clock, LAST_NIGHT)

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


@pytest.mark.clause("§1.4a")
def test_the_year_does_not_close_over_a_batch_that_is_frozen(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    pool_id = batch_pool(town.batch_id)
    pools.commit_freeze(pool_id, pools.read_shard_count(pool_id))
    night(stopped_clock, LAST_NIGHT)
    night(stopped_clock, LAST_NIGHT + timedelta(days=1))
    assert town.shown("/programmes/2026")["state"] == "open"

    function("reconcile").handler({"free": [pool_id]}, None)
    night(stopped_clock, LAST_NIGHT + timedelta(days=2))
    assert town.shown("/programmes/2026")["state"] == "closed"


@pytest.mark.clause("§1.4b", "§2.2.floor")
def test_the_year_closes_once_nothing_is_left_to_lapse_and_freezes_the_key_share(
    completed: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, order = completed
    with relayed(keys.programme(2026)):
        night(stopped_clock, LAST_NIGHT)
        night(stopped_clock, LAST_NIGHT + timedelta(days=1))

    [told] = town.shown("/inbox?role=finance", FINANCE)["items"]
    assert told["subject"].startswith("2026年度服务券已结束，余额全部作废；重点类别占")
    year = town.shown("/programmes/2026")
    assert (year["state"], year["unreleased_fen"]) == ("closed", 0)
    is_key = order["category"] in ("tech_innovation", "ip", "digital")
    assert year["closing"]["key_share_basis_points"] == (10_000 if is_key else 0)
    assert year["closing"]["used_fen"][order["category"]] == 700_000
    assert year["surplus_fen"] == year["total_fen"] - 700_000
    report = function("reconcile").handler({"time": "2027-01-03T00:00:00Z"}, None)["reports"][0]
    assert (report["balanced"], report["residual_fen"]) == (True, 0)
    assert report["accounts"]["order"] == 700_000
    assert town.claim(town.batch_id).status == 200  # who holds a voucher is shown it, whatever became of the batch


def test_a_year_is_not_closed_while_a_voucher_is_left_to_lapse(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    stopped_clock.instant = LAST_NIGHT
    message = {"year": 2026, "instant": LAST_NIGHT.isoformat()}
    function("close_year").work(message)
    assert town.shown("/programmes/2026")["state"] == "open"


@pytest.mark.clause("§4.2.1")
def test_a_year_is_not_closed_while_an_order_without_a_contract_holds_money(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    order = town.order(voucher_fen=200_000)
    night(stopped_clock, datetime(2026, 11, 30, 16, 5, tzinfo=UTC))
    assert town.shown(f"/vouchers/{town.voucher_id}")["state"] == "expired"
    stopped_clock.instant = LAST_NIGHT
    message = {"year": 2026, "instant": LAST_NIGHT.isoformat()}
    function("close_year").work(message)
    assert town.shown("/programmes/2026")["state"] == "open"

    night(stopped_clock, LAST_NIGHT + timedelta(days=1))
    night(stopped_clock, LAST_NIGHT + timedelta(days=2))
    assert town.shown(f"/orders/{order['order_id']}")["state"] == "cancelled"
    closed = town.shown("/programmes/2026")
    assert (closed["state"], closed["surplus_fen"], closed["held_fen"]) == ("closed", 100_000_000, 0)
    function("close_year").work(message)
    assert town.shown("/programmes/2026") == closed, "late, and no harm done"


@pytest.mark.clause("§4.2.1")
def test_the_year_is_closed_over_a_contracted_order_that_runs_on(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    town.advance(town.order(voucher_fen=200_000), "accept", "contract")
    for number in range(2):
        night(stopped_clock, LAST_NIGHT + timedelta(days=number))
    closed = town.shown("/programmes/2026")
    assert (closed["state"], closed["held_fen"]) == ("closed", 200_000)


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("limit", [1, 2, 5])
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


def test_the_end_of_the_year_comes_twice_and_is_once(voucher: tuple[Town, Json], stopped_clock: StoppedClock) -> None:
    town, _ = voucher
    for _ in range(3):
        night(stopped_clock, LAST_NIGHT)
    assert town.shown("/programmes/2026")["surplus_fen"] == 100_000_000
    assert len(town.shown(f"/vouchers/{town.voucher_id}/postings")["items"]) == 2


@pytest.mark.clause("§2.3.3")
def test_lapsed_money_is_released_again_only_by_the_bureau_only_as_much_as_lapsed_and_not_to_whose_lapsed(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    ended = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    night(stopped_clock, ended)
    again = {
        **steps.batch_draft("补发", 1_000_000, ended, ended + timedelta(days=5), (ended + timedelta(days=20)).date()),
        "kind": "rerelease",
    }
    too_much = steps.expect(
        town.world.call(http.OPERATOR, "POST", "/programmes/2026/batches", {**again, "amount_fen": 1_000_001}), 201
    )
    refused = town.world.call(BUREAU, "POST", f"/batches/{too_much['batch_id']}/publish")
    assert (refused.status, refused.code, refused.body["clause"]) == (409, "OVER_PROGRAMME_TOTAL", "§2.3.3")

    batch = steps.open_batch(town.world, 2026, again)
    assert town.shown("/programmes/2026")["surplus_fen"] == 0
    excluded = town.claim(batch["batch_id"])
    assert excluded.status == 422
    neighbour = {"enterprise_uscc": town.neighbour.uscc}
    granted = town.world.call(http.Person("neighbour"), "POST", f"/batches/{batch['batch_id']}/vouchers", neighbour)
    assert (granted.status, granted.body["face_fen"]) == (201, 1_000_000)
    report = function("reconcile").handler({"time": "2026-12-05T00:00:00Z"}, None)["reports"][0]
    assert (report["balanced"], report["accounts"]["surplus"]) == (True, 0)


def a_batch_released_again(town: Town, opens: datetime) -> str:
    """A batch out of the year's surplus, open for five days; its id."""
    until = (opens + timedelta(days=20)).date()
    draft = steps.batch_draft("补发", 1_000_000, opens, opens + timedelta(days=5), until, kind="rerelease")
    batch_id: str = steps.open_batch(town.world, 2026, draft)["batch_id"]
    return batch_id


ENDS_AT = datetime(2026, 11, 30, 16, tzinfo=UTC)


@pytest.mark.clause("§2.3.3")
@pytest.mark.parametrize(
    ("used_fen", "opens", "answer"),
    [
        (0, ENDS_AT, (422, "RERELEASE_EXCLUDED")),
        (400_000, ENDS_AT, (422, "RERELEASE_EXCLUDED")),
        (500_000, ENDS_AT, (201, None)),
        (0, ENDS_AT - timedelta(milliseconds=1), (201, None)),
    ],
)
def test_whose_voucher_lapsed_is_kept_out_of_a_rerelease_by_the_clock_before_any_sweep(
    town: Town, stopped_clock: StoppedClock, used_fen: int, opens: datetime, answer: tuple[int, str | None]
) -> None:
    batch_id = steps.open_batch(town.world, 2026, samples.batch(amount_fen=5_000_000, partial_allowed=True))["batch_id"]
    voucher_id = steps.expect(town.claim(batch_id, amount_fen=500_000), 201)["voucher_id"]
    if used_fen:
        town.order(voucher_id=voucher_id, voucher_fen=used_fen)
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{batch_id}/close"), 200)
    again = a_batch_released_again(town, opens - timedelta(milliseconds=1))
    stopped_clock.instant = opens
    claimed = town.claim(again)
    assert (claimed.status, claimed.code) == answer
    stranger = town.world.call(SELLER, "POST", f"/batches/{again}/vouchers", {"enterprise_uscc": town.enterprise.uscc})
    assert stranger.code == "NOT_FOUND", "whose voucher lapsed is nobody else's business"
    if claimed.status == 201:
        assert town.claim(again).headers["idempotent-replay"] == "true"


@pytest.mark.clause("§2.3.3")
def test_whose_voucher_lapsed_takes_part_in_a_rerelease_where_the_policy_says_so(
    world: World, stopped_clock: StoppedClock
) -> None:
    town = towns.settle(towns.open_year(world, rerelease_excludes_lapsed=False))
    partial = samples.batch(amount_fen=1_000_000, partial_allowed=True)
    first = steps.open_batch(world, 2026, partial)["batch_id"]
    town.claim(first, amount_fen=400_000)
    steps.expect(world.call(BUREAU, "POST", f"/batches/{first}/close"), 200)
    night(stopped_clock, ENDS_AT)
    assert town.claim(a_batch_released_again(town, ENDS_AT)).body["face_fen"] == 600_000


@pytest.mark.clause("§2.3.3")
@pytest.mark.parametrize("overtaken", [False, True])
def test_nothing_is_released_again_in_a_year_that_is_closed_or_is_being_closed(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, overtaken: bool
) -> None:
    town, _ = voucher
    long = steps.batch_draft("补发", 1_000_000, stopped_clock.instant, LAST_NIGHT, LAST_NIGHT.date(), kind="rerelease")
    draft = steps.expect(town.world.call(http.OPERATOR, "POST", "/programmes/2026/batches", long), 201)
    night(stopped_clock, LAST_NIGHT)
    instant, publish_again = stopped_clock.instant, batches.commit_rerelease

    def overtake(*facts: Any) -> None:
        stopped_clock.instant = instant
        night(stopped_clock, LAST_NIGHT + timedelta(days=1))
        publish_again(*facts)

    if overtaken:
        stopped_clock.instant = datetime(2026, 12, 30, tzinfo=UTC)
        monkeypatch.setattr(batches, "commit_rerelease", overtake)
    else:
        night(stopped_clock, LAST_NIGHT + timedelta(days=1))
    refused = town.world.call(BUREAU, "POST", f"/batches/{draft['batch_id']}/publish")
    assert (refused.status, refused.code) == (409, "WRONG_STATE")
    assert refused.body["state"] == "closed"
    closed = town.shown("/programmes/2026")
    assert (closed["state"], closed["surplus_fen"]) == ("closed", 100_000_000)


def test_a_voucher_that_has_ended_pays_for_nothing_before_any_sweep(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, held = voucher
    stopped_clock.instant = datetime.fromisoformat(held["ends_at"]) - timedelta(milliseconds=1)
    assert town.place(voucher_fen=100_000).status == 201
    stopped_clock.instant = datetime.fromisoformat(held["ends_at"])
    assert town.place(voucher_fen=100_000).code == "VOUCHER_ENDED"
    assert town.shown(f"/vouchers/{town.voucher_id}", OWNER)["state"] == "expired"


@pytest.mark.clause("§4.2.2")
def test_a_night_that_has_not_come_is_not_swept_and_one_that_was_missed_is(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, _ = voucher
    before, stopped_clock.instant = everything_kept(), ENDS_AT
    sweep = function("sweep").handler
    with pytest.raises(ValueError, match="before its time"):
        sweep({"time": (ENDS_AT + timedelta(milliseconds=1)).isoformat()}, None)
    assert drain("void_vouchers") == 0
    assert everything_kept() == before
    monkeypatch.setenv("SWEEP_AHEAD", "allowed")
    assert sweep({"time": LAST_NIGHT.isoformat()}, None)["batches"] == 1
    monkeypatch.setenv("SWEEP_AHEAD", "refused")
    stopped_clock.instant = LAST_NIGHT
    assert sweep({"time": ENDS_AT.isoformat()}, None)["batches"] == 1
    drain("void_vouchers")
    assert town.shown(f"/vouchers/{town.voucher_id}")["state"] == "expired"


@pytest.mark.clause("§4.2.2")
@pytest.mark.parametrize(("days_before", "reminders"), [(15, 0), (14, 1), (0, 1), (-1, 0)])
def test_who_has_something_left_is_reminded_once_in_the_last_fourteen_days_of_the_voucher(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock, days_before: int, reminders: int
) -> None:
    town, _ = voucher
    town.order(voucher_fen=200_000)
    last_day = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
    for number in range(2):
        night(stopped_clock, last_day - timedelta(days=days_before, minutes=number))
    drain("notify")
    reminded = [each for each in subjects(town.world, OWNER) if "余额" in each]
    assert reminded == ["服务券余额8000.00元，有效期至2026-11-30，逾期作废。"] * reminders


@pytest.mark.clause("§4.2.2")
def test_nobody_is_reminded_of_a_voucher_that_is_used_up(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    town.order(contract_fen=2_000_000, voucher_fen=1_000_000)
    night(stopped_clock, datetime(2026, 11, 25, tzinfo=UTC))
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
