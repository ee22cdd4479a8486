"""When a public notice begins and is over, until when it takes objections, and which lines they hold (§3.5.3)."""

from collections.abc import Container, Mapping
from datetime import date, datetime
from typing import Any

from voucher.models.notices import WHOLE_NOTICE, Notice, NoticeLine, PublicNotice
from voucher.refusals import Refusal, Refused
from voucher.rules.lifecycle import allows
from voucher.rules.working_days import (
    ONE_DAY,
    DueDay,
    add_working_days,
    count_working_days,
    end_of_day,
    shanghai_date,
)


def new_notice(
    round_id: str,
    notice_id: str,
    text: str,
    lines: tuple[NoticeLine, ...],
    working_days: int,
    creation: Mapping[str, Any],
) -> Notice:
    """§3.5.3: the notice of a round for so many working days after the day of its `creation`; none: for that day."""
    published_on = shanghai_date(creation["created_at"])
    due = add_working_days(published_on, working_days) if working_days else DueDay(published_on, True)
    return Notice(
        notice_id=notice_id,
        round_id=round_id,
        text=text,
        published_on=published_on,
        ends_on=due.date,
        ends_certain=due.certain,
        working_days=working_days,
        lines=lines,
        state="running",
        **creation,
    )


def due_day(notice: Notice) -> DueDay:
    """§3.5.3: the last day of a notice. If it was counted over days whose holidays were not yet known, it is counted
    again by what is known now; it never ends earlier than was published."""
    if notice.ends_certain:
        return DueDay(notice.ends_on, True)
    due = add_working_days(notice.published_on, notice.working_days)
    return DueDay(max(due.date, notice.ends_on), due.certain)


def public_notice(notice: Notice, today: date) -> PublicNotice:
    """§3.5.3: a notice as the public reads it today, with its last day as it is known now."""
    due = due_day(notice)
    first = max(today, notice.published_on + ONE_DAY)
    left = count_working_days(first, due.date) if notice.state == "running" else 0
    return notice.shown(due.date, due.certain, left)


def is_over(notice: Notice, now: datetime) -> bool:
    """§3.5.3: a notice is over when its last day is over. A notice of 0 working days is over at once."""
    ends_on = due_day(notice).date
    return ends_on == notice.published_on or now >= end_of_day(ends_on)


def ends_by_schedule(notice: Notice, now: datetime) -> bool:
    """§3.5.3: True if the schedule may announce the end: every day of the notice is known, and it is over. Only a
    person closes a notice."""
    return notice.ended_at is None and due_day(notice).certain and is_over(notice, now)


def check_notice_over(notice: Notice, now: datetime) -> None:
    """§3.5.3: a notice is closed only after its last day. Raises NOTICE_RUNNING with that day."""
    if not is_over(notice, now):
        raise Refused(Refusal.NOTICE_RUNNING, ends_on=due_day(notice).date)


def check_takes_objections(notice: Notice, now: datetime) -> None:
    """§3.5.3: anybody objects until the last day of a notice is over, and as long as its closing has not begun; a
    notice of 0 working days takes objections on its one day.

    No longer, because whoever decides on objections must have all of them in hand at some time. If they still came
    after the last day, a stranger could answer each decision with one more, and a line would never be paid. Raises
    NOTICE_ENDED with that day.
    """
    ends_on = due_day(notice).date
    if now >= end_of_day(ends_on) or not allows("notice", notice.state, "object"):
        raise Refused(Refusal.NOTICE_ENDED, of=notice, ends_on=ends_on)


def is_held(order_id: str, agency_uscc: str, held: Container[str]) -> bool:
    """§3.5.3: True if the line of an order is held. `held` are the targets of objections that are not rejected: an
    objection holds the line of its order; one that names only an agency holds all lines of the agency; one that names
    neither holds the whole notice."""
    return order_id in held or agency_uscc in held or WHOLE_NOTICE in held
