"""Batches: releases of vouchers (§1.4a, §2.3.3)."""

from datetime import date
from typing import ClassVar, Literal, TypedDict

from voucher.models.base import Instant, Record, Remembering
from voucher.policy import Category, District, SizeClass

QuotaList = Literal["newly_above_scale", "little_giant_nursery"]
# what a batch may be open to first, as an entitlement has it: `list.newly_above_scale`, `district.liandu`, `size.small`
GROUP_WORDS = ("list", "district", "size")


class Audience(Record):
    """§2.3.1, §2.3.3: whom a batch is open to, until an instant if there is one, and then to all.

    An enterprise belongs to it if it is on one of the lists, in one of the districts, of one of the sizes, and used at
    least so many percent of what it was granted this year. Each field that is set narrows it.
    """

    lists: tuple[QuotaList, ...] = ()
    districts: tuple[District, ...] = ()
    size_classes: tuple[SizeClass, ...] = ()
    used_percent: int | None = None
    until: Instant | None = None

    @property
    def groups(self) -> list[list[str]]:
        """The groups of an entitlement: one of each of these lists."""
        named = (self.lists, self.districts, self.size_classes)
        return [[f"{word}.{each}" for each in some] for word, some in zip(GROUP_WORDS, named, strict=True) if some]


class Batch(Remembering):
    """One release of vouchers (§1.4a). A client also sees a published batch as open or sold_out.

    `drafters` are all who ever set its draft. `extra_quota_fen` is what a re-release gives beyond the yearly quota
    (§2.3.3), to each enterprise.
    """

    thing: ClassVar[str] = "batch"
    state: Literal["draft", "withdrawn", "published", "closed"]

    # how its pool is stored is nobody's business but the store's
    private: ClassVar[frozenset[str]] = Remembering.private | {"shards", "guess_fen"}
    remembered: ClassVar[frozenset[str]] = frozenset({"edit", "withdraw", "publish", "close"})

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
    audience: Audience | None = None
    extra_quota_fen: int = 0
    drafters: frozenset[str] = frozenset()
    shards: int
    grants_from: date
    grants_until: date
    guess_fen: int
    rerelease_excludes_lapsed: bool = True
    published_by: str | None = None
    surplus_fen: int = 0

    @property
    def is_released(self) -> bool:
        """§1.4a: the bureau published it, so it has a pool, and perhaps vouchers."""
        return self.state in ("published", "closed")

    def audience_at(self, now: Instant) -> Audience | None:
        """§2.3.1: whom the batch is open to at an instant; None for all."""
        if self.audience is None or (self.audience.until is not None and now >= self.audience.until):
            return None
        return self.audience

    @property
    def claims_end_at(self) -> Instant:
        """§4.2.2: from this instant on nothing is granted, because claiming is closed or the vouchers have ended."""
        return min(self.closes_at, self.ends_at)

    @property
    def excludes_lapsed(self) -> bool:
        """§2.3.3: an enterprise whose own voucher lapsed this year takes no part."""
        return self.kind == "rerelease" and self.rerelease_excludes_lapsed

    @property
    def looks_at_vouchers(self) -> bool:
        """§2.3.3: what an enterprise holds decides whether it takes part, so a grab looks before it writes."""
        return self.excludes_lapsed or (self.audience is not None and self.audience.used_percent is not None)


PublicState = Literal["published", "open", "sold_out", "closed"]
ShownState = Literal["draft", "withdrawn", "published", "open", "sold_out", "closed"]


ONLY_FOR_STAFF = frozenset({"created_by", "drafters", "published_by"})


class BatchNow(Batch, view=True):
    """A batch as staff see it at this instant, with what it has left, in fen."""

    state: ShownState  # type: ignore[assignment]
    remaining_fen: int
    remaining_is_approximate: bool


class PublicBatch(BatchNow, view=True):
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
