"""Drafts of batches corrected and taken back, batches that are open to some enterprises first, and what a re-release
gives beyond the yearly quota (§1.4a, §2.3.1, §2.3.3)."""

from datetime import timedelta
from typing import Any

import pytest

from infra.bench.engine import Meter
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.races.seed_data import QUOTA_FEN
from tests.support import samples
from tests.support.backend import forget_batches, function
from tests.support.list_scenario import apply_list, content_of, upload_list
from tests.support.scenario import NEIGHBOUR, OWNER, STRANGER, Json, Town
from tests.support.snapshots import everything_kept
from voucher.store import keys
from voucher.store.engine.table import delete_write, transact, update_write

BOTH = Person("both-hands", "platform,bureau")


def draft(town: Town, person: Person = OPERATOR, **changes: Any) -> Json:
    """A batch that the operator drafted."""
    return steps.expect(town.world.call(person, "POST", "/programmes/2026/batches", samples.batch(**changes)), 201)


def publish(town: Town, **changes: Any) -> str:
    """A batch that the bureau released; its id."""
    batch_id: str = draft(town, **changes)["batch_id"]
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{batch_id}/publish"), 200)
    return batch_id


def claim(town: Town, batch_id: str, neighbour: bool = False, **more: Any) -> Reply:
    """The owner's attempt at a voucher, or the neighbour's."""
    person, firm = (NEIGHBOUR, town.neighbour) if neighbour else (OWNER, town.enterprise)
    return town.world.call(person, "POST", f"/batches/{batch_id}/vouchers", {"enterprise_uscc": firm.uscc, **more})


def released_again(town: Town, **changes: Any) -> str:
    """The town's batch closed, and as much of it released again; its id."""
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{town.batch_id}/close"), 200)
    return publish(town, kind="rerelease", amount_fen=3_000_000, **changes)


def balanced() -> bool:
    """True if every invariant of the year holds."""
    report = function("reconcile").handler({"time": "2026-06-30T00:00:00Z"}, None)["reports"][0]
    return bool(report["balanced"])


@pytest.mark.clause("§1.4a")
def test_a_draft_is_corrected_and_the_bureau_releases_what_it_saw(town: Town) -> None:
    first = draft(town)
    path = f"/batches/{first['batch_id']}"
    body = {"version": 1, "amount_fen": 9_000_000, "valid_until": "2026-10-31", "audience": {"districts": ["city"]}}
    second = steps.expect(town.world.call(OPERATOR, "PATCH", path, body), 200)
    assert (second["amount_fen"], second["name"], second["version"]) == (9_000_000, first["name"], 2)
    assert second["ends_at"] == "2026-10-31T16:00:00.000Z"
    assert second["audience"]["districts"] == ["city"]
    assert town.world.call(OPERATOR, "PATCH", path, body).headers["idempotent-replay"] == "true"
    stale = town.world.call(OPERATOR, "PUT", path, {"version": 1, "name": "另一批"})
    assert (stale.status, stale.code) == (409, "CHANGED_MEANWHILE")
    unseen = town.world.call(BUREAU, "POST", f"{path}/publish", {"version": 1})
    assert (unseen.status, unseen.code) == (409, "CHANGED_MEANWHILE")
    steps.expect(town.world.call(BUREAU, "POST", f"{path}/publish", {"version": 2}), 200)
    late = town.world.call(OPERATOR, "PATCH", path, {"amount_fen": 1})
    assert (late.status, late.code, late.body["state"]) == (409, "WRONG_STATE", "published")


