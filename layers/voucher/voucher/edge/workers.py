"""Workers: how each message of a batch is handled by itself, or all together (partial batch response).

A message that fails goes back to its queue, and after the last try to the dead-letter queue. Only the type of its fault
is logged, because the fault's words may hold personal data.
"""

import json
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from voucher.correlation import CORRELATION_ID
from voucher.edge.observe import log_message, log_together, logger


def handle_each(event: dict[str, Any], context: Any, work: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Run `work` on the JSON of each message; the answer names those that failed, so that only they come again."""

    def handle(record: SQSRecord) -> None:
        body: dict[str, Any] = json.loads(record.body)
        log_message(body.pop(CORRELATION_ID, None), str(body.get("message_id", record.message_id)))
        work(body)
        logger.info("message handled")

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    answer: dict[str, Any] = dict(process_partial_response(event, handle, processor, context))
    for kind in {type(fault[1]).__name__ for fault in processor.exceptions}:
        logger.error("message failed", extra={"fault": kind})
    return answer


def handle_together(
    event: dict[str, Any], context: Any, work: Callable[[list[dict[str, Any]]], None]
) -> dict[str, Any]:
    """Run `work` once on the JSON of all messages. If it fails, run it on each message by itself, so that a bad one
    comes back alone."""
    try:
        bodies = [json.loads(record["body"]) for record in event["Records"]]
        log_together([body.pop(CORRELATION_ID, None) for body in bodies])
        work(bodies)
    except Exception as fault:  # noqa: BLE001 - it comes again below, where it is answered message by message
        logger.warning("messages failed together", extra={"fault": type(fault).__name__})
        return handle_each(event, context, lambda body: work([body]))
    return {"batchItemFailures": []}
