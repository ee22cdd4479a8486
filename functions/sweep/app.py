"""Schedule, every night: finds the batches whose vouchers have ended or will end soon, and the years that are over, and
sends them to the workers (§4.2.2, §1.4b); announces the end of public notices, which a person then closes (§3.5.3);
reminds agencies whose approval ends soon (§3.2.3), and whoever must act of the last day; sets two workers to work: one
ends orders whose term is over (§4.2.1), one erases personal data that has had its time. Sends again what a lost message
left undone: lists on their way into force (§2.1.1), vouchers of disqualified enterprises (§4.1.3).

It comes again each hour until five, because a disturbance may last. Once a night is enough for whoever erases, since it
looks at every record.

The instant is that of the event, so a night that was missed can be run by hand: invoke with {"time": …}. An instant in
the future is refused, because what a sweep ends does not come back. Only the local stack, which plays a year in
minutes, allows it: SWEEP_AHEAD=allowed. A late sweep does no harm: by the clock alone a voucher that has ended is
refused.
"""

import os
from datetime import datetime
from itertools import chain
from typing import Any

from voucher.edge import clock, metrics, queues
from voucher.edge.nights import (
    bucket_messages,
    is_repetition,
    orders_message,
    retention_messages,
    send_again,
    year_message,
)
from voucher.edge.observe import log_schedule, log_work
from voucher.models.base import Mark
from voucher.models.programmes import Programme
from voucher.rules import agencies, messages
from voucher.rules.batches import ends_soon
from voucher.rules.lifecycle import stepped
from voucher.rules.notices import due_day, ends_by_schedule
from voucher.rules.programmes import caps_nearly_used, low_key_share, policy_for, year_is_over
from voucher.rules.tasks import (
    days_to_remind_of,
    first_days_of_terms,
    joint_inspection_reminders,
    reminders_of,
    shown_task,
)
from voucher.rules.working_days import shanghai_date
from voucher.store import batches, inspections, notices, organisations, programmes, tasks

SWEEPER = "sweep"


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """One night. Raises ValueError for an instant that has not come."""
    log_schedule(context)
    instant = datetime.fromisoformat(event["time"])
    if instant > clock.now() and os.environ.get("SWEEP_AHEAD") != "allowed":
        raise ValueError("nothing is ended before its time")
    swept = sum(sweep_year(programme, instant) for programme in programmes.list_all() if programme.state == "open")
    ended = announce_ended_notices(instant)
    reminded = remind_agencies(instant)
    queues.send("end_orders", [orders_message(instant)])
    send_again(instant)
    if not is_repetition(event, instant):
        queues.send("retention", retention_messages(instant))
    remind_of_tasks(instant)
    measure_overdue(instant)
    log_work("swept", batches=swept, notices=ended, agencies=reminded)
    return {"batches": swept, "notices": ended, "agencies": reminded}


def sweep_year(programme: Programme, instant: datetime) -> int:
    """§4.2.2, §1.4b: send one open year's ended batches, those that end soon, and the year itself if it is over, to
    their workers; how many batches have ended."""
    is_over = year_is_over(programme.policy, programme.year, instant)
    released = [batch for batch in batches.list_of_year(programme.year) if batch.is_released]
    ended = [batch for batch in released if batch.ends_at <= instant]
    for batch in ended:
        queues.send("void_vouchers", bucket_messages("lapse", batch, instant, is_over))
    for batch in released:
        if ends_soon(batch, programme.policy, instant):
            queues.send("void_vouchers", bucket_messages("remind", batch, instant))
    if is_over:
        queues.send("close_year", [year_message(programme.year, instant)])
    warn_of_limits(programme, instant)
    return len(ended)


def warn_of_limits(programme: Programme, instant: datetime) -> None:
    """§2.2: warn staff of a key share below the floor, once a month, and of caps that are nearly used, once each: an
    inbox keeps one message, however many nights send it."""
    totals = programmes.read_category_totals(programme)
    warnings = [
        warning
        for category, percent in caps_nearly_used(totals)
        for warning in messages.cap_nearly_used(programme.year, category, percent, totals[category].limit_fen)
    ]
    share = low_key_share({category: total.used_fen for category, total in totals.items()}, programme.policy)
    if share is not None:
        month = shanghai_date(instant).isoformat()[:7]
        warnings += messages.key_share_low(programme.year, month, share, programme.policy.key_floor_percent)
    queues.send("notify", [each.body for each in warnings])


def announce_ended_notices(instant: datetime) -> int:
    """§3.5.3: announce of each notice whose last day is known and over that it may be closed; how many were
    announced."""
    announced = []
    for old in notices.list_running():
        if ends_by_schedule(old, instant):
            last_day = due_day(old).date
            mark = Mark(by=SWEEPER, at=instant)
            new = stepped(old, "announce_end", mark, ended_at=instant, ends_on=last_day, ends_certain=True)
            announced.append(notices.commit_announced_end(old, new))
    return announced.count(True)


def remind_agencies(instant: datetime) -> int:
    """§3.2.3: remind each agency whose approval ends soon; the inbox keeps one message, however many nights send it."""
    today = shanghai_date(instant)
    policy = policy_for(programmes.find(today.year), today)
    due = [
        messages.ending_soon(agency.uscc, agency.valid_until.isoformat()).body
        for agency in organisations.list_agencies_in("active")
        if agency.valid_until and agencies.needs_reminder(agency, policy, today)
    ]
    queues.send("notify", due)
    return len(due)


def remind_of_tasks(instant: datetime) -> None:
    """Remind whoever must act of a last day that is near, and tell that it is over, of the joint inspection (§5.1.3),
    too; the inbox keeps one message of each, however many nights send it."""
    today = shanghai_date(instant)
    policy = policy_for(programmes.find(today.year), today)
    first, last = days_to_remind_of(policy, today)
    found = chain(tasks.list_due(first, last), tasks.list_since(*first_days_of_terms(policy, first, last)))
    signed = inspections.list_years_signed("joint")
    joint = joint_inspection_reminders(programmes.list_all(), signed, today)
    queues.send("notify", [each.body for each in (*reminders_of(found, policy, today), *joint)])


def measure_overdue(instant: datetime) -> None:
    """How much of each staff role's work is over its last day, for the dashboard; of long lists the oldest part."""
    today = shanghai_date(instant)
    policy = policy_for(programmes.find(today.year), today)
    for role in ("platform", "bureau", "finance"):
        shown = [shown_task(item, policy, today) for item in tasks.read_work(role).items]
        metrics.count("WorkOverdue", sum(task is not None and task.overdue for task in shown), role=role)
