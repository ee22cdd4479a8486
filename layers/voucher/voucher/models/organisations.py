"""What enterprises and agencies have in common: a credit code, people who act for it, and what they submit of it
(§3.2.1, §4.1.1)."""

from typing import Any, ClassVar

from voucher.models.base import Instant, Stateful
from voucher.models.members import Invitation, Seat


class Registration(Stateful):
    """A registration of a credit code. Anybody may draft one beside others; the first to submit has the code.

    `draft_id` tells the registrations of one code from each other, also once one of them is submitted; one of before
    2026-12-01 has none. `submission` keeps the facts and documents that it submitted last, `submission_before` those of
    the time before. `approved_at` stays for ever, whatever follows.
    """

    private: ClassVar[frozenset[str]] = Stateful.private | {
        "seats",
        "invitations",
        "submission",
        "submission_before",
        "facts_before",
    }

    uscc: str
    draft_id: str | None = None
    members: frozenset[str]
    seats: dict[str, Seat] = {}
    invitations: tuple[Invitation, ...] = ()
    submission: dict[str, Any] = {}
    submission_before: dict[str, Any] = {}
    facts_before: dict[str, Any] = {}
    approved_at: Instant | None = None
    erased_at: Instant | None = None

    @property
    def has_code(self) -> bool:
        """True if its credit code is taken by it: from its submission on, unless that is withdrawn, or the registration
        is erased and was never approved. A draft of before 2026-12-01 has its code as well."""
        is_free = self.approved_at is None and (self.state == "draft" or self.erased_at is not None)
        return self.draft_id is None or not is_free
