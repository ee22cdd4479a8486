"""What a version of a list would change is seen before it counts; the bureau confirms just that (§2.1.1, §2.3.1)."""

import json
from typing import Any
from urllib.parse import unquote

import boto3
import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR
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
from tests.support.scenario import Json, Town
from tests.support.workers import deliver
from voucher.models.lists import ListImport
from voucher.rules.lifecycle import stepped
from voucher.store import lists

MOST_ANSWER_BYTES = 6 * 1024 * 1024


def difference(world: World, record: Json, query: str = "") -> Json:
    return steps.expect(world.call(BUREAU, "GET", f"{path_of(record)}/difference{query}"), 200)


def counts(answer: Json) -> tuple[int, int, int, int]:
    return answer["added"], answer["removed"], answer["unchanged"], answer["touched"]


def changes(answer: Json) -> list[tuple[str, str]]:
    return [(each["change"], each["uscc"]) for each in answer["items"]]


def refused(world: World, record: Json, body: Any) -> tuple[str | None, list[str]]:
    """The code by which an apply is refused, and the fields that are wrong."""
    reply = world.call(BUREAU, "POST", f"{path_of(record)}/apply", body)
    return reply.code, [each["field"] for each in reply.body["errors"]]


def test_the_rows_of_a_version_are_shown_page_by_page_before_it_counts(world: World) -> None:
    record = upload_list(world, content_of([*CODES[:3], "x"]))
    first = steps.expect(world.call(BUREAU, "GET", f"{path_of(record)}/rows?limit=2"), 200)
    rest = steps.expect(world.call(BUREAU, "GET", f"{path_of(record)}/rows?limit=2&cursor={first['next_cursor']}"), 200)
    assert [(each["row"], each["uscc"]) for each in first["items"] + rest["items"]] == list(
        zip((2, 3, 4), CODES[:3], strict=True)
    )
    assert rest["next_cursor"] is None
    assert world.call(BUREAU, "GET", f"{path_of(record)}/rows?cursor=-1").code == "MALFORMED"


def test_the_link_leads_to_exactly_the_file_that_was_read(world: World) -> None:
    versioning = {"Status": "Enabled"}
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioning)
    record = upload_list(world, content_of(CODES[:1]))
    key = f"lists/{KIND}/2025/{record['import_id']}"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content_of(CODES[1:2]))
    url = steps.expect(world.call(OPERATOR, "GET", f"{path_of(record)}/rows"), 200)["url"]
    assert f"versionId={record['object_version']}" in url
    assert f"-2025-{record['import_id']}.csv" in unquote(unquote(url))


@pytest.mark.parametrize(("content", "state"), [(None, "waiting"), (b"no list", "failed")])
def test_a_version_without_rows_has_no_difference_and_cannot_be_applied(
    world: World, content: bytes | None, state: str
) -> None:
    if content is None:
        announced = {"filename": "名单.csv", "content_type": "text/csv", "size_bytes": 9}
        record = steps.expect(world.call(OPERATOR, "POST", f"/lists/{KIND}/2025/imports", announced), 201)
    else:
        record = upload_list(world, content)
    assert record["state"] == state
    rows = steps.expect(world.call(BUREAU, "GET", f"{path_of(record)}/rows"), 200)
    assert (rows["items"], rows["url"] is None) == ([], content is None)
    shown = world.call(BUREAU, "GET", f"{path_of(record)}/difference")
    assert (shown.status, shown.code) == (409, "WRONG_STATE")
    assert refused(world, record, {"touched": 0}) == ("WRONG_STATE", [])


@pytest.mark.clause("§2.3.1")
def test_the_difference_to_the_list_in_force_is_counted_and_shown(world: World) -> None:
    first = upload_list(world, content_of(CODES[:4]))
    shown = difference(world, first)
    assert (shown["compared_with"], shown["compared_year"], counts(shown)) == (None, None, (4, 0, 0, 4))
    apply_list(world, first)
    second = upload_list(world, content_of(CODES[2:7]))
    shown = difference(world, second)
    assert (shown["compared_with"], shown["compared_year"]) == (first["import_id"], 2025)
    assert counts(shown) == (3, 2, 2, 5)
    coming = [("added" if code in CODES[4:7] else "removed", code) for code in sorted(CODES[:2] + CODES[4:7])]
    assert changes(shown) == coming
    pages, cursor = [], ""
    while cursor is not None:
        page = difference(world, second, f"?limit=2&cursor={cursor}")
        pages += changes(page)
        cursor = page["next_cursor"]
        assert counts(page) == (3, 2, 2, 5)
    assert pages == coming


