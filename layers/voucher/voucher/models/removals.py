"""The removal of an agency: its public notice and the lead (§3.4.1)."""

from datetime import date
from typing import ClassVar, Literal, TypedDict, cast

from voucher.models.base import Instant, Stateful


class PublicRemoval(TypedDict):
    """The notice of a removal as the public sees it."""

    notice_id: str
    kind: Literal["removal"]
    state: Literal["published"]
    agency_uscc: str
    agency_name: str
    text: str
    published_on: date


class RemovalNotice(Stateful):
    """The public notice that an agency was removed (§3.4.1). It is listed among the notices of rounds."""

    thing: ClassVar[str] = "removal_notice"
    state: Literal["published"]

    notice_id: str
    kind: str = "removal"
    agency_uscc: str
    agency_name: str
    text: str
    published_on: date

    def shown(self) -> PublicRemoval:
        """What the public needs of it, and no more."""
        names = ("notice_id", "kind", "state", "agency_uscc", "agency_name", "text", "published_on")
        public = self.public()
        return cast("PublicRemoval", {name: public[name] for name in names})


LeadState = Literal["recorded"]


class Lead(Stateful):
    """The facts that led to an agency's removal, for the offices that follow them up (§3.4.1)."""

    thing: ClassVar[str] = "lead"
    state: LeadState

    lead_id: str
    uscc: str
    name: str
    facts: str
    proposed_by: str | None
    erased_at: Instant | None = None