@pytest.mark.clause("§1.4a")
def test_a_correction_that_could_not_be_drafted_changes_nothing(town: Town) -> None:
    path = f"/batches/{draft(town)['batch_id']}"
    before = everything_kept()
    for body, code in [
        ({"amount_fen": 50_000_001}, "OVER_PROGRAMME_TOTAL"),
        ({"valid_until": "2027-01-01"}, "OUTSIDE_PROGRAMME_YEAR"),
        ({"extra_quota_fen": 1}, "MALFORMED"),
        ({"audience": {"until": "2026-07-01T00:00:00Z"}}, "MALFORMED"),
        ({"audience": {"used_percent": 101}}, "MALFORMED"),
        ({"audience": {"lists": ["rated_d"]}}, "MALFORMED"),
        ({"state": "published"}, "MALFORMED"),
    ]:
        refused = town.world.call(OPERATOR, "PATCH", path, body)
        assert refused.code == code, refused.body
    assert everything_kept() == before


@pytest.mark.clause("§1.4a")
def test_whoever_corrected_a_draft_releases_it_as_little_as_whoever_made_it(town: Town) -> None:
    path = f"/batches/{draft(town)['batch_id']}"
    steps.expect(town.world.call(BOTH, "PATCH", path, {"name": "更正"}), 200)
    steps.expect(town.world.call(OPERATOR_TWO, "PATCH", path, {"name": "再更正"}), 200)
    refused = town.world.call(BOTH, "POST", f"{path}/publish")
    assert (refused.status, refused.code) == (403, "FOUR_EYES")
    steps.expect(town.world.call(BUREAU, "POST", f"{path}/publish"), 200)
    assert "drafters" not in town.world.call(None, "GET", path).body


@pytest.mark.clause("§1.4a")
def test_a_withdrawn_draft_is_released_by_nobody_and_seen_by_staff_only(town: Town) -> None:
    batch_id = draft(town)["batch_id"]
    path = f"/batches/{batch_id}"
    assert town.world.call(OPERATOR, "POST", f"{path}/withdraw", {"version": 9}).code == "CHANGED_MEANWHILE"
    assert steps.expect(town.world.call(OPERATOR, "POST", f"{path}/withdraw"), 200)["state"] == "withdrawn"
    assert town.world.call(OPERATOR, "POST", f"{path}/withdraw").headers["idempotent-replay"] == "true"
    assert town.world.call(BUREAU, "POST", f"{path}/publish").code == "WRONG_STATE"
    assert town.world.call(None, "GET", path).status == 404
    assert claim(town, batch_id).code == "BATCH_NOT_OPEN"
    assert batch_id not in [each["batch_id"] for each in town.world.call(None, "GET", "/batches").body["items"]]
    listed = town.shown("/staff/batches?state=withdrawn", BUREAU)["items"]
    assert [each["batch_id"] for each in listed] == [batch_id]
    assert balanced()


@pytest.mark.clause("§2.3.1")
def test_a_batch_for_some_refuses_the_others_and_says_for_whom_it_is(town: Town) -> None:
    audience = {"districts": ["city", "development_zone"], "size_classes": ["small"]}
    batch_id = publish(town, amount_fen=5_000_000, audience=audience)
    before = everything_kept()
    refused = claim(town, batch_id, neighbour=True)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "NOT_IN_AUDIENCE", "§2.3.1")
    assert refused.body["detail"] == "本批次只对以下企业开放：市直、经开区；小型企业。"
    assert everything_kept() == before
    assert claim(town, batch_id).body["face_fen"] == QUOTA_FEN


@pytest.mark.clause("§2.3.1")
@pytest.mark.parametrize(("size", "is_in"), [("small", True), ("medium", False)])
def test_an_enterprise_has_to_be_in_a_group_of_each_kind(town: Town, size: str, is_in: bool) -> None:
    batch_id = publish(town, audience={"districts": ["city"], "size_classes": [size, "micro"]})
    assert claim(town, batch_id).code == (None if is_in else "NOT_IN_AUDIENCE")


