"""Which request a caller's Idempotency-Key was used for. Its one item is written with the thing that the request makes,
so both are there or none: it is a condition of that write and no second record of what happened."""

from voucher.refusals import Refusal
from voucher.store import conditions, keys
from voucher.store.engine.table import Write, put_write


def key_write(sub: str, idempotency_key: str, request_sha256: str) -> Write:
    """Bind a caller's key to a request for good. If another request had it, whatever that one made and where, the
    transaction is refused with IDEMPOTENCY_KEY_REUSED."""
    return put_write(
        "idempotency key",
        keys.request(sub, idempotency_key),
        {"request_sha256": request_sha256},
        conditions.KEY_IS_FREE_OR_OURS,
        refusal=Refusal.IDEMPOTENCY_KEY_REUSED,
        request_sha256=request_sha256,
    )
