"""Batches over HTTP: within the year's money and dates, released and closed by the bureau, released again (§2.3.3)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.client import http, steps
from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data
from tests.support import samples
from tests.support.backend import World, function
from tests.support.scenario import NEIGHBOUR, OWNER, Json, Town
from tests.support.snapshots import everything_kept
from tests.support.workers import LAST_NIGHT, sweep_night
from tests.support.year_figures import figures, sums
from voucher.models.pools import batch_pool
from voucher.refusals import Refusal, Refused
from voucher.store import batches, keys
from voucher.store.engine import pools

BOTH = Person("both-hands", "platform,bureau,finance")
DRAFT = {"year": 2026, "total_fen": 100_000_000}


def draft_batch(world: World, person: Person = OPERATOR, key: str | None = None, **changes: Any) -> Reply:
    """Draft a batch of the year."""
    return world.call(person, "POST", "/programmes/2026/batches", samples.batch(**changes), key=key)


def test_nothing_is_released_before_finance_has_confirmed_the_year(world: World) -> None:
    steps.expect(world.call(BUREAU, "POST", "/programmes", DRAFT), 201)
    refused = draft_batch(world)
    assert (refused.status, refused.code) == (409, "WRONG_STATE")
    assert world.call(None, "GET", "/programmes/2026").status == 404
    assert world.call(None, "GET", "/programmes").body["items"] == []
    seen = steps.expect(world.call(http.FINANCE, "GET", "/programmes/2026/total"), 200)
    assert (seen["state"], seen["total_fen"], seen["created_by"]) == ("draft", 100_000_000, BUREAU.name)


@pytest.mark.clause("§1.4a")
def test_a_batch_beyond_what_the_year_has_left_is_neither_drafted_nor_published(open_year: World) -> None:
    over = draft_batch(open_year, amount_fen=100_000_001)
    assert (over.status, over.code, over.body["clause"]) == (409, "OVER_PROGRAMME_TOTAL", "§1.4a")
    first, second = (steps.expect(draft_batch(open_year, amount_fen=60_000_000), 201) for _ in range(2))
    steps.expect(open_year.call(BUREAU, "POST", f"/batches/{first['batch_id']}/publish"), 200)
    before = everything_kept()
    refused = open_year.call(BUREAU, "POST", f"/batches/{second['batch_id']}/publish")
    assert (refused.status, refused.code) == (409, "OVER_PROGRAMME_TOTAL")
    assert everything_kept() == before
    exact = steps.expect(draft_batch(open_year, amount_fen=40_000_000), 201)
    steps.expect(open_year.call(BUREAU, "POST", f"/batches/{exact['batch_id']}/publish"), 200)
    assert figures(open_year) == sums(released=100_000_000)


@pytest.mark.clause("§1.4b")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"closes_at": "2026-06-01T00:00:00Z"}, "closes_at"),
        ({"opens_at": "2025-12-31T15:59:59Z"}, "opens_at"),
        ({"opens_at": "2026-12-31T16:00:00Z", "closes_at": "2027-01-02T00:00:00Z"}, "opens_at"),
        ({"valid_until": "2027-01-01"}, "valid_until"),
        ({"valid_until": "2026-05-31"}, "valid_until"),
    ],
)
def test_a_batch_lies_inside_its_year_and_its_vouchers_outlast_its_opening(
    open_year: World, changes: Json, field: str
) -> None:
    refused = draft_batch(open_year, **changes)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "OUTSIDE_PROGRAMME_YEAR", "§1.4b")
    assert field in [error["field"] for error in refused.body["errors"]]


@pytest.mark.parametrize(
    "instant", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-06-01T00:00:00", 0, 1.5]
)
def test_an_instant_that_has_no_day_here_or_no_zone_is_malformed(open_year: World, instant: Any) -> None:
    refused = draft_batch(open_year, closes_at=instant)
    assert (refused.status, refused.code) == (422, "MALFORMED")
    assert [error["field"] for error in refused.body["errors"]] == ["closes_at"]


@pytest.mark.clause("§1.4b")
def test_a_voucher_of_a_batch_ends_with_its_last_day_in_lishui(open_year: World) -> None:
    batch = steps.expect(draft_batch(open_year, valid_until="2026-12-31"), 201)
    assert batch["ends_at"] == "2026-12-31T16:00:00.000Z"


@pytest.mark.clause("§1.4a")
def test_the_drafter_of_a_batch_does_not_publish_it(open_year: World) -> None:
    batch = steps.expect(draft_batch(open_year, BOTH), 201)
    refused = open_year.call(BOTH, "POST", f"/batches/{batch['batch_id']}/publish")
    assert (refused.status, refused.code) == (403, "FOUR_EYES")
    assert figures(open_year) == sums(unreleased=100_000_000)


def test_the_same_batch_drafted_again_under_its_key_is_one_batch(open_year: World) -> None:
    first = steps.expect(draft_batch(open_year, key="batch-1"), 201)
    again = draft_batch(open_year, key="batch-1")
    assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, first, "true")
    other = draft_batch(open_year, key="batch-1", name="另一批")
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_repeated_draft_is_answered_although_its_money_is_released_by_now(open_year: World) -> None:
    first = steps.expect(draft_batch(open_year, key="all", amount_fen=100_000_000), 201)
    steps.expect(open_year.call(BUREAU, "POST", f"/batches/{first['batch_id']}/publish"), 200)
    again = draft_batch(open_year, key="all", amount_fen=100_000_000)
    assert (again.status, again.body["batch_id"], again.body["state"]) == (200, first["batch_id"], "open")
    other = draft_batch(open_year, key="all", amount_fen=99_000_000)
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_drafts_are_in_no_public_list_and_a_published_batch_shows_its_states(open_year: World) -> None:
    batch = steps.expect(draft_batch(open_year), 201)
    later = {"opens_at": "2026-06-20T00:00:00Z"}
    coming = steps.open_batch(open_year, 2026, samples.batch(**later))
    listed = open_year.call(None, "GET", "/batches").body["items"]
    assert [each["batch_id"] for each in listed] == [coming["batch_id"]]
    assert listed[0]["state"] == "published"
    path = f"/batches/{batch['batch_id']}"
    hidden = open_year.call(None, "GET", path)
    assert (hidden.status, hidden.code, hidden.body["thing"]) == (404, "NOT_FOUND", "batch")
    assert open_year.call(None, "GET", f"{path}/results").status == 404
    for_staff = steps.expect(open_year.call(BUREAU, "GET", "/staff/batches"), 200)["items"]
    assert {each["batch_id"]: each["state"] for each in for_staff} == {
        batch["batch_id"]: "draft",
        coming["batch_id"]: "published",
    }
    for step, state in {"publish": "open", "close": "closed"}.items():
        assert steps.expect(open_year.call(BUREAU, "POST", f"{path}/{step}"), 200)["state"] == state


@pytest.mark.clause("§1.4a")
@pytest.mark.clause("§4.2.2")
@pytest.mark.parametrize("kind", ["regular", "rerelease"])
def test_a_batch_whose_claiming_is_over_is_not_published(town: Town, stopped_clock: StoppedClock, kind: str) -> None:
    drafts = [
        steps.expect(draft_batch(town.world, amount_fen=1_000_000, kind=kind, **changes), 201)["batch_id"]
        for changes in ({}, {"valid_until": "2026-06-20"})
    ]
    ends = (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 6, 20, 16, tzinfo=UTC))
    for batch_id, over in zip(drafts, ends, strict=True):
        stopped_clock.instant = over
        before = everything_kept()
        refused = town.world.call(BUREAU, "POST", f"/batches/{batch_id}/publish")
        assert (refused.status, refused.code, refused.body["clause"]) == (409, "BATCH_CLOSED", "§4.2.2")
        assert everything_kept() == before
    if kind == "regular":
        stopped_clock.instant = datetime(2026, 7, 1, tzinfo=UTC) - timedelta(milliseconds=1)
        assert town.world.call(BUREAU, "POST", f"/batches/{drafts[0]}/publish").status == 200


def test_a_repeated_publication_is_answered_although_the_batch_is_closed_by_now(
    town: Town,
) -> None:
    path = f"/batches/{town.batch_id}"
    closed = steps.expect(town.world.call(BUREAU, "POST", f"{path}/close"), 200)
    before = everything_kept()
    again = town.world.call(BUREAU, "POST", f"{path}/publish")
    assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, closed, "true")
    assert "steps" not in closed
    assert everything_kept() == before
    assert town.world.call(Person("another", "bureau"), "POST", f"{path}/publish").code == "WRONG_STATE"


def test_publishing_twice_releases_once(open_year: World) -> None:
    batch = steps.open_batch(open_year, 2026, samples.batch())
    again = open_year.call(BUREAU, "POST", f"/batches/{batch['batch_id']}/publish")
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    other = open_year.call(BOTH, "POST", f"/batches/{batch['batch_id']}/publish")
    assert (other.status, other.code) == (409, "WRONG_STATE")
    assert figures(open_year) == sums(released=50_000_000, unreleased=50_000_000)


@pytest.mark.clause("§1.4a")
def test_closing_a_batch_makes_what_nobody_claimed_surplus_and_leaves_vouchers_alone(
    voucher: tuple[Town, Json],
) -> None:
    town, _ = voucher
    closed = steps.expect(town.world.call(BUREAU, "POST", f"/batches/{town.batch_id}/close"), 200)
    assert (closed["state"], closed["remaining_fen"], closed["surplus_fen"]) == ("closed", 0, 49_000_000)
    assert figures(town.world) == sums(
        released=50_000_000, unreleased=50_000_000, granted=1_000_000, surplus=49_000_000
    )
    assert town.balance_fen() == 1_000_000
    before = everything_kept()
    again = town.world.call(BUREAU, "POST", f"/batches/{town.batch_id}/close")
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert town.world.call(OWNER, "POST", f"/batches/{town.batch_id}/close").status == 403
    assert everything_kept() == before


@pytest.mark.clause("§4.2.2")
def test_closing_succeeds_in_a_rush_and_refuses_grabs_from_its_first_step_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = steps.open_batch(town.world, 2026, samples.batch(amount_fen=20_000_000))["batch_id"]
    firms, read, answers = iter(seed_data.add_enterprises(30)), pools.read_shards, list[Reply]()

    def read_in_a_rush(pool_id: str, shards: int) -> Any:
        found = read(pool_id, shards)
        if pool_id == batch_pool(batch_id):
            answers.append(requests.grab(town.world, batch_id, next(firms)))
        return found

    assert requests.grab(town.world, batch_id, next(firms)).status == 201
    monkeypatch.setattr(pools, "read_shards", read_in_a_rush)
    closed = steps.expect(town.world.call(BUREAU, "POST", f"/batches/{batch_id}/close"), 200)
    assert (closed["state"], closed["surplus_fen"], closed["remaining_fen"]) == ("closed", 19_000_000, 0)
    assert {(each.status, each.code) for each in answers} == {(409, "BATCH_CLOSED")}


@pytest.mark.clause("§4.2.2")
def test_a_closing_that_broke_off_grants_nothing_and_is_finished_by_the_next_call(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.grab()
    path = f"/batches/{town.batch_id}"
    with monkeypatch.context() as patch:
        patch.setattr(batches, "commit_close", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            town.world.call(BUREAU, "POST", f"{path}/close")
    shown = town.shown(path)
    assert (shown["state"], shown["remaining_fen"]) == ("closed", 49_000_000)
    assert town.world.call(NEIGHBOUR, "POST", f"{path}/vouchers", {"enterprise_uscc": town.neighbour.uscc}).code == (
        "BATCH_CLOSED"
    )
    assert town.claim(town.batch_id).status == 200
    report = function("reconcile").handler({"time": "2026-06-16T00:00:00Z"}, None)["reports"][0]
    assert (report["balanced"], report["accounts"]["batch"]) == (True, 49_000_000)
    closed = steps.expect(town.world.call(BUREAU, "POST", f"{path}/close"), 200)
    assert (closed["surplus_fen"], closed["remaining_fen"]) == (49_000_000, 0)
    assert figures(town.world)["surplus"] == 49_000_000


@pytest.mark.clause("§4.1.4")
@pytest.mark.parametrize("path", ["/batches", "/batches/{batch_id}", "/programmes/2026"])
def test_everybody_sees_what_is_left_while_a_rush_keeps_the_shards_busy(
    town: Town, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    town.grab()

    def busy(*_: keys.Key) -> None:
        raise Refused(Refusal.BUSY)  # as AWS answers a TransactGetItems that meets a write

    shown = town.shown(path.format(batch_id=town.batch_id))
    monkeypatch.setattr(pools, "read_together", busy)
    assert town.shown(path.format(batch_id=town.batch_id)) == shown


@pytest.mark.clause("§2.3.3")
def test_only_what_lapsed_is_released_again_and_only_to_other_enterprises(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    ended = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    sweep_night(stopped_clock, ended)
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


@pytest.mark.clause("§2.3.3")
@pytest.mark.parametrize("overtaken", [False, True])
def test_nothing_is_released_again_in_a_year_that_is_closed_or_is_being_closed(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, overtaken: bool
) -> None:
    town, _ = voucher
    long = steps.batch_draft("补发", 1_000_000, stopped_clock.instant, LAST_NIGHT, LAST_NIGHT.date(), kind="rerelease")
    draft = steps.expect(town.world.call(http.OPERATOR, "POST", "/programmes/2026/batches", long), 201)
    sweep_night(stopped_clock, LAST_NIGHT)
    instant, publish_again = stopped_clock.instant, batches.commit_rerelease

    def overtake(*facts: Any) -> None:
        stopped_clock.instant = instant
        sweep_night(stopped_clock, LAST_NIGHT + timedelta(days=1))
        publish_again(*facts)

    if overtaken:
        stopped_clock.instant = datetime(2026, 12, 30, tzinfo=UTC)
        monkeypatch.setattr(batches, "commit_rerelease", overtake)
    else:
        sweep_night(stopped_clock, LAST_NIGHT + timedelta(days=1))
    refused = town.world.call(BUREAU, "POST", f"/batches/{draft['batch_id']}/publish")
    assert (refused.status, refused.code) == (409, "WRONG_STATE")
    assert refused.body["state"] == "closed"
    closed = town.shown("/programmes/2026")
    assert (closed["state"], closed["surplus_fen"]) == ("closed", 100_000_000)


def test_the_public_reads_of_batches_and_years_names_no_person_and_no_shard(town: Town) -> None:
    wanted = {"total_fen": 110_000_000, "reason": "追加预算"}
    proposed = steps.expect(town.world.call(BUREAU, "POST", "/programmes/2026/total", wanted), 200)
    people = (BUREAU.name, OPERATOR.name, http.FINANCE.name)
    for path in ("/batches", f"/batches/{town.batch_id}", "/programmes", "/programmes/2026"):
        text = str(town.world.call(None, "GET", path).body)
        assert not [name for name in people if name in text], path
        assert not [name for name in ("'shards'", "guess_fen", "追加预算") if name in text], path
    assert town.shown("/programmes/2026/total")["pending"] == proposed["pending"]
    [batch] = town.shown("/staff/batches")["items"]
    assert (batch["created_by"], batch["published_by"]) == (OPERATOR.name, BUREAU.name)
