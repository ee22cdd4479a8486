"""What is not a table: the documents' bucket, the queues and the key, each answered for by moto, over the wire."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.retries import quota
from moto import mock_aws

from tests import world as backend
from tests.faults.wire import lay
from voucher.edge import queues
from voucher.store import files, sealing

KMS = sealing.client
CONFIG: Any = {"core": {"mock_credentials": False}}
# of every client: how many of its attempts are left
QUOTAS: list[quota.RetryQuota] = []
PAPERS = ("contract", "invoice", "transfer", "evidence", "k")


class _KnownQuota(quota.RetryQuota):
    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        QUOTAS.append(self)


@contextmanager
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All of them, empty but for a few papers that were uploaded."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "faults")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-east-1")
    monkeypatch.setenv("DOCUMENTS_BUCKET", backend.BUCKET)
    QUOTAS.clear()
    monkeypatch.setattr(quota, "RetryQuota", _KnownQuota)
    with mock_aws(config=CONFIG):
        lay()
        backend.forget_clients()
        where: Any = {"LocationConstraint": "ap-east-1"}
        files.client().create_bucket(Bucket=backend.BUCKET, CreateBucketConfiguration=where)
        for paper in PAPERS:
            files.client().put_object(Bucket=backend.BUCKET, Key=paper, Body=f"%PDF-{paper}".encode())
        for queue in backend.QUEUES:
            url = queues.client().create_queue(QueueName=queue)["QueueUrl"]
            monkeypatch.setenv(f"{queue.upper()}_QUEUE_URL", url)
        monkeypatch.setenv("BANK_ACCOUNTS_KEY", boto3.client("kms").create_key()["KeyMetadata"]["KeyId"])
        monkeypatch.setattr(sealing, "client", KMS)
        KMS.cache_clear()
        yield
        backend.forget_clients()


def start_afresh() -> None:
    """A new process: nothing remembered, and no client's retries used up yet. The clients themselves stay: to make them
    takes longer than what they are asked."""
    for each in QUOTAS:
        each.release(each.INITIAL_CAPACITY)
    backend.forget_batches()


def received(queue: str) -> list[dict[str, Any]]:
    """Every message of a queue, each taken out of it; one that came twice stands here twice."""
    found: list[dict[str, Any]] = []
    url, sqs = os.environ[f"{queue.upper()}_QUEUE_URL"], queues.client()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
