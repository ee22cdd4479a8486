"""Lists: every bad row is named, every version kept, and each brought into force once (§2.1.1, §2.3.1)."""

import hashlib
import json
from datetime import timedelta

import boto3
import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import BUCKET, World, function
from tests.support.list_scenario import (
    CODES,
    KIND,
    apply_list,
    begin_to_apply,
    confirmed,
    content_of,
    damage,
    path_of,
    upload_list,
)
from tests.support.relaying import relayed
from tests.support.scenario import OWNER, SELLER, Town, approve, open_year
from tests.support.workers import deliver, deliver_upload
from voucher.models.standing import Standing
from voucher.store import keys, vouchers
from voucher.store.engine.reading import find_item


def lists_of(uscc: str) -> dict[str, tuple[int, ...]]:
    """The lists that name a code, by kind with their years."""
    item = find_item(keys.enterprise(uscc, "STANDING"))
    return {kind: years for kind, years in Standing.model_validate(item).listed.items() if years} if item else {}


def quota_fen(town: Town) -> int:
    entitlement = vouchers.find_entitlement(2026, town.enterprise.uscc)
    assert entitlement is not None
    return entitlement.quota_fen


def test_every_one_of_six_hundred_bad_rows_is_named_with_row_and_column(world: World) -> None:
    bad = [f"{CODES[0][:-1]}{'0' if CODES[0][-1] != '0' else '1'}"] * 600
    record = upload_list(world, content_of([CODES[1], *bad]))
    assert (record["state"], record["row_count"], record["error_count"]) == ("parsed", 1, 600)
    assert [(each["row"], each["column"]) for each in record["errors"]] == [(row, "A") for row in range(3, 603)]
    assert world.call(BUREAU, "POST", f"{path_of(record)}/apply").code == "LIST_HAS_ERRORS"
    skipped = {"skip_errors": True, **confirmed(world, record)}
    assert world.call(BUREAU, "POST", f"{path_of(record)}/apply", skipped).body["state"] == "applying"


def test_every_version_is_kept_with_its_file_importer_and_time(world: World, stopped_clock: StoppedClock) -> None:
    first, second = content_of(CODES[:1]), content_of(CODES[1:2])
    older = upload_list(world, first)
    stopped_clock.instant = stopped_clock.instant.replace(hour=5)
    upload_list(world, second, by=OPERATOR_TWO)
    apply_list(world, older)
    shown = steps.expect(world.call(BUREAU, "GET", f"/lists/{KIND}/2025/imports"), 200)["items"]
    assert [(each["created_by"], each["created_at"], each["state"], each["sha256"]) for each in shown] == [
        (OPERATOR_TWO.name, "2026-06-15T05:00:00.000Z", "parsed", hashlib.sha256(second).hexdigest()),
        (OPERATOR.name, "2026-06-15T02:00:00.000Z", "applied", hashlib.sha256(first).hexdigest()),
    ]
    assert (shown[1]["applied_by"], shown[1]["applied_at"]) == (BUREAU.name, "2026-06-15T05:00:00.000Z")


def test_the_version_of_the_file_that_was_read_is_kept(world: World) -> None:
    versioning = {"Status": "Enabled"}
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioning)
    record = upload_list(world, content_of(CODES[:1]))
    versions = boto3.client("s3").list_object_versions(Bucket=BUCKET, Prefix="lists/")["Versions"]
    assert record["object_version"] == versions[0]["VersionId"]


@pytest.mark.clause("§2.3.1")
def test_a_reader_sees_the_old_list_until_the_new_one_is_wholly_in_force(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function("import_list"), "ENTERPRISES_PER_MESSAGE", 2)
    apply_list(town.world, upload_list(town.world, content_of(CODES[:3])))
    record = upload_list(town.world, content_of(CODES[2:8]))
    begin_to_apply(town.world, record)
    body = {"task": "apply", "kind": KIND, "year": 2025, "import_id": record["import_id"]}

    def shown() -> list[str]:
        answer = steps.expect(town.world.call(FINANCE, "GET", f"/lists/{KIND}/2025?limit=100"), 200)
        return [each["uscc"] for each in answer["items"]]

    # two of eight codes leave, five come, one stays: seven are touched, two at a time
    for offset in (0, 2, 4):
        deliver("import_list", body | {"offset": offset})
        assert shown() == CODES[:3]
    deliver("import_list", body | {"offset": 6})
    assert shown() == CODES[2:8]
    assert [uscc for uscc in CODES if lists_of(uscc)] == CODES[2:8]


