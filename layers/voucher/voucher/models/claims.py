"""Claims on an organisation whose members are gone, or that a stranger holds (§3.2.1, §4.1.1)."""

from datetime import date
from typing import ClassVar, Literal

from voucher.models.base import Instant, Record, Remembering
from voucher.models.members import OrganisationKind

ClaimState = Literal["draft", "submitted", "forwarded", "withdrawn", "rejected", "approved"]
ClaimDecision = Literal["approve", "reject"]


class ClaimStatement(Record):
    """What a member of the organisation says to a claim."""

    text: str
    by: str
    at: Instant


class OrganisationClaim(Remembering):
    """Somebody asks to act for an organisation instead of its present members (§3.2.1, §4.1.1).

    Until `answer_by` the members may count on being heard; `decide_by` is the bureau's last day. `former_members` are
    those who ended with its approval.
    """

    thing: ClassVar[str] = "claim"
    remembered: ClassVar[frozenset[str]] = frozenset({"submit", "state_position", "forward"})
    private: ClassVar[frozenset[str]] = Remembering.private | {"former_members"}
    state: ClaimState

    claim_id: str
    kind: OrganisationKind
    uscc: str
    name: str
    contact_name: str
    contact_phone: str
    reason: str
    document_ids: tuple[str, ...] = ()
    submitted_at: Instant | None = None
    answer_by: date | None = None
    decide_by: date | None = None
    statements: tuple[ClaimStatement, ...] = ()
    review_reason: str | None = None
    reviewed_by: str | None = None
    decision_reason: str | None = None
    decided_by: str | None = None
    withdrawal_reason: str | None = None
    former_members: frozenset[str] = frozenset()
    erased_at: Instant | None = None
