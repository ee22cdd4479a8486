"""Agencies: applied, documented, pre-reviewed by the operator, approved by the bureau, renewed (§3.1, §3.2)."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.documents import Announcement, announced, upload_answer
from voucher.edge.fields import Count, Day, Name, Phone, SignedFen, Text, Uscc
from voucher.edge.identity import as_member, as_member_or_staff, require
from voucher.edge.masking import masked
from voucher.edge.replies import reply
from voucher.models.agencies import Agency
from voucher.models.base import Reason, Request
from voucher.policy import AGENCY_DOCUMENTS, Category, Policy
from voucher.refusals import FieldError, Refusal, Refused, refuse_first
from voucher.rules import agencies, lifecycle, submissions
from voucher.rules.credit_code import is_agency_code
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.programmes import policy_for
from voucher.store import documents, keys, organisations, programmes

app = Api()
Categories = Annotated[tuple[Category, ...], Field(min_length=1, max_length=9)]


class Application(Request):
    uscc: Uscc
    name: Name
    established_on: Day
    is_legal_person: bool
    net_profit_last_year_fen: SignedFen
    premises_m2: Count
    insured_staff: Count
    has_management_system: bool
    categories: Categories
    legal_representative: Name | None = None
    contact_name: Name | None = None
    contact_phone: Phone | None = None


class Changes(Request):
    name: Name | None = None
    established_on: Day | None = None
    is_legal_person: bool | None = None
    net_profit_last_year_fen: SignedFen | None = None
    premises_m2: Count | None = None
    insured_staff: Count | None = None
    has_management_system: bool | None = None
    categories: Categories | None = None
    legal_representative: Name | None = None
    contact_name: Name | None = None
    contact_phone: Phone | None = None


FIELDS = tuple(Changes.model_fields)


class ReasonGiven(Request):
    field: Name | None = None
    message: Text


class Decision(Request):
    decision: Literal["approve", "return", "reject"]
    reasons: list[ReasonGiven | Text] = []
    override: Text | None = None


@app.post("/agencies")
def apply() -> Response[str]:
    """§3.2.1: whoever applies for an agency becomes its member."""
    body = app.body(Application)
    if not is_agency_code(body.uscc):
        raise Refused(Refusal.INVALID_USCC, clause="§3.1.1", errors=[FieldError("uscc", Refusal.INVALID_USCC.sentence)])
    agency = Agency(
        **body.model_dump(),
        state="draft",
        members=frozenset({app.caller.sub}),
        created_at=clock.now(),
        created_by=app.caller.sub,
        **app.step("apply"),
    )
    try:
        organisations.commit_registration(agency)
    except Refused:
        existing = organisations.find_agency(body.uscc)
        if existing is None or not app.is_repeat(existing, "apply"):
            raise
        return reply(existing, replay=True)
    return reply(agency, 201)


@app.patch("/agencies/<uscc>")
def edit(uscc: str) -> Response[str]:
    """§3.2.1: a draft, or what was returned or rejected, is corrected by its member; in a renewal, what it proposes."""
    old = as_member(app.caller, organisations.find_agency(uscc))
    changes = app.body(Changes)
    lifecycle.next_state("agency", old.state, "edit")
    new = old.next_version(**_given(old, changes), **app.step("edit"))
    organisations.commit_step(old, new)
    return reply(new)


def _given(agency: Agency, changes: Changes) -> dict[str, Any]:
    """What an agency says anew: while its approval still counts, the approved facts stand until the next one."""
    if not agency.renewal:
        return changes.model_dump(exclude_none=True)
    return {"proposed": {**agency.proposed, **changes.model_dump(mode="json", exclude_none=True)}}


@app.post("/agencies/<uscc>/documents")
def announce_document(uscc: str) -> Response[str]:
    """§3.2.1: one of the ten papers; answers where to upload it."""
    agency = as_member(app.caller, organisations.find_agency(uscc))
    body = app.body(Announcement)
    if body.kind not in AGENCY_DOCUMENTS:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("kind", "不在可选范围内。")])
    lifecycle.next_state("agency", agency.state, "add_document")
    document = announced(app, f"agencies/{uscc}", body)
    upload = documents.commit_announced(keys.agency(uscc), document)
    return reply(upload_answer(document, upload), 201)


@app.get("/agencies/<uscc>/documents")
def list_documents(uscc: str) -> Response[str]:
    """§3.4.3: an agency's papers, each with a link that lasts five minutes, for its members and staff."""
    as_member_or_staff(app.caller, organisations.find_agency(uscc))
    return reply({"items": documents.list_links(keys.agency(uscc)), "next_cursor": None})


@app.post("/agencies/<uscc>/submit")
def submit(uscc: str) -> Response[str]:
    """§3.2.1: hand in the application; every missing paper is named."""
    app.body(Nothing)
    old = as_member(app.caller, organisations.find_agency(uscc))
    if app.is_repeat(old, "submit"):
        return reply(old, replay=True)
    state = lifecycle.next_state("agency", old.state, "submit")
    applied_on = submissions.application_day(old, clock.today())
    new = old.next_version(state=state, applied_on=applied_on, **_handed_in(old), **app.step("submit"))
    organisations.commit_step(old, new)
    return reply(new)