@pytest.mark.clause("§2.3.1")
def test_a_list_reaches_the_quota_and_its_successor_takes_it_back(town: Town) -> None:
    apply_list(town.world, upload_list(town.world, content_of([town.enterprise.uscc])))
    assert quota_fen(town) == 2_000_000
    apply_list(town.world, upload_list(town.world, content_of([CODES[7]])))
    assert quota_fen(town) == 1_000_000
    assert town.grab()["face_fen"] == 1_000_000


@pytest.mark.clause("§2.1.1")
def test_a_d_rating_holds_for_the_next_grab_and_a_newer_list_lifts_it(town: Town) -> None:
    apply_list(town.world, upload_list(town.world, content_of([town.enterprise.uscc]), "rated_d", 2025))
    refused = town.claim(town.batch_id)
    assert (refused.code, refused.body["clause"]) == ("NOT_ELIGIBLE", "§2.1.1")
    apply_list(town.world, upload_list(town.world, content_of([CODES[7]]), "rated_d", 2026))
    assert town.grab()["face_fen"] == 1_000_000


@pytest.mark.clause("§2.1.1")
def test_a_d_rating_that_stands_in_both_years_stands_on(town: Town) -> None:
    for year in (2025, 2026):
        apply_list(town.world, upload_list(town.world, content_of([town.enterprise.uscc]), "rated_d", year))
    assert lists_of(town.enterprise.uscc) == {"rated_d": (2026,)}
    apply_list(town.world, upload_list(town.world, content_of(CODES[7:8]), "rated_d", 2024))
    assert lists_of(town.enterprise.uscc) == {"rated_d": (2026,)}
    assert town.claim(town.batch_id).body["clause"] == "§2.1.1"


@pytest.mark.clause("§2.1.1")
def test_a_newer_d_list_refuses_in_a_programme_that_runs_on_from_the_year_before(world: World) -> None:
    open_year(world, year=2025, year_starts_on="2025-07-01", year_ends_on="2026-06-30")
    enterprise = samples.enterprise(0)
    approve(world, enterprise, OWNER)
    days = {"opens_at": "2026-06-01T00:00:00Z", "closes_at": "2026-06-28T00:00:00Z", "valid_until": "2026-06-29"}
    batch = steps.open_batch(world, 2025, samples.batch(**days))
    for year in (2025, 2026):
        apply_list(world, upload_list(world, content_of([enterprise.uscc]), "rated_d", year))
        claim = {"enterprise_uscc": enterprise.uscc}
        refused = world.call(OWNER, "POST", f"/batches/{batch['batch_id']}/vouchers", claim)
        assert (refused.status, refused.code, refused.body["clause"]) == (422, "NOT_ELIGIBLE", "§2.1.1")


@pytest.mark.clause("§2.1.1")
def test_a_d_list_of_next_year_is_refused_and_lifts_nobodys_rating(town: Town) -> None:
    apply_list(town.world, upload_list(town.world, content_of([town.enterprise.uscc]), "rated_d", 2026))
    announced = {"filename": "名单.csv", "content_type": "text/csv", "size_bytes": 9}
    reply = town.world.call(OPERATOR, "POST", "/lists/rated_d/2027/imports", announced)
    assert (reply.code, [each["field"] for each in reply.body["errors"]]) == ("MALFORMED", ["year"])
    assert town.claim(town.batch_id).body["clause"] == "§2.1.1"


@pytest.mark.clause("§2.1.1")
def test_a_list_without_rows_is_applied_only_if_the_bureau_allows_it(town: Town) -> None:
    apply_list(town.world, upload_list(town.world, content_of([town.enterprise.uscc]), "rated_d", 2025))
    empty = upload_list(town.world, content_of([]), "rated_d", 2026)
    refused = town.world.call(BUREAU, "POST", f"{path_of(empty)}/apply", {"skip_errors": True})
    assert (refused.status, refused.code) == (409, "LIST_EMPTY")
    assert town.claim(town.batch_id).body["clause"] == "§2.1.1"
    with relayed(keys.name_list("rated_d", 2026, f"IMPORT#{empty['import_id']}")):
        allowed = {"allow_empty": True, **confirmed(town.world, empty)}
        steps.expect(town.world.call(BUREAU, "POST", f"{path_of(empty)}/apply", allowed), 200)
    assert town.grab()["face_fen"] == 1_000_000


