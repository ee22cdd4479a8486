"""Queue batches: each message handled by itself, the failed ones handed back (partial batch response).

A failing message is logged by the type of its fault only and goes back to its queue, later to the dead-letter queue.
"""

import json
import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from voucher.edge.observe import logger


@cache
def client() -> Any:
    """The SQS client of this process."""
    return boto3.client("sqs")


def send(queue: str, bodies: Iterable[dict[str, Any]]) -> None:
    """Send JSON messages to the queue of that word (`NOTIFY_QUEUE_URL`, …). Raises if one was not taken."""
    url, listed = os.environ[f"{queue.upper()}_QUEUE_URL"], list(bodies)
    for start in range(0, len(listed), 10):
        entries = [
            {"Id": str(number), "MessageBody": json.dumps(body, ensure_ascii=False)}
            for number, body in enumerate(listed[start : start + 10])
        ]
        answer = client().send_message_batch(QueueUrl=url, Entries=entries)
        if answer.get("Failed"):
            raise RuntimeError(f"{len(answer['Failed'])} messages were not taken by {queue}")


def handle_each(event: dict[str, Any], context: Any, work: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Run `work` on every message's JSON; only those that failed are delivered again."""

    def one(record: SQSRecord) -> None:
        body: dict[str, Any] = json.loads(record.body)
        logger.set_correlation_id(str(body.get("message_id", record.message_id)))
        work(body)

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    answer: dict[str, Any] = dict(process_partial_response(event, one, processor, context))
    for kind in {type(fault[1]).__name__ for fault in processor.exceptions}:
        logger.error("message failed", extra={"fault": kind})
    return answer
