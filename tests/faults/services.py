"""Bucket, queues and key: moto answers for them, over the wire that faults strike."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.retries import quota
from moto import mock_aws

from tests.faults.wire import install
from tests.support import backend
from tests.support.quick_moto import use_quick_services
from voucher.edge import queues
from voucher.store.engine import files, sealing

KMS = sealing.client
CONFIG: Any = {"core": {"mock_credentials": False}}
# of every client: how many of its attempts are left
QUOTAS: list[quota.RetryQuota] = []
DOCUMENTS = ("contract", "invoice", "transfer", "evidence", "k")


class _KnownQuota(quota.RetryQuota):
    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        QUOTAS.append(self)


@contextmanager
def moto_services(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All of them, with a few uploaded documents."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "races")  # DynamoDB Local has its own tables for each key
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-east-1")
    monkeypatch.setenv("DOCUMENTS_BUCKET", backend.BUCKET)
    QUOTAS.clear()
    monkeypatch.setattr(quota, "RetryQuota", _KnownQuota)
    use_quick_services(monkeypatch)
    with mock_aws(config=CONFIG):
        install(monkeypatch)
        backend.forget_clients()
        location: Any = {"LocationConstraint": "ap-east-1"}
        files.client().create_bucket(Bucket=backend.BUCKET, CreateBucketConfiguration=location)
        for name in DOCUMENTS:
            files.client().put_object(Bucket=backend.BUCKET, Key=name, Body=f"%PDF-{name}".encode())
        for queue in backend.QUEUES:
            url = queues.client().create_queue(QueueName=queue)["QueueUrl"]
            monkeypatch.setenv(f"{queue.upper()}_QUEUE_URL", url)
        monkeypatch.setenv("BANK_ACCOUNTS_KEY", boto3.client("kms").create_key()["KeyMetadata"]["KeyId"])
        monkeypatch.setenv("MAILBOX_KEY", boto3.client("kms").create_key()["KeyMetadata"]["KeyId"])
        code_key = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        monkeypatch.setenv("ACCOUNT_MATCHING_KEY", code_key["KeyMetadata"]["KeyId"])
        monkeypatch.setattr(sealing, "client", KMS)
        KMS.cache_clear()
        yield
        backend.forget_clients()


def start_new_process() -> None:
    """As if a new process started: empty memories, and every client with all its retries. The clients themselves stay,
    because creating them takes longer than what they are asked."""
    for each in QUOTAS:
        each.release(each.INITIAL_CAPACITY)
    backend.forget_batches()


def receive_all(queue: str) -> list[dict[str, Any]]:
    """Take every message out of a queue; a message that was sent twice is listed twice."""
    bodies: list[dict[str, Any]] = []
    url, sqs = os.environ[f"{queue.upper()}_QUEUE_URL"], queues.client()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies
