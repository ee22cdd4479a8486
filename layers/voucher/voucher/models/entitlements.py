"""What an enterprise may claim in one year (§2.3.1)."""

from typing import Literal, TypedDict

from voucher.models.base import Record


class Entitlement(Record):
    """All that a grab needs to know of one enterprise in one year.

    Every write that changes a fact behind it writes it again in the same transaction. `refusals` are the names of what
    speaks against the enterprise; `left_fen` is what it may still claim of `quota_fen` in this year, `extra_fen` what
    it was granted beyond it (§2.3.3), and `restored_fen` what was given back of it, after a disqualification that made
    it void was taken back (§4.1.3). `groups` are those that a batch may be open to, and what reports count by; None in
    a record of before there were any. `groups_granted`: those of each grant, by batch, if they changed since.
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
    extra_fen: int = 0
    restored_fen: int = 0
    groups: frozenset[str] | None = None
    groups_granted: dict[str, frozenset[str]] = {}
    batches: tuple[str, ...] = ()
    lapsed: bool = False

    def groups_of_grant(self, batch_id: str) -> frozenset[str] | None:
        """§5.1: the groups of the enterprise when it was granted its voucher of a batch; None in a record of
        before they were kept."""
        return self.groups_granted.get(batch_id, self.groups) or None

    @property
    def is_outdated(self) -> bool:
        """A record of before there were groups: the next grab that looks at it makes it anew."""
        return self.groups is None


class EligibilityFinding(TypedDict):
    """What one rule of §2.1 found."""

    clause: str
    rule: str
    passed: bool
    message: str


class Eligibility(TypedDict):
    """Every rule of §2.1 for one enterprise and year, and its quota in fen with the reason for it (§2.3.1)."""

    uscc: str
    year: int
    eligible: bool
    size_class: Literal["large", "medium", "small", "micro"] | None
    quota_fen: int
    quota_reason: str
    granted_fen: int
    findings: list[EligibilityFinding]
