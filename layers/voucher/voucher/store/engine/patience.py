"""How the clients of AWS are made, and how long they wait. They are botocore's, because boto3 has nothing more that we
use, and a cold start would pay for it. A call that gets no answer must end within its function's time: then a new
connection is tried, and the caller hears a fault of ours, instead of a Lambda that is killed while it waits."""

import os
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session

CONNECT_SECONDS = 1
READ_SECONDS = 3
# the emulator of one machine answers a rush of cold starts slowly; the function's own time ends it there
LOCAL_READ_SECONDS = 15
TRIES = 3
# botocore waits between two tries, up to so long in all: it doubles a second (standard mode)
BETWEEN_SECONDS = 3
# the longest that one call may take
MOST_SECONDS = TRIES * (CONNECT_SECONDS + READ_SECONDS) + BETWEEN_SECONDS


@cache
def session() -> Session:
    """What all clients of this process have in common: region, credentials, endpoints."""
    return Session()


def make_client(service: str, **settings: Any) -> Any:
    """A client of a service of AWS. The caller keeps it, because making one takes a fifth of a cold start."""
    return session().create_client(service, config=config(**settings))


def config(**more: Any) -> Config:
    """What each client of ours is made with."""
    is_local = bool(os.environ.get("AWS_ENDPOINT_URL"))
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=LOCAL_READ_SECONDS if is_local else READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        **more,
    )
