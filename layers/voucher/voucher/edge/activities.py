"""What an agency says of an event, and the operator of it (§3.4.2)."""

from typing import Annotated, Literal

from pydantic import Field

from voucher.edge.bodies import Versioned
from voucher.edge.fields import Count, Day, Name, Text, Uscc
from voucher.models.activities import ActivityKind
from voucher.models.base import Request


class Event(Request):
    agency_uscc: Uscc
    kind: ActivityKind
    title: Name
    held_on: Day
    place: Name | None = None
    link: Annotated[Name | None, Field(description="of a livestream or an article")] = None
    organiser: Name
    firms_reached: Count


class Submission(Request):
    firms_reached: Count | None = None


class Review(Versioned):
    decision: Literal["confirm", "return"]
    reason: Text | None = None
