"""The way out to the webhook's receiver: one POST, and the keys that sign it."""

import json
import os
import ssl
import time
from functools import cache, lru_cache
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from voucher.store.engine import patience

# to connect, and again until it answers; a batch of five has to fit the function's own time-out
TIMEOUT_SECONDS = 4
# so long a warm process signs with the keys that it has read
KEYS_SECONDS = 300


class NotTaken(Exception):
    """The receiver answered something else than 2xx: the message comes again."""


def post(url: str, headers: dict[str, str], body: bytes) -> int:
    """The status of a receiver's answer, of which nothing else is read; a redirect is an answer like any other. Raises
    OSError if there is none in time, ValueError for an address where a message could be read on its way."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = HTTPSConnection(host, parts.port, timeout=TIMEOUT_SECONDS, context=context)
    elif (parts.scheme, host) == ("http", "127.0.0.1"):  # this machine's own, for a stack that runs on it
        connection = HTTPConnection(host, parts.port, timeout=TIMEOUT_SECONDS)
    else:
        raise ValueError("the webhook's address is not https")
    try:
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


@cache
def client() -> Any:
    """The Secrets Manager client of this process."""
    return patience.make_client("secretsmanager")


def keys() -> tuple[str, ...]:
    """The keys that sign now: the current one, and the previous one while the secret still has it."""
    return _keys_of(int(time.time()) // KEYS_SECONDS)


@lru_cache(maxsize=1)
def _keys_of(_part_of_time: int) -> tuple[str, ...]:
    kept = json.loads(client().get_secret_value(SecretId=os.environ["WEBHOOK_KEYS"])["SecretString"])
    return tuple(kept[name] for name in ("current", "previous") if kept.get(name))
