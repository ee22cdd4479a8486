"""A list is brought into force while its enterprises are grabbing (§2.1.1): once listed, they are granted nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.seed_data import QUOTA_FEN, YEAR, Organisation
from tests.support import samples
from tests.support.backend import World, function
from tests.support.bucket import BucketInMemory
from tests.support.relaying import work_after
from tests.support.short_cuts import listening
from voucher.store import keys
from voucher.store.engine import table

Writes = list[dict[str, Any]]
KIND = "rated_d"


@contextmanager
def recorded_commits() -> Iterator[list[Writes]]:
    """The committed transactions, in their order; only with interleaved threads, where one runs at a time."""
    current, committed_writes, events = threading.local(), [], table.client().meta.events

    def ask(params: dict[str, Any], **_: object) -> None:
        current.writes = params["TransactItems"]

    def answer(http_response: Any, **_: object) -> None:
        if http_response.status_code == 200:
            committed_writes.append(current.writes)

    hooks = {"provide-client-params.dynamodb.TransactWriteItems": ask, "after-call.dynamodb.TransactWriteItems": answer}
    for name, hook in hooks.items():
        events.register(name, hook)
    try:
        with listening():
            yield committed_writes
    finally:
        for name, hook in hooks.items():
            events.unregister(name, hook)


def upload_version(world: World, bucket: BucketInMemory, usccs: list[str]) -> str:
    """The operator uploads a version, and the worker reads it; its path."""
    path, content = f"/lists/{KIND}/{YEAR}/imports", samples.list_file(usccs)
    announcement = {"filename": "list.csv", "content_type": "text/csv", "size_bytes": len(content)}
    record = steps.expect(world.call(OPERATOR, "POST", path, announcement), 201)
    key = record["upload"]["fields"]["key"]
    bucket.put_object(Key=key, Body=content)
    function("import_list").work({"Records": [{"s3": {"object": {"key": key}}}]})
    return f"{path}/{record['import_id']}"


def apply_version(world: World, path: str, seen: dict[str, Any]) -> Reply:
    """The bureau applies what it has seen of a version."""
    return world.call(BUREAU, "POST", f"{path}/apply", seen)


def message_about(path: str) -> dict[str, Any]:
    """The message to the worker about an applied version."""
    [message] = work_after(keys.name_list(KIND, YEAR, f"IMPORT#{path.rpartition('/')[2]}"))
    return message


def put_list_in_force(world: World, bucket: BucketInMemory, usccs: list[str]) -> dict[str, Any]:
    """The bureau puts a list in force; the message to the worker."""
    path = upload_version(world, bucket, usccs)
    steps.expect(apply_version(world, path, steps.confirmed_difference(world, path)), 200)
    return message_about(path)


def listed(world: World) -> list[str]:
    """The codes of the version that readers see."""
    shown = steps.expect(world.call(BUREAU, "GET", f"/lists/{KIND}/{YEAR}?limit=100"), 200)
    return [each["uscc"] for each in shown["items"]]


def usccs_written(writes: Writes, sort: str) -> set[str]:
    """The enterprises whose item with this sort key a transaction puts."""
    items = [write["Put"]["Item"] for write in writes if "Put" in write]
    return {
        str(item.get("enterprise_uscc", item.get("uscc", {"S": ""}))["S"])
        for item in items
        if item["sk"]["S"].startswith(sort)
    }


@pytest.mark.clause("§2.1.1")
def test_no_enterprise_is_granted_anything_after_its_listing_was_committed(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    # many transactions, so that grabs come between them
    monkeypatch.setattr(function("import_list"), "ENTERPRISES_PER_READ", 2)
    batches = [seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=300 * QUOTA_FEN, partial_allowed=True)]
    batches += [seed_data.open_batch(world, 20 * QUOTA_FEN, partial_allowed=True) for _ in range(5)]
    enterprises = seed_data.add_enterprises(6)
    listed_usccs = {enterprise.uscc for enterprise in enterprises[:4]}
    message = put_list_in_force(world, bucket, sorted(listed_usccs))

    def grab_from_each(enterprise: Organisation) -> list[Reply]:
        replies = []
        for batch_id in batches:
            replies.append(requests.grab(world, batch_id, enterprise, amount_fen=100_000))
            for _ in range(4):  # calls that let the other threads run
                steps.expect(world.call(enterprise.person, "GET", f"/batches/{batch_id}"), 200)
        return replies

    with recorded_commits() as committed:
        actions = [
            lambda: function("import_list").work(message),
            *(partial(grab_from_each, enterprise) for enterprise in enterprises),
        ]
        _, *answers = Interleaving(seed).run(actions)
    replies = [reply for each in answers for reply in each]

    committed_standings: set[str] = set()
    voucher_count = 0
    for writes in committed:
        assert not usccs_written(writes, "VOUCHER#") & committed_standings
        voucher_count += len(usccs_written(writes, "VOUCHER#"))
        committed_standings |= usccs_written(writes, "STANDING")
    assert committed_standings == listed_usccs
    assert [reply.status for reply in replies].count(201) == voucher_count
    # both answers occur, so the list came into force between the grabs
    assert {(reply.status, reply.code) for reply in replies} == {(201, None), (422, "NOT_ELIGIBLE")}
    late_batch_id = seed_data.open_batch(world, 20 * QUOTA_FEN)
    assert [requests.grab(world, late_batch_id, enterprise).code for enterprise in enterprises[:4]] == [
        "NOT_ELIGIBLE"
    ] * 4
    tables.assert_books_hold()


def test_of_versions_applied_at_the_same_moment_one_gets_the_turn(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    paths = [upload_version(world, bucket, [samples.enterprise(number).uscc]) for number in range(3)]
    seen = [steps.confirmed_difference(world, path) for path in paths]
    # each twice: the second call of a version is the same one, sent again
    calls = [partial(apply_version, world, path, body) for path, body in zip(paths, seen, strict=True) for _ in "12"]
    replies = Interleaving(seed).run(calls)
    won = {number // 2 for number, reply in enumerate(replies) if reply.status == 200}
    assert len(won) == 1
    assert [reply.code for number, reply in enumerate(replies) if number // 2 not in won] == ["LIST_IN_TURN"] * 4
    assert [reply.status for number, reply in enumerate(replies) if number // 2 in won] == [200, 200]


@pytest.mark.clause("§2.1.1")
def test_a_version_is_applied_only_beside_the_one_it_was_compared_with(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, seed: int
) -> None:
    """Another version comes into force while one is compared and applied: never is one in force that was seen beside
    other rows, although each difference has as many."""
    usccs = [samples.enterprise(number).uscc for number in range(3)]
    function("import_list").work(put_list_in_force(world, bucket, usccs[:1]))
    [base, *_] = listed(world)
    first, second = (upload_version(world, bucket, [uscc]) for uscc in usccs[1:])
    stands = steps.expect(world.call(BUREAU, "GET", f"{first}/difference"), 200)["compared_with"]

    def apply_and_finish() -> Reply:
        reply = apply_version(world, first, {"touched": 2, "compared_with": stands})
        if reply.status == 200:
            function("import_list").work(message_about(first))
        return reply

    replies = Interleaving(seed).run(
        [
            apply_and_finish,
            *(partial(apply_version, world, second, {"touched": 2, "compared_with": stands}) for _ in "1"),
        ]
    )
    outcome = tuple((reply.status, reply.code) for reply in replies)
    assert outcome in {
        ((200, None), (409, "CHANGED_MEANWHILE")),
        ((200, None), (409, "LIST_IN_TURN")),
        ((409, "LIST_IN_TURN"), (200, None)),
    }
    if replies[1].status == 200:
        assert listed(world) == [base]
        function("import_list").work(message_about(second))
    assert listed(world) == [usccs[1] if replies[0].status == 200 else usccs[2]]
