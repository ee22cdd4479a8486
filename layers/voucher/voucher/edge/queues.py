"""Queues: how messages are sent. What works on them is in `workers`, which takes longer to import."""

import json
import os
from collections.abc import Iterable
from functools import cache
from itertools import batched
from typing import Any

from voucher.correlation import CORRELATION_ID, current
from voucher.store.engine import patience

# how many messages SQS takes in one request
MESSAGES_PER_REQUEST = 10


@cache
def client() -> Any:
    """The SQS client of this process."""
    return patience.make_client("sqs")


def send(queue: str, bodies: Iterable[dict[str, Any]]) -> None:
    """Send JSON messages to the queue of that word (`notify` → NOTIFY_QUEUE_URL). Raises RuntimeError, a fault, if SQS
    did not take all of them. Each says from which request it follows, if that is known."""
    url = os.environ[f"{queue.upper()}_QUEUE_URL"]
    named = {} if current() is None else {CORRELATION_ID: current()}
    for part in batched(({**named, **body} for body in bodies), MESSAGES_PER_REQUEST, strict=False):
        # in ASCII: SQS refuses a whole batch for one character that XML does not have. The longest of our messages
        # then has 13 KB, so that ten of them fit a request
        entries = [{"Id": str(number), "MessageBody": json.dumps(body)} for number, body in enumerate(part)]
        answer = client().send_message_batch(QueueUrl=url, Entries=entries)
        if answer.get("Failed"):
            raise RuntimeError(f"{len(answer['Failed'])} messages were not taken by {queue}")