@pytest.mark.clause("§2.3.1")
@pytest.mark.clause("§2.1.1")
def test_the_registered_enterprises_are_named_with_what_changes_for_them(town: Town) -> None:
    town.grab()  # its entitlement is there
    mine = town.enterprise
    others = [code for code in CODES if code not in (mine.uscc, town.neighbour.uscc)]
    quota = difference(town.world, upload_list(town.world, content_of([mine.uscc, *others])), "?registered=true")
    [touched] = quota["items"]
    assert counts(quota)[0] == len(others) + 1
    assert (touched["uscc"], touched["change"], touched["row"]) == (mine.uscc, "added", 2)
    assert touched["enterprise"] == {
        "name": mine.name,
        "name_differs": False,
        "state": "approved",
        "changes": [
            {
                "year": 2026,
                "qualified_before": True,
                "qualified_after": True,
                "quota_before_fen": 1_000_000,
                "quota_after_fen": 2_000_000,
            }
        ],
    }
    rated = upload_list(town.world, content_of([mine.uscc]), "rated_d", 2025)
    assert qualified(difference(town.world, rated)) == [(True, False)]
    apply_list(town.world, rated)
    lifted = upload_list(town.world, content_of(others), "rated_d", 2026)
    assert qualified(difference(town.world, lifted, "?registered=true")) == [(False, True)]
    subsidised = difference(town.world, upload_list(town.world, content_of([mine.uscc]), "other_subsidy"))
    assert [each["enterprise"]["changes"] for each in subsidised["items"]] == [[]]


def qualified(answer: Json) -> list[tuple[bool, bool]]:
    changed = [change for each in answer["items"] for change in each["enterprise"]["changes"]]
    return [(change["qualified_before"], change["qualified_after"]) for change in changed]


