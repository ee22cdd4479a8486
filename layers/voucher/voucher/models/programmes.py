"""Programme years (§1.3) and what their end froze (§1.4b)."""

from typing import ClassVar, Literal

from voucher.models.base import Instant, Record, Remembering
from voucher.policy import Category, Policy


class PendingTotal(Record):
    """A change of the yearly total that finance has not confirmed yet (§1.3)."""

    total_fen: int
    reason: str
    by: str


class Closing(Record):
    """What the year's end froze (§1.4b, §2.2.floor): the real key share in hundredths of a percent, what was used of
    each category, and what was never released, in fen."""

    closed_at: Instant
    key_share_basis_points: int | None
    used_fen: dict[Category, int]
    expired_fen: int


class Programme(Remembering):
    """One year's money (§1.3). `unreleased_fen` is what no batch has taken yet. Kept states: draft, open, closed."""

    thing: ClassVar[str] = "programme"
    state: Literal["draft", "open", "closed"]

    remembered: ClassVar[frozenset[str]] = frozenset({"draft", "confirm", "propose_total", "confirm_total"})

    year: int
    total_fen: int
    unreleased_fen: int = 0
    policy: Policy
    confirmed_by: str | None = None
    pending: PendingTotal | None = None
    closing: Closing | None = None

    @property
    def is_confirmed(self) -> bool:
        """§1.3: finance confirmed it. Until then it is the bureau's draft and binds nobody."""
        return self.state != "draft"
