"""Enterprises: registered, documented, submitted, reviewed clause by clause (§2.1, §4.1)."""

from typing import Literal

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.documents import Announcement, announced, upload_answer
from voucher.edge.fields import Count, Day, Fen, Industry, Name, Phone, Text, Uscc
from voucher.edge.identity import as_member, as_member_or_staff, require
from voucher.edge.masking import masked
from voucher.edge.replies import reply
from voucher.models.base import Reason, Request
from voucher.models.enterprises import Enterprise
from voucher.policy import ENTERPRISE_DOCUMENTS
from voucher.refusals import FieldError, Refusal, Refused, refuse_first
from voucher.rules import eligibility, entitlements, lifecycle, submissions
from voucher.rules.credit_code import is_enterprise_code
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.programmes import policy_for
from voucher.store import documents, keys, organisations, standing

app = Api()


class Profile(Request):
    name: Name
    district: Literal["city", "liandu", "development_zone", "other"]
    established_on: Day
    industry_code: Industry
    employees: Count
    revenue_fen: Fen
    assets_fen: Fen
    is_legal_person: bool
    legal_representative: Name
    contact_name: Name
    contact_phone: Phone
    declarations: dict[Name, bool] = {}


class Registration(Profile):
    uscc: Uscc


class Changes(Request):
    name: Name | None = None
    district: Literal["city", "liandu", "development_zone", "other"] | None = None
    established_on: Day | None = None
    industry_code: Industry | None = None
    employees: Count | None = None
    revenue_fen: Fen | None = None
    assets_fen: Fen | None = None
    is_legal_person: bool | None = None
    legal_representative: Name | None = None
    contact_name: Name | None = None
    contact_phone: Phone | None = None
    declarations: dict[Name, bool] | None = None


FIELDS = tuple(Profile.model_fields)


class ReasonGiven(Request):
    field: Name | None = None
    message: Text


class Review(Request):
    decision: Literal["approve", "return", "reject"]
    reasons: list[ReasonGiven | Text] = []
    digital_economy: bool = False


@app.post("/enterprises")
def register() -> Response[str]:
    """§4.1.1: whoever registers an enterprise becomes its member."""
    body = app.body(Registration)
    if not is_enterprise_code(body.uscc):
        raise Refused(Refusal.INVALID_USCC, errors=[FieldError("uscc", Refusal.INVALID_USCC.sentence)])
    enterprise = Enterprise(
        **body.model_dump(),
        state="draft",
        members=frozenset({app.caller.sub}),
        created_at=clock.now(),
        created_by=app.caller.sub,
        **app.step("register"),
    )
    try:
        organisations.commit_registration(enterprise)
    except Refused:
        existing = organisations.find_enterprise(body.uscc)
        if existing is None or not app.is_repeat(existing, "register"):
            raise
        return reply(existing, replay=True)
    return reply(enterprise, 201)


@app.patch("/enterprises/<uscc>")
def edit(uscc: str) -> Response[str]:
    """§4.1.1: a draft, or what was returned or rejected, is corrected by its member."""
    old = as_member(app.caller, organisations.find_enterprise(uscc))
    changes = app.body(Changes).model_dump(exclude_none=True)
    lifecycle.next_state("enterprise", old.state, "edit")
    new = old.next_version(**changes, **app.step("edit"))
    organisations.commit_step(old, new)
    return reply(new)


@app.post("/enterprises/<uscc>/documents")
def announce_document(uscc: str) -> Response[str]:
    """§4.1.1: one of the six papers; answers where to upload it."""
    enterprise = as_member(app.caller, organisations.find_enterprise(uscc))
    body = app.body(Announcement)
    if body.kind not in ENTERPRISE_DOCUMENTS:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("kind", "不在可选范围内。")])
    lifecycle.next_state("enterprise", enterprise.state, "edit")
    document = announced(app, f"enterprises/{uscc}", body)
    upload = documents.commit_announced(keys.enterprise(uscc), document)
    return reply(upload_answer(document, upload), 201)


@app.get("/enterprises/<uscc>/documents")
def list_documents(uscc: str) -> Response[str]:
    """§3.4.3: an enterprise's papers, each with a link that lasts five minutes, for its members and staff."""
    as_member_or_staff(app.caller, organisations.find_enterprise(uscc))
    return reply({"items": documents.list_links(keys.enterprise(uscc)), "next_cursor": None})


