"""Queues: how messages are sent, and how a worker handles each message of a batch by itself (partial batch response).

A message that fails goes back to its queue, and after the last try to the dead-letter queue. Only the type of its fault
is logged, because the fault's words may hold personal data.
"""

import json
import os
from collections.abc import Callable, Iterable
from functools import cache
from itertools import batched
from typing import Any

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from voucher.edge.observe import logger

# how many messages SQS takes in one request
MESSAGES_PER_REQUEST = 10


@cache
def client() -> Any:
    """The SQS client of this process."""
    return boto3.client("sqs")


def send(queue: str, bodies: Iterable[dict[str, Any]]) -> None:
    """Send JSON messages to the queue of that word (`notify` → NOTIFY_QUEUE_URL). Raises RuntimeError, a fault, if SQS
    did not take all of them."""
    url = os.environ[f"{queue.upper()}_QUEUE_URL"]
    for part in batched(bodies, MESSAGES_PER_REQUEST, strict=False):
        entries = [
            {"Id": str(number), "MessageBody": json.dumps(body, ensure_ascii=False)} for number, body in enumerate(part)
        ]
        answer = client().send_message_batch(QueueUrl=url, Entries=entries)
        if answer.get("Failed"):
            raise RuntimeError(f"{len(answer['Failed'])} messages were not taken by {queue}")


def handle_each(event: dict[str, Any], context: Any, work: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Run `work` on the JSON of each message; the answer names those that failed, so that only they come again."""

    def handle(record: SQSRecord) -> None:
        body: dict[str, Any] = json.loads(record.body)
        logger.set_correlation_id(str(body.get("message_id", record.message_id)))
        work(body)

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    answer: dict[str, Any] = dict(process_partial_response(event, handle, processor, context))
    for kind in {type(fault[1]).__name__ for fault in processor.exceptions}:
        logger.error("message failed", extra={"fault": kind})
    return answer
