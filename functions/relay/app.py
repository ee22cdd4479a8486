"""Relay: reads committed changes off the tables' streams and sends the messages that follow from them to the queues,
into the audit trail and into the reports.

A change that cannot be relayed fails its batch: the stream delivers it again, and after the last try parks it in
RelayDeadLetters (infra/data.yaml). The id of a message is made from the change, so a second delivery makes the same
one.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from voucher.correlation import CORRELATION_ID
from voucher.edge import queues
from voucher.edge.observe import log_together, log_work
from voucher.models.base import instant_text
from voucher.rules.audit import trace_messages
from voucher.rules.messages import count_messages, is_put_back, messages_for
from voucher.store.engine.table import decode

# what is put back after a restore is worked on, and counted, as ever; it is neither told nor written down again
TOLD_ONCE = ("notify", "keep_audit")


def handler(event: dict[str, Any], _context: Any) -> None:
    """A batch of changes of any table."""
    by_queue: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in event["Records"]:
        change = record["dynamodb"]
        old = decode(change["OldImage"]) if "OldImage" in change else None
        new = decode(change["NewImage"]) if "NewImage" in change else None
        traces = trace_messages(old, new, _written_at(change))
        for message in (*messages_for(old, new), *traces, *count_messages(new)):
            if message.queue not in TOLD_ONCE or not is_put_back(old, new):
                by_queue[message.queue].append({**message.body, **_asked(new)})
    for queue, bodies in by_queue.items():
        queues.send(queue, bodies)
        log_together(each.get(CORRELATION_ID) for each in bodies)
        log_work("relayed", queue=queue, messages=len(bodies))


def _asked(new: Mapping[str, Any] | None) -> dict[str, str]:
    """Which request wrote the record last: what follows from it belongs to that request, too."""
    return {CORRELATION_ID: new[CORRELATION_ID]} if new and new.get(CORRELATION_ID) else {}


def _written_at(change: Mapping[str, Any]) -> str:
    """When the table says that the change was written, to the second."""
    return instant_text(datetime.fromtimestamp(float(change["ApproximateCreationDateTime"]), UTC))
