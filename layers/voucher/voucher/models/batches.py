"""Batches: releases of vouchers (§1.4a, §2.3.3)."""

from datetime import date
from typing import ClassVar, Literal, TypedDict

from voucher.models.base import Instant, Remembering
from voucher.policy import Category


class Batch(Remembering):
    """One release of vouchers (§1.4a). Kept states: draft, published, closed; a client also sees open and sold_out."""

    thing: ClassVar[str] = "batch"
    state: Literal["draft", "published", "closed"]

    # how its pool is stored is nobody's business but the store's
    private: ClassVar[frozenset[str]] = Remembering.private | {"shards", "guess_fen"}
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
        """§4.2.2: from this instant on nothing is granted, because claiming is closed or the vouchers have ended."""
        return min(self.closes_at, self.ends_at)

    @property
    def excludes_lapsed(self) -> bool:
        """§2.3.3: an enterprise whose own voucher lapsed this year takes no part."""
        return self.kind == "rerelease" and self.rerelease_excludes_lapsed


PublicState = Literal["published", "open", "sold_out", "closed"]
ShownState = Literal["draft", "published", "open", "sold_out", "closed"]


ONLY_FOR_STAFF = frozenset({"created_by", "published_by"})


class BatchNow(Batch, defer_build=True):
    """A batch as staff see it at this instant, with what it has left, in fen."""

    state: ShownState  # type: ignore[assignment]
    remaining_fen: int
    remaining_is_approximate: bool


class PublicBatch(BatchNow, defer_build=True):
    """A published batch as everybody sees it at this instant, with what it has left, in fen; it names no person."""

    private: ClassVar[frozenset[str]] = Batch.private | ONLY_FOR_STAFF
    state: PublicState


class Result(TypedDict):
    """§1.4a: what everybody reads of one grant of a batch, and no more; the amount in fen."""

    number: int
    enterprise_name: str
    amount_fen: int
    granted_at: Instant


class BatchResults(TypedDict):
    """A page of a batch's grants in their order, with how many there are and their sum, in fen, over all pages."""

    items: list[Result]
    next_cursor: str | None
    count: int
    granted_fen: int
