"""Schedule: every night, finds the batches whose vouchers have ended, or will soon, and hands them to the void queue
(§4.2.2, §1.4b), announces the end of public notices, which a human then closes (§3.5.3), and reminds agencies whose
approval ends soon (§3.2.3).

The instant is the event's, so a night that was missed can be run by hand: invoke with {"time": …}. One that has not
come is refused, because nothing that it ends comes back; only the local stack, which plays a year in minutes, says
SWEEP_AHEAD=allowed. Nothing depends on the sweep in time: the clock already refuses a voucher that has ended.
"""

import os
from datetime import datetime
from typing import Any

from voucher.edge import clock, queues
from voucher.edge.observe import log_work
from voucher.models.base import instant_text
from voucher.models.batches import Batch
from voucher.rules import agencies, lifecycle, messages
from voucher.rules.batches import ends_soon
from voucher.rules.notices import due_day, ends_by_schedule
from voucher.rules.programmes import policy_for, year_is_over
from voucher.rules.working_days import shanghai_date
from voucher.store import batches, keys, notices, organisations, programmes


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """One night. Raises ValueError for one that has not come."""
    instant = datetime.fromisoformat(event["time"])
    if instant > clock.now() and os.environ.get("SWEEP_AHEAD") != "allowed":
        raise ValueError("nothing is ended before its time")
    swept = 0
    for programme in programmes.list_all():
        over = programme.state == "open" and year_is_over(programme.policy, programme.year, instant)
        for batch in batches.list_of_year(programme.year):
            if batch.state == "draft" or programme.state != "open":
                continue
            if batch.ends_at <= instant:
                queues.send("void_vouchers", bucket_messages("lapse", batch, instant, over))
                swept += 1
            elif ends_soon(batch, programme.policy, instant):
                queues.send("void_vouchers", bucket_messages("remind", batch, instant))
        if over:
            queues.send("void_vouchers", [year_message(programme.year, instant)])
    ended = announce_ended_notices(instant)
    reminded = remind_agencies(instant)
    log_work("swept", batches=swept, notices=ended, agencies=reminded)
    return {"batches": swept, "notices": ended, "agencies": reminded}


def announce_ended_notices(instant: datetime) -> int:
    """§3.5.3: say of every notice whose last day is over, and known, that it may be closed; how many there were."""
    ended = 0
    for notice in notices.list_running():
        if ends_by_schedule(notice, instant):
            state = lifecycle.next_state("notice", notice.state, "announce_end")
            known = {"ends_on": due_day(notice).date, "ends_certain": True}
            ended += notices.commit_announced_end(notice, notice.next_version(state=state, ended_at=instant, **known))
    return ended


def remind_agencies(instant: datetime) -> int:
    """§3.2.3: tell every agency whose approval ends soon; the inbox keeps one message, however many nights send it."""
    today = shanghai_date(instant)
    policy = policy_for(programmes.find(today.year), today)
    due = [
        messages.ending_soon(agency.uscc, agency.valid_until.isoformat()).body
        for agency in organisations.list_agencies_in("active")
        if agency.valid_until and agencies.needs_reminder(agency, policy, today)
    ]
    queues.send("notify", due)
    return len(due)


def bucket_messages(task: str, batch: Batch, instant: datetime, year_over: bool = False) -> list[dict[str, Any]]:
    """One bounded piece of work for each bucket of a batch."""
    return [
        {
            "message_id": f"{task}.{batch.batch_id}.{number}.{instant_text(instant)}",
            "task": task,
            "batch_id": batch.batch_id,
            "bucket": number,
            "instant": instant_text(instant),
            "year_over": year_over,
        }
        for number in range(keys.BUCKETS)
    ]


def year_message(year: int, instant: datetime) -> dict[str, Any]:
    """§1.4b: the year is over; closed by the first night that finds nothing left to lapse."""
    name, text = f"close_year.{year}.{instant_text(instant)}", instant_text(instant)
    return {"message_id": name, "task": "close_year", "year": year, "instant": text}
