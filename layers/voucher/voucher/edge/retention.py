"""One record that may have had its time: read again, decided on, erased; then its papers and files."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from voucher.edge import queues
from voucher.edge.observe import log_work
from voucher.models.agencies import Agency
from voucher.models.base import Mark
from voucher.models.documents import Document
from voucher.models.enterprises import Enterprise
from voucher.rules import retention
from voucher.rules.working_days import shanghai_date
from voucher.store import (
    activities,
    bounds,
    changes,
    checks,
    claims,
    complaints,
    crowds,
    documents,
    inbox,
    keys,
    lists,
    notices,
    objections,
    orders,
    organisations,
    payables,
    payouts,
    programmes,
    removals,
    settlements,
    standing,
    violations,
)
from voucher.store.engine import files
from voucher.store.engine.table import Write


def forget_organisation(kind: str, uscc: str, draft_id: str | None, mark: Mark) -> None:
    """§3.2, §4.1: an organisation, or only those of its papers and reports that have had their time. `draft_id` tells
    the registrations of one credit code from each other."""
    organisation = organisations.find_registration(kind, uscc, draft_id)
    if organisation is None:
        return
    owner = organisations.papers(organisation)
    papers = documents.list_all_of(owner)
    if organisation.erased_at is None and _is_due(organisation, papers, mark.at):
        erased = retention.erased_organisation(organisation, mark)
        if not organisations.commit_erased(organisation, erased, *_entitlement_writes(organisation, mark.at)):
            return
        log_work("erased", thing=kind)
        bounds.commit_person_deleted(owner.table, organisation.created_by, shanghai_date(mark.at))
        organisation = erased
    if organisation.erased_at is not None:
        _clean(organisation, owner, mark)
        return
    unchanged = organisations.unchanged_check(organisation)
    # whoever does not have the code has no reports: those are of whoever does
    known = changes.list_of(kind, uscc) if organisation.has_code else []
    reports = {each.change_id: each for each in known}
    for change in retention.changes_due(organisation, reports.values(), mark.at):
        erased_report = retention.erased_change(change, mark)
        if changes.commit_erased(change, erased_report):
            reports[change.change_id] = erased_report
    for document in retention.papers_due(organisation, papers, reports.values(), mark.at):
        documents.commit_deleted(owner, document, unchanged)


def _is_due(organisation: Enterprise | Agency, papers: list[Document], now: datetime) -> bool:
    over_at = None
    if organisation.thing == "enterprise" and organisation.approved_at is not None:
        over_at = retention.programmes_over_at(programmes.list_all())
    # first without its orders, because this is asked of each organisation every night
    if not retention.organisation_is_due(organisation, papers, (), over_at, now):
        return False
    placed = orders.list_of_party(organisation.thing, organisation.uscc) if organisation.approved_at else ()
    return retention.organisation_is_due(organisation, papers, placed, over_at, now)


def _entitlement_writes(organisation: Enterprise | Agency, now: datetime) -> list[Write]:
    """§2.3.1: who acts for an enterprise stands in its entitlements, too. A year without one must have stayed so."""
    if organisation.approved_at is None or organisation.thing == "agency":
        return []
    facts = standing.read_facts(organisation.uscc, range(organisation.approved_at.year, now.year + 2))
    kept = {year: each and retention.without_members(each) for year, each in facts.entitlements.items()}
    return standing.entitlement_writes(facts, kept)


def _clean(organisation: Enterprise | Agency, owner: keys.Key, mark: Mark) -> None:
    """Delete all papers of an erased organisation and the words of its reports; for some nights, because an upload may
    have been on its way."""
    if retention.is_cleaned(organisation.erased_at, mark.at):
        for document in documents.list_all_of(owner):
            documents.commit_deleted(owner, document)
            bounds.commit_person_deleted(owner.table, document.uploaded_by, shanghai_date(mark.at))
        for place in (documents.UPLOADS, documents.KEPT):
            files.commit_deleted(f"{place}{organisations.folder(organisation)}/")
        reports = changes.list_of(organisation.thing, organisation.uscc) if organisation.has_code else []
        for change in reports:
            if change.erased_at is None:
                changes.commit_erased(change, retention.erased_change(change, mark))
    if retention.goes_altogether(organisation, mark.at):
        bounds.commit_deleted(owner)
        organisations.commit_deleted(organisation)


def forget_claim(claim_id: str, mark: Mark) -> None:
    """§3.2.1, §4.1.1: a claim on an organisation, with its papers."""
    claim, owner = claims.get(claim_id), keys.claim(claim_id)
    if retention.claim_is_due(claim, mark.at):
        erased = retention.erased_claim(claim, mark)
        if not claims.commit_erased(claim, erased):
            return
        bounds.commit_person_deleted(owner.table, claim.created_by, shanghai_date(mark.at))
        claim = erased
    if retention.is_cleaned(claim.erased_at, mark.at):
        for document in documents.list_all_of(owner):
            documents.commit_deleted(owner, document)
        bounds.commit_deleted(owner)


def forget_complaint(complaint_id: str, mark: Mark) -> None:
    """§5.3: who complained, the words and the papers."""
    complaint, owner = complaints.get(complaint_id), keys.complaint(complaint_id)
    if retention.complaint_is_due(complaint, mark.at):
        erased = retention.erased_complaint(complaint, mark)
        if not complaints.commit_erased(complaint, erased):
            return
        bounds.commit_person_deleted(owner.table, complaint_id, shanghai_date(mark.at))
        complaint = erased
    if retention.is_cleaned(complaint.erased_at, mark.at):
        for document in documents.list_all_of(owner):
            documents.commit_deleted(owner, document)
        bounds.commit_deleted(owner)


def forget_settlement(settlement_id: str, mark: Mark) -> None:
    """§3.5.1: the papers of an application that was withdrawn, or those of any that were never used."""
    settlement, owner = settlements.load(settlement_id), keys.settlement(settlement_id)
    if retention.settlement_is_due(settlement, mark.at):
        erased = retention.erased_settlement(settlement, mark)
        if not settlements.commit_erased(settlement, erased):
            return
        settlement = erased
    for document in retention.settlement_papers_due(settlement, documents.list_all_of(owner), mark.at):
        documents.commit_deleted(owner, document)


def forget_order(order_id: str, mark: Mark) -> None:
    """§4.2: the words of an order that ended."""
    order = orders.load(order_id)
    if retention.order_is_due(order, mark.at):
        orders.commit_erased(order, retention.erased_order(order, mark))


def forget_notice(notice_id: str, mark: Mark) -> None:
    """§3.5.3: who objected to a notice that was closed, and what counted the objections."""
    notice = notices.find(notice_id)  # None for the notice of a removal, which has none
    if notice is None or not retention.notice_is_over(notice, mark.at):
        return
    for objection in retention.objections_due(notice, objections.read_all(notice_id), mark.at):
        objections.commit_erased(objection, retention.erased_objection(objection, mark))
    crowds.commit_deleted(keys.notice(notice_id))


def forget_round(round_id: str, mark: Mark) -> None:
    """§3.5.4: the payout files of a round, on whose payouts the bank has answered."""
    made = payouts.list_of(payables.list_of_round(round_id))
    for file in payouts.list_files(round_id):
        if retention.payout_file_is_due(file, made, mark.at):
            payouts.commit_file_erased(file.model_copy(update={"erased_at": mark.at}))
        elif retention.is_cleaned(file.erased_at, mark.at):
            payouts.commit_file_erased(file)
    if all(file.erased_at for file in payouts.list_files(round_id)):
        payouts.commit_strays_deleted(round_id, retention.latest_payout_file(mark.at))


def forget_account(round_id: str, agency_uscc: str, mark: Mark) -> None:
    """§3.5.4: the account number that an agency was paid on."""
    payable = payables.load(round_id, agency_uscc)
    if retention.account_is_due(payable, mark.at):
        payables.commit_erased(payable, retention.erased_payable(payable, mark))


def forget_violation(violation_id: str, mark: Mark) -> None:
    """§2.1.3: the words of a violation that was lifted."""
    violation = violations.get(violation_id)
    if retention.violation_is_due(violation, mark.at):
        violations.commit_erased(violation, retention.erased_violation(violation, mark))


def forget_activity(activity_id: str, mark: Mark) -> None:
    """§3.4.2: the words of an activity, and its papers, on which people stand."""
    activity, owner = activities.get(activity_id), keys.activity(activity_id)
    if retention.activity_is_due(activity, mark.at):
        erased = retention.erased_activity(activity, mark)
        if not activities.commit_erased(activity, erased):
            return
        activity = erased
    if retention.is_cleaned(activity.erased_at, mark.at):
        for document in documents.list_all_of(owner):
            documents.commit_deleted(owner, document)
        bounds.commit_deleted(owner)


def forget_check(check_id: str, mark: Mark) -> None:
    """§5.1: the words of a check, and the papers that its report names."""
    check = checks.get(check_id)
    if retention.check_is_due(check, mark.at):
        erased = retention.erased_check(check, mark)
        if not checks.commit_erased(check, erased):
            return
        check = erased
    if retention.is_cleaned(check.erased_at, mark.at) and check.report:
        owner = keys.inspection(check.inspection_id)
        for document in documents.list_all_of(owner):
            if document.document_id in check.report.document_ids:
                documents.commit_deleted(owner, document)


def forget_inspection(inspection_id: str, mark: Mark) -> None:
    """§5.1: photos and papers of an inspection that no report names."""
    owner = keys.inspection(inspection_id)
    papers = documents.list_all_of(owner)
    for document in retention.inspection_papers_due(checks.list_of(inspection_id), papers, mark.at):
        documents.commit_deleted(owner, document)


def forget_lead(lead_id: str, mark: Mark) -> None:
    """§3.4.1: the words of a lead."""
    lead = removals.find_lead(lead_id)
    if lead and retention.lead_is_due(lead, mark.at):
        removals.commit_lead_erased(lead, retention.erased_lead(lead, mark))


def forget_list(kind: str, year: int, import_id: str, mark: Mark) -> None:
    """§2.1.1, §2.3.1: the file and the rows of a version that is over."""
    record = lists.load(kind, year, import_id)
    in_force, latest, following_year = (
        lists.find_in_force(kind, year),
        lists.find_latest(kind, year),
        lists.find_following_year(kind, year),
    )
    if retention.list_is_due(record, in_force, latest, following_year, mark.at):
        erased = retention.erased_list(record, mark)
        if not lists.commit_step(record, erased):
            return
        record = erased
    if retention.is_cleaned(record.erased_at, mark.at):
        lists.commit_files_deleted(record)


def forget_messages(body: dict[str, Any], now: datetime) -> None:
    """Messages of a shelf that have had their time, as many as one write holds; another message for the rest."""
    if inbox.commit_oldest_deleted(int(body["shelf"]), retention.latest_message(now)):
        queues.send("retention", [body])


FORGETTING: dict[str, Callable[..., None]] = {
    "enterprise": lambda *named: forget_organisation("enterprise", *named),
    "agency": lambda *named: forget_organisation("agency", *named),
    "claim": forget_claim,
    "complaint": forget_complaint,
    "settlement": forget_settlement,
    "order": forget_order,
    "notice": forget_notice,
    "round": forget_round,
    "payable": forget_account,
    "violation": forget_violation,
    "activity": forget_activity,
    "check": forget_check,
    "inspection": forget_inspection,
    "lead": forget_lead,
    "list_import": forget_list,
}
