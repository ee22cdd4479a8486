"""The backend in this process on moto, with empty tables, queues and bucket."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from functools import partial
from threading import Condition
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.s3.models import FakeBucket, s3_backends
from moto.sqs.models import Queue, sqs_backends

from tests.support import backend
from tests.support.backend import World
from voucher import correlation

TABLES: dict[str, Table] = {}
QUEUES: dict[str, Queue] = {}
BUCKETS: dict[str, FakeBucket] = {}


def empty_tables() -> dict[str, str]:
    """Every table; the environment variables that name them."""
    tables = dynamodb_backends[DEFAULT_ACCOUNT_ID]["ap-east-1"].tables
    copy_first(TABLES, tables, lambda: backend.create_tables(boto3.client("dynamodb")))
    return {f"{word.upper()}_TABLE": word for word in tables}


def empty_queues() -> dict[str, str]:
    """Every queue; the environment variables that name them."""
    queues = sqs_backends[DEFAULT_ACCOUNT_ID]["ap-east-1"].queues
    client = boto3.client("sqs")
    copy_first(QUEUES, queues, lambda: [client.create_queue(QueueName=queue) for queue in backend.QUEUES])
    place = urlsplit("https://sqs.ap-east-1.amazonaws.com")
    return {f"{name.upper()}_QUEUE_URL": queue.url(place) for name, queue in queues.items()}


def empty_bucket() -> None:
    """The bucket."""
    place = {"LocationConstraint": "ap-east-1"}
    create = partial(boto3.client("s3").create_bucket, Bucket=backend.BUCKET, CreateBucketConfiguration=place)
    copy_first(BUCKETS, s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets, create)


def copy_first[Thing](first: dict[str, Thing], kept: dict[str, Thing], create: Callable[[], object]) -> None:
    """What moto keeps is created once, and copied from then on."""
    if not first:
        create()
        first.update(deepcopy(kept))
    kept.update(deepcopy(first))


def copy_queue(queue: Queue, _memo: Any) -> Queue:
    """A queue has a lock, of which there are no copies."""
    copied = copy(queue)
    copied._messages, copied._pending_messages, copied.deleted_messages = [], set(), set()
    copied._messages_lock = Condition()
    return copied


@contextmanager
def moto_world(patch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world that is gone when the block ends."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "ap-east-1",
        "DOCUMENTS_BUCKET": backend.BUCKET,
    }.items():
        patch.setenv(name, value)
    patch.delenv("AWS_ENDPOINT_URL", raising=False)
    patch.setattr(Queue, "__deepcopy__", copy_queue, raising=False)
    with mock_aws():
        for name, value in (empty_tables() | empty_queues()).items():
            patch.setenv(name, value)
        empty_bucket()
        backend.forget_clients()
        correlation.begin(None)
        yield World()
    backend.forget_clients()
