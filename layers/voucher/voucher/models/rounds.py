"""Rounds: passed lines gathered for the bureau (§3.5.2)."""

from typing import ClassVar, Literal

from voucher.models.base import Hands, Stateful
from voucher.models.payables import PublicPayable
from voucher.models.payouts import Payout, PayoutFile
from voucher.models.settlements import PublicLine

RoundState = Literal["gathered", "approved", "rejected", "noticed", "closed"]


class Round(Stateful):
    """Passed lines gathered for the bureau (§3.5.2), with the people who submitted and pre-reviewed them;
    `hands` are all who acted for the parties of its lines.

    `gathered_lines` and `gathered_fen` say how many lines were gathered and what was asked for them together; lines
    that left the round since are still counted.
    """

    thing: ClassVar[str] = "round"
    state: RoundState

    private: ClassVar[frozenset[str]] = Stateful.private | {"hands"}

    round_id: str
    year: int
    settlement_ids: tuple[str, ...]
    gathered_lines: int | None = None
    gathered_fen: int | None = None
    submitters: frozenset[str] = frozenset()
    pre_reviewers: frozenset[str]
    approved_by: str | None = None
    notice_id: str | None = None
    hands: Hands = {}


class PublicRound(Round, view=True):
    """A round as staff sees it: with its lines, what is owed and paid, and the files for the bank."""

    lines: list[PublicLine]
    payables: list[PublicPayable]
    payouts: list[Payout]
    payout_files: list[PayoutFile]
