"""Programmes, batches, vouchers and the postings between their accounts."""

from datetime import date
from typing import ClassVar

from voucher.models.base import Instant, Record, Remembering
from voucher.policy import Category, Policy


class PendingTotal(Record):
    """A change of the yearly total that finance has not confirmed yet (§1.3)."""

    total_fen: int
    reason: str
    by: str


class Closing(Record):
    """What the year's end froze (§1.4b, §2.2.floor): the real key share (hundredths
    of a percent), and what was used by category, in fen."""

    closed_at: Instant
    key_share_basis_points: int | None
    used_fen: dict[Category, int]
    expired_fen: int


class Programme(Remembering):
    """One year's money (§1.3). States: draft, open, closed. `unreleased_fen` is what no batch has taken yet."""

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
        """§1.3: finance confirmed it. Until then it is the bureau's draft, and what it says holds for nobody."""
        return self.state != "draft"


class Batch(Remembering):
    """One release of vouchers (§1.4a). States kept: draft, published, closed; open and sold_out are read off."""

    remembered: ClassVar[frozenset[str]] = frozenset({"publish", "close"})

    batch_id: str
    year: int
    name: str
    amount_fen: int
    opens_at: Instant
    closes_at: Instant
    valid_until: date
    ends_at: Instant
    categories: tuple[Category, ...] = ()
    partial_allowed: bool = False
    kind: str = "regular"
    shards: int
    grants_from: date
    grants_until: date
    guess_fen: int
    rerelease_excludes_lapsed: bool = True
    published_by: str | None = None
    surplus_fen: int = 0

    @property
    def claims_end_at(self) -> Instant:
        """From this instant on nothing is granted (§4.2.2): claiming closed, or the vouchers themselves have ended."""
        return min(self.closes_at, self.ends_at)

    @property
    def excludes_lapsed(self) -> bool:
        """Whether a firm whose own voucher lapsed this year is left out (§2.3.3)."""
        return self.kind == "rerelease" and self.rerelease_excludes_lapsed


class Voucher(Record):
    """A voucher; its creation is its own grant posting. `seq` counts the postings after it.
    Usable while `now < ends_at` (§4.2.2). Kept states: active, expired, void."""

    voucher_id: str
    batch_id: str
    year: int
    enterprise_uscc: str
    face_fen: int
    balance_fen: int
    granted_at: Instant
    granted_by: str
    ends_at: Instant
    valid_until: date
    categories: tuple[Category, ...] = ()
    state: str = "active"
    seq: int = 0


class Posting(Record):
    """One movement of money between exactly two accounts. Never edited; a correction is another posting."""

    posting_id: str
    year: int
    entry: str
    from_account: str
    to_account: str
    amount_fen: int
    at: Instant
    by: str
    about: str | None = None
    reason: str | None = None
