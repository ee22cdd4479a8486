"""How long the clients of AWS wait. A call that gets no answer must end within its function's time: then a new
connection is tried, and the caller hears a fault of ours, instead of a Lambda that is killed while it waits."""

from typing import Any

from botocore.config import Config

CONNECT_SECONDS = 1
READ_SECONDS = 3
TRIES = 3
# botocore waits between two tries, up to so long in all: it doubles a second (standard mode)
BETWEEN_SECONDS = 3
# the longest that one call may take
MOST_SECONDS = TRIES * (CONNECT_SECONDS + READ_SECONDS) + BETWEEN_SECONDS


def config(**more: Any) -> Config:
    """What each client of ours is made with."""
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        **more,
    )
