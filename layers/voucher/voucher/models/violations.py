"""Violations: breaches of the voucher rules (§2.1.3)."""

from typing import ClassVar, Literal

from voucher.models.base import Instant, Record, Stateful

ViolationState = Literal["standing", "lifted"]


class Release(Record):
    """The bureau's decision that an order goes on although the violation that named it stands (§5.2b)."""

    order_id: str
    reason: str
    by: str
    at: Instant


class Violation(Stateful):
    """A breach of the voucher rules found by the bureau; it counts until the bureau lifts it. The orders that it names
    are held, each until it is released or the violation is lifted; `releases` are those decisions on single orders."""

    thing: ClassVar[str] = "violation"
    state: ViolationState

    violation_id: str
    uscc: str
    facts: str
    order_ids: tuple[str, ...] = ()
    releases: tuple[Release, ...] = ()
    lift_reason: str | None = None
    erased_at: Instant | None = None

    @property
    def held_order_ids(self) -> tuple[str, ...]:
        """The orders that the violation still holds."""
        released = {each.order_id for each in self.releases}
        return tuple(each for each in self.order_ids if each not in released) if self.state == "standing" else ()
