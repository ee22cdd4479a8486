"""Public notices of rounds, and objections to them (§3.5.3)."""

from datetime import date
from typing import Any, ClassVar, Literal

from voucher.models.base import Instant, Stateful


class Notice(Stateful):
    """The public notice of a round (§3.5.3), of `working_days` working days. The schedule announces its end, at
    `ended_at`; only a person closes it. `withdrawn` names the orders whose lines left the round since."""

    thing: ClassVar[str] = "notice"
    state: Literal["running", "closing", "closed"]

    notice_id: str
    round_id: str
    text: str
    published_on: date
    ends_on: date
    ends_certain: bool
    working_days: int = 0
    ended_at: Instant | None = None
    lines: tuple[dict[str, Any], ...]
    withdrawn: tuple[str, ...] = ()

    @property
    def shown_lines(self) -> list[dict[str, Any]]:
        """Its lines without those withdrawn since."""
        return [line for line in self.lines if line["order_id"] not in self.withdrawn]

    def shown(self) -> dict[str, Any]:
        """What the public needs of it, and no more."""
        names = ("notice_id", "round_id", "state", "text", "published_on", "ends_on", "ended_at")
        public = self.public()
        return {"kind": "settlement", **{name: public[name] for name in names}, "lines": self.shown_lines}


class Objection(Stateful):
    """An objection to one line of a notice (`order_id`), to an agency's lines, or to the whole notice (§3.5.3)."""

    thing: ClassVar[str] = "objection"
    state: Literal["standing", "upheld", "rejected"]

    objection_id: str
    notice_id: str
    order_id: str | None
    agency_uscc: str | None = None
    name: str
    contact: str
    reason: str
