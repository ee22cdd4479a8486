"""Rounds: passed lines gathered for the bureau (§3.5.2)."""

from typing import ClassVar, Literal

from voucher.models.base import Stateful


class Round(Stateful):
    """Passed lines gathered for the bureau (§3.5.2), and whose hands they went through: nobody of `submitters` and
    `pre_reviewers` may decide, close or pay."""

    thing: ClassVar[str] = "round"
    state: Literal["gathered", "approved", "rejected", "noticed", "closed"]

    round_id: str
    year: int
    settlement_ids: tuple[str, ...]
    submitters: frozenset[str] = frozenset()
    pre_reviewers: frozenset[str]
    approved_by: str | None = None
    notice_id: str | None = None
