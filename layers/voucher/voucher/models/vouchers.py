"""Vouchers (§2.3, §4.1.4)."""

from datetime import date
from typing import Literal

from voucher.models.base import Instant, Record
from voucher.policy import Category


def voucher_id_of(batch_id: str, uscc: str) -> str:
    """§4.1.4: the id of the one voucher that an enterprise can have of a batch."""
    return f"{batch_id}.{uscc}"


class Voucher(Record):
    """A voucher; its creation is its own grant posting, and `seq` counts the postings after that. It can be used while
    `now < ends_at` (§4.2.2). Kept states: active, expired, void."""

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


VoucherState = Literal["active", "used_up", "expired", "void"]


class PublicVoucher(Voucher, view=True):
    """A voucher as a client sees it: that it is used up or expired shows at once."""

    state: VoucherState


class VoucherAsGranted(PublicVoucher, view=True):
    """A voucher with what its enterprise was when it was granted, as later reports count it (§5.1): `list.…`,
    `district.…`, `size.…`, `industry.…`; null where nobody noted it."""

    granted_as: list[str] | None
