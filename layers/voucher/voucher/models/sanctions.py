"""Sanctions: an organisation is put out of the programme by two hands, heard before (§3.4.1, §4.1.3)."""

from datetime import date
from typing import Literal

from voucher.models.base import Instant, Record

SanctionDecision = Literal["approve", "reject"]


class Sanction(Record):
    """The latest sanction against an organisation, kept on it. `former` is the state that a restoration leads back to.

    Until `answer_by` the organisation may count on being heard; `decide_by` is the bureau's last day. As long as there
    is no `decision`, an enterprise goes on as before; of an agency nobody orders.
    """

    reason: str
    former: str
    proposed_by: str
    proposed_at: Instant
    answer_by: date
    decide_by: date
    statement: str | None = None
    stated_by: str | None = None
    stated_at: Instant | None = None
    decision: SanctionDecision | None = None
    decision_reason: str | None = None
    decided_by: str | None = None
    decided_at: Instant | None = None
    restore_reason: str | None = None
    restored_by: str | None = None
    restored_at: Instant | None = None
