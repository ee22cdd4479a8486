"""What an operator does to the deployed stack: it is broken and restored while nobody else gets in, and how long that
took is told; balances are rebuilt, dead letters go back, keys change, a night is done by hand."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.city.document_files import enterprise_documents
from infra.client import steps
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from infra.local.state import LOCAL
from infra.operate import __main__ as command
from infra.operate import copies, gate, logs
from infra.operate.deployed import Deployed, on_this_machine
from tests.journeys.deployment import Deployment
from voucher.models.base import instant_text

STATE = LOCAL / "journeys"


@pytest.fixture
def on(deployment: Deployment) -> Deployed:
    """The stack as its operator sees it."""
    return on_this_machine(deployment.stack)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a closing is kept."""
    return tmp_path / "closed.json"


@pytest.fixture
def reopened(on: Deployed, place: Path) -> Iterator[None]:
    """However the test ends, the stack is open for the next one."""
    yield
    if place.exists():
        gate.reopen(on, place, although_not_balanced=True)


def operate(place: Path, *words: str) -> int:
    """One command, as it is typed; 0 if it was done."""
    return command.main(["--local", str(STATE), "--state", str(place), *words])


def lose(on: Deployed, batch_id: str) -> int:
    """An accident: the vouchers of a batch with their postings, and its pool, are gone. How many items."""
    tables, name, lost = on.client("dynamodb"), on.tables["vouchers"], 0
    for page in tables.get_paginator("scan").paginate(TableName=name):
        for item in page["Items"]:
            if item["pk"]["S"].startswith((f"BATCH#{batch_id}#", f"POOL#batch.{batch_id}#")):
                tables.delete_item(TableName=name, Key={key: item[key] for key in ("pk", "sk")})
                lost += 1
    return lost


