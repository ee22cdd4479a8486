"""A stack that is broken and restored, balances rebuilt from postings, dead letters, keys: what an operator's commands
leave, and what they refuse."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.sqs import models as sqs_models

from infra.operate import balances, copies, gate, queues
from infra.operate.copies import Difference
from infra.operate.deployed import Deployed, NotPossible
from infra.operate.gate import Closed
from tests.support.backend import World, function
from tests.support.calls.everything import Everything
from tests.support.operated import operate, operated
from tests.support.scenario import OWNER, Json, Town
from tests.support.snapshots import everything_kept
from tests.support.workers import drain
from voucher.models.base import instant_text
from voucher.models.pools import batch_pool
from voucher.store import keys
from voucher.store.engine.table import delete_write, transact, update_write

Items = dict[str, list[dict[str, Any]]]


@pytest.fixture
def on(world: World) -> Deployed:
    """The stack as its operator sees it."""
    return operated()


def copied(on: Deployed) -> datetime:
    """All tables as of a second; the second."""
    at = copies.latest_second(on)
    copies.make(on, at)
    return at


def close(folder: Path, quiet_at: str = "2026-06-15T02:15:00.000Z") -> None:
    """What `close` leaves, of a stack whose last call has ended."""
    closed = Closed("2026-06-15T02:00:00.000Z", quiet_at, {}, [], [])
    (folder / "closed.json").write_text(json.dumps(closed.__dict__))


def in_use() -> Items:
    """Every item of the tables in use, without the word that it was put back."""
    return {
        table: [{name: value for name, value in item.items() if name != "put_back_at"} for item in items]
        for table, items in everything_kept().items()
    }


def lose_and_change(town: Town) -> None:
    """An accident: a voucher and a pool are gone, an order and the programme changed, a list of postings is longer."""
    transact([delete_write("voucher", keys.voucher(town.batch_id, town.enterprise.uscc))])
    transact([delete_write("pool", keys.pool(batch_pool(town.batch_id), 0))])
    transact([update_write("programme", keys.programme(2026), "SET #total_fen = :nothing", None, nothing=0)])


def test_what_was_lost_is_put_back_and_what_differs_is_named_first(
    on: Deployed, completed: tuple[Town, Json], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town, _ = completed
    before, at = in_use(), copied(on)
    lose_and_change(town)
    close(tmp_path)
    operate(on, tmp_path, "compare", "--at", instant_text(at))
    operate(on, tmp_path, "restore", "--at", instant_text(at))
    assert "vouchers: 2 missing" in capsys.readouterr().out
    [left] = list(copies.compare(on, at))
    assert (left.what, left.pk) == ("differs", "PROGRAMME#2026")
    assert set(left.attributes) - {"correlation_id"} == {"total_fen"}
    operate(on, tmp_path, "compare", "--at", instant_text(at))
    operate(on, tmp_path, "restore", "--at", instant_text(at), "--overwrite")
    assert in_use() == before


def test_everything_is_put_back_into_empty_tables(on: Deployed, everything: Everything) -> None:
    before, at = in_use(), copied(on)
    tables = boto3.client("dynamodb")
    for word in on.tables.values():
        for item in tables.scan(TableName=word)["Items"]:
            tables.delete_item(TableName=word, Key={key: item[key] for key in ("pk", "sk")})
    outcome = copies.put_back(on, at, list(copies.compare(on, at)), overwrite=False)
    assert len(outcome.written) == sum(map(len, before.values()))
    assert in_use() == before


def test_what_was_made_since_is_taken_out_only_if_asked_for(on: Deployed, town: Town) -> None:
    before, at = in_use(), copied(on)
    town.grab()
    found = list(copies.compare(on, at))
    assert {each.what for each in found} == {"differs", "newer"}
    assert copies.put_back(on, at, found, overwrite=False).written == []
    assert copies.put_back(on, at, found, overwrite=True).left == []
    assert in_use() == before


def test_an_item_that_changed_since_it_was_compared_is_not_overwritten(on: Deployed, town: Town) -> None:
    at = copied(on)
    town.grab()
    [pool] = [each for each in copies.compare(on, at) if each.pk.startswith("POOL#batch")]
    place = keys.Key("vouchers", pool.pk, pool.sk)
    transact([update_write("pool", place, "SET #frozen = :true", None)])
    outcome = copies.put_back(on, at, [pool], overwrite=True)
    assert (outcome.written, outcome.overtaken) == ([], [pool])
    [left] = [each for each in copies.compare(on, at) if each.pk == pool.pk]
    assert {"frozen", "remaining_fen"} <= set(left.attributes)


def test_a_lost_item_that_somebody_made_anew_is_not_overwritten(on: Deployed, voucher: tuple[Town, Json]) -> None:
    at = copied(on)
    place = keys.voucher(voucher[0].batch_id, voucher[0].enterprise.uscc)
    lost = Difference("vouchers", place.pk, place.sk, "missing", [], None)
    assert copies.put_back(on, at, [lost], overwrite=True).overtaken == [lost]


def test_entries_of_the_audit_trail_and_letters_are_never_taken_back(on: Deployed, town: Town) -> None:
    at, tables = copied(on), boto3.client("dynamodb")
    for table, pk in (("audit", "CHAIN#1"), ("mailbox", "LETTER#1"), ("supervision", "AUDIT"), ("orders", "ORDER#1")):
        tables.put_item(TableName=table, Item={"pk": {"S": pk}, "sk": {"S": "ENTRY"}})
    outcome = copies.put_back(on, at, list(copies.compare(on, at)), overwrite=True)
    assert [each.table for each in outcome.written] == ["orders"]
    assert sorted(each.table for each in outcome.left) == ["audit", "mailbox", "supervision"]


def test_what_is_put_back_is_worked_on_but_neither_told_nor_written_down_again(
    on: Deployed, completed: tuple[Town, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    at, tables = copied(on), boto3.client("dynamodb")
    place = keys.voucher(completed[0].batch_id, completed[0].enterprise.uscc)
    transact([delete_write("voucher", place)])
    copies.put_back(on, at, list(copies.compare(on, at)), overwrite=False)
    [item] = [each for each in tables.scan(TableName="vouchers")["Items"] if each["sk"]["S"] == place.sk]
    sent = list[str]()
    monkeypatch.setattr(function("relay").queues, "send", lambda queue, _bodies: sent.append(queue))
    change = {"NewImage": item, "ApproximateCreationDateTime": 0}
    function("relay").handler({"Records": [{"dynamodb": change}]}, None)
    assert sent == ["keep_reports"]
    # the next step of the same record is a step again
    function("relay").handler({"Records": [{"dynamodb": {**change, "OldImage": item}}]}, None)
    del item["put_back_at"]
    function("relay").handler({"Records": [{"dynamodb": {**change, "NewImage": item}}]}, None)
    assert sorted(sent[1:]) == ["keep_audit", "keep_reports", "keep_reports", "notify"]


def test_nothing_is_put_back_while_calls_may_still_run(on: Deployed, town: Town, tmp_path: Path) -> None:
    at = copied(on)
    close(tmp_path, quiet_at="9999-01-01T00:00:00.000Z")
    operate(on, tmp_path, "compare", "--at", instant_text(at))
    with pytest.raises(NotPossible, match="calls that were let in"):
        operate(on, tmp_path, "restore", "--at", instant_text(at))
    with pytest.raises(NotPossible, match="not closed"):
        operate(on, tmp_path / "other", "restore", "--at", instant_text(at))


def test_a_second_that_has_not_come_cannot_be_restored(on: Deployed) -> None:
    with pytest.raises(NotPossible, match="latest second"):
        copies.make(on, copies.latest_second(on) + timedelta(days=1))


@pytest.mark.parametrize(
    ("changed_at", "balanced_at", "may_open"),
    [(None, None, False), (None, "2026-06-15T03", True), ("2026-06-15T04", "2026-06-15T03", False)],
)
def test_a_stack_is_opened_once_the_books_were_found_in_order_after_the_last_change(
    changed_at: str | None, balanced_at: str | None, may_open: bool
) -> None:
    assert Closed("", "", {}, [], [], changed_at, balanced_at).may_open is may_open


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("*/*", "/*/*"),
        ("complaints/POST", "/~1complaints/POST"),
        ("/notices/{notice_id}/objections/POST", "/~1notices~1{notice_id}~1objections/POST"),
        ("~1notices~1{notice_id}~1objections/POST", "/~1notices~1{notice_id}~1objections/POST"),
    ],
)
def test_the_limits_of_a_method_are_found_whichever_way_its_path_is_written(key: str, path: str) -> None:
    assert gate._patched(key) == path


def test_every_balance_is_rebuilt_from_the_postings_into_an_empty_table(on: Deployed, everything: Everything) -> None:
    found = balances.rebuild(on, 2026, "balances")
    assert (found.differing, found.lost_postings) == ([], [])
    names = {name.partition(":")[0].partition(".")[0] for name in found.from_postings}
    assert {"programme", "batch", "voucher", "order", "payable", "paid", "surplus"} <= names
    assert {"pool batch", "pool category", "pool nonkey", "pool surplus", "entitlement 2026"} <= names
    with pytest.raises(ClientError, match="already exists"):
        balances.rebuild(on, 2026, "balances")


@pytest.mark.parametrize(
    ("place", "attribute"),
    [
        (lambda town: keys.pool(batch_pool(town.batch_id), 0), "drawn_fen"),
        (lambda _: keys.pool("nonkey.2026", 0), "limit_fen"),
        (lambda _: keys.pool("surplus.2026", 0), "remaining_fen"),
        (lambda town: keys.entitlement(2026, town.enterprise.uscc), "granted_fen"),
        (lambda town: keys.voucher(town.batch_id, town.enterprise.uscc), "balance_fen"),
        (lambda _: keys.programme(2026), "unreleased_fen"),
    ],
)
def test_a_balance_that_is_a_fen_off_is_named(
    on: Deployed, completed: tuple[Town, Json], place: Any, attribute: str, tmp_path: Path
) -> None:
    change = f"SET #{attribute} = #{attribute} + :one"
    transact([update_write("tampered", place(completed[0]), change, None)])
    wrong = balances.rebuild(on, 2026, "balances").differing
    assert len(wrong) in (1, 2)  # what remains of a batch or a surplus is an account, too
    for each in wrong:
        postings, kept = (int(word) for word in each.replace(",", "").split()[-3::2])
        assert kept - postings == 1
    with pytest.raises(NotPossible):
        operate(on, tmp_path, "rebuild", "2026")


def test_a_posting_that_no_record_leads_to_is_named(on: Deployed, completed: tuple[Town, Json]) -> None:
    tables = boto3.client("dynamodb")
    [posting] = [
        item for item in tables.scan(TableName="vouchers")["Items"] if item["sk"]["S"].startswith("POSTING#91")
    ]
    lost = {**posting, "pk": {"S": "BATCH#2026.gone#00"}, "posting_id": {"S": "lost"}}
    tables.put_item(TableName="vouchers", Item=lost)
    assert balances.rebuild(on, 2026, "balances").lost_postings == ["lost"]


def test_dead_letters_go_back_to_their_queue_and_are_worked_on(
    on: Deployed, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {
        "message_id": "m-1",
        "kind": "enterprise",
        "recipient": town.enterprise.uscc,
        "subject": "通知",
        "about": f"enterprise:{town.enterprise.uscc}",
    }
    url = on.queue("NotifyDeadLetters")
    for _ in range(12):
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))
    operate(on, tmp_path, "redrive", "NotifyDeadLetters")
    drain("notify")
    [told] = [each for each in town.shown("/inbox", OWNER)["items"] if each["subject"] == "通知"]
    assert told["about"] == f"enterprise:{town.enterprise.uscc}"
    # once what was only hidden would be seen again
    later = sqs_models.unix_time_millis() + 3_600_000
    monkeypatch.setattr(sqs_models, "unix_time_millis", lambda *_: later)
    assert boto3.client("sqs").receive_message(QueueUrl=url).get("Messages", []) == []


def test_a_night_that_failed_is_run_again_with_its_own_instant(
    on: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = list[tuple[str, Json]]()
    monkeypatch.setattr(queues, "invoke", lambda _on, name, event: run.append((name, event)))
    url, arn = on.queue("NightsDeadLetters"), f"arn:aws:lambda:ap-east-1:1:function:{on.function('Sweep')}"
    event = {"time": "2026-11-30T16:05:00Z"}
    by_lambda = {"requestContext": {"functionArn": f"{arn}:$LATEST"}, "requestPayload": event}
    target = {"TARGET_ARN": {"DataType": "String", "StringValue": arn}}
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(by_lambda))
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event), MessageAttributes=target)
    operate(on, tmp_path, "redrive", "NightsDeadLetters")
    assert run == [("Sweep", event)] * 2
    assert queues.waiting(on)["NightsDeadLetters"] == 0


def test_a_queue_that_is_none_of_dead_letters_is_not_emptied(on: Deployed, tmp_path: Path) -> None:
    for name in ("NotifyQueue", "NoDeadLetters"):
        with pytest.raises(NotPossible):
            operate(on, tmp_path, "redrive", name)


def test_the_webhooks_new_key_signs_beside_the_old_one_until_that_is_ended(on: Deployed, tmp_path: Path) -> None:
    vault = boto3.client("secretsmanager")
    vault.create_secret(Name="keys", SecretString=json.dumps({"current": "a" * 64, "previous": ""}))

    def kept() -> Json:
        return dict(json.loads(vault.get_secret_value(SecretId="keys")["SecretString"]))

    operate(on, tmp_path, "webhook-key")
    new = kept()["current"]
    assert (kept()["previous"], len(new)) == ("a" * 64, 64)
    with pytest.raises(NotPossible):
        operate(on, tmp_path, "webhook-key")
    operate(on, tmp_path, "webhook-key", "--end")
    assert kept() == {"current": new, "previous": ""}
    operate(on, tmp_path, "webhook-key", "--known-to-others")
    assert kept()["previous"] == "" and kept()["current"] != new


def test_a_sealing_key_gets_new_material_and_what_it_sealed_opens(on: Deployed, tmp_path: Path) -> None:
    keys_of_aws, key_id = boto3.client("kms"), on.of("AWS::KMS::Key")["BankAccountsKey"]
    sealed = keys_of_aws.encrypt(KeyId=key_id, Plaintext=b"6222")["CiphertextBlob"]
    operate(on, tmp_path, "kms-key", "BankAccountsKey")
    assert len(keys_of_aws.list_key_rotations(KeyId=key_id)["Rotations"]) == 1
    assert keys_of_aws.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"6222"
