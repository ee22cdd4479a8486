"""The server's clock, in one place, so that tests can stand still and nothing else reads the time."""

from datetime import UTC, date, datetime

from voucher.rules.working_days import shanghai_date


def now() -> datetime:
    """The present instant, UTC, to the millisecond (the resolution everything is stored in)."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def today() -> date:
    """The day it is in Lishui (Asia/Shanghai)."""
    return shanghai_date(now())
