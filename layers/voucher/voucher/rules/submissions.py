"""What a registration said when it was handed in, and what is different the next time (§3.2.1, §4.1.1)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from voucher.models.agencies import Agency
from voucher.models.base import Reason
from voucher.models.documents import Document
from voucher.models.enterprises import Enterprise
from voucher.refusals import FieldError, Refusal, Refused


def submission_of(
    organisation: Enterprise | Agency, fields: Iterable[str], papers: Iterable[Document]
) -> dict[str, Any]:
    """The facts and papers of one submission: each field's value, each kind of paper with its files."""
    shown, kinds = organisation.public(), dict[str, set[str]]()
    for paper in papers:
        kinds.setdefault(paper.kind, set()).add(f"{paper.document_id}.{paper.sha256}")
    return {name: shown[name] for name in fields} | {kind: sorted(ids) for kind, ids in kinds.items()}


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields and kinds of papers that differ from the submission before; none for the first one."""
    if not before:
        return ()
    return tuple(name for name in {**after, **before} if before.get(name) != after.get(name))


def application_day(organisation: Enterprise | Agency, today: date) -> date | None:
    """§2.1.2, §3.1.1: the day that ages are reckoned by when it is handed in today. What was approved and only returned
    since is still the application it was, and so is a renewal begun; what was rejected is applied for anew."""
    renewing = isinstance(organisation, Agency) and organisation.renewal
    same = organisation.approved_at is not None and (organisation.state == "returned" or renewing)
    return organisation.applied_on if same else today


def check_reasons(decision: str, reasons: Iterable[Reason], names: Iterable[str]) -> None:
    """§3.2.2, §4.1.2: a return says why, and each reason that names something names a field or a kind of paper."""
    listed, known = list(reasons), set(names)
    if decision == "return" and not listed:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("reasons", "退回时须写明原因。")])
    if any(each.field is not None and each.field not in known for each in listed):
        raise Refused(Refusal.MALFORMED, errors=[FieldError("reasons", "只能指向注册信息的字段或材料的种类。")])
