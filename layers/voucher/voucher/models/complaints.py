"""Questions, suggestions and complaints that reach the operator, and what becomes of them (§5.3)."""

from datetime import date
from typing import ClassVar, Literal, TypedDict

from voucher.models.base import AllowedAction, Instant, Record, Remembering
from voucher.models.documents import PresignedPost
from voucher.models.members import OrganisationKind

ComplaintState = Literal["received", "accepted", "paused", "escalated", "answered", "redirected", "linked", "withdrawn"]
Channel = Literal["online", "phone", "visit", "letter"]
Topic = Literal["question", "suggestion", "quality", "refusal", "price", "fraud", "staff", "other"]
# §5.3: 电话回访、实地调查、分析研判; and what stops and starts the clock
FindingKind = Literal["call_back", "site_visit", "analysis", "pause", "resume"]
Outcome = Literal["substantiated", "partly", "unsubstantiated"]
Proposal = Literal["violation", "removal", "none"]
Measure = Literal["violation", "removal", "disqualification", "none"]


class Finding(Record):
    """One step of the examination."""

    kind: FindingKind
    text: str
    by: str
    at: Instant


class RespondentStatement(Record):
    """What a member of the organisation complained of says."""

    text: str
    by: str
    at: Instant


class Complaint(Remembering):
    """What somebody asks, suggests or complains of (§5.3), with or without their name.

    `told` is what the respondents, the organisations under `about_uscc`, read of it: never who complained, in which
    words, or of which order. Until `heard_by` they may count on being heard. `accept_by`, `answer_by` and `decide_by`
    are the last days to accept it, to answer, and of the bureau. Of the code that opens the answer only its hash is
    kept, as for an objection. `handlers` are the staff who examined it.
    """

    thing: ClassVar[str] = "complaint"
    remembered: ClassVar[frozenset[str]] = frozenset({"take_up", "examine", "pause", "resume", "state_position"})
    private: ClassVar[frozenset[str]] = Remembering.private | {"code_seed", "code_sha256", "handlers"}
    state: ComplaintState

    complaint_id: str
    channel: Channel
    topic: Topic
    about_uscc: str | None = None
    order_id: str | None = None
    text: str
    name: str | None = None
    contact: str | None = None
    accept_by: date
    answer_by: date | None = None
    decide_by: date | None = None
    review_reason: str | None = None
    told: str | None = None
    respondents: tuple[OrganisationKind, ...] = ()
    heard_by: date | None = None
    linked_to: str | None = None
    linked_from: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    paused_on: date | None = None
    statements: tuple[RespondentStatement, ...] = ()
    proposal: Proposal | None = None
    proposal_reason: str | None = None
    outcome: Outcome | None = None
    measure: Measure | None = None
    measure_reason: str | None = None
    violation_id: str | None = None
    answer: str | None = None
    answered_at: Instant | None = None
    document_ids: tuple[str, ...] = ()
    handlers: frozenset[str] = frozenset()
    code_seed: str | None = None
    code_sha256: str | None = None
    erased_at: Instant | None = None


class ComplaintReceipt(TypedDict):
    """What whoever complains learns. `code` opens the answer; the same call, sent again with its Idempotency-Key, shows
    it again, and without such a key it is shown once. Those of a letter to the mailbox open its answer at
    `POST /mailbox/answer`; `uploads` say where its attachments go, in their order, for 15 minutes."""

    complaint_id: str
    code: str | None
    uploads: list[PresignedPost]


class ComplaintProgress(Record):
    """What became of a complaint, for whoever has its code. One that was linked to another shows the answer to that.
    `remedy` says where to turn next; days are the last ones of their terms."""

    complaint_id: str
    state: ComplaintState
    received_on: date
    accept_by: date
    answer_by: date | None
    outcome: Outcome | None
    answer: str | None
    answered_on: date | None
    remedy: str | None


class ComplaintOfRespondent(TypedDict):
    """A complaint as the organisation complained of reads it: without the name and the words of whoever complained."""

    complaint_id: str
    state: ComplaintState
    told: str
    heard_by: date | None
    statements: list[RespondentStatement]
    outcome: Outcome | None
    allowed_actions: list[AllowedAction]


class ComplaintCounts(Record):
    """The complaints of an agency that were answered, by their outcome (§5.3), for whoever decides on its renewal."""

    substantiated: int = 0
    partly: int = 0
    unsubstantiated: int = 0
