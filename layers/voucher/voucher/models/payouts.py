"""Payouts and the files that hand them to the bank (§3.5.4)."""

from datetime import date
from typing import ClassVar, Literal, TypedDict

from voucher.models.base import Instant, Record, Stateful

PayoutState = Literal["made", "paid", "failed", "withdrawn", "returned"]


class Payout(Stateful):
    """One payment that a bank is told to make to an agency (§3.5.4). It stands in exactly one payout file.

    `held_order_ids` are those of its orders that a violation on record, a finding, or the bureau's word on another
    subsidy held, up to the bank's answer (§5.2b): as long as there is one, it comes into no file; once it stands in
    one, the bank's answer counts all the same.
    """

    thing: ClassVar[str] = "payout"
    state: PayoutState

    payout_id: str
    round_id: str
    year: int
    agency_uscc: str
    amount_fen: int
    file_number: str | None = None
    held_order_ids: tuple[str, ...] = ()
    bank_reference: str | None = None
    paid_on: date | None = None
    paid_by: str | None = None
    returned_on: date | None = None
    return_reference: str | None = None
    return_reason: str | None = None
    withdrawal_reason: str | None = None

    @property
    def is_held_and_unsent(self) -> bool:
        """§5.2b: one of its orders is held, and no file has told a bank of it."""
        return bool(self.held_order_ids) and self.file_number is None


class PayoutFile(Record):
    """A list of payouts for the bank (§3.5.4). It is made once, and its bytes never change. They go at
    `erased_at`; what they were, `sha256` still proves."""

    number: str
    round_id: str
    payout_ids: tuple[str, ...]
    total_fen: int
    object_key: str
    sha256: str
    rows_sha256: str
    made_at: Instant
    made_by: str
    erased_at: Instant | None = None


class NewPayouts(TypedDict):
    """The payouts that one call made."""

    items: list[Payout]
