"""The backend in this process on moto, with empty tables, queues and bucket."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from moto import mock_aws

from tests.support import backend
from tests.support.backend import World


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
        for name, value in backend.create_tables(boto3.client("dynamodb")).items():
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
