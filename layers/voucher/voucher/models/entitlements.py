"""What an enterprise may claim in one year (§2.3.1)."""

from voucher.models.base import Record


class Entitlement(Record):
    """All a grab needs to know of one enterprise in one year, kept in step by whatever changes it."""

    year: int
    uscc: str
    version: int = 1
    qualified: bool
    refusals: tuple[str, ...] = ()
    members: frozenset[str]
    quota_fen: int
    left_fen: int
    granted_fen: int = 0
    batches: tuple[str, ...] = ()
    lapsed: bool = False
