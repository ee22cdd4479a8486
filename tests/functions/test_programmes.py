"""A programme year and its batches over HTTP: two hands, the total, the dates, and what everybody is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data
from tests.support import samples
from tests.support.backend import World, function
from tests.support.scenario import NEIGHBOUR, OWNER, Json, Town, open_year
from tests.support.snapshots import everything_kept
from voucher.models.pools import batch_pool
from voucher.refusals import Refusal, Refused
from voucher.store import batches, keys, programmes
from voucher.store.engine import pools
from voucher.store.engine.table import transact, update_write

BOTH = Person("both-hands", "platform,bureau,finance")
DRAFT = {"year": 2026, "total_fen": 100_000_000}


def draft_batch(world: World, person: Person = OPERATOR, key: str | None = None, **changes: Any) -> Reply:
    """Draft a batch of the year."""
    return world.call(person, "POST", "/programmes/2026/batches", samples.batch(**changes), key=key)


def figures(world: World) -> Json:
    """The year's sums as the public sees them."""
    shown = steps.expect(world.call(None, "GET", "/programmes/2026"), 200)
    names = ("released", "granted", "held", "spent", "lapsed", "surplus", "unreleased")
    return {name: shown[f"{name}_fen"] for name in names}


def sums(**known: int) -> Json:
    """Figures of a year that has only those named."""
    names = ("released", "granted", "held", "spent", "lapsed", "surplus", "unreleased")
    return dict.fromkeys(names, 0) | known


@pytest.mark.clause("§1.3")
def test_the_drafter_of_a_year_does_not_confirm_it_whatever_roles_they_hold(world: World) -> None:
    steps.expect(world.call(BOTH, "POST", "/programmes", DRAFT), 201)
    before = everything_kept()
    refused = world.call(BOTH, "POST", "/programmes/2026/confirm")
    assert (refused.status, refused.code, refused.body["clause"]) == (403, "FOUR_EYES", "§1.3")
    assert everything_kept() == before
    confirmed = world.call(FINANCE, "POST", "/programmes/2026/confirm")
    assert (confirmed.status, confirmed.body["state"]) == (200, "open")
    assert confirmed.body["unreleased_fen"] == 100_000_000


def test_a_year_is_drafted_once_and_the_same_draft_again_is_answered_as_before(world: World) -> None:
    first = steps.expect(world.call(BUREAU, "POST", "/programmes", DRAFT), 201)
    again = world.call(BUREAU, "POST", "/programmes", DRAFT)
    assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, first, "true")
    other = world.call(BUREAU, "POST", "/programmes", {**DRAFT, "total_fen": 1})
    assert (other.status, other.code) == (409, "ALREADY_EXISTS")
    somebody = world.call(BOTH, "POST", "/programmes", DRAFT)
    assert (somebody.status, somebody.code) == (409, "ALREADY_EXISTS")


@pytest.mark.clause("§1.3")
def test_a_draft_is_corrected_until_it_is_confirmed_and_whoever_saw_the_earlier_one_does_not_confirm_it(
    world: World,
) -> None:
    first = steps.expect(world.call(BUREAU, "POST", "/programmes", DRAFT | {"policy": {"yearly_shards": 3}}), 201)
    path, body = "/programmes/2026", {"version": first["version"], "total_fen": 70_000_000}
    corrected = steps.expect(world.call(BOTH, "PATCH", path, body), 200)
    assert (corrected["total_fen"], corrected["policy"], corrected["state"]) == (70_000_000, first["policy"], "draft")
    again = world.call(BOTH, "PATCH", path, body)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert world.call(BUREAU, "PATCH", path, body).code == "CHANGED_MEANWHILE"
    assert world.call(FINANCE, "PATCH", path, body).code == "ROLE_REQUIRED"

    assert world.call(FINANCE, "POST", f"{path}/confirm", {"version": first["version"]}).code == "CHANGED_MEANWHILE"
    assert world.call(BOTH, "POST", f"{path}/confirm").code == "FOUR_EYES"
    seen = {"version": corrected["version"]}
    confirmed = steps.expect(world.call(FINANCE, "POST", f"{path}/confirm", seen), 200)
    assert (confirmed["total_fen"], confirmed["unreleased_fen"]) == (70_000_000, 70_000_000)
    late = world.call(BUREAU, "PATCH", path, {"version": confirmed["version"], "total_fen": 1})
    assert (late.status, late.code) == (409, "WRONG_STATE")


def test_a_corrected_draft_takes_a_policy_as_the_first_one_does(world: World) -> None:
    first = steps.expect(world.call(BUREAU, "POST", "/programmes", DRAFT), 201)
    body = {"version": first["version"], "total_fen": 100_000_000}
    wrong = world.call(BUREAU, "PATCH", "/programmes/2026", body | {"policy": {"quota_default_fen": 0}})
    assert (wrong.code, wrong.body["errors"][0]["field"]) == ("MALFORMED", "policy.quota_default_fen")
    policy = {"year_ends_on": "2026-11-30"}
    right = steps.expect(world.call(BUREAU, "PATCH", "/programmes/2026", body | {"policy": policy}), 200)
    assert right["policy"] == first["policy"] | policy


