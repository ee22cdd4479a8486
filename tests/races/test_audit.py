"""Several workers that add to one audit trail at once, some of them the same traces."""

import json
from collections.abc import Callable
from typing import Any

from tests.races.interleaving import Interleaving
from tests.support.backend import World, function
from voucher.models.audit import GENESIS, AuditEntry, Trace
from voucher.rules.audit import breaks_in
from voucher.store import audit

AT = "2026-06-15T02:00:00.000Z"


def delivery(numbers: range) -> Callable[[], Any]:
    """A batch of traces, handed to a worker until it takes all of them."""
    traces = [
        Trace(trace_id=f"t{number}", at=AT, by="ada", role="bureau", action="read", about=f"order:o{number}")
        for number in numbers
    ]
    records = [
        {"messageId": trace.trace_id, "body": json.dumps(trace.model_dump()), "eventSource": "aws:sqs"}
        for trace in traces
    ]

    def deliver() -> Any:
        while function("keep_audit").handler({"Records": records}, None)["batchItemFailures"]:
            pass

    return deliver


def test_workers_at_once_make_one_chain_with_each_trace_once(world: World, seed: int) -> None:
    batches = [range(5), range(3, 8), range(8, 20), range(5), range(15, 25), range(30, 31)]
    Interleaving(seed).run([delivery(each) for each in batches])
    entries = [each for each in audit.read_entries(0, 1_000) if isinstance(each, AuditEntry)]
    assert sorted(entry.trace_id for entry in entries) == sorted(f"t{number}" for number in {*range(25), 30})
    assert list(breaks_in(entries, GENESIS, {})) == []
    assert audit.find_head().seq == len(entries) == 26
