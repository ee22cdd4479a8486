"""Violations: breaches of the voucher rules (§2.1.3)."""

from typing import ClassVar, Literal

from voucher.models.base import Instant, Stateful

ViolationState = Literal["standing", "lifted"]


class Violation(Stateful):
    """A breach of the voucher rules found by the bureau; it counts until the bureau lifts it."""

    thing: ClassVar[str] = "violation"
    state: ViolationState

    violation_id: str
    uscc: str
    facts: str
    order_ids: tuple[str, ...] = ()
    lift_reason: str | None = None
    erased_at: Instant | None = None