def change(on: Deployed, uscc: str, year: int) -> None:
    """Another accident: an enterprise was granted a fen more."""
    on.client("dynamodb").update_item(
        TableName=on.tables["vouchers"],
        Key={"pk": {"S": f"ENTITLEMENT#{year}#{uscc}"}, "sk": {"S": "ENTITLEMENT"}},
        UpdateExpression="SET granted_fen = granted_fen + :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


@pytest.mark.usefixtures("reopened")
def test_a_broken_stack_is_restored_and_checked_before_anybody_gets_in(
    deployment: Deployment, on: Deployed, place: Path, year: int, capsys: pytest.CaptureFixture[str]
) -> None:
    enterprise, batch = deployment.add_approved_enterprise(), deployment.open_batch(2_000_000)
    deployment.grab(batch, enterprise)
    wait_until(lambda: "服务券领取成功。" in {each["subject"] for each in deployment.inbox(enterprise.uscc)})
    told = len(deployment.inbox(enterprise.uscc))
    at = copies.latest_second(on)
    # MiniStack restores what a table holds now: so here the copy comes before the accident
    assert operate(place, "copy", "--at", instant_text(at)) == 0
    assert lose(on, batch["batch_id"]) >= 2
    change(on, enterprise.uscc, year)

    assert operate(place, "close") == 0
    assert operate(place, "close") == 1  # else what was in force before would be forgotten
    for method, path in (("GET", "/batches"), ("POST", "/complaints"), ("POST", "/notices/n/objections")):
        assert deployment.send(method, path).code == "BUSY"
    assert {each["State"] for each in gate.mappings(on)} == {"Disabled"}
    assert operate(place, "open") == 1
    assert operate(place, "compare", "--at", instant_text(at)) == 0
    assert operate(place, "restore", "--at", instant_text(at)) == 1  # calls may be on their way
    assert operate(place, "restore", "--at", instant_text(at), "--nobody-calls") == 0
    assert operate(place, "reconcile") == 1
    assert operate(place, "open") == 1  # a fen too many
    assert operate(place, "compare", "--at", instant_text(at)) == 0
    assert operate(place, "restore", "--at", instant_text(at), "--nobody-calls", "--overwrite") == 0
    assert operate(place, "reconcile") == 0
    assert operate(place, "rebuild", str(year)) == 0
    assert operate(place, "open") == 0
    assert operate(place, "drop", "--at", instant_text(at)) == 0
    with capsys.disabled():
        print(" ", *capsys.readouterr().err.split("\n"), sep="\n  ")

    assert {each["State"] for each in gate.mappings(on)} == {"Enabled"}
    assert deployment.send("GET", "/health").status == 200
    another = deployment.add_approved_enterprise()
    deployment.grab(batch, another)
    wait_until(lambda: "服务券领取成功。" in {each["subject"] for each in deployment.inbox(another.uscc)})
    # the workers read again, and told nobody twice what was put back
    assert len(deployment.inbox(enterprise.uscc)) == told


def test_one_id_is_in_the_logs_from_the_call_to_its_last_worker(
    deployment: Deployment, on: Deployed, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enterprise = next(deployment.enterprises)
    documents = enterprise_documents(enterprise, deployment.plan.today)
    steps.register_enterprise(deployment.client, owner_of(enterprise.uscc), enterprise.registration(), documents)
    request_id = steps.review_enterprise(deployment.client, enterprise.uscc).headers["x-request-id"]
    begun = datetime.now(UTC) - timedelta(hours=1)
    wanted = {"EnterpriseReviews", "Relay", "Notify", "KeepAudit"}
    wait_until(lambda: {line.function for line in logs.follow(on, request_id, begun)} >= wanted)
    assert operate(place, "follow", request_id) == 0
    shown = capsys.readouterr().out
    assert "EnterpriseReviews: outcome" in shown
    assert "Notify: message handled" in shown
    assert operate(place, "follow", "no-such-request") == 1


def test_production_is_refused_without_somebody_who_hears_of_a_fault(deployment: Deployment, on: Deployed) -> None:
    stacks, name = on.client("cloudformation"), deployment.stack.stack_name
    kept = [each["ParameterKey"] for each in stacks.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]]
    given = [{"ParameterKey": each, "UsePreviousValue": True} for each in kept if each != "Stage"]
    with pytest.raises(ClientError, match="AlarmEmail"):
        stacks.update_stack(
            StackName=name,
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[*given, {"ParameterKey": "Stage", "ParameterValue": "production"}],
        )


def test_a_night_is_done_by_hand_and_a_pool_is_freed(
    deployment: Deployment, place: Path, year: int, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = deployment.open_batch(1_000_000)
    assert operate(place, "sweep") == 0
    assert operate(place, "recount", str(year)) == 0
    assert operate(place, "free", f"batch.{batch['batch_id']}") == 0
    assert operate(place, "look") == 0
    shown = capsys.readouterr().out
    assert "open\n" in shown
    assert "RelayDeadLetters: 0" in shown


def test_a_dead_letter_is_worked_on_once_it_went_back(deployment: Deployment, on: Deployed, place: Path) -> None:
    enterprise = deployment.add_approved_enterprise()
    about = f"enterprise:{enterprise.uscc}"
    body = {
        "message_id": "dead-1",
        "kind": "enterprise",
        "recipient": enterprise.uscc,
        "subject": "通知",
        "about": about,
    }
    on.client("sqs").send_message(QueueUrl=on.queue("NotifyDeadLetters"), MessageBody=json.dumps(body))
    assert operate(place, "redrive", "NotifyDeadLetters") == 0
    wait_until(lambda: "通知" in {each["subject"] for each in deployment.inbox(enterprise.uscc)})


def test_what_the_relay_gave_up_is_read_from_the_stream_once_more(
    deployment: Deployment, on: Deployed, place: Path
) -> None:
    enterprise, tables = deployment.add_approved_enterprise(), on.client("dynamodb")
    wait_until(lambda: len(deployment.inbox(enterprise.uscc)) > 0)
    sub = deployment.get(owner_of(enterprise.uscc), "/me")["sub"]
    inbox = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": f"INBOX#{sub}"}}}
    for item in tables.query(TableName=on.tables["supervision"], **inbox)["Items"]:
        tables.delete_item(TableName=on.tables["supervision"], Key={key: item[key] for key in ("pk", "sk")})
    assert deployment.inbox(enterprise.uscc) == []

    body = given_up(on, f"ENTERPRISE#{enterprise.uscc}")
    on.client("sqs").send_message(QueueUrl=on.queue("RelayDeadLetters"), MessageBody=json.dumps(body))
    assert operate(place, "redrive", "RelayDeadLetters") == 0
    wait_until(lambda: len(deployment.inbox(enterprise.uscc)) > 0)


def given_up(on: Deployed, pk: str) -> dict[str, Any]:
    """What AWS would leave of the changes of one partition, if the relay had failed on all of them."""
    streams = on.client("dynamodbstreams")
    arn = on.client("dynamodb").describe_table(TableName=on.tables["registry"])["Table"]["LatestStreamArn"]
    numbers = list[str]()
    shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    for shard in shards:
        place = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = streams.get_shard_iterator(**place)["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            changes = [each["dynamodb"] for each in answer["Records"]]
            numbers += [each["SequenceNumber"] for each in changes if each["Keys"]["pk"]["S"] == pk]
            iterator = answer.get("NextShardIterator") if changes else None
    [shard, *_] = shards
    batch = {"streamArn": arn, "shardId": shard["ShardId"], "startSequenceNumber": numbers[0]}
    return {"DDBStreamBatchInfo": {**batch, "endSequenceNumber": numbers[-1], "batchSize": len(numbers)}}


def test_the_webhooks_key_is_changed_and_the_old_one_ended(on: Deployed, place: Path) -> None:
    vault, secret = on.client("secretsmanager"), on.of("AWS::SecretsManager::Secret")["WebhookKeys"]
    before = json.loads(vault.get_secret_value(SecretId=secret)["SecretString"])
    assert operate(place, "webhook-key") == 0
    both = json.loads(vault.get_secret_value(SecretId=secret)["SecretString"])
    assert both["previous"] == before["current"] != both["current"]
    assert operate(place, "webhook-key", "--end") == 0
    vault.put_secret_value(SecretId=secret, SecretString=json.dumps(before))
