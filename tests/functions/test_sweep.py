"""The nightly sweep: by the clock, for a night that has come, whether or not it was missed."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.client.http import BUREAU, FINANCE, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support.backend import World, function
from tests.support.list_scenario import CODES, begin_to_apply, confirmed, content_of, path_of, upload_list
from tests.support.relaying import subjects
from tests.support.scenario import OWNER, SELLER, Json, Town, disqualify, settle
from tests.support.snapshots import everything_kept
from tests.support.workers import LAST_NIGHT, drain, sweep_night, waiting
from voucher.models.pools import category_pool
from voucher.store import keys
from voucher.store.engine.table import transact, update_write

ENDS_AT = datetime(2026, 11, 30, 16, tzinfo=UTC)


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


def test_a_voucher_that_has_ended_pays_for_nothing_before_any_sweep(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, held = voucher
    stopped_clock.instant = datetime.fromisoformat(held["ends_at"]) - timedelta(milliseconds=1)
    assert town.place(voucher_fen=100_000).status == 201
    stopped_clock.instant = datetime.fromisoformat(held["ends_at"])
    assert town.place(voucher_fen=100_000).code == "VOUCHER_ENDED"
    assert town.shown(f"/vouchers/{town.voucher_id}", OWNER)["state"] == "expired"


@pytest.mark.clause("§2.2.cap")
def test_operator_and_bureau_are_warned_once_of_each_share_of_a_cap(
    open_year: World, stopped_clock: StoppedClock
) -> None:
    town = settle(open_year)
    town.grab()

    def warned(*used_fen: int) -> list[str]:
        for fen in used_fen:
            shard = keys.pool(category_pool(2026, "tech_innovation"), 0)
            transact([update_write("used", shard, "SET #held_fen = :fen", None, fen=fen)])
            for _ in range(2):
                sweep_night(stopped_clock, stopped_clock.instant)
        drain("notify")
        return [
            each["subject"]
            for role, person in (("platform", OPERATOR), ("bureau", BUREAU))
            for each in town.shown(f"/inbox?role={role}", person)["items"]
            if "年度上限" in each["subject"]
        ]

    cap_fen = town.shown("/programmes/2026")["categories"]["tech_innovation"]["cap_fen"]
    words = "2026年度技术创新服务已使用年度上限（{}元）的{}%，请关注。"
    told = [words.format(f"{cap_fen / 100:.2f}", percent) for percent in (95, 80)]
    assert warned(cap_fen * 80 // 100 - 1) == []
    assert warned(cap_fen * 80 // 100) == [told[1]] * 2
    assert sorted(warned(cap_fen * 95 // 100 - 1, cap_fen * 95 // 100, cap_fen * 96 // 100)) == sorted(told * 2)


@pytest.mark.clause("§2.2.floor")
def test_staff_is_warned_once_a_month_of_a_key_share_below_the_floor(
    open_year: World, stopped_clock: StoppedClock
) -> None:
    town = settle(open_year, agency_number=2)  # sells no key service
    town.grab()

    def warnings(role: str, person: Person) -> list[str]:
        drain("notify")
        subjects = [each["subject"] for each in town.shown(f"/inbox?role={role}", person)["items"]]
        return [each for each in subjects if "重点类别" in each]

    sweep_night(stopped_clock, stopped_clock.instant)
    assert warnings("bureau", BUREAU) == []  # nothing is used yet
    town.advance(town.order(voucher_fen=100_000), "accept")
    for day, count in ((15, 1), (30, 1), (31, 2)):  # the last one is the 1st of July in Lishui
        sweep_night(stopped_clock, datetime(2026, 6, min(day, 30), 1 if day < 31 else 17, tzinfo=UTC))
        for role, person in (("platform", OPERATOR), ("bureau", BUREAU), ("finance", FINANCE)):
            assert warnings(role, person) == ["2026年度重点类别占使用总额0.00%，低于40%的下限，请关注。"] * count


@pytest.mark.clause("§2.1.1")
def test_a_list_whose_message_was_lost_is_brought_into_force_by_the_next_night(
    town: Town, stopped_clock: StoppedClock
) -> None:
    record = upload_list(town.world, content_of(CODES[:2]))
    begin_to_apply(town.world, record)
    applied_at = stopped_clock.instant
    sweep_night(stopped_clock, applied_at + timedelta(minutes=59))
    assert waiting("import_list") == [], "the worker may still be at it"
    sweep_night(stopped_clock, applied_at + timedelta(hours=1))
    drain("import_list")
    assert town.shown(path_of(record), OPERATOR)["state"] == "applied"
    sweep_night(stopped_clock, applied_at + timedelta(hours=2))
    assert waiting("import_list") == []


@pytest.mark.clause("§2.1.1")
def test_the_bureaus_apply_sent_once_more_sets_a_list_in_motion_that_was_lost(
    town: Town, stopped_clock: StoppedClock
) -> None:
    record = upload_list(town.world, content_of(CODES[:2]))
    path, body = f"{path_of(record)}/apply", confirmed(town.world, record)
    for minutes, sent in ((0, 0), (59, 0), (1, 1)):
        stopped_clock.instant += timedelta(minutes=minutes)
        assert town.world.call(BUREAU, "POST", path, body).body["state"] == "applying"
        bodies = waiting("import_list")
        assert len(bodies) == sent
    function("import_list").work(bodies[0])
    assert town.shown(path_of(record), OPERATOR)["state"] == "applied"


@pytest.mark.clause("§4.1.3")
def test_a_disqualified_enterprises_vouchers_become_void_if_the_message_was_lost(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    town.advance(town.order(contract_fen=500_000, voucher_fen=200_000), "accept", "contract")
    disqualify(town.world, town.enterprise.uscc)  # nothing is relayed
    assert town.shown(f"/vouchers/{town.voucher_id}")["state"] == "active"
    for hour in range(2):
        sweep_night(stopped_clock, stopped_clock.instant + timedelta(hours=hour))
        drain("void_vouchers")
        drain("notify")
    left = town.shown(f"/vouchers/{town.voucher_id}")
    assert (left["state"], left["balance_fen"]) == ("void", 0)
    assert len([each for each in subjects(town.world, SELLER) if "取消用券资格" in each]) == 1


def test_whoever_erases_is_sent_once_in_a_night_however_often_the_schedule_comes(
    town: Town, stopped_clock: StoppedClock
) -> None:
    sent = []
    for hour in range(6):
        stopped_clock.instant = LAST_NIGHT + timedelta(hours=hour)
        event = {"source": "aws.scheduler", "time": stopped_clock.instant.isoformat()}
        function("sweep").handler(event, None)
        sent.append((bool(waiting("retention")), bool(waiting("end_orders"))))
    assert sent == [(True, True), *[(False, True)] * 5]
    sweep_night(stopped_clock, stopped_clock.instant)
    assert waiting("retention"), "by hand, a night is swept as a whole"
