"""Worker: erases personal data that has had its time, and deletes its papers and files in all versions.

The nightly sweep sends one message for each list. A message looks through a page, sends one message for each record
that may be due, and the next page. Each record is read again, decided on anew and written on condition that nobody
changed it; what changed meanwhile is left to another night. So a message may come twice, late, or stop half-way.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from voucher.edge import clock, queues, workers
from voucher.edge.observe import log_work
from voucher.edge.retention import FORGETTING, forget_messages
from voucher.models.base import Mark, instant_text
from voucher.policy import RETENTION
from voucher.rules.objections import ONE_HOUR, hour_of
from voucher.rules.retention import is_cleaned, latest_letter
from voucher.store import (
    activities,
    checks,
    claims,
    complaints,
    crowds,
    inspections,
    keys,
    letters,
    lists,
    notices,
    orders,
    organisations,
    payables,
    removals,
    rounds,
    settlements,
    violations,
)
from voucher.store.engine.pages import Page, Selection
from voucher.store.engine.table import Item

KEEPER = "retention"
RECORDS_PER_MESSAGE = 200

# task → a page of its list, the names of a record's id, and the least days that the record is untouched before it can
# be due; None: it is looked at every night, because its papers have times of their own
LISTS: dict[str, tuple[Callable[[Selection], Page], tuple[str, ...], int | None]] = {
    "enterprise": (lambda wanted: organisations.list_page("enterprise", wanted, None), ("uscc", "draft_id"), None),
    "agency": (lambda wanted: organisations.list_page("agency", wanted, None), ("uscc", "draft_id"), None),
    "claim": (lambda wanted: claims.list_page(wanted, None), ("claim_id",), RETENTION.draft_days),
    "complaint": (lambda wanted: complaints.list_page(wanted, None), ("complaint_id",), RETENTION.complaint_days),
    "settlement": (lambda wanted: settlements.list_page(wanted, None, None), ("settlement_id",), None),
    "order": (lambda wanted: orders.list_page(wanted, None), ("order_id",), RETENTION.order_text_days),
    "notice": (notices.list_page, ("notice_id",), RETENTION.objection_days),
    "round": (rounds.list_page, ("round_id",), RETENTION.payout_file_days),
    "payable": (
        lambda wanted: payables.list_page(wanted, None),
        ("round_id", "agency_uscc"),
        RETENTION.account_days,
    ),
    "violation": (lambda wanted: violations.list_page(wanted, None), ("violation_id",), RETENTION.violation_days),
    "activity": (lambda wanted: activities.list_page(wanted, None), ("activity_id",), RETENTION.activity_days),
    "check": (lambda wanted: checks.list_page(wanted, None), ("check_id",), RETENTION.check_days),
    "inspection": (lambda wanted: inspections.list_page(wanted, None), ("inspection_id",), None),
    "lead": (lambda wanted: removals.list_leads(wanted, None), ("lead_id",), RETENTION.lead_days),
}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the retention queue."""
    return workers.handle_each(event, context, work)


def work(body: dict[str, Any]) -> None:
    """One message: a record, a shelf of messages, or a page of a list. The instant of the night counts, but at most
    the present one: what is erased stays erased."""
    now = min(datetime.fromisoformat(body["instant"]), clock.now())
    if "id" in body:
        FORGETTING[body["task"]](*body["id"], Mark(by=KEEPER, at=now))
    elif body["task"] == "message":
        forget_messages(body, now)
    elif body["task"] == "crowd":
        # what counted complaints of hours that matter no more
        for what in ("complaints", "mailbox"):
            crowds.commit_deleted(keys.crowd(what), hour_of(now - ONE_HOUR))
    elif body["task"] == "letter":
        if letters.commit_oldest_deleted(latest_letter(now)):
            queues.send("retention", [body])
    elif body["task"] == "list_import":
        send_lists(body)
    else:
        send_page(body, now)


def send_page(body: dict[str, Any], now: datetime) -> None:
    """Send a message for each record of a page that may be due, and one for the next page."""
    list_page, id_names, days = LISTS[body["task"]]
    until = instant_text(now - timedelta(days=days or 0))
    wanted = Selection(RECORDS_PER_MESSAGE, body.get("cursor"), oldest_first=True, until=f"{until}~")
    page = list_page(wanted)
    due = [item for item in page.items if may_be_due(item, days, until, now)]
    queues.send("retention", [body_of(body, *(item.get(name) for name in id_names)) for item in due])
    if page.next_cursor:
        queues.send("retention", [body | {"cursor": page.next_cursor, "instant": instant_text(now)}])
    log_work("looked through", task=body["task"], records=len(page.items), sent=len(due))


def may_be_due(item: Item, days: int | None, until: str, now: datetime) -> bool:
    """By its index alone: nobody touched the record for so long, or it was erased some nights ago and is looked at
    again."""
    erased_at = item.get("erased_at")
    if days is None or (erased_at and is_cleaned(datetime.fromisoformat(erased_at), now)):
        return True
    return str(item.get("updated_at") or item["created_at"]) <= until


def send_lists(body: dict[str, Any]) -> None:
    """Send a message for each version of each list of another office."""
    found = lists.list_all(clock.today().year + 1)
    queues.send("retention", [body_of(body, each.kind, each.year, each.import_id) for each in found])


def body_of(body: dict[str, Any], *record_id: str | int | None) -> dict[str, Any]:
    """The message for one record."""
    task, instant = body["task"], body["instant"]
    named = ".".join(map(str, record_id))
    return {"message_id": f"retention.{task}.{named}.{instant}", "task": task, "id": record_id, "instant": instant}
