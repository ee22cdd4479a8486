"""What is measured, and which request a record, a message and a log line belong to."""

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.backend import function
from tests.support.scenario import OWNER, Json, Town
from tests.support.workers import deliver, waiting
from voucher import correlation
from voucher.edge import metrics
from voucher.edge.observe import logger
from voucher.models.pools import batch_pool
from voucher.store import keys
from voucher.store.engine import table
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import put_write, update_write

# every metric of ours, and by what it is told apart
MEASURED = {
    ("Granted", ("service",)),
    ("Retries", ("service",)),
    ("Refused", ("service", "code")),
    ("RoomLeftFen", ("service", "batch")),
    ("WorkOverdue", ("service", "role")),
    ("ResidualFen", ("service",)),
    ("BooksOutOfBalance", ("service",)),
    ("AuditBroken", ("service",)),
    ("DrawsChanged", ("service",)),
}
NIGHT = "2026-06-15T01:00:00Z"


def measured(printed: str) -> list[tuple[str, tuple[str, ...], Json]]:
    """(metric, its dimensions, the whole line) of each line that CloudWatch takes for a metric."""
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]
    found = [(line, directive) for line in lines for directive in line["_aws"]["CloudWatchMetrics"]]
    assert {directive["Namespace"] for _, directive in found} <= {metrics.NAMESPACE}
    return [
        (metric["Name"], tuple(names), line)
        for line, directive in found
        for metric in directive["Metrics"]
        for names in directive["Dimensions"]
    ]


def stand_in_the_way_once(patch: pytest.MonkeyPatch) -> None:
    """The next transaction meets another one that writes the same items."""
    client, met = table.client(), list[str]()
    really = client.transact_write_items

    def send(**request: Any) -> Any:
        if met:
            return really(**request)
        met.append("once")
        reasons = [{"Code": "TransactionConflict"} for _ in request["TransactItems"]]
        answer = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
        raise ClientError(answer, "TransactWriteItems")

    patch.setattr(client, "transact_write_items", send)


def test_a_day_measures_each_metric_of_the_dashboard(
    town: Town, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in_the_way_once(monkeypatch)
    town.grab()
    town.world.call(None, "GET", f"/batches/{town.batch_id}")
    town.world.call(OWNER, "POST", "/programmes", {})
    for name, event in (("sweep", {"time": NIGHT}), ("reconcile", {"time": NIGHT}), ("verify_audit", {})):
        function(name).handler(event, None)
    found = measured(capsys.readouterr().out)
    assert {(name, names) for name, names, _ in found} == MEASURED
    values = {name: line[name] for name, _, line in found}
    assert (values["Granted"], values["Retries"], values["ResidualFen"], values["BooksOutOfBalance"]) == (1, 1, 0, 0)
    assert values["RoomLeftFen"] > 0
    [refusal] = [line for name, _, line in found if name == "Refused"]
    assert refusal["code"] == "ROLE_REQUIRED"


def test_work_that_is_over_its_last_day_is_counted_by_the_role_that_owes_it(
    submitted: tuple[Town, Json], capsys: pytest.CaptureFixture[str]
) -> None:
    del submitted  # an application that the operator must pre-review

    def overdue(night: str) -> dict[str, int]:
        capsys.readouterr()
        function("sweep").measure_overdue(datetime.fromisoformat(night))
        return {line["role"]: line["WorkOverdue"] for _, _, line in measured(capsys.readouterr().out)}

    assert overdue("2026-06-16T16:05:00Z") == {"platform": 0, "bureau": 0, "finance": 0}
    assert overdue("2027-06-16T16:05:00Z")["platform"] > 0


def test_what_follows_from_a_request_carries_its_id_to_the_last_worker(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_QUEUE_URL", boto3.client("sqs").create_queue(QueueName="webhook")["QueueUrl"])
    town.grab()
    asked = correlation.current()
    item = find_item(keys.voucher(town.batch_id, town.enterprise.uscc))
    assert item is not None
    assert item["correlation_id"] == asked
    correlation.begin("somebody else's")
    change = {"NewImage": table.encode(item), "ApproximateCreationDateTime": 0}
    function("relay").handler({"Records": [{"dynamodb": change}]}, None)
    told = waiting("notify")
    assert [each["correlation_id"] for each in (*told, *waiting("keep_audit"), *waiting("keep_reports"))] == [asked] * 3
    deliver("notify", *told)
    assert logger.get_correlation_id() == asked
    [post] = waiting("webhook")
    assert post["correlation_id"] == asked
    posted = list[Json]()
    monkeypatch.setattr(function("webhook"), "body_of", lambda post: posted.append(post) or b"")
    deliver("webhook", post)
    assert "correlation_id" not in posted[0]  # nobody outside is told how our logs are found
    deliver("keep_reports", {"message_id": "m", "year": 2026, "uscc": town.enterprise.uscc})
    assert correlation.current() is None  # what is worked on together belongs to no single request


def test_a_change_that_is_no_whole_record_says_who_asked_for_it_too(town: Town) -> None:
    shard = keys.pool(batch_pool(town.batch_id), 0)
    for asked in ("first", "second"):
        correlation.begin(asked)
        table.transact([update_write("pool", shard, "SET #frozen = :false", None)])
        item = find_item(shard)
        assert item is not None
        assert item["correlation_id"] == asked
    correlation.begin(None)
    table.transact([update_write("pool", shard, "SET #frozen = :false", None)])
    assert (find_item(shard) or {})["frozen"] is False


def test_a_letter_and_an_audit_entry_keep_nothing_of_the_request(town: Town) -> None:
    del town
    correlation.begin("asked")
    for place in (keys.letter("l_1"), keys.audit_entry(1), keys.report(2026, "STATE"), keys.request("sub", "key")):
        table.transact([put_write("item", place, {"text": "x"}, None)])
        assert "correlation_id" not in (find_item(place) or {})


def test_what_a_schedule_sets_in_motion_carries_the_id_of_its_run(town: Town) -> None:
    del town
    function("sweep").handler({"time": NIGHT}, SimpleNamespace(aws_request_id="run-1"))
    assert {each["correlation_id"] for each in (*waiting("end_orders"), *waiting("retention"))} == {"run-1"}
    correlation.begin(None)
