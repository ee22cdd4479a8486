"""What the queues would do: hand messages to a worker, made up by a test or taken off the queue until it is empty."""

import json
import os
from datetime import UTC, datetime
from typing import Any

import boto3

from tests.conftest import StoppedClock
from tests.support.backend import BUCKET, function

LAST_NIGHT = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)  # 1 January 2027, five past midnight in Lishui


def deliver(folder: str, *bodies: Any) -> Any:
    """A batch of queue messages to a worker (texts go as they are); its partial batch response."""
    records = [
        {
            "messageId": f"m{number}",
            "body": body if isinstance(body, str) else json.dumps(body),
            "eventSource": "aws:sqs",
        }
        for number, body in enumerate(bodies)
    ]
    return function(folder).handler({"Records": records}, None)


def deliver_upload(object_key: str) -> Any:
    """What S3 sends through the queue once a list file is there."""
    return deliver("import_list", {"Records": [{"s3": {"bucket": {"name": BUCKET}, "object": {"key": object_key}}}]})


def drain(queue: str) -> int:
    """Deliver every message of a queue to its worker, including those the worker sends itself; how many there were."""
    client, url = boto3.client("sqs"), os.environ[f"{queue.upper()}_QUEUE_URL"]
    delivered = 0
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            function(queue).work(json.loads(message["Body"]))
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            delivered += 1
    return delivered


def sweep_night(clock: StoppedClock, instant: datetime) -> None:
    """Run the sweep of one night and all that it sets in motion."""
    clock.instant = instant
    function("sweep").handler({"time": instant.isoformat()}, None)
    drain("void_vouchers")
    drain("close_year")
