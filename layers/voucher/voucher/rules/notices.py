"""When a public notice is over, and which lines an objection holds (§3.5.3)."""

from collections.abc import Iterable
from datetime import datetime

from voucher.models.notices import Notice, Objection
from voucher.refusals import Refusal, Refused
from voucher.rules.working_days import DueDay, add_working_days, end_of_day


def due_day(notice: Notice) -> DueDay:
    """§3.5.3: the last day of a notice. One set over days nobody knew yet is counted again by what is known now, and
    never ends earlier than was published."""
    if notice.ends_certain:
        return DueDay(notice.ends_on, True)
    due = add_working_days(notice.published_on, notice.working_days)
    return DueDay(max(due.date, notice.ends_on), due.certain)


def is_over(notice: Notice, now: datetime) -> bool:
    """§3.5.3: a notice of n working days is over when its last day is; one of none is over at once."""
    ends_on = due_day(notice).date
    return ends_on == notice.published_on or now >= end_of_day(ends_on)


def ends_by_schedule(notice: Notice, now: datetime) -> bool:
    """§3.5.3: the schedule may announce the end of a notice whose every day is known; a human closes it."""
    return notice.ended_at is None and due_day(notice).certain and is_over(notice, now)


def check_notice_over(notice: Notice, now: datetime) -> None:
    """§3.5.3: nobody closes a notice before its last day is over."""
    if not is_over(notice, now):
        raise Refused(Refusal.NOTICE_RUNNING, ends_on=due_day(notice).date)


def is_objected(order_id: str, agency_uscc: str, objections: Iterable[Objection]) -> bool:
    """§3.5.3: a standing or upheld objection holds its own line; one naming only an agency holds all of its lines."""
    return any(
        objection.state != "rejected"
        and objection.order_id in (None, order_id)
        and objection.agency_uscc in (None, agency_uscc)
        for objection in objections
    )
