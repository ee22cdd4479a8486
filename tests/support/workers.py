"""Does what the queues do: delivers messages to a worker, made by a test or taken from a queue until it is empty."""

import json
import os
from datetime import UTC, datetime
from typing import Any

import boto3

from tests.conftest import StoppedClock
from tests.support.backend import BUCKET, function

LAST_NIGHT = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)  # 1 January 2027, five past midnight in Lishui


def deliver(folder: str, *bodies: Any) -> Any:
    """Deliver a batch of messages to a worker (a text as it is); the worker's partial batch response."""
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
    """Deliver the message that S3 sends when a list file is uploaded."""
    return deliver("import_list", {"Records": [{"s3": {"bucket": {"name": BUCKET}, "object": {"key": object_key}}}]})


def waiting(queue: str) -> list[dict[str, Any]]:
    """Every message that waits in a queue, taken out of it."""
    client, url = boto3.client("sqs"), os.environ[f"{queue.upper()}_QUEUE_URL"]
    bodies: list[dict[str, Any]] = []
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def drain(queue: str) -> int:
    """Deliver every message of a queue to its worker until the queue is empty; how many there were."""
    client, url = boto3.client("sqs"), os.environ[f"{queue.upper()}_QUEUE_URL"]
    count = 0
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            function(queue).work(json.loads(message["Body"]))
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            count += 1
    return count


def sweep_night(clock: StoppedClock, instant: datetime) -> None:
    """Run the sweep of one night and all that it sets in motion."""
    clock.instant = instant
    function("sweep").handler({"time": instant.isoformat()}, None)
    drain("void_vouchers")
    drain("close_year")
    drain("end_orders")