@pytest.mark.clause("§2.1.1")
@pytest.mark.clause("§2.3.1")
@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(
    ("kind", "clause"),
    [
        ("rated_d", "§2.1.1"),
        ("newly_above_scale", "§2.3.1"),
        ("little_giant_nursery", "§2.3.1"),
        ("other_subsidy", "§5.2b"),
    ],
)
def test_nobody_applies_the_list_that_they_uploaded_themselves(world: World, kind: str, clause: str) -> None:
    record = upload_list(world, content_of(CODES[:1]), kind)
    reply = world.call(Person(OPERATOR.name, "bureau"), "POST", f"{path_of(record)}/apply")
    assert (reply.status, reply.code, reply.body["clause"]) == (403, "FOUR_EYES", clause)


def test_who_pages_through_a_list_stays_in_the_version_begun(town: Town) -> None:
    apply_list(town.world, upload_list(town.world, content_of(CODES[:3])))
    first = town.shown(f"/lists/{KIND}/2025?limit=2", FINANCE)
    apply_list(town.world, upload_list(town.world, content_of(CODES[4:8])))
    rest = town.shown(f"/lists/{KIND}/2025?limit=2&cursor={first['next_cursor']}", FINANCE)
    assert [each["uscc"] for each in first["items"] + rest["items"]] == CODES[:3]
    assert (rest["import_id"], rest["next_cursor"]) == (first["import_id"], None)
    for cursor in ("i_unknown:2", "x", ":", ":0", "i:-1", f"{first['import_id']}:-1"):
        refused = town.world.call(FINANCE, "GET", f"/lists/{KIND}/2025?cursor={cursor}")
        assert (refused.code, [each["field"] for each in refused.body["errors"]]) == ("MALFORMED", ["cursor"])


def test_no_cursor_opens_a_version_that_was_never_in_force(world: World) -> None:
    record = upload_list(world, content_of(CODES[:2]))
    path = f"/lists/{KIND}/2025?cursor={record['import_id']}:0"
    for _ in range(2):
        assert world.call(FINANCE, "GET", path).code == "MALFORMED"
        begin_to_apply(world, record)  # not yet in force then, either
    deliver("import_list", {"task": "apply", "kind": KIND, "year": 2025, "import_id": record["import_id"]})
    assert len(steps.expect(world.call(FINANCE, "GET", path), 200)["items"]) == 2


def test_a_version_announced_again_under_its_key_is_answered_as_it_now_is(
    world: World, stopped_clock: StoppedClock
) -> None:
    announced = {"filename": "名单.csv", "content_type": "text/csv", "size_bytes": 9}
    path = f"/lists/{KIND}/2025/imports"
    first = steps.expect(world.call(OPERATOR, "POST", path, announced, key="k"), 201)
    stopped_clock.instant += timedelta(minutes=20)
    again = world.call(OPERATOR, "POST", path, announced, key="k")
    assert (again.status, again.body["import_id"], again.headers["idempotent-replay"]) == (
        200,
        first["import_id"],
        "true",
    )
    assert again.body["expires_at"] == "2026-06-15T02:35:00.000Z"
    world.upload(again.body["upload"], content_of(CODES[:1]))
    deliver_upload(again.body["upload"]["fields"]["key"])
    parsed = world.call(OPERATOR, "POST", path, announced, key="k")
    assert (parsed.status, parsed.body["state"], "upload" in parsed.body) == (200, "parsed", False)
    other = world.call(OPERATOR, "POST", path, {**announced, "size_bytes": 10}, key="k")
    assert other.code == "IDEMPOTENCY_KEY_REUSED"


def test_errors_are_shown_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function("lists"), "ERRORS_PER_PAGE", 2)
    record = upload_list(world, content_of(["x", "y", "z"]))
    assert ([each["row"] for each in record["errors"]], record["next_cursor"]) == ([2, 3], "2")
    rest = steps.expect(world.call(BUREAU, "GET", f"{path_of(record)}?cursor=2"), 200)
    assert ([each["row"] for each in rest["errors"]], rest["next_cursor"]) == ([4], None)


def test_a_second_version_waits_until_the_first_is_in_force(town: Town) -> None:
    first, second = (upload_list(town.world, content_of(CODES[number : number + 1])) for number in (5, 6))
    other_year = upload_list(town.world, content_of(CODES[5:6]), KIND, 2026)
    begin_to_apply(town.world, first)
    begin_to_apply(town.world, first)
    waiting = town.world.call(BUREAU, "POST", f"{path_of(second)}/apply", confirmed(town.world, second))
    assert (waiting.status, waiting.code) == (409, "LIST_IN_TURN")
    begin_to_apply(town.world, other_year)
    deliver("import_list", {"task": "apply", "kind": KIND, "year": 2025, "import_id": first["import_id"]})
    apply_list(town.world, second)
    assert [uscc for uscc in CODES if 2025 in lists_of(uscc).get(KIND, ())] == CODES[6:7]


