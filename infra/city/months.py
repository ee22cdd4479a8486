"""Calendar months as §2.1.2 and §3.1.1 count them: the city needs firms that are only just old enough."""

import calendar
from datetime import date, timedelta


def add_months(day: date, months: int) -> date:
    """The same day `months` later; a day the month does not have becomes its last one (29 Feb → 28 Feb)."""
    year, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    last_day = calendar.monthrange(year, month_index + 1)[1]
    return date(year, month_index + 1, min(day.day, last_day))


def youngest_of_age(months: int, today: date) -> date:
    """The latest founding date that is already `months` old on `today`."""
    founded = add_months(today, -months)
    # After a clamp (28 Feb of a common year) a later founding day may also be old enough.
    while add_months(founded + timedelta(days=1), months) <= today:
        founded += timedelta(days=1)
    return founded
