"""The audit trail: who did what in which role, and who read whose personal data."""

from typing import Literal, NamedTuple, TypedDict

from voucher.models.base import Record


class Trace(Record):
    """What happened, before it stands in the trail: a step of a record, or a reading of personal data (`read`).

    `about` is the thing and its id, as `order:o_1`; `role` is that in which `by` acted: a staff role, the party,
    `public`, or `system` for a worker or schedule. `draft_id` tells of which registration of a credit code it is: each
    is a matter of its own members. No trace holds personal data beside the subject of a token.
    """

    trace_id: str
    at: str
    by: str
    role: str
    action: str
    about: str
    state_before: str | None = None
    state_after: str | None = None
    version: int | None = None
    call: str | None = None
    request_id: str | None = None
    enterprise_uscc: str | None = None
    agency_uscc: str | None = None
    draft_id: str | None = None


class AuditEntry(Trace):
    """A trace in its place in the trail: `sha256` is the fingerprint of the entry and of the one before it, so that
    whatever is changed, left out or put elsewhere shows as a break."""

    seq: int
    previous_sha256: str
    sha256: str


class Link(NamedTuple):
    """A place in the trail: the number of an entry and its fingerprint."""

    seq: int
    sha256: str


# before the first entry
GENESIS = Link(0, "0" * 64)

BreakKind = Literal["missing", "changed", "detached", "cut", "replaced"]


class Break(NamedTuple):
    """A place where the trail does not hold: `missing` entries up to `seq`; an entry `changed` after it was written;
    one `detached` from the entry before it; entries `cut` off the end; another entry than an anchor or the head names
    (`replaced`)."""

    seq: int
    kind: BreakKind


class PublicBreak(TypedDict):
    """A break with its words."""

    seq: int
    kind: BreakKind
    message: str


class AuditHead(TypedDict):
    """The last entry of the trail; number 0 before the first one."""

    seq: int
    sha256: str


class Verification(TypedDict):
    """Whether a part of the trail holds, from the entry after `after_seq` up to `seq`. `head` is the last entry of the
    whole trail: kept elsewhere, it proves later that nothing was cut off. `next_cursor` is null at the end."""

    after_seq: int
    seq: int
    holds: bool
    breaks: list[PublicBreak]
    head: AuditHead
    next_cursor: str | None