def test_a_page_looks_at_so_many_codes_however_few_are_registered(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function("list_versions"), "CODES_PER_PAGE", 3)
    monkeypatch.setattr(function("list_versions"), "CODES_PER_READ", 2)
    record = upload_list(town.world, content_of(CODES))
    found, cursor, pages = [], "", 0
    while cursor is not None:
        page = difference(town.world, record, f"?registered=true&cursor={cursor}")
        found += [each["uscc"] for each in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert sorted(found) == sorted({town.enterprise.uscc, town.neighbour.uscc} & set(CODES))
    assert pages == 3


@pytest.mark.clause("§2.1.1")
def test_of_d_lists_the_newest_year_is_compared_and_an_older_one_touches_nobody(town: Town) -> None:
    newest = upload_list(town.world, content_of([town.enterprise.uscc, CODES[6]]), "rated_d", 2025)
    apply_list(town.world, newest)
    shown = difference(town.world, upload_list(town.world, content_of(CODES[6:8]), "rated_d", 2026))
    assert (shown["compared_with"], shown["compared_year"]) == (newest["import_id"], 2025)
    assert counts(shown) == (1, 1, 1, 2)
    older = upload_list(town.world, content_of([town.enterprise.uscc, CODES[5]]), "rated_d", 2024)
    shown = difference(town.world, older)
    assert (shown["compared_with"], counts(shown)) == (None, (2, 0, 0, 0))
    assert qualified({"items": [each for each in shown["items"] if each["enterprise"]]}) == []
    apply_list(town.world, older)
    again = upload_list(town.world, content_of(CODES[5:6]), "rated_d", 2024)
    shown = difference(town.world, again)
    assert (shown["compared_with"], counts(shown)) == (older["import_id"], (0, 1, 1, 0))


def test_the_bureau_must_name_how_many_codes_are_touched(world: World) -> None:
    record = upload_list(world, content_of(CODES[:3]))
    reply = world.call(BUREAU, "POST", f"{path_of(record)}/apply")
    assert (reply.status, reply.code) == (422, "MALFORMED")
    [error] = reply.body["errors"]
    assert (error["field"], error["code"]) == ("touched", "missing")
    assert "difference" in error["message"]
    for wrong in (0, 2, 4):
        assert refused(world, record, {"touched": wrong}) == ("CHANGED_MEANWHILE", ["touched"])
    begun = world.call(BUREAU, "POST", f"{path_of(record)}/apply", {"touched": 3})
    assert (begun.status, begun.body["state"]) == (200, "applying")


def test_what_was_seen_is_refused_once_another_version_is_in_force(world: World) -> None:
    first, second, third = (upload_list(world, content_of(CODES[number : number + 1])) for number in (1, 2, 3))
    apply_list(world, first)
    seen, page = confirmed(world, third), difference(world, third, "?limit=1")
    assert seen == {"touched": 2, "compared_with": first["import_id"]}
    apply_list(world, second)
    # as many codes are touched now, but others
    assert refused(world, third, seen) == ("CHANGED_MEANWHILE", ["compared_with"])
    assert refused(world, third, {"touched": 2, "compared_with": None}) == ("CHANGED_MEANWHILE", ["compared_with"])
    reply = world.call(BUREAU, "GET", f"{path_of(third)}/difference?limit=1&cursor={page['next_cursor']}")
    assert (reply.code, [each["field"] for each in reply.body["errors"]]) == ("CHANGED_MEANWHILE", ["cursor"])
    for cursor in ("x", ":-1", f"{second['import_id']}:x"):
        assert world.call(BUREAU, "GET", f"{path_of(third)}/difference?cursor={cursor}").code == "MALFORMED"
    apply_list(world, third)


@pytest.mark.in_the_middle
@pytest.mark.parametrize(
    ("kind", "had_one_of"),
    [(KIND, None), (KIND, 2025), ("little_giant_nursery", 2024)],
    ids=["the first one", "one of its year", "one of an earlier year"],
)
def test_another_version_in_force_between_reading_and_writing_stops_the_write(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str, had_one_of: int | None
) -> None:
    if had_one_of:
        apply_list(world, upload_list(world, content_of(CODES[:1]), kind, had_one_of))
    other, record = (upload_list(world, content_of(CODES[number : number + 1]), kind) for number in (1, 2))
    seen, commit_turn = confirmed(world, record), lists.commit_turn

    def commit_late(*facts: Any) -> None:
        monkeypatch.setattr(lists, "commit_turn", commit_turn)
        apply_list(world, other)
        commit_turn(*facts)

    monkeypatch.setattr(lists, "commit_turn", commit_late)
    code, fields = refused(world, record, seen)
    assert code == "CHANGED_MEANWHILE"
    assert fields == (["compared_with"] if had_one_of else ["touched"])
    assert steps.expect(world.call(BUREAU, "GET", path_of(record)), 200)["state"] == "parsed"


def test_an_apply_that_its_own_repetition_overtook_is_answered_as_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, module = upload_list(world, content_of(CODES[:2])), function("lists")
    compare = module.compare

    def compare_late(seen: ListImport) -> Any:
        """Meanwhile the same call is made once more, and the worker brings the version into force."""
        lists.commit_turn(seen, stepped(seen, "apply", module.app.mark), None)
        deliver("import_list", {"task": "apply", "kind": KIND, "year": 2025, "import_id": seen.import_id})
        return compare(seen)

    body = confirmed(world, record)
    monkeypatch.setattr(module, "compare", compare_late)
    reply = world.call(BUREAU, "POST", f"{path_of(record)}/apply", body)
    assert (reply.status, reply.body["state"], reply.headers["idempotent-replay"]) == (200, "applied", "true")


def test_the_counts_of_a_version_tell_every_row_of_its_file(world: World) -> None:
    record = upload_list(world, content_of([*CODES[:2], "", "x", CODES[0]]))
    names = ("row_count", "error_count", "header_row", "total_rows", "blank_rows")
    assert [record[name] for name in names] == [2, 2, 1, 4, 1]


def test_rows_that_are_lost_are_a_fault_and_no_difference(world: World) -> None:
    record = upload_list(world, content_of(CODES[:2]))
    damage(record, "gone")
    for path in ("rows", "difference"):
        with pytest.raises(LookupError):
            world.call(BUREAU, "GET", f"{path_of(record)}/{path}")


def test_a_list_of_fifty_thousand_is_compared_and_shown_in_small_answers(world: World) -> None:
    record = upload_list(world, content_of(CODES[:1]))
    module = function("lists")
    rows = [{"row": number + 2, "uscc": f"{number:018}", "name": "名" * 200} for number in range(50_000)]
    kept = module.lists.find(KIND, 2025, record["import_id"])
    module.lists.commit_rows(kept, rows)
    module.lists.commit_step(kept, kept.next_version(row_count=len(rows)))
    shown = world.call(BUREAU, "GET", f"{path_of(record)}/difference?limit=100")
    assert counts(shown.body) == (50_000, 0, 0, 50_000)
    assert len(json.dumps(shown.body, ensure_ascii=True)) < MOST_ANSWER_BYTES
    assert world.call(BUREAU, "GET", f"{path_of(record)}/rows?cursor=49999").body["items"] == rows[-1:]
    begin_to_apply(world, record)
