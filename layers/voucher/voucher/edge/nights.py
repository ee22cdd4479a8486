"""What a night sends to the workers of the queues (§1.4b, §4.2.1, §4.2.2). Each message names the instant of its night,
so that the same night, run again, makes the same ones."""

from datetime import datetime
from typing import Any

from voucher.edge import queues
from voucher.models.base import instant_text
from voucher.models.batches import Batch
from voucher.models.lists import ListImport
from voucher.rules.lists import is_overdue
from voucher.rules.messages import void_message
from voucher.rules.retention import TASKS
from voucher.rules.working_days import SHANGHAI, shanghai_date
from voucher.store import keys, lists, organisations

# of the schedule's hours (template.yaml), those in which a night comes again
REPEATED_HOURS = range(1, 6)


def is_repetition(event: dict[str, Any], instant: datetime) -> bool:
    """True if the schedule comes again in the same night. By hand, a night is always swept as a whole."""
    return event.get("source") == "aws.scheduler" and instant.astimezone(SHANGHAI).hour in REPEATED_HOURS


def bucket_messages(task: str, batch: Batch, instant: datetime, is_over: bool = False) -> list[dict[str, Any]]:
    """One message for each bucket of a batch."""
    return [
        {
            "message_id": f"{task}.{batch.batch_id}.{number}.{instant_text(instant)}",
            "task": task,
            "batch_id": batch.batch_id,
            "bucket": number,
            "instant": instant_text(instant),
            "year_over": is_over,
        }
        for number in range(keys.BUCKETS)
    ]


def year_message(year: int, instant: datetime) -> dict[str, Any]:
    """§1.4b: the year is over; the first night after which nothing is left to lapse closes it."""
    text = instant_text(instant)
    return {"message_id": f"close_year.{year}.{text}", "year": year, "instant": text}


def list_message(record: ListImport, instant: datetime) -> dict[str, Any]:
    """§2.1.1: a version is to be brought into force, from its beginning on; what is in step already stays as it is."""
    message_id = f"apply.{record.import_id}.{instant_text(instant)}"
    named = {"kind": record.kind, "year": record.year, "import_id": record.import_id}
    return {"message_id": message_id, "task": "apply", **named}


def send_again(instant: datetime) -> None:
    """§2.1.1, §4.1.3: what the records say is due, and no message may be on its way for, whatever lost it: lists on
    their way into force, vouchers of disqualified enterprises."""
    applying = lists.list_all(shanghai_date(instant).year + 1, "applying")
    queues.send("import_list", [list_message(each, instant) for each in applying if is_overdue(each, instant)])
    queues.send("void_vouchers", [void_message(each).body for each in organisations.list_disqualified()])


def orders_message(instant: datetime) -> dict[str, Any]:
    """§4.2.1: the orders whose term is over are to be found and ended."""
    text = instant_text(instant)
    return {"message_id": f"find_orders.{text}", "task": "find_orders", "instant": text}


def retention_messages(instant: datetime) -> list[dict[str, Any]]:
    """One message for each list of what may have had its time; for messages, which stand on shelves, one for each."""
    text = instant_text(instant)
    shelves = [{"task": "message", "shelf": number} for number in range(keys.BUCKETS)]
    tasks: list[dict[str, Any]] = [{"task": task} for task in TASKS if task != "message"]
    return [
        {"message_id": f"retention.{each['task']}.{each.get('shelf', '')}.{text}", "instant": text, **each}
        for each in (*tasks, *shelves)
    ]
