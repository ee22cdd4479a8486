"""Days, months and deadlines in Shanghai time: working days and ends of terms (§3.2.3, §3.5.3, §4.1.3).

The holidays of a year are unknown until the State Council publishes them. A term that crosses an unknown day gets a
date all the same, but says that it is not certain: nothing irreversible may rest on such a date alone.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple

import chinese_calendar

from voucher.holidays import ARRANGEMENTS, FIXED_REST_DAYS, FIXED_REST_FROM_YEAR

# One offset and no summer time since 1991: so no time zone database is needed, which a Lambda function may lack.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
ONE_DAY = timedelta(days=1)
# the package raises an error outside these years
PACKAGE_YEARS = frozenset(day.year for day in chinese_calendar.holidays)


class DueDay(NamedTuple):
    """The last day of a term. `certain` is False if a day on the way has no known holiday arrangement."""

    date: date
    certain: bool


def is_working_day(day: date) -> bool | None:
    """True if `day` is a working day in China, make-up days included; None if that is not published yet."""
    for arrangement in ARRANGEMENTS.values():
        if day in arrangement.rest_days:
            return False
        if day in arrangement.make_up_days:
            return True
    if day.year in ARRANGEMENTS:
        return _is_weekday(day)
    if day.year in PACKAGE_YEARS:
        return bool(chinese_calendar.is_workday(day))
    if day.year >= FIXED_REST_FROM_YEAR and (day.month, day.day) in FIXED_REST_DAYS:
        return False
    return None


def add_working_days(day: date, count: int) -> DueDay:
    """§3.5.3: the `count`-th working day after `day`; `day` itself is not counted, and a count of 0 is `day`."""
    if count < 0:
        raise ValueError("a term cannot have fewer than 0 working days")
    certain = True
    while count:
        day += ONE_DAY
        worked, known = _assume(day)
        certain = certain and known
        if worked:
            count -= 1
    return DueDay(day, certain)


def count_working_days(first: date, last: date) -> int:
    """§3.5.3: the working days from one day to another, both included; 0 if the last one is before the first."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return sum(_assume(day)[0] for day in days)


def material_change_due(happened_on: date, days: int) -> DueDay:
    """§3.2.3, §4.1.3: the last day to report a material change: `days` calendar days, the first one not counted. If the
    last one is a day of rest, the term ends on the next working day."""
    due = happened_on + timedelta(days=days)
    worked, certain = _assume(due)
    while not worked:
        due += ONE_DAY
        worked, known = _assume(due)
        certain = certain and known
    return DueDay(due, certain)


def calendar_due(day: date, days: int) -> date:
    """The last day of a term of calendar days, counted as for a change; for terms after which a person decides."""
    return material_change_due(day, days).date


def add_months(day: date, months: int) -> date:
    """§2.1.2: the same day `months` later (or earlier), or the month's last day if that month is shorter."""
    year, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    days_in_month = monthrange(year, month_index + 1)[1]
    return date(year, month_index + 1, min(day.day, days_in_month))


def end_of_day(day: date) -> datetime:
    """§4.2.2: the UTC instant at 24:00 of `day` in Shanghai, exclusive: before it, it is still that day."""
    return datetime.combine(day + ONE_DAY, time(), SHANGHAI).astimezone(UTC)


def shanghai_date(instant: datetime) -> date:
    """The day it is in Shanghai at `instant`. Raises ValueError for a datetime without a zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(SHANGHAI).date()


def shanghai_time(instant: datetime) -> str:
    """An instant for a person to read, to the minute in Shanghai."""
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _assume(day: date) -> tuple[bool, bool]:
    """(counts as a working day, is known): an unknown day counts by its weekday."""
    worked = is_working_day(day)
    return (_is_weekday(day), False) if worked is None else (worked, True)


def _is_weekday(day: date) -> bool:
    return day.weekday() < 5
