"""Reports as they are shown (§5.1)."""

from typing import TypedDict

from voucher.models.base import Instant


class ReportedInvariant(TypedDict):
    """One thing that must hold; `detail` says where it does not."""

    name: str
    holds: bool
    detail: str


class ReconciliationReport(TypedDict):
    """A year rebuilt from its postings up to `cut_off`: the balance of each family of accounts, in fen, and all that
    must hold. `frozen` names the pools that nothing may be drawn from until they are repaired."""

    year: int
    cut_off: Instant
    residual_fen: int
    accounts: dict[str, int]
    invariants: list[ReportedInvariant]
    frozen: list[str]
    postings: int
    balanced: bool
