"""Worker: adds what happened to the audit trail: steps (from the streams, by the relay), and readings of personal data
(from the functions that answer them).

Nothing else may write to the trail's table. This worker only adds to it, where a place is still free.
"""

from itertools import batched
from typing import Any

from voucher.edge import workers
from voucher.edge.observe import log_work
from voucher.models.audit import Trace
from voucher.rules.audit import chained
from voucher.store import audit
from voucher.store.engine.table import pause

# several workers add to one end; with random waits one of them soon comes first
TRIES = 12


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the queue, together. Delivered twice, a trace is still one entry."""
    return workers.handle_together(event, context, work)


def work(bodies: list[dict[str, Any]]) -> None:
    """Some messages, as many in one transaction as it holds."""
    for part in batched(bodies, audit.MOST_ENTRIES, strict=False):
        keep([Trace.model_validate(body) for body in part])


def keep(traces: list[Trace]) -> None:
    """Add those of the traces that are not in the trail yet. Raises RuntimeError if others kept coming first."""
    distinct = {trace.trace_id: trace for trace in traces}
    for attempt in range(TRIES):
        # first the end: whatever is added after this look makes the write fail
        head = audit.find_head()
        placed = audit.find_placed(distinct, head)
        new = [trace for trace_id, trace in distinct.items() if trace_id not in placed]
        if not new:
            return
        entries = chained(new, head)
        if audit.commit_entries(entries, head):
            # a second witness of the trail's end, which nobody who may write to the table can change
            log_work("audit kept", entries=len(entries), seq=entries[-1].seq, sha256=entries[-1].sha256)
            return
        pause(attempt)
    raise RuntimeError("the audit trail kept moving")
