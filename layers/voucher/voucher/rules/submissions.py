"""What an organisation submits: its facts and documents, and what changed since the last time (§3.2.1, §4.1.1)."""

import hashlib
from base64 import b32encode
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from voucher.models.agencies import Agency, FormerContact
from voucher.models.base import Mark, Reason, instant_text
from voucher.models.documents import Document
from voucher.models.enterprises import Enterprise
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.lifecycle import stepped
from voucher.rules.working_days import shanghai_date


def new_draft_id(kind: str, uscc: str, mark: Mark) -> str:
    """What tells a draft from others of the same credit code, and says nothing of who made it. It is part of invitation
    codes, which people type."""
    made = f"{kind}/{uscc}/{mark.by}/{instant_text(mark.at)}"
    return b32encode(hashlib.sha256(made.encode()).digest()).decode()[:10]


def withdrawn_submission[Organisation: (Enterprise, Agency)](organisation: Organisation, mark: Mark) -> Organisation:
    """§3.2.1, §4.1.1: the draft that a submission becomes again. Only before the first approval, because what was
    approved once stays open to changes, disqualification and removal. Raises WRONG_STATE."""
    if organisation.approved_at is not None:
        raise Refused(Refusal.WRONG_STATE, of=organisation)
    return stepped(organisation, "withdraw", mark)


def revoked_registration[Organisation: (Enterprise, Agency)](
    organisation: Organisation, reason: str, mark: Mark
) -> Organisation:
    """§3.2.1, §4.1.1: the registration whose credit code the operator gives free, because whoever submitted it does
    not act for that organisation. It takes no step any more, and the next night erases it. Only before the first
    approval, because the books name what was approved once. Raises WRONG_STATE."""
    if organisation.approved_at is not None:
        raise Refused(Refusal.WRONG_STATE, of=organisation)
    return stepped(organisation, "revoke", mark, revoke_reason=reason)


def with_contact[Organisation: (Enterprise, Agency)](
    organisation: Organisation, contact: Mapping[str, Any], mark: Mark
) -> Organisation:
    """§3.2.3, §4.1.3: the organisation with another contact. What an agency proposes for its renewal follows, because
    its approval would bring the old one back. Raises WRONG_STATE."""
    changes = dict(contact)
    if isinstance(organisation, Agency):
        changes |= _handed_over(organisation, contact, mark)
        changes["proposed"] = {name: contact.get(name, value) for name, value in organisation.proposed.items()}
    return stepped(organisation, "edit_contact", mark, **changes)


def check_trained(trained_on: date | None, today: date) -> None:
    """§3.4.2: nobody was trained in the future. Raises MALFORMED."""
    if trained_on and trained_on > today:
        error = FieldError("contact_trained_on", "培训日期不得晚于今日。", "too_large", max=str(today))
        raise Refused(Refusal.MALFORMED, errors=[error])


def _handed_over(agency: Agency, contact: Mapping[str, Any], mark: Mark) -> dict[str, Any]:
    """§3.4.2: one person of an agency is there for the vouchers; who takes over is to be trained anew."""
    name = contact.get("contact_name", agency.contact_name)
    if name == agency.contact_name:
        return {}
    today = shanghai_date(mark.at)
    former = FormerContact(name=agency.contact_name, since=agency.contact_since, until=today)
    trained_on = contact.get("contact_trained_on")
    kept = (*agency.former_contacts, former)[-20:]
    return {"contact_since": today, "contact_trained_on": trained_on, "former_contacts": kept}


def submission_of(
    organisation: Enterprise | Agency, fields: Iterable[str], documents: Iterable[Document]
) -> dict[str, Any]:
    """The facts and documents of one submission: each field's value, each kind of document with its files."""
    facts, kinds = organisation.public(), dict[str, set[str]]()
    for document in documents:
        kinds.setdefault(document.kind, set()).add(f"{document.document_id}.{document.sha256}")
    return {name: facts[name] for name in fields} | {kind: sorted(files) for kind, files in kinds.items()}


def changes_by_submission(
    organisation: Enterprise | Agency, submission: Mapping[str, Any], submitted_by: str
) -> dict[str, Any]:
    """What a submission changes in the organisation's record; the reviewer's earlier reasons are answered by it."""
    return {
        "submitted_by": submitted_by,
        "reasons": (),
        "submission": submission,
        "submission_before": organisation.submission,
        "changed_fields": changed_fields(organisation.submission, submission),
    }


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields and kinds of documents that differ from the submission before. The first submission has none."""
    if not before:
        return ()
    return tuple(name for name in {**after, **before} if before.get(name) != after.get(name))


def application_day(organisation: Enterprise | Agency, today: date) -> date | None:
    """§2.1.2, §3.1.1: the day on which ages are reckoned, if the organisation submits today.

    An organisation that was approved and then only returned keeps the day of its application, and so does an agency
    that renews. Any other applies anew today, also after a rejection, or after a disqualification, which left no day.
    """
    renews = isinstance(organisation, Agency) and organisation.renewal
    is_same_application = organisation.approved_at is not None and (organisation.state == "returned" or renews)
    return (organisation.applied_on if is_same_application else None) or today


def check_reasons(decision: str, reasons: Collection[Reason], submission: Collection[str]) -> None:
    """§3.2.2, §4.1.2: a return gives its reasons. A reason may name a field or a kind of document of the submission.

    Raises MALFORMED for a return without reasons, and for any other name.
    """
    if decision == "return" and not reasons:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("reasons", "退回时须写明原因。", "missing")])
    if any(each.field is not None and each.field not in submission for each in reasons):
        raise Refused(
            Refusal.MALFORMED, errors=[FieldError("reasons", "只能指向注册信息的字段或材料的种类。", "not_allowed")]
        )
