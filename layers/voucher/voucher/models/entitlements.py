"""What an enterprise may claim in one year (§2.3.1)."""

from voucher.models.base import Record


class Entitlement(Record):
    """All that a grab needs to know of one enterprise in one year.

    Every write that changes a fact behind it writes it again in the same transaction. `refusals` are the names of what
    speaks against the enterprise; `left_fen` is what it may still claim of `quota_fen` in this year.
    """

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
