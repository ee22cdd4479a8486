"""Rounds: passed lines gathered for the bureau (§3.5.2)."""

from typing import ClassVar, Literal

from voucher.models.base import Stateful
from voucher.models.payables import PublicPayable
from voucher.models.payouts import Payout, PayoutFile
from voucher.models.settlements import PublicLine

RoundState = Literal["gathered", "approved", "rejected", "noticed", "closed"]


class Round(Stateful):
    """Passed lines gathered for the bureau (§3.5.2), with the people who submitted and pre-reviewed them.

    `gathered_lines` and `gathered_fen` say how many lines were gathered and what was asked for them together; lines
    that left the round since are still counted.
    """

    thing: ClassVar[str] = "round"
    state: RoundState

    round_id: str
    year: int
    settlement_ids: tuple[str, ...]
    gathered_lines: int | None = None
    gathered_fen: int | None = None
    submitters: frozenset[str] = frozenset()
    pre_reviewers: frozenset[str]
    approved_by: str | None = None
    notice_id: str | None = None

    @property
    def earlier_hands(self) -> frozenset[str]:
        """Who submitted, pre-reviewed or gathered its lines. The bureau's decision (§3.5.2), the closing of the notice
        (§3.5.3) and the record of a payment (§3.5.4) are by other people."""
        return self.submitters | self.pre_reviewers | {self.created_by}

    @property
    def reviewers(self) -> frozenset[str | None]:
        """Who submitted, pre-reviewed or approved its lines. Its payouts are made by other people (§3.5.4)."""
        return self.submitters | self.pre_reviewers | {self.approved_by}


class PublicRound(Round, defer_build=True):
    """A round as staff sees it: with its lines, what is owed and paid, and the files for the bank."""

    lines: list[PublicLine]
    payables: list[PublicPayable]
    payouts: list[Payout]
    payout_files: list[PayoutFile]
