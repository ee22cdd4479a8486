"""The server's clock. All code reads the time here, so that a test can set it."""

from datetime import UTC, date, datetime

from voucher.rules.working_days import shanghai_date


def now() -> datetime:
    """The present instant in UTC, to the millisecond, because instants are stored so."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def today() -> date:
    """The day it is in Lishui (Asia/Shanghai)."""
    return shanghai_date(now())