def test_a_confirmation_repeated_is_answered_as_done_and_by_another_is_refused(open_year: World) -> None:
    again = open_year.call(FINANCE, "POST", "/programmes/2026/confirm")
    assert (again.status, again.headers.get("idempotent-replay")) == (200, "true")
    other = open_year.call(Person("finance-two", "finance"), "POST", "/programmes/2026/confirm")
    assert (other.status, other.code) == (409, "WRONG_STATE")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/programmes/2025", None),
        ("POST", "/programmes/2025/confirm", None),
        ("POST", "/programmes/2025/batches", samples.batch()),
        ("POST", "/batches/2025.none/publish", None),
        ("GET", "/batches/2025.none", None),
    ],
)
def test_what_there_is_not_is_404(open_year: World, method: str, path: str, body: Any) -> None:
    person = Person("everywhere", "platform,bureau,finance")
    assert open_year.call(person, method, path, body).code == "NOT_FOUND"


def test_nothing_is_released_before_finance_has_confirmed_the_year(world: World) -> None:
    steps.expect(world.call(BUREAU, "POST", "/programmes", DRAFT), 201)
    refused = draft_batch(world)
    assert (refused.status, refused.code) == (409, "WRONG_STATE")
    assert "caps" not in world.call(None, "GET", "/programmes/2026").body


@pytest.mark.clause("§1.4a")
def test_a_batch_beyond_what_the_year_has_left_is_refused_at_the_draft_and_at_publication(open_year: World) -> None:
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


def test_a_draft_whose_answer_was_lost_is_answered_though_its_money_is_released_by_now(open_year: World) -> None:
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
    assert open_year.call(None, "GET", path).body["state"] == "draft"
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


def test_a_release_whose_answer_was_lost_is_answered_with_the_batch_as_it_is_though_it_was_closed_since(
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


@pytest.mark.clause("§1.3", "§2.2.cap")
def test_the_year_shows_what_was_granted_held_and_spent_and_the_key_share(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    released = {"released": 50_000_000, "unreleased": 50_000_000, "granted": 1_000_000}
    assert figures(town.world) == sums(**released)
    town.order(voucher_fen=700_000)
    assert figures(town.world) == sums(**released, held=700_000)
    shown = town.shown("/programmes/2026")
    category = samples.product(town.agency)["category"]
    assert shown["categories"][category] == {
        "cap_fen": 30_000_000,
        "used_fen": 700_000,
        "room_fen": 29_300_000,
        "held_fen": 700_000,
        "payable_fen": 0,
        "paid_fen": 0,
    }
    assert (shown["key_share_percent"], shown["key_floor_percent"]) == (100.0, 40)


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
def test_closing_succeeds_in_a_rush_and_whoever_comes_after_its_first_step_is_told_it_is_closed(
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
def test_a_closing_that_broke_off_grants_nothing_keeps_the_books_in_order_and_is_finished_by_the_next_call(
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


def test_a_policy_is_overridden_by_name_and_an_unknown_or_wrong_value_is_refused(world: World) -> None:
    for policy, field in [
        ({"notice_days": 1}, "policy.notice_days"),
        ({"notice_working_days": 1.0}, "policy.notice_working_days"),
        ({"notice_working_days": True}, "policy.notice_working_days"),
        ({"agency_min_net_profit_fen": True}, "policy.agency_min_net_profit_fen"),
        ({"quota_combination": "average"}, "policy.quota_combination"),
        ({"cap_percent": {"hr": 20}}, "policy.cap_percent"),
        ({"cap_percent": {"hr": 101}}, "policy.cap_percent.hr"),
        ({"grants_from": 0}, "policy.grants_from"),
    ]:
        refused = world.call(BUREAU, "POST", "/programmes", {**DRAFT, "policy": policy})
        assert (refused.status, refused.code) == (422, "MALFORMED"), policy
        assert field in [error["field"] for error in refused.body["errors"]], refused.body
    open_year(world, quota_default_fen=500_000)
    assert world.call(None, "GET", "/programmes/2026").body["policy"]["quota_default_fen"] == 500_000


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


def test_a_year_that_a_later_release_wrote_is_read_by_an_earlier_one(open_year: World) -> None:
    shown, kept = open_year.call(None, "GET", "/programmes/2026").body, programmes.get(2026)
    policy = kept.policy.model_dump(mode="json") | {"of_a_later_release": 1}
    change = "SET #policy = :policy, #of_a_later_release = :one"
    transact([update_write("as written later", keys.programme(2026), change, None, policy=policy, one=1)])
    assert open_year.call(None, "GET", "/programmes/2026").body == shown