@pytest.mark.clause("§2.3.1")
def test_an_audience_comes_first_and_after_its_instant_all(town: Town, stopped_clock: StoppedClock) -> None:
    until = NOW + timedelta(hours=1)
    audience = {"lists": ["newly_above_scale"], "until": steps.instant(until)}
    batch_id = publish(town, audience=audience)
    refused = claim(town, batch_id)
    assert refused.code == "NOT_IN_AUDIENCE"
    assert "2026-06-15 11:00 之前" in refused.body["detail"]
    apply_list(town.world, upload_list(town.world, content_of([town.enterprise.uscc])))
    assert claim(town, batch_id).body["face_fen"] == 2 * QUOTA_FEN
    stopped_clock.instant = until - timedelta(milliseconds=1)
    assert claim(town, batch_id, neighbour=True).code == "NOT_IN_AUDIENCE"
    stopped_clock.instant = until
    assert claim(town, batch_id, neighbour=True).body["face_fen"] == QUOTA_FEN


@pytest.mark.clause("§2.3.1")
def test_who_is_no_member_learns_nothing_of_a_firms_groups(town: Town) -> None:
    batch_id = publish(town, audience={"districts": ["city"]})
    for firm in (town.enterprise, town.neighbour):
        body = {"enterprise_uscc": firm.uscc}
        assert town.world.call(STRANGER, "POST", f"/batches/{batch_id}/vouchers", body).code == "NOT_FOUND"


@pytest.mark.clause("§2.3.1")
def test_an_entitlement_of_before_there_were_groups_is_made_anew(town: Town) -> None:
    batch_id = publish(town, amount_fen=5_000_000, audience={"districts": ["city"], "used_percent": 1})
    plain = publish(town, amount_fen=5_000_000, audience={"districts": ["city"]})
    for firm in (town.enterprise, town.neighbour):
        place = keys.entitlement(2026, firm.uscc)
        transact([update_write("older", place, "REMOVE #groups, #extra_fen", None)])
    assert claim(town, batch_id).code == "NOT_IN_AUDIENCE"  # it used nothing yet
    assert claim(town, plain, neighbour=True).code == "NOT_IN_AUDIENCE"
    assert claim(town, plain).body["face_fen"] == QUOTA_FEN
    assert balanced()


@pytest.mark.clause("§2.3.3")
def test_whoever_has_no_entitlement_yet_has_used_nothing_and_belongs_to_no_users(town: Town) -> None:
    """Its first grab of the year makes the entitlement, and looks at it then."""
    batch_id = publish(town, amount_fen=5_000_000, audience={"used_percent": 1})
    place = keys.entitlement(2026, town.enterprise.uscc)
    transact([delete_write("entitlement", place)])
    before = balanced()
    assert claim(town, batch_id).code == "NOT_IN_AUDIENCE"
    assert claim(town, town.batch_id).body["face_fen"] == QUOTA_FEN
    assert before == balanced() is True


@pytest.mark.clause("§2.3.1")
@pytest.mark.usefixtures("metered")
def test_a_grab_from_a_batch_for_some_costs_as_much_as_any_other(town: Town) -> None:
    batch_id = publish(town, audience={"districts": ["city"], "size_classes": ["small", "micro"]})
    costs = []
    for each, neighbour in ((town.batch_id, True), (batch_id, False)):
        forget_batches()
        with Meter() as meter:
            steps.expect(claim(town, each, neighbour=neighbour), 201)
        costs.append((meter.round_trips, meter.write_units))
    assert costs[0] == costs[1]


@pytest.mark.clause("§2.3.3")
def test_a_rerelease_gives_its_extra_beyond_a_quota_that_is_used(town: Town) -> None:
    town.grab()
    batch_id = released_again(town, extra_quota_fen=300_000)
    granted = steps.expect(claim(town, batch_id), 201)
    assert granted["face_fen"] == 300_000
    assert claim(town, batch_id).headers["idempotent-replay"] == "true"
    assert steps.expect(claim(town, batch_id, neighbour=True), 201)["face_fen"] == QUOTA_FEN + 300_000
    eligibility = town.shown(f"/enterprises/{town.enterprise.uscc}/eligibility")
    assert (eligibility["quota_fen"], eligibility["granted_fen"]) == (QUOTA_FEN, QUOTA_FEN + 300_000)
    assert balanced()


