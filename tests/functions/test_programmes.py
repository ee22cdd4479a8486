"""A programme year over HTTP: drafted and confirmed by two people, and what everybody is shown of it."""

from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, Person
from tests.support import samples
from tests.support.backend import World
from tests.support.scenario import Json, Town, open_year
from tests.support.snapshots import everything_kept
from tests.support.year_figures import figures, sums
from voucher.store import keys, programmes
from voucher.store.engine.table import transact, update_write

BOTH = Person("both-hands", "platform,bureau,finance")
DRAFT = {"year": 2026, "total_fen": 100_000_000}


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
@pytest.mark.parametrize("drafted_first", [True, False])
def test_nobody_who_ever_set_the_draft_confirms_it_though_others_corrected_it_since(
    world: World, drafted_first: bool
) -> None:
    """Neither who drafted it, nor who corrected it in between."""
    hands = (BOTH, BUREAU, BUREAU_TWO) if drafted_first else (BUREAU, BOTH, BUREAU_TWO)
    steps.expect(world.call(hands[0], "POST", "/programmes", DRAFT), 201)
    for version, person in enumerate(hands[1:], start=1):
        body = {"version": version, "total_fen": 70_000_000}
        shown = steps.expect(world.call(person, "PATCH", "/programmes/2026", body), 200)
    assert (shown["created_by"], set(shown["drafters"])) == (hands[0].name, {each.name for each in hands})
    assert world.call(BOTH, "POST", "/programmes/2026/confirm").code == "FOUR_EYES"
    steps.expect(world.call(FINANCE, "POST", "/programmes/2026/confirm"), 200)


@pytest.mark.clause("§1.3")
def test_a_draft_is_corrected_and_a_confirmation_of_the_earlier_version_is_refused(
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
def test_an_unknown_year_or_batch_is_not_found(open_year: World, method: str, path: str, body: Any) -> None:
    person = Person("everywhere", "platform,bureau,finance")
    assert open_year.call(person, method, path, body).code == "NOT_FOUND"


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


@pytest.mark.clause("§1.3")
def test_a_year_looser_than_the_edition_needs_a_document_and_says_so_in_public(world: World) -> None:
    looser = DRAFT | {"policy": {"voucher_max_percent": 100, "grants_until": "2099-12-31"}}
    refused = world.call(BUREAU, "POST", "/programmes", looser)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "LOOSER_THAN_EDITION", "§6")
    fields = [error["field"] for error in refused.body["errors"]]
    assert fields == ["policy.grants_until", "policy.voucher_max_percent"]
    number = {"document_number": "丽经信〔2026〕9号"}
    plain = steps.expect(world.call(BUREAU, "POST", "/programmes", DRAFT), 201)
    assert (plain["document_number"], plain["deviations"]) == (None, [])
    body = {"version": 1, "total_fen": 70_000_000, "policy": looser["policy"]}
    assert world.call(BUREAU, "PATCH", "/programmes/2026", body).code == "LOOSER_THAN_EDITION"
    steps.expect(world.call(BUREAU, "PATCH", "/programmes/2026", body | number), 200)
    steps.expect(world.call(FINANCE, "POST", "/programmes/2026/confirm"), 200)
    shown = world.call(None, "GET", "/programmes/2026").body
    assert shown["document_number"] == number["document_number"]
    assert shown["deviations"] == [
        {"field": "grants_until", "clause": "§6", "edition": "2026-12-31", "here": "2099-12-31"},
        {"field": "voucher_max_percent", "clause": "§2.3.2", "edition": 70, "here": 100},
    ]


def test_a_year_that_a_later_release_wrote_is_read_by_an_earlier_one(open_year: World) -> None:
    shown, kept = open_year.call(None, "GET", "/programmes/2026").body, programmes.get(2026)
    policy = kept.policy.model_dump(mode="json") | {"of_a_later_release": 1}
    change = "SET #policy = :policy, #of_a_later_release = :one"
    transact([update_write("as written later", keys.programme(2026), change, None, policy=policy, one=1)])
    assert open_year.call(None, "GET", "/programmes/2026").body == shown


@pytest.mark.clause("§1.3")
def test_staff_list_drafts_of_years_and_the_public_does_not_see_that_anything_waits(open_year: World) -> None:
    before = [open_year.call(None, "GET", path).body for path in ("/programmes", "/programmes/2026")]
    steps.expect(open_year.call(BUREAU, "POST", "/programmes", {**DRAFT, "year": 2027}), 201)
    wanted = {"total_fen": 110_000_000, "reason": "追加预算"}
    steps.expect(open_year.call(BUREAU, "POST", "/programmes/2026/total", wanted), 200)
    assert [open_year.call(None, "GET", path).body for path in ("/programmes", "/programmes/2026")] == before
    listed = steps.expect(open_year.call(FINANCE, "GET", "/staff/programmes"), 200)["items"]
    assert [(each["year"], each["state"], each["created_by"]) for each in listed] == [
        (2027, "draft", BUREAU.name),
        (2026, "open", BUREAU.name),
    ]
    assert listed[1]["pending"]["total_fen"] == 110_000_000
