"""Public notices of rounds, and objections to them (§3.5.3)."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal, NamedTuple, TypedDict, cast

from voucher.models.base import AllowedAction, Instant, Record, Stateful
from voucher.policy import Category

# of a round's notice, and `published` for that of a removal
NoticeState = Literal["running", "closing", "closed", "published"]


class NoticeLine(TypedDict):
    """§3.5.3: what the public reads of a line, and no more; the amount in fen."""

    order_id: str
    agency_uscc: str
    agency_name: str
    enterprise_name: str
    category: Category
    category_name: str
    amount_fen: int


class PublicNotice(TypedDict):
    """The notice of a round as the public sees it, without the lines that left the round since.

    `working_days_left` are those on which it still runs, today and the last day included; 0 once it is over.
    `ends_certain` is false while a holiday arrangement on the way is not published. The total is in fen.
    """

    kind: Literal["settlement"]
    notice_id: str
    round_id: str
    state: Literal["running", "closing", "closed"]
    text: str
    published_on: date
    ends_on: date
    ends_certain: bool
    working_days_left: int
    ended_at: Instant | None
    total_fen: int
    lines: list[NoticeLine]
    allowed_actions: list[AllowedAction]


class ObjectionReceipt(TypedDict):
    """What somebody who objects learns of the objection. `answer_code` opens the answer; the same call, sent again with
    its Idempotency-Key, shows it again, and without such a key it is shown once."""

    objection_id: str
    state: Literal["standing", "upheld", "rejected"]
    answer_code: str | None


class ObjectionAnswer(Record):
    """What became of an objection, for whoever made it: `answer_by` is the last day of the term for a decision;
    `decision`, its `opinion` and its day are None before."""

    objection_id: str
    stage: Literal["received", "under_examination", "decided"]
    received_on: date
    answer_by: date | None
    decision: Literal["upheld", "rejected"] | None
    opinion: str | None
    clause: str
    decided_on: date | None


class ObjectionCounts(TypedDict):
    """How many objections hold or held a line of a notice, or all lines of its agency, or the whole notice; an agency
    learns no more of them than that."""

    raised: int
    standing: int
    upheld: int
    rejected: int


class Notice(Stateful):
    """The public notice of a round (§3.5.3), of `working_days` working days. The schedule announces its end, at
    `ended_at`; only a person closes it. `withdrawn` names the orders whose lines left the round since. `enterprises`
    has the enterprise of each order, which the public reads by name alone; empty before 2026-12-01."""

    thing: ClassVar[str] = "notice"
    private: ClassVar[frozenset[str]] = Stateful.private | {"enterprises"}
    state: Literal["running", "closing", "closed"]

    notice_id: str
    round_id: str
    text: str
    published_on: date
    ends_on: date
    ends_certain: bool
    working_days: int = 0
    ended_at: Instant | None = None
    lines: tuple[NoticeLine, ...]
    withdrawn: tuple[str, ...] = ()
    enterprises: dict[str, str] = {}

    @property
    def shown_lines(self) -> list[NoticeLine]:
        """Its lines without those withdrawn since."""
        return [line for line in self.lines if line["order_id"] not in self.withdrawn]

    def shown(self, ends_on: date, ends_certain: bool, working_days_left: int) -> PublicNotice:
        """What the public needs of it, and no more."""
        public = self.public()
        names = ("notice_id", "round_id", "state", "text", "published_on", "ended_at", "allowed_actions")
        shown = {name: public[name] for name in names}
        shown |= {"kind": "settlement", "ends_on": ends_on.isoformat(), "ends_certain": ends_certain}
        shown |= {"working_days_left": working_days_left, "lines": self.shown_lines}
        return cast("PublicNotice", shown | {"total_fen": sum(line["amount_fen"] for line in self.shown_lines)})


ObjectionState = Literal["standing", "upheld", "rejected"]
# what an objection that names neither an order nor an agency is against
WHOLE_NOTICE = "ALL"


class Objection(Stateful):
    """An objection to one line of a notice (`order_id`), to an agency's lines, or to the whole notice (§3.5.3).

    `concerned` are the agencies whose lines it is about, `enterprises` those of these lines. Of the code that opens the
    answer only `code_sha256` is kept; the code follows from `code_seed` and from the Idempotency-Key of the call, which
    is kept nowhere. `opinion` is what the bureau says of its decision.
    """

    thing: ClassVar[str] = "objection"
    private: ClassVar[frozenset[str]] = Stateful.private | {"concerned", "enterprises", "code_seed", "code_sha256"}
    state: ObjectionState

    objection_id: str
    notice_id: str
    order_id: str | None
    agency_uscc: str | None = None
    name: str
    contact: str
    reason: str
    concerned: tuple[str, ...] = ()
    enterprises: tuple[str, ...] = ()
    answer_by: date | None = None
    code_seed: str | None = None
    code_sha256: str | None = None
    opinion: str | None = None
    decided_at: Instant | None = None
    erased_at: Instant | None = None

    @property
    def target(self) -> str:
        """What it holds: the line of an order, all lines of an agency, or the whole notice."""
        return self.order_id or self.agency_uscc or WHOLE_NOTICE


class Origin(NamedTuple):
    """How an objection is counted: to which notice, in which hour (`2026-06-15T02`, UTC), from which network address (a
    hash), against what (`Objection.target`)."""

    notice_id: str
    hour: str
    source: str
    target: str


@dataclass(frozen=True)
class Crowd:
    """The objections to a notice in one hour: from all addresses together those that were taken as they came, and those
    taken with a proof of effort; from one address whether it has been seen, and how many came against one target."""

    plain: int = 0
    proven: int = 0
    is_seen: bool = False
    alike: int = 0


class EffortOffer(TypedDict):
    """The proof of effort for which an objection is taken at once: any `nonce` for which the SHA-256 of the text
    `challenge.nonce` begins with so many zero `bits`."""

    algorithm: Literal["sha256"]
    challenge: str
    bits: int
    expires_at: str


class Outcome(TypedDict):
    """What became of one objection in a decision on several: `code` is `OK` if it is decided so, by this call or by the
    same one before, or else that of the refusal, which `detail` says in words."""

    objection_id: str
    code: str
    detail: str | None


class Outcomes(TypedDict):
    """What became of several objections, in the order in which they were named."""

    items: list[Outcome]