@pytest.mark.clause("§2.3.3")
def test_the_extra_is_used_before_the_quota_and_is_given_once(town: Town) -> None:
    batch_id = released_again(town, extra_quota_fen=300_000, partial_allowed=True)
    over = claim(town, batch_id, amount_fen=QUOTA_FEN + 300_001)
    assert (over.code, over.body["detail"]) == ("QUOTA_USED", "企业本年度剩余额度不足（剩余 13000.00 元）。")
    assert steps.expect(claim(town, batch_id, amount_fen=400_000), 201)["face_fen"] == 400_000
    other = publish(town, amount_fen=2_000_000)
    assert steps.expect(claim(town, other), 201)["face_fen"] == QUOTA_FEN - 100_000
    last = publish(town, amount_fen=2_000_000, kind="rerelease")
    assert claim(town, last).code == "QUOTA_USED"
    assert balanced()


@pytest.mark.clause("§2.3.3")
def test_without_an_extra_a_rerelease_gives_only_what_is_left_of_the_quota(town: Town) -> None:
    town.grab()
    assert claim(town, released_again(town)).code == "QUOTA_USED"


@pytest.mark.clause("§2.3.3")
@pytest.mark.parametrize(("used_fen", "is_in"), [(699_999, False), (700_000, True)])
def test_a_rerelease_may_be_for_those_who_used_most_of_theirs(town: Town, used_fen: int, is_in: bool) -> None:
    town.grab()
    batch_id = released_again(town, extra_quota_fen=300_000, audience={"used_percent": 70})
    assert claim(town, batch_id, neighbour=True).code == "NOT_IN_AUDIENCE"  # it was granted nothing
    town.order(voucher_fen=used_fen)
    reply = claim(town, batch_id)
    assert (reply.code, reply.status) == ((None, 201) if is_in else ("NOT_IN_AUDIENCE", 422))
    if not is_in:
        assert "已用券不低于 70% 的企业" in reply.body["detail"]


@pytest.mark.clause("§2.3.1")
def test_the_nursery_list_of_an_earlier_year_counts_until_another_replaces_it(town: Town) -> None:
    kind, mine = "little_giant_nursery", town.enterprise.uscc
    reason = f"/enterprises/{mine}/eligibility?year=2026"
    apply_list(town.world, upload_list(town.world, content_of([mine]), kind, 2025))
    assert "种苗" in town.shown(reason)["quota_reason"]
    newer = upload_list(town.world, content_of([town.neighbour.uscc]), kind, 2026)
    shown = steps.expect(
        town.world.call(BUREAU, "GET", f"/lists/{kind}/2026/imports/{newer['import_id']}/difference"), 200
    )
    assert (shown["compared_year"], shown["added"], shown["removed"], shown["touched"]) == (2025, 1, 1, 2)
    apply_list(town.world, newer)
    assert town.shown(reason)["quota_reason"] == "默认额度"
    assert "种苗" in town.shown(reason.replace("2026", "2025"))["quota_reason"]
    late = upload_list(town.world, content_of([mine]), kind, 2024)
    assert (late["counts_from"], late["counts_until"]) == (2024, None)
    apply_list(town.world, late)
    assert town.shown(reason)["quota_reason"] == "默认额度"


@pytest.mark.clause("§2.3.1")
def test_an_import_says_for_which_programme_year_it_counts(town: Town) -> None:
    for kind, counts in [
        ("newly_above_scale", (2026, 2026)),
        ("little_giant_nursery", (2025, None)),
        ("rated_d", (2025, None)),
        ("other_subsidy", (2025, 2025)),
    ]:
        record = upload_list(town.world, content_of([town.enterprise.uscc]), kind, 2025)
        assert (record["counts_from"], record["counts_until"]) == counts
