"""The accounts of the programme and the postings between them."""

from voucher.models.base import Instant, Record
from voucher.models.vouchers import Voucher


class Posting(Record):
    """One movement of money between exactly two accounts. Never edited; a correction is another posting."""

    posting_id: str
    year: int
    entry: str
    from_account: str
    to_account: str
    amount_fen: int
    at: Instant
    by: str
    about: str | None = None
    reason: str | None = None


def grant_posting(voucher: Voucher) -> Posting:
    """A voucher's creation, as the posting it is."""
    return Posting(
        posting_id=f"{voucher.voucher_id}.0",
        year=voucher.year,
        entry="grant",
        from_account=f"batch:{voucher.batch_id}",
        to_account=f"voucher:{voucher.voucher_id}",
        amount_fen=voucher.face_fen,
        at=voucher.granted_at,
        by=voucher.granted_by,
    )