@app.post("/enterprises/<uscc>/submit")
def submit(uscc: str) -> Response[str]:
    """§4.1.1: hand in the registration; every missing paper is named, and what changed since the last time."""
    app.body(Nothing)
    old = as_member(app.caller, organisations.find_enterprise(uscc))
    if app.is_repeat(old, "submit"):
        return reply(old, replay=True)
    state = lifecycle.next_state("enterprise", old.state, "submit")
    papers = documents.examine_all(keys.enterprise(uscc))
    present = {paper.kind for paper in papers}
    missing = {kind: words for kind, words in ENTERPRISE_DOCUMENTS.items() if kind not in present}
    if missing:
        errors = [FieldError(kind, f"缺少{words}。") for kind, words in missing.items()]
        raise Refused(Refusal.DOCUMENTS_MISSING, errors=errors, kinds="、".join(missing.values()))
    said = submissions.submission_of(old, FIELDS, papers)
    new = old.next_version(
        state=state,
        applied_on=submissions.application_day(old, clock.today()),
        submitted_by=app.caller.sub,
        reasons=(),
        handed_in=said,
        handed_in_before=old.handed_in,
        changed_fields=submissions.changed_fields(old.handed_in, said),
        **app.step("submit"),
    )
    organisations.commit_step(old, new)
    return reply(new)


@app.post("/enterprises/<uscc>/review")
def review(uscc: str) -> Response[str]:
    """§4.1.2: the operator's decision. What a clause refuses cannot be approved."""
    require(app.caller, "platform")
    body = app.body(Review)
    today = clock.today()
    facts = standing.read_facts(uscc, entitlements.years_in_step(today))
    old = facts.enterprise
    if old is None:
        raise Refused(Refusal.NOT_FOUND)
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    state = lifecycle.next_state("enterprise", old.state, body.decision)
    check_four_eyes(app.caller.sub, "§4.1.2", old.submitted_by)
    reasons = tuple(_reason(each) for each in body.reasons)
    submissions.check_reasons(body.decision, reasons, (*FIELDS, *ENTERPRISE_DOCUMENTS))
    approved = {"digital_economy": body.digital_economy, "approved_at": clock.now()}
    new = old.next_version(
        state=state,
        **(approved if body.decision == "approve" else {}),
        reviewed_by=app.caller.sub,
        reviewed_at=clock.now(),
        reasons=reasons,
        **app.step(body.decision),
    )
    writes = []
    if body.decision == "approve":
        policy = policy_for(facts.programmes[today.year], today)
        refuse_first(eligibility.refusals(eligibility.findings(new, facts.standing, policy, today)))
        following = entitlements.next_entitlements(
            new, facts.standing, facts.entitlements, facts.programmes, today, wanted=today.year
        )
        writes = [standing.standing_check(facts), *standing.entitlement_writes(facts, following)]
    organisations.commit_step(old, new, *writes)
    return reply(new)


def _reason(given: ReasonGiven | str) -> Reason:
    if isinstance(given, str):
        return Reason(message=given)
    return Reason(field=given.field, message=given.message)


@app.get("/enterprises")
def list_enterprises() -> Response[str]:
    """Enterprises by state, for staff; people's names and phones masked."""
    require(app.caller, "platform", "bureau", "finance", "admin")
    page = organisations.list_page("enterprise", app.query("state"), app.limit, app.query("cursor"))
    shown = [masked(Enterprise.model_validate(item).public()) for item in page.items]
    return reply({"items": shown, "next_cursor": page.next_cursor})


@app.get("/enterprises/<uscc>")
def show(uscc: str) -> Response[str]:
    """One enterprise, for its members and staff, with the papers it announced."""
    enterprise = as_member_or_staff(app.caller, organisations.find_enterprise(uscc))
    told = ("document_id", "kind", "filename", "checked")
    papers = [{name: getattr(each, name) for name in told} for each in documents.list_of(keys.enterprise(uscc))]
    return reply(enterprise.public() | {"documents": papers})


@app.get("/enterprises/<uscc>/eligibility")
def show_eligibility(uscc: str) -> Response[str]:
    """§2.1, §2.3.1: every rule, passed or not, and the quota with its reason."""
    enterprise = as_member_or_staff(app.caller, organisations.find_enterprise(uscc))
    today = clock.today()
    asked = app.query("year") or str(today.year)
    if not (asked.isascii() and asked.isdecimal() and len(asked) == 4):
        raise Refused(Refusal.MALFORMED, errors=[FieldError("year", "须为四位年份。")])
    year = int(asked)
    facts = standing.read_facts(uscc, [year])
    policy = policy_for(facts.programmes[year], today)
    found = eligibility.findings(enterprise, facts.standing, policy, today)
    quota = entitlements.quota_of(facts.standing, policy, year)
    entitlement = facts.entitlements[year]
    size = eligibility.size_class(enterprise)
    found.append(eligibility.approval_finding(enterprise))
    return reply(
        {
            "uscc": uscc,
            "year": year,
            "eligible": all(each.passed for each in found),
            "size_class": size.value if size else None,
            "quota_fen": quota.quota_fen,
            "quota_reason": quota.reason,
            "granted_fen": entitlement.granted_fen if entitlement else 0,
            "findings": [
                {name: getattr(each, name) for name in ("clause", "rule", "passed", "message")} for each in found
            ],
        }
    )


handler = app.handle
