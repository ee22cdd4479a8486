"""Activities of agencies for the vouchers: trainings, livestreams, visits, publicity (§3.4.2)."""

from datetime import date
from typing import ClassVar, Literal

from voucher.models.base import Instant, Remembering

ActivityKind = Literal["training", "livestream", "visit", "publicity", "public_service"]
ActivityState = Literal["draft", "submitted", "returned", "confirmed", "cancelled"]


class Activity(Remembering):
    """What one agency did at one event. `event_id` is the same for all that report an event of this kind, day and
    place; of one agency it is reported once. It counts for the `year` in which it was held, once it is confirmed."""

    thing: ClassVar[str] = "activity"
    state: ActivityState
    remembered: ClassVar[frozenset[str]] = frozenset({"submit"})

    activity_id: str
    event_id: str
    agency_uscc: str
    year: int
    kind: ActivityKind
    title: str
    held_on: date
    place: str | None
    link: str | None
    organiser: str
    firms_reached: int
    document_ids: tuple[str, ...] = ()
    submitted_by: str | None = None
    review_reason: str | None = None
    reviewed_by: str | None = None
    cancel_reason: str | None = None
    erased_at: Instant | None = None
