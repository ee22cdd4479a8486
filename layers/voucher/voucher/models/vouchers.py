"""Vouchers (§2.3, §4.1.4)."""

from datetime import date

from voucher.models.base import Instant, Record
from voucher.policy import Category


class Voucher(Record):
    """A voucher; its creation is its own grant posting. `seq` counts the postings after it.
    Usable while `now < ends_at` (§4.2.2). Kept states: active, expired, void."""

    voucher_id: str
    batch_id: str
    year: int
    enterprise_uscc: str
    face_fen: int
    balance_fen: int
    granted_at: Instant
    granted_by: str
    ends_at: Instant
    valid_until: date
    categories: tuple[Category, ...] = ()
    state: str = "active"
    seq: int = 0
