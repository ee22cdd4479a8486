"""Each message of an inbox is posted to the webhook, signed, until it is taken; without an address nothing is."""

import json
import os
from collections.abc import Iterator
from threading import Thread
from typing import Any

import boto3
import pytest

from infra.client import steps
from infra.local.webhook_receiver import Receiver, verifier
from tests.conftest import NOW
from tests.support.backend import World, function
from tests.support.scenario import OWNER, Town
from tests.support.workers import deliver, waiting
from voucher.edge import webhook
from voucher.rules.webhook import body_of, headers_of

NOTICE = {"message_id": "m1", "kind": "enterprise", "subject": "服务券领取成功。", "about": "voucher:v1"}
POST = {"id": "m1.a", "kind": "staff", "recipient": "bureau", "subject": "待办：处理公示异议。"}


@pytest.fixture
def receiver(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver of the stack's posts, which has the present key."""
    monkeypatch.setattr("time.time", NOW.timestamp)
    webhook._keys_of.cache_clear()
    sqs, kept = boto3.client("sqs"), {"current": "new", "previous": ""}
    secret = boto3.client("secretsmanager").create_secret(Name="keys", SecretString=json.dumps(kept))
    with Receiver(0, "new") as running:
        Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        for name, value in {
            "WEBHOOK_QUEUE_URL": sqs.create_queue(QueueName="webhook")["QueueUrl"],
            "WEBHOOK_KEYS": secret["ARN"],
            "WEBHOOK_URL": running.url,
        }.items():
            monkeypatch.setenv(name, value)
        yield running
        running.shutdown()


def failed(*posts: Any) -> list[str]:
    """The messages that come back to the queue."""
    return [each["itemIdentifier"] for each in deliver("webhook", *posts)["batchItemFailures"]]


def test_each_members_message_is_posted_once_signed_and_names_nobody(receiver: Receiver, town: Town) -> None:
    uscc = town.enterprise.uscc
    for _ in range(2):  # delivered twice
        deliver("notify", {**NOTICE, "recipient": uscc}, {**NOTICE, "kind": "staff", "recipient": "bureau"})
    posts = waiting("webhook")
    assert failed(*posts) == []
    assert len(posts) == 4 and len(receiver.taken) == 2, "twice at most, and known by their ids"
    of_member, of_staff = sorted(receiver.taken.values(), key=lambda each: str(each["kind"]))
    [member] = steps.expect(town.world.call(OWNER, "GET", f"/organisations/{uscc}/members"), 200)["items"]
    assert (of_member["recipient"], of_member["member_id"]) == (uscc, member["member_id"])
    assert (of_staff["recipient"], of_staff["member_id"]) == ("bureau", None)
    [kept] = [
        each
        for each in steps.expect(town.world.call(OWNER, "GET", "/inbox"), 200)["items"]
        if each["about"] == "voucher:v1"
    ]
    same = ("message_id", "subject", "about", "at")
    assert {name: of_member[name] for name in same} == {name: kept[name] for name in same}
    assert OWNER.name not in str(receiver.taken)


@pytest.mark.in_the_middle
def test_a_message_that_stopped_behind_its_inbox_is_posted_when_it_comes_again(
    receiver: Receiver, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice, place = {**NOTICE, "recipient": town.enterprise.uscc}, os.environ["WEBHOOK_QUEUE_URL"]
    monkeypatch.setenv("WEBHOOK_QUEUE_URL", f"{place}-gone")
    assert len(deliver("notify", notice)["batchItemFailures"]) == 1
    told = steps.expect(town.world.call(OWNER, "GET", "/inbox"), 200)["items"]
    assert [each["about"] for each in told].count("voucher:v1") == 1
    monkeypatch.setenv("WEBHOOK_QUEUE_URL", place)
    assert deliver("notify", notice)["batchItemFailures"] == []
    assert [each["about"] for each in waiting("webhook")] == ["voucher:v1"]


def test_without_an_address_nothing_is_sent_to_the_webhooks_queue(
    receiver: Receiver, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = os.environ["WEBHOOK_QUEUE_URL"]
    monkeypatch.setenv("WEBHOOK_QUEUE_URL", "")
    assert deliver("notify", {**NOTICE, "recipient": town.enterprise.uscc})["batchItemFailures"] == []
    monkeypatch.setenv("WEBHOOK_QUEUE_URL", place)
    assert waiting("webhook") == []


@pytest.mark.parametrize("status", [500, 301, 302, 404])
def test_whatever_is_no_success_comes_again_and_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Location": f"{receiver.url}/elsewhere"}
    assert failed(POST, {**POST, "id": "m2.a"}) == ["m0", "m1"]
    assert receiver.asked == ["/posts", "/posts"] and receiver.taken == {}
    receiver.status = 200
    assert failed(POST) == [] and receiver.taken == {"m1.a": POST}


def test_a_receiver_that_is_down_fails_only_its_messages(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.shutdown()
    receiver.server_close()
    assert failed(POST) == ["m0"]
    assert POST["subject"] not in capsys.readouterr().out + caplog.text


def test_a_poisoned_message_comes_back_alone_and_the_others_are_posted_in_any_order(receiver: Receiver) -> None:
    others = [{**POST, "id": f"m{number}.a"} for number in range(2, 4)]
    assert failed("这不是 JSON", others[1], "[1]", POST, others[0], "null") == ["m0", "m2", "m5"]
    assert receiver.taken == {each["id"]: each for each in (POST, *others)}


@pytest.mark.parametrize("address", ["http://example.cn/", "http://127.0.0.1.example.cn/", "ftp://127.0.0.1/"])
def test_nothing_is_posted_where_it_could_be_read_on_its_way(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("WEBHOOK_URL", address)
    with pytest.raises(ValueError, match="not https"):
        function("webhook").work(POST)


def test_a_new_key_and_the_one_before_both_verify_while_both_are_kept(receiver: Receiver) -> None:
    for kept, old_key in (
        ({"current": "newer", "previous": "new"}, True),
        ({"current": "newer", "previous": ""}, False),
    ):
        boto3.client("secretsmanager").put_secret_value(
            SecretId=os.environ["WEBHOOK_KEYS"], SecretString=json.dumps(kept)
        )
        webhook._keys_of.cache_clear()
        receiver.key = "newer"
        assert failed(POST) == []
        receiver.key = "new"
        assert (failed(POST) == []) is old_key


def test_the_verifier_of_the_page_refuses_what_is_changed_late_or_of_another_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_ours, body, now = verifier(), body_of(POST), int(NOW.timestamp())
    monkeypatch.setattr("time.time", NOW.timestamp)

    def said(at: int = now, *keys: str) -> tuple[str, str]:
        headers = headers_of(body, at, keys or ("key",))
        return headers["Webhook-Timestamp"], headers["Webhook-Signature"]

    timestamp, signature = said()
    assert is_ours("key", timestamp, signature, body)
    assert is_ours("key", *said(now - 300), body) and is_ours("key", *said(now, "other", "key"), body)
    for wrong in (
        ("key", timestamp, signature, body + b" "),
        ("key", str(now + 1), signature, body),
        ("key", *said(now - 301), body),
        ("key", *said(now + 301), body),
        ("other", timestamp, signature, body),
        ("key", timestamp, "", body),
        ("key", "²", "签", body),
    ):
        assert not is_ours(*wrong)


def test_the_keys_are_read_once_in_five_minutes(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, read = list[int](), webhook.client().get_secret_value
    monkeypatch.setattr(webhook.client(), "get_secret_value", lambda **given: asked.append(1) or read(**given))
    assert failed(POST, POST) == [] and asked == [1]
    monkeypatch.setattr("time.time", lambda: NOW.timestamp() + webhook.KEYS_SECONDS)
    assert webhook.keys() == ("new",) and asked == [1, 1]
