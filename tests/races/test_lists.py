"""A list is brought into force while those it names are grabbing (§2.1.1): once listed, a firm is granted nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.races import stage
from tests.races.stage import QUOTA_FEN, YEAR, Firm
from tests.races.turns import Turns
from tests.support import samples
from tests.support.backend import World, function
from tests.support.bucket import BucketInMemory
from tests.support.relaying import work_after
from voucher.store import keys
from voucher.store.engine import files, table

Writes = list[dict[str, Any]]
KIND = "rated_d"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> BucketInMemory:
    """BucketInMemory in memory."""
    kept = BucketInMemory()
    monkeypatch.setenv("DOCUMENTS_BUCKET", "documents")
    monkeypatch.setattr(files, "client", cache(lambda: kept))
    return kept


@contextmanager
def commits() -> Iterator[list[Writes]]:
    """The transactions that were committed, in their order; to be read with threads that take turns."""
    sent, found, events = threading.local(), [], table.client().meta.events

    def ask(params: dict[str, Any], **_: object) -> None:
        sent.writes = params["TransactItems"]

    def answer(http_response: Any, **_: object) -> None:
        if http_response.status_code == 200:
            found.append(sent.writes)

    hooks = {"provide-client-params.dynamodb.TransactWriteItems": ask, "after-call.dynamodb.TransactWriteItems": answer}
    for name, hook in hooks.items():
        events.register(name, hook)
    try:
        yield found
    finally:
        for name, hook in hooks.items():
            events.unregister(name, hook)


def applying(world: World, bucket: BucketInMemory, usccs: list[str]) -> dict[str, Any]:
    """A list that the bureau has just put in force: the message to its worker."""
    path, content = f"/lists/{KIND}/{YEAR}/imports", samples.list_file(usccs)
    announced = {"filename": "list.csv", "content_type": "text/csv", "size_bytes": len(content)}
    record = steps.expect(world.call(OPERATOR, "POST", path, announced), 201)
    key = record["upload"]["fields"]["key"]
    bucket.put_object(Key=key, Body=content)
    function("import_list").work({"Records": [{"s3": {"object": {"key": key}}}]})
    steps.expect(world.call(BUREAU, "POST", f"{path}/{record['import_id']}/apply", {}), 200)
    [message] = work_after(keys.name_list(KIND, YEAR, f"IMPORT#{record['import_id']}"))
    return message


def firms_written(writes: Writes, sort: str) -> set[str]:
    """The firms whose item of that sort key a transaction puts."""
    items = [write["Put"]["Item"] for write in writes if "Put" in write]
    return {
        str(item.get("enterprise_uscc", item.get("uscc", {"S": ""}))["S"])
        for item in items
        if item["sk"]["S"].startswith(sort)
    }


@pytest.mark.clause("§2.1.1")
def test_no_firm_is_granted_anything_after_its_listing_was_committed(
    world: World, bucket: BucketInMemory, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(function("import_list"), "FIRMS_PER_READ", 2)  # many transactions, for grabs to come between
    batches = [stage.open_batch(world, 20 * QUOTA_FEN, total_fen=300 * QUOTA_FEN, partial_allowed=True)]
    batches += [stage.open_batch(world, 20 * QUOTA_FEN, partial_allowed=True) for _ in range(5)]
    firms = stage.enterprises(6)
    listed = {firm.uscc for firm in firms[:4]}
    message = applying(world, bucket, sorted(listed))

    def claims(firm: Firm) -> list[Reply]:
        replies = []
        for batch_id in batches:
            replies.append(stage.grab(world, batch_id, firm, amount_fen=100_000))
            for _ in range(4):  # a pause, in which others have their turn
                steps.expect(world.call(firm.person, "GET", f"/batches/{batch_id}"), 200)
        return replies

    with commits() as committed:
        actions = [lambda: function("import_list").work(message), *(partial(claims, firm) for firm in firms)]
        _, *answers = Turns(seed).run(actions)
    replies = [reply for each in answers for reply in each]

    out: set[str] = set()
    granted = 0
    for writes in committed:
        assert not firms_written(writes, "VOUCHER#") & out
        granted += len(firms_written(writes, "VOUCHER#"))
        out |= firms_written(writes, "STANDING")
    assert out == listed
    assert [reply.status for reply in replies].count(201) == granted
    # both happened, so the list did come between the grabs
    assert {(reply.status, reply.code) for reply in replies} == {(201, None), (422, "NOT_ELIGIBLE")}
    late = stage.open_batch(world, 20 * QUOTA_FEN)
    assert [stage.grab(world, late, firm).code for firm in firms[:4]] == ["NOT_ELIGIBLE"] * 4
    stage.assert_books_hold()
