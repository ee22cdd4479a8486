"""The end of a programme year: it closes once nothing is left to lapse or to cancel, and the key share is frozen."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.client.http import FINANCE
from tests.conftest import StoppedClock
from tests.support.backend import function
from tests.support.relaying import relayed
from tests.support.scenario import Json, Town
from tests.support.workers import LAST_NIGHT, sweep_night
from voucher.models.pools import batch_pool
from voucher.store import keys
from voucher.store.engine import pools


@pytest.mark.clause("§1.4a")
def test_the_year_does_not_close_over_a_batch_that_is_frozen(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    pool_id = batch_pool(town.batch_id)
    pools.commit_freeze(pool_id, pools.read_shard_count(pool_id))
    sweep_night(stopped_clock, LAST_NIGHT)
    sweep_night(stopped_clock, LAST_NIGHT + timedelta(days=1))
    assert town.shown("/programmes/2026")["state"] == "open"

    function("reconcile").handler({"free": [pool_id]}, None)
    sweep_night(stopped_clock, LAST_NIGHT + timedelta(days=2))
    assert town.shown("/programmes/2026")["state"] == "closed"


@pytest.mark.clause("§1.4b", "§2.2.floor")
def test_the_year_closes_once_nothing_is_left_to_lapse_and_freezes_the_key_share(
    completed: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, order = completed
    with relayed(keys.programme(2026)):
        sweep_night(stopped_clock, LAST_NIGHT)
        sweep_night(stopped_clock, LAST_NIGHT + timedelta(days=1))

    told = [each["subject"] for each in town.shown("/inbox?role=finance", FINANCE)["items"]]  # of other work, too
    assert sum(each.startswith("2026年度服务券已结束，余额全部作废；重点类别占") for each in told) == 1
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
    order = town.advance(town.order(voucher_fen=200_000), "accept")
    sweep_night(stopped_clock, datetime(2026, 11, 30, 16, 5, tzinfo=UTC))
    assert town.shown(f"/vouchers/{town.voucher_id}")["state"] == "expired"
    stopped_clock.instant = LAST_NIGHT
    message = {"year": 2026, "instant": LAST_NIGHT.isoformat()}
    function("close_year").work(message)
    assert town.shown("/programmes/2026")["state"] == "open"

    sweep_night(stopped_clock, LAST_NIGHT + timedelta(days=1))
    sweep_night(stopped_clock, LAST_NIGHT + timedelta(days=2))
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
        sweep_night(stopped_clock, LAST_NIGHT + timedelta(days=number))
    closed = town.shown("/programmes/2026")
    assert (closed["state"], closed["held_fen"]) == ("closed", 200_000)


def test_the_end_of_the_year_comes_twice_and_is_once(voucher: tuple[Town, Json], stopped_clock: StoppedClock) -> None:
    town, _ = voucher
    for _ in range(3):
        sweep_night(stopped_clock, LAST_NIGHT)
    assert town.shown("/programmes/2026")["surplus_fen"] == 100_000_000
    assert len(town.shown(f"/vouchers/{town.voucher_id}/postings")["items"]) == 2
