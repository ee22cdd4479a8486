"""Worker: counts what changed of an enterprise's vouchers and orders in the report of its year (§5.1), and lists what
is out of the ordinary.

A message only says whose. What that enterprise counts for is made anew from its records and postings, and the
difference to what was counted of it is added to the rows, in one transaction. So a message that comes twice, late or in
another order changes nothing that is right already.

The queue holds each message for some seconds, because a transaction's items change one after the other: a message about
the first one must not be worked on before the last one has changed.

A year can be counted anew: invoke with {"rebuild": year}. Its rows are then made beside those that are shown, bucket by
bucket, and shown once all are through.
"""

from collections import defaultdict
from itertools import batched
from typing import Any

from voucher.edge import queues, workers
from voucher.edge.observe import log_schedule, log_work
from voucher.edge.reports import count
from voucher.models.compliance import ReportException
from voucher.store import batches, keys, reports, vouchers

# their rows are nearly the same, so that all of them fit a transaction
FIRMS_AT_ONCE = 20
# vouchers of a bucket; for each of them some ten items are read
VOUCHERS_PER_MESSAGE = 100


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the keep_reports queue, together: an enterprise that several are about is counted once."""
    if "rebuild" in event:
        log_schedule(context)
        return {"buckets": begin(int(event["rebuild"]))}
    return workers.handle_together(event, context, work)


def work(bodies: list[dict[str, Any]]) -> None:
    """Some messages."""
    years = defaultdict[int, set[str]](set)
    for body in bodies:
        if body.get("task") == "count_bucket":
            count_bucket(body)
        elif body.get("task") == "list_exception":
            exception = ReportException.model_validate(body["facts"])
            reports.commit_exception(int(body["year"]), str(body["place"]), exception)
        else:
            years[int(body["year"])].add(str(body["uscc"]))
    for year, usccs in years.items():
        count_all(year, usccs)
        log_work("reported", year=year, enterprises=len(usccs))


def count_all(year: int, usccs: set[str]) -> None:
    """Count some enterprises of a year, a few in each write."""
    for part in batched(sorted(usccs), FIRMS_AT_ONCE, strict=False):
        count(year, list(part))


def begin(year: int) -> int:
    """Begin to count a year anew; from here on each change is counted in the new rows. How many buckets are to be
    counted."""
    released = [batch.batch_id for batch in batches.list_of_year(year) if batch.is_released]
    buckets = [(batch_id, number) for batch_id in released for number in range(keys.BUCKETS)]
    generation = reports.commit_building(year, [bucket_name(*each) for each in buckets])
    bodies = [
        {
            "message_id": f"count.{year}.{generation}.{bucket_name(*each)}",
            "task": "count_bucket",
            "year": year,
            "generation": generation,
            "batch_id": each[0],
            "bucket": each[1],
        }
        for each in buckets
    ]
    queues.send("keep_reports", bodies)
    if not buckets:
        reports.commit_shown(year, generation)
    log_work("counting anew", year=year, buckets=len(buckets))
    return len(buckets)


def bucket_name(batch_id: str, number: int) -> str:
    """A bucket among those that are still to be counted."""
    return f"{batch_id}.{number:02}"


def count_bucket(body: dict[str, Any]) -> None:
    """Count the enterprises of a part of a bucket, and send the message for the next part; the last bucket that is
    through shows the new rows. Nothing is done for a year that was begun once more since."""
    year, generation = int(body["year"]), int(body["generation"])
    if reports.find_state(year).building != generation:
        return
    batch_id, number = body["batch_id"], int(body["bucket"])
    part = vouchers.read_part_of_bucket(batch_id, number, VOUCHERS_PER_MESSAGE, body.get("after"), False)
    count_all(year, {each.enterprise_uscc for each in part.vouchers})
    if part.last is not None:
        queues.send("keep_reports", [body | {"after": part.last}])
    elif reports.commit_bucket_counted(year, generation, bucket_name(batch_id, number)):
        reports.commit_shown(year, generation)
        log_work("counted anew", year=year)
