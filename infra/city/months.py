"""Calendar months as §2.1.2 and §3.1.1 count them, for organisations that are just old enough."""

import calendar
from datetime import date, timedelta


def add_months(day: date, months: int) -> date:
    """The same day `months` later; if that month is too short, its last day (29 Feb → 28 Feb)."""
    year, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    last_day = calendar.monthrange(year, month_index + 1)[1]
    return date(year, month_index + 1, min(day.day, last_day))


def youngest_of_age(months: int, today: date) -> date:
    """The latest founding date that is already `months` old on `today`."""
    founded = add_months(today, -months)
    # if the day was cut to the month's last, a later day may be old enough, too
    while add_months(founded + timedelta(days=1), months) <= today:
        founded += timedelta(days=1)
    return founded
