"""One key, one thing. A module of its own, because only what makes things by a key imports it."""

from voucher.edge.api import Api
from voucher.store import requests
from voucher.store.engine.table import Write


def key_write(app: Api, by: str | None = None) -> Write:
    """What goes into the transaction that makes a thing by the request's Idempotency-Key: the caller uses it for no
    other request, of whatever path. Raises IDEMPOTENCY_KEY_REQUIRED."""
    return requests.key_write(by or app.caller.sub, app.needed_key, app.request_sha256)