def test_an_apply_repeated_once_the_list_is_in_force_is_answered_as_done(town: Town) -> None:
    record = upload_list(town.world, content_of(CODES[:1]))
    body = confirmed(town.world, record)
    apply_list(town.world, record)
    again = town.world.call(BUREAU, "POST", f"{path_of(record)}/apply", body)
    assert (again.status, again.body["state"], again.headers["idempotent-replay"]) == (200, "applied", "true")
    other = town.world.call(BUREAU, "POST", f"{path_of(record)}/apply", {"skip_errors": True})
    assert (other.status, other.code) == (409, "WRONG_STATE")


@pytest.mark.clause("§2.3.1")
def test_a_late_delivery_of_an_older_version_changes_nothing(town: Town) -> None:
    first, second = (upload_list(town.world, content_of(CODES[number : number + 1])) for number in (5, 6))
    apply_list(town.world, first)
    begin_to_apply(town.world, second)
    module = function("import_list")
    stale = module.lists.find(KIND, 2025, first["import_id"])
    with pytest.raises(module.lists.OutOfTurn):
        module.bring_in_step(stale, [CODES[7]], {CODES[7]: [{"row": 2, "uscc": CODES[7], "name": ""}]})
    assert lists_of(CODES[7]) == {}


@pytest.mark.clause("§2.1.1")
@pytest.mark.parametrize("how", ["gone", "cut"])
@pytest.mark.parametrize("spoiled", ["the new version", "its predecessor"])
def test_a_list_whose_rows_cannot_be_read_is_a_fault_and_lifts_nobodys_rating(
    town: Town, spoiled: str, how: str
) -> None:
    older = upload_list(town.world, content_of([town.enterprise.uscc]), "rated_d", 2025)
    apply_list(town.world, older)
    newer = upload_list(town.world, content_of([CODES[7]]), "rated_d", 2026)
    begin_to_apply(town.world, newer)
    repair = damage(newer if spoiled == "the new version" else older, how)
    body = {"task": "apply", "kind": "rated_d", "year": 2026, "import_id": newer["import_id"]}
    assert deliver("import_list", body)["batchItemFailures"] != []
    assert town.shown(path_of(newer))["state"] == "applying"
    assert town.claim(town.batch_id).body["clause"] == "§2.1.1"
    repair()
    assert deliver("import_list", body)["batchItemFailures"] == []
    assert town.grab()["face_fen"] == 1_000_000


def test_readers_are_told_of_a_fault_and_not_of_an_empty_list(world: World) -> None:
    record, bad = upload_list(world, content_of(CODES[:2])), upload_list(world, content_of(["x"]))
    apply_list(world, record)
    damage(record, "gone")
    damage(bad, "gone", "errors")
    for person, path in ((FINANCE, f"/lists/{KIND}/2025"), (OPERATOR, path_of(bad))):
        with pytest.raises(LookupError):
            world.call(person, "GET", path)


def test_an_upload_that_cannot_be_read_is_delivered_again(world: World) -> None:
    announced = {"filename": "名单.csv", "content_type": "text/csv", "size_bytes": 9}
    record = steps.expect(world.call(OPERATOR, "POST", f"/lists/{KIND}/2025/imports", announced), 201)
    assert deliver_upload(record["upload"]["fields"]["key"])["batchItemFailures"] != []
    world.upload(record["upload"], content_of(CODES[:1]))
    assert deliver_upload(record["upload"]["fields"]["key"])["batchItemFailures"] == []
    assert steps.expect(world.call(OPERATOR, "GET", path_of(record)), 200)["state"] == "parsed"


def test_a_file_that_arrives_twice_is_parsed_once(world: World) -> None:
    record = upload_list(world, content_of(CODES[:2]))
    deliver_upload(f"lists/{KIND}/2025/{record['import_id']}")
    again = steps.expect(world.call(OPERATOR, "GET", path_of(record)), 200)
    assert again == record


def test_the_buckets_test_event_is_ignored(world: World) -> None:
    event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "documents"}
    assert deliver("import_list", json.dumps(event)) == {"batchItemFailures": []}


def test_only_staff_read_lists_and_versions(world: World) -> None:
    record = upload_list(world, content_of(CODES[:1]))
    for person in (OWNER, SELLER, Person("d", "discipline")):
        mine = path_of(record)
        for path in (f"/lists/{KIND}/2025/imports", mine, f"{mine}/rows", f"{mine}/difference", f"/lists/{KIND}/2025"):
            assert world.call(person, "GET", path).code == "ROLE_REQUIRED"
