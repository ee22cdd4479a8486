"""The backend in this process on moto, with empty tables, queues and bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from tests.support import backend
from tests.support.backend import World

EMPTY: dict[str, Table] = {}


def empty_tables() -> dict[str, str]:
    """Every table, created once and copied from then on; the environment variables that name them."""
    tables = dynamodb_backends[DEFAULT_ACCOUNT_ID]["ap-east-1"].tables
    if not EMPTY:
        backend.create_tables(boto3.client("dynamodb"))
        EMPTY.update(deepcopy(tables))
    tables.update(deepcopy(EMPTY))
    return {f"{word.upper()}_TABLE": word for word in tables}


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
    with mock_aws():
        for name, value in empty_tables().items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(
            Bucket=backend.BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-east-1"}
        )
        for queue in backend.QUEUES:
            url = boto3.client("sqs").create_queue(QueueName=queue)["QueueUrl"]
            patch.setenv(f"{queue.upper()}_QUEUE_URL", url)
        backend.forget_clients()
        yield World()
    backend.forget_clients()
