"""When personal data has had its time, and what a record is without it (policy.Retention; 个人信息保护法 第四十七条).

A record that is erased keeps what the books need: codes and names of organisations, amounts, days, decisions, and who
decided. Its words and the names of people are gone, or `ERASED` where the record must have some.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from voucher.models.activities import Activity
from voucher.models.agencies import Agency
from voucher.models.base import Mark, Stateful
from voucher.models.changes import Change
from voucher.models.claims import OrganisationClaim
from voucher.models.complaints import Complaint
from voucher.models.documents import Document
from voucher.models.enterprises import Enterprise
from voucher.models.entitlements import Entitlement
from voucher.models.inspections import Check
from voucher.models.lists import ListImport
from voucher.models.notices import Notice, Objection
from voucher.models.orders import CancelRequest, Dispute, Order, OrderDecision
from voucher.models.payables import MaskedAccount, Payable
from voucher.models.payouts import Payout, PayoutFile
from voucher.models.programmes import Programme
from voucher.models.removals import Lead
from voucher.models.sanctions import Sanction
from voucher.models.settlements import Settlement
from voucher.models.violations import Violation
from voucher.policy import NURSERY_LIST, RATED_D_LIST, RETENTION
from voucher.refusals import Refusal, Refused
from voucher.rules.lifecycle import remembered, stepped
from voucher.rules.sanctions import is_pending
from voucher.rules.standing import years_of
from voucher.rules.working_days import end_of_day

ERASED = "已删除"
# what the schedule looks through every night, by the words of its tasks
TASKS = (
    "enterprise",
    "agency",
    "order",
    "settlement",
    "claim",
    "complaint",
    "notice",
    "round",
    "payable",
    "violation",
    "activity",
    "check",
    "inspection",
    "lead",
    "list_import",
    "crowd",
    "letter",
    "message",
)
# one that is written out, reopened or on its way has not ended
ENDED_ORDERS = frozenset({"refused", "withdrawn", "cancelled", "paid"})
EDITABLE = frozenset({"draft", "returned", "rejected"})

Organisation = Enterprise | Agency


def is_over(since: datetime | None, days: int, now: datetime) -> bool:
    """The days after `since` have passed; False if it has not happened."""
    return since is not None and since + timedelta(days=days) <= now


def latest_message(now: datetime) -> datetime:
    """Messages that came at this instant or earlier have had their time."""
    return now - timedelta(days=RETENTION.message_days)


def latest_letter(now: datetime) -> datetime:
    """Letters that came at this instant or earlier have had their time."""
    return now - timedelta(days=RETENTION.letter_days)


def latest_payout_file(now: datetime) -> datetime:
    """A payout file of this instant or earlier that is in no record has had its time."""
    return now - timedelta(days=RETENTION.payout_file_days)


def last_step(record: Stateful) -> datetime:
    """When a record was last changed."""
    return record.updated_at or record.created_at


def is_cleaned(erased_at: datetime | None, now: datetime) -> bool:
    """What belonged to an erased record is looked for again, for some nights: what a broken run left, and an upload
    that was still on its way."""
    return erased_at is not None and not is_over(erased_at, RETENTION.cleaning_days, now)


# --- organisations and their papers ---


def programmes_over_at(programmes: Sequence[Programme]) -> datetime | None:
    """When the last programme year ended; None while any is a draft or open."""
    if not programmes or any(each.state != "closed" for each in programmes):
        return None
    return max(end_of_day(each.policy.last_day(each.year)) for each in programmes)


def organisation_is_due(
    organisation: Organisation,
    documents: Iterable[Document],
    orders: Iterable[Order],
    over_at: datetime | None,
    now: datetime,
) -> bool:
    """An organisation has had its time: its code was given free, or it was never approved and let its registration lie,
    or it is out of the programme, and long ago the last of its orders ended."""
    if organisation.erased_at is not None:
        return False
    if organisation.state == "revoked":
        return True
    if organisation.approved_at is None:
        touched = max(last_step(organisation), *(each.created_at for each in documents), organisation.created_at)
        was_submitted = bool(organisation.submission)
        days = RETENTION.refused_days if was_submitted else RETENTION.draft_days
        return organisation.state in EDITABLE and is_over(touched, days, now)
    left_at = _left_at(organisation, over_at)
    known = list(orders)
    if left_at is None or any(each.state not in ENDED_ORDERS for each in known):
        return False
    last = max(left_at, last_step(organisation), *map(last_step, known), organisation.created_at)
    return is_over(last, RETENTION.left_days, now)


def has_taken_code(holder: Organisation | None, now: datetime) -> bool:
    """§3.2.1, §4.1.1: True if what has a credit code keeps it beyond the coming night. That frees the code of what was
    revoked, or lay idle for too long."""
    if holder is None or holder.erased_at is not None:
        return False
    return holder.approved_at is not None or not organisation_is_due(holder, (), (), None, now)


def check_may_draft(holder: Organisation | None, now: datetime) -> None:
    """§3.2.1, §4.1.1: nobody drafts what another one has submitted. Raises ALREADY_REGISTERED."""
    if has_taken_code(holder, now):
        raise Refused(Refusal.ALREADY_REGISTERED)


def check_may_take_code(draft: Organisation, holder: Organisation | None, now: datetime) -> None:
    """§3.2.1, §4.1.1: a draft may take its credit code now, as far as was read; its write decides. Raises
    ALREADY_REGISTERED, CODE_FREE_TOMORROW, or CHANGED_MEANWHILE if the code has just been taken by this very draft."""
    if draft.has_code or holder is None:
        return
    if holder.draft_id == draft.draft_id:
        raise Refused(Refusal.CHANGED_MEANWHILE)
    check_may_draft(holder, now)
    if holder.erased_at is None or is_cleaned(holder.erased_at, now):
        raise Refused(Refusal.CODE_FREE_TOMORROW)


def _left_at(organisation: Organisation, over_at: datetime | None) -> datetime | None:
    """Since when an approved organisation is out of the programme; None while it is in it, or something of it waits for
    a decision."""
    if organisation.state in ("disqualified", "removed"):
        return last_step(organisation)
    if organisation.state not in (*EDITABLE, "approved", "active") or is_pending(organisation):
        return None
    if isinstance(organisation, Agency):
        return end_of_day(organisation.valid_until) if organisation.valid_until else None
    return over_at


def erased_organisation[Kind: Enterprise | Agency](organisation: Kind, mark: Mark) -> Kind:
    """The organisation without its people, and without what it submitted. Its code, its name, what it is, and who
    decided on it stay."""
    reached: tuple[str, ...] = ("legal_representative", "contact_name", "contact_phone", "address")
    people = (*reached, "created_by", "submitted_by")
    words: tuple[str, ...] = ("override_request", "override", "removal_reason", "revoke_reason")
    sanction = organisation.sanction and _wordless_sanction(organisation.sanction)
    named = {name: ERASED for name in (*people, *words) if getattr(organisation, name, None) is not None}
    nothing: dict[str, Any] = {"submission": {}, "submission_before": {}, "facts_before": {}}
    nothing |= {"reasons": (), "request_sha256": None}
    if isinstance(organisation, Agency):
        nothing |= {"proposed": {}, "former_contacts": ()}
    nobody: dict[str, Any] = {"members": frozenset(), "seats": {}, "invitations": ()}
    return stepped(organisation, "erase", mark, erased_at=mark.at, sanction=sanction, **nobody, **named, **nothing)


def _wordless_sanction(sanction: Sanction) -> Sanction:
    """§3.4.1, §4.1.3: a sanction without its words, and without who answered it."""
    said = ("reason", "statement", "stated_by", "decision_reason", "restore_reason")
    return sanction.model_copy(update={name: ERASED for name in said if getattr(sanction, name) is not None})


def without_members(entitlement: Entitlement) -> Entitlement:
    """§2.3.1: the entitlement of an enterprise that nobody acts for any more; its amounts stay."""
    return entitlement.model_copy(update={"members": frozenset(), "version": entitlement.version + 1})


def goes_altogether(organisation: Organisation, now: datetime) -> bool:
    """An erased organisation that was never approved is in no book: nothing of it stays. A day later, because a paper
    may be announced in the moment in which it is erased."""
    return organisation.approved_at is None and is_over(organisation.erased_at, 1, now)


def papers_due(
    organisation: Organisation, documents: Iterable[Document], reports: Iterable[Change], now: datetime
) -> list[Document]:
    """The papers of a living organisation that have had their time: taken back, never submitted though it has gone on,
    in neither of its last two submissions, or of an earlier registration. The papers of a report stay as long as its
    words do."""
    of_report = {document_id: change for change in reports for document_id in change.document_ids}
    named = {text.partition(".")[0] for text in _named(organisation)}
    may_submit = organisation.state in EDITABLE
    return [
        each
        for each in documents
        if _is_left_behind(each, organisation)
        or (
            of_report[each.document_id].erased_at is not None
            if each.document_id in of_report
            else (each.document_id not in named and is_over(each.created_at, RETENTION.replaced_paper_days, now))
            or _is_idle(each, now, may_submit)
        )
    ]


def _is_left_behind(thing: Document | Change, organisation: Organisation) -> bool:
    """Of an earlier registration under the same code, which was erased: what a broken run left."""
    return thing.created_at < organisation.created_at


def _named(organisation: Organisation) -> Iterable[str]:
    """The papers in the last two submissions, as `id.sha256`."""
    submitted = (*organisation.submission.values(), *organisation.submission_before.values())
    return (text for value in submitted if isinstance(value, list) for text in value if isinstance(text, str))


def _is_idle(document: Document, now: datetime, may_submit: bool = False) -> bool:
    if document.taken_back:
        return is_over(document.created_at, RETENTION.taken_back_paper_days, now)
    unused = not document.checked and not may_submit
    return unused and is_over(document.created_at, RETENTION.unused_paper_days, now)


def changes_due(organisation: Organisation, changes: Iterable[Change], now: datetime) -> list[Change]:
    """The reports of a living organisation that have had their time, or are of an earlier registration."""
    known = [each for each in changes if each.erased_at is None]
    return [each for each in known if change_is_due(each, now) or _is_left_behind(each, organisation)]


def change_is_due(change: Change, now: datetime) -> bool:
    """A report that is decided, long ago."""
    decided = change.state != "reported" and change.erased_at is None
    return decided and is_over(last_step(change), RETENTION.change_days, now)


def erased_change(change: Change, mark: Mark) -> Change:
    """The report without its words and facts. Its papers are told by their ids, so that they go with it."""
    reason = ERASED if change.reason else None
    created_by = {"created_by": ERASED, "request_sha256": None}
    return stepped(change, "erase", mark, description=ERASED, facts=(), reason=reason, erased_at=mark.at, **created_by)


def claim_is_due(claim: OrganisationClaim, now: datetime) -> bool:
    """A claim that is decided, long ago, or was never completed."""
    if claim.erased_at is not None or claim.state in ("submitted", "forwarded"):
        return False
    days = RETENTION.draft_days if claim.state == "draft" else RETENTION.claim_days
    return is_over(last_step(claim), days, now)


def erased_claim(claim: OrganisationClaim, mark: Mark) -> OrganisationClaim:
    """The claim without its people and words. That there was one, on what, and who decided it, stays."""
    reasons = ("reason", "withdrawal_reason", "review_reason", "decision_reason")
    people = ("contact_name", "contact_phone", "created_by", *reasons)
    gone: dict[str, Any] = {name: ERASED for name in people if getattr(claim, name) is not None}
    gone |= {"statements": (), "former_members": frozenset(), "steps": {}, "request_sha256": None}
    return stepped(claim, "erase", mark, **gone, erased_at=mark.at)


def complaint_is_due(complaint: Complaint, now: datetime) -> bool:
    """A complaint that ended long ago."""
    over = complaint.state in ("answered", "redirected", "linked", "withdrawn") and complaint.erased_at is None
    return over and is_over(last_step(complaint), RETENTION.complaint_days, now)


def erased_complaint(complaint: Complaint, mark: Mark) -> Complaint:
    """The complaint without its people and words. That there was one, about whom, its days and its outcome, stays."""
    words = ("text", "name", "contact", "told", "review_reason", "proposal_reason", "measure_reason", "answer")
    gone: dict[str, Any] = {name: ERASED for name in words if getattr(complaint, name) is not None}
    gone |= {"statements": (), "findings": (), "steps": {}, "request_sha256": None}
    gone |= {"code_seed": None, "code_sha256": None}
    return stepped(complaint, "erase", mark, **gone, erased_at=mark.at)


# --- orders and settlements ---


def order_is_due(order: Order, now: datetime) -> bool:
    """An order that ended, long ago, and has words."""
    ended = order.state in ENDED_ORDERS and order.erased_at is None
    reasons = (order.refusal_reason, order.withdrawal_reason, order.dispute, order.decision)
    worded = order.rating or order.enterprise_cancel or order.agency_cancel or order.subsidy_decisions or any(reasons)
    return ended and bool(worded) and is_over(last_step(order), RETENTION.order_text_days, now)


def erased_order(order: Order, mark: Mark) -> Order:
    """The order without the words of its parties. Scores, amounts, days and hands stay, and the reasons of
    recoveries, which are in the books."""
    return stepped(
        order,
        "erase",
        mark,
        rating=order.rating and order.rating.model_copy(update={"comment": ERASED}),
        enterprise_cancel=_wordless(order.enterprise_cancel),
        agency_cancel=_wordless(order.agency_cancel),
        refusal_reason=ERASED if order.refusal_reason else None,
        withdrawal_reason=ERASED if order.withdrawal_reason else None,
        dispute=_wordless(order.dispute),
        decision=_wordless(order.decision),
        subsidy_decisions=tuple(each.model_copy(update={"reason": ERASED}) for each in order.subsidy_decisions),
        erased_at=mark.at,
    )


def _wordless[Said: (CancelRequest, Dispute, OrderDecision)](said: Said | None) -> Said | None:
    return said.model_copy(update={"reason": ERASED}) if said else None


def settlement_is_due(settlement: Settlement, now: datetime) -> bool:
    """An application that was withdrawn, long ago."""
    withdrawn = settlement.state == "withdrawn" and settlement.erased_at is None
    return withdrawn and is_over(last_step(settlement), RETENTION.withdrawn_paper_days, now)


def erased_settlement(settlement: Settlement, mark: Mark) -> Settlement:
    """A withdrawn application, whose papers go now."""
    return stepped(settlement, "erase", mark, erased_at=mark.at)


def settlement_papers_due(settlement: Settlement, documents: Iterable[Document], now: datetime) -> list[Document]:
    """All papers of a withdrawn application, but a summary invoice that was handed in: it may be that of another one,
    too. Of any other application only those taken back or never used: the rest is in the books."""
    if settlement.erased_at is not None:
        return [each for each in documents if not (each.kind == "summary_invoice" and each.checked)]
    return [each for each in documents if _is_idle(each, now)]


def objections_due(notice: Notice, objections: Iterable[Objection], now: datetime) -> Iterator[Objection]:
    """§3.5.3: the decided objections to a notice that was closed, long ago."""
    over = notice_is_over(notice, now)
    return (each for each in objections if over and each.state != "standing" and each.erased_at is None)


def notice_is_over(notice: Notice, now: datetime) -> bool:
    """A notice that was closed, long ago."""
    return notice.state == "closed" and is_over(last_step(notice), RETENTION.objection_days, now)


def erased_objection(objection: Objection, mark: Mark) -> Objection:
    """§3.5.3: the objection without who made it, its words and those of the answer, which nothing opens any more. What
    it was about and the decision stay."""
    words = {"name": ERASED, "contact": ERASED, "reason": ERASED, "opinion": None, "request_sha256": None}
    words |= {"code_seed": None, "code_sha256": None}
    return stepped(objection, "erase", mark, **words, erased_at=mark.at)


def account_is_due(payable: Payable, now: datetime) -> bool:
    """§3.5.4: nothing is left to be paid, since long."""
    ended = payable.state in ("paid", "dropped") and (payable.account or payable.change)
    return bool(ended) and is_over(last_step(payable), RETENTION.account_days, now)


def erased_payable(payable: Payable, mark: Mark) -> Payable:
    """§3.5.4: the payable without the sealed number. Bank, holder and last digits stay, to say where the money went."""
    before = payable.account and MaskedAccount.model_validate(payable.account.model_dump())
    return stepped(payable, "erase", mark, account=None, change=None, account_before=before, erased_at=mark.at)


def payout_file_is_due(file: PayoutFile, payouts: Iterable[Payout], now: datetime) -> bool:
    """§3.5.4: the bank has answered on each payout of a file, and the last answer is long ago."""
    listed = [each for each in payouts if each.payout_id in file.payout_ids]
    answered = file.erased_at is None and all(each.state != "made" for each in listed)
    return answered and is_over(max(map(last_step, listed), default=None), RETENTION.payout_file_days, now)


# --- supervision and lists ---


def activity_is_due(activity: Activity, now: datetime) -> bool:
    """§3.4.2: the words and papers of an activity on which nobody is to act any more."""
    is_open = activity.erased_at is not None or activity.state == "submitted"
    return not is_open and is_over(last_step(activity), RETENTION.activity_days, now)


def erased_activity(activity: Activity, mark: Mark) -> Activity:
    """§3.4.2: that it was held and counted stays; the words of its review go."""
    gone = dict.fromkeys(("review_reason", "cancel_reason", "submitted_by"))
    return stepped(activity, "erase", mark, erased_at=mark.at, **gone)


def check_is_due(check: Check, now: datetime) -> bool:
    """§5.1: the words of a check that was closed."""
    return check.erased_at is None and is_over(check.closed_at, RETENTION.check_days, now)


def erased_check(check: Check, mark: Mark) -> Check:
    """§5.1: that it was drawn, what was found and decided, by whom, and the orders stay; who was spoken to, the words
    and the papers go."""
    gone = dict.fromkeys(("return_reason", "statement", "follow_up_reason", "decision_reason", "drop_reason"))
    report = check.report
    if report:
        untold: dict[str, Any] = dict.fromkeys(("place", "spoken_to", "note", "finding_text"))
        points = report.checklist
        if points:
            bare = {name: getattr(points, name).model_copy(update={"note": None}) for name in type(points).model_fields}
            untold["checklist"] = points.model_copy(update=bare)
        report = report.model_copy(update=untold)
    return stepped(check, "erase", mark, attempts=(), report=report, erased_at=mark.at, **gone)


def inspection_papers_due(checks: Collection[Check], documents: Iterable[Document], now: datetime) -> list[Document]:
    """§5.1: the papers of an inspection that no report took up in time; once all of its checks are erased, all."""
    if checks and all(each.erased_at for each in checks):
        return list(documents)
    return [each for each in documents if _is_idle(each, now)]


def violation_is_due(violation: Violation, now: datetime) -> bool:
    """§2.1.3: a violation that was lifted, long ago; one that stands counts for ever."""
    lifted = violation.state == "lifted" and violation.erased_at is None
    return lifted and is_over(last_step(violation), RETENTION.violation_days, now)


def erased_violation(violation: Violation, mark: Mark) -> Violation:
    """§2.1.3: that there was one, and who decided, without the words."""
    releases = tuple(each.model_copy(update={"reason": ERASED}) for each in violation.releases)
    words = {"facts": ERASED, "lift_reason": ERASED, "request_sha256": None}
    return stepped(violation, "erase", mark, **words, releases=releases, erased_at=mark.at)


def lead_is_due(lead: Lead, now: datetime) -> bool:
    """§3.4.1: a lead that was handed on, long ago."""
    return lead.erased_at is None and is_over(last_step(lead), RETENTION.lead_days, now)


def erased_lead(lead: Lead, mark: Mark) -> Lead:
    """§3.4.1: the lead without its words."""
    return remembered(lead, "erase", mark, facts=ERASED, erased_at=mark.at)


def list_is_due(
    record: ListImport,
    in_force: ListImport | None,
    latest: ListImport | None,
    following_year: int | None,
    now: datetime,
) -> bool:
    """§2.1.1, §2.3.1: a version of a list that is over. The version `in_force` stays as long as what was granted by it
    may be asked about. The `latest` of a list that counts until another one replaces it (of D lists, or of the nursery
    as long as no `following_year` has a list) stays, because the next one is compared with it; any other list is only
    compared with those of its own year, and by then nobody corrects that year any more."""
    counts_on = record.kind == RATED_D_LIST or (record.kind == NURSERY_LIST and following_year is None)
    is_latest = latest is not None and latest.import_id == record.import_id
    if record.state in ("applying", "erased") or (counts_on and is_latest):
        return False
    if in_force and in_force.import_id == record.import_id:
        last_year = years_of(record.kind, record.year).last or record.year
        return is_over(end_of_day(date(last_year, 12, 31)), RETENTION.left_days, now)
    last = max(each for each in (record.created_at, record.updated_at, record.applied_at) if each)
    return is_over(last, RETENTION.list_days, now)


def erased_list(record: ListImport, mark: Mark) -> ListImport:
    """§2.1.1, §2.3.1: a version whose file and rows go now. Who brought which file into force, and its hash, stay."""
    return stepped(record, "erase", mark, filename=ERASED, failure=None, erased_at=mark.at)
