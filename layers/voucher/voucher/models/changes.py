"""Reports of material changes (§3.2.3, §4.1.3)."""

from datetime import date
from typing import ClassVar, Literal

from voucher.models.base import Instant, Stateful

# `disqualified` is what a report of before 2026-11-29 became: since then it takes two hands
ChangeState = Literal["reported", "kept", "returned", "disqualified", "disqualification_proposed", "removal_proposed"]


class Change(Stateful):
    """A material change that an enterprise (§4.1.3) or an agency (§3.2.3) reports of itself.

    `due_on` is the last day to report it; a later report is `overdue`.
    """

    thing: ClassVar[str] = "change"
    state: ChangeState

    change_id: str
    kind: str
    uscc: str
    happened_on: date
    reported_on: date
    description: str
    due_on: date
    overdue: bool
    reason: str | None = None
    reviewed_by: str | None = None
    erased_at: Instant | None = None