@app.post("/agencies/<uscc>/renew")
def renew(uscc: str) -> Response[str]:
    """§3.2.3: hand in the renewal, with papers newer than the approval; a valid approval counts up to its own day."""
    old = as_member(app.caller, organisations.find_agency(uscc))
    changes = app.body(Changes)
    if app.is_repeat(old, "renew"):
        return reply(old, replay=True)
    begun = agencies.renewing_agency(old, _policy(), clock.today())
    begun = begun.model_copy(update=_given(begun, changes))
    new = begun.next_version(**_handed_in(begun), **app.step("renew"))
    organisations.commit_step(old, new)
    return reply(new)


def _handed_in(agency: Agency) -> dict[str, Any]:
    """What handing in changes. Raises DOCUMENTS_MISSING; a renewal's papers are newer than the approval."""
    papers = documents.examine_all(keys.agency(agency.uscc), agency.approved_at if agency.renewal else None)
    present = {paper.kind for paper in papers}
    missing = {kind: words for kind, words in AGENCY_DOCUMENTS.items() if kind not in present}
    if missing:
        errors = [FieldError(kind, f"缺少{words}。") for kind, words in missing.items()]
        kinds = "、".join(missing.values())
        raise Refused(Refusal.DOCUMENTS_MISSING, errors=errors, clause="§3.2.1", kinds=kinds)
    said = submissions.submission_of(agencies.proposed_agency(agency), FIELDS, papers)
    return {
        "submitted_by": app.caller.sub,
        "reasons": (),
        "handed_in": said,
        "handed_in_before": agency.handed_in,
        "changed_fields": submissions.changed_fields(agency.handed_in, said),
    }


@app.post("/agencies/<uscc>/pre-review")
def pre_review(uscc: str) -> Response[str]:
    """§3.2.2: the operator's opinion; `override` asks the bureau for an exception, with the reason."""
    require(app.caller, "platform")
    body, old = app.body(Decision), _found(uscc)
    action = f"pre_review.{body.decision}"
    if app.is_repeat(old, action):
        return reply(old, replay=True)
    state = lifecycle.next_state("agency", old.state, action)
    check_four_eyes(app.caller.sub, "§3.2.2", old.submitted_by)
    if body.decision == "approve":
        _check_conditions(old, body.override)
    decided = {"state": state, "pre_reviewed_by": app.caller.sub, "reasons": _reasons(body)}
    new = old.next_version(**decided, override_request=body.override, **app.step(action))
    organisations.commit_step(old, new)
    return reply(new)


@app.post("/agencies/<uscc>/approve")
def approve(uscc: str) -> Response[str]:
    """§3.2.2: the bureau's decision, by somebody else than the pre-reviewer; it may override with a reason."""
    require(app.caller, "bureau")
    body, old = app.body(Decision), _found(uscc)
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    state = lifecycle.next_state("agency", old.state, body.decision)
    check_four_eyes(app.caller.sub, "§3.2.2", old.pre_reviewed_by, old.submitted_by)
    decided: dict[str, Any] = {"state": state, "reasons": _reasons(body)}
    if body.decision == "approve":
        needed = _check_conditions(old, body.override)
        valid_until = agencies.approval_ends_on(old, _policy(), clock.today())
        decided |= {"approved_by": app.caller.sub, "approved_at": clock.now(), "valid_until": valid_until}
        decided |= {"override": body.override if needed else None, "renewal": False, "suspended": False}
    base = agencies.proposed_agency(old) if body.decision == "approve" else old
    new = base.next_version(**decided, **app.step(body.decision))
    organisations.commit_step(old, new)
    return reply(new)


def _check_conditions(agency: Agency, override: str | None) -> bool:
    """§3.1: True if only the override makes it pass. Raises the first condition that fails without one."""
    found = agencies.condition_refusals(agencies.proposed_agency(agency), _policy())
    if found and not override:
        refuse_first(found)
    return bool(found)


def _policy() -> Policy:
    today = clock.today()
    return policy_for(programmes.find(today.year), today)


def _reasons(body: Decision) -> tuple[Reason, ...]:
    reasons = tuple(
        Reason(message=each) if isinstance(each, str) else Reason(field=each.field, message=each.message)
        for each in body.reasons
    )
    submissions.check_reasons(body.decision, reasons, (*FIELDS, *AGENCY_DOCUMENTS))
    return reasons


def _found(uscc: str) -> Agency:
    agency = organisations.find_agency(uscc)
    if agency is None:
        raise Refused(Refusal.NOT_FOUND)
    return agency


@app.get("/agencies")
def list_agencies() -> Response[str]:
    """Agencies by state, for staff; people's names and phones masked."""
    require(app.caller, "platform", "bureau", "finance", "admin")
    page = organisations.list_page("agency", app.query("state"), app.limit, app.query("cursor"))
    shown = [masked(Agency.model_validate(item).public()) for item in page.items]
    return reply({"items": shown, "next_cursor": page.next_cursor})


@app.get("/agencies/<uscc>")
def show(uscc: str) -> Response[str]:
    """One agency, for its members and staff."""
    return reply(as_member_or_staff(app.caller, organisations.find_agency(uscc)))


handler = app.handle
