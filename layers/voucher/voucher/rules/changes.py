"""Material changes: the last day to report them, and which reports come too late; which facts they propose, and when
these count (§3.2.3, §4.1.3)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, get_args

from voucher.models.agencies import Agency
from voucher.models.base import Mark
from voucher.models.changes import Change, ChangedFact, ReportedFact
from voucher.models.enterprises import Enterprise
from voucher.policy import CHANGE_DOCUMENTS, Policy
from voucher.refusals import FieldError, Refusal, Refused, refuse_first
from voucher.rules.agencies import conditions_not_met
from voucher.rules.eligibility import findings_of_its_own, refusals
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.working_days import material_change_due


def check_once_approved(organisation: Enterprise | Agency) -> None:
    """§3.2.3, §4.1.3: raise WRONG_STATE for an organisation that was never approved: it has no approval to lose."""
    if organisation.approved_at is None:
        raise Refused(Refusal.WRONG_STATE, of=organisation)


def check_may_add(organisation: Enterprise | Agency, kind: str) -> None:
    """§3.2.3, §4.1.3: documents of this kind may be added now: papers for a report by whoever was approved once, others
    as long as something is to be submitted. Raises WRONG_STATE."""
    if kind in CHANGE_DOCUMENTS:
        check_once_approved(organisation)
        check_step(organisation, "add_change_paper")
    else:
        check_step(organisation, "add_document")


def new_change(policy: Policy, today: date, happened_on: date, **facts: Any) -> Change:
    """The report of a change. A late report is flagged, never refused. Raises MALFORMED for a day after `today`."""
    if happened_on > today:
        raise Refused(
            Refusal.MALFORMED, errors=[FieldError("happened_on", "不能晚于今日。", "too_large", max=str(today))]
        )
    due_on = material_change_due(happened_on, policy.material_change_days).date
    return Change(
        **facts,
        happened_on=happened_on,
        reported_on=today,
        due_on=due_on,
        overdue=today > due_on,
        state="reported",
    )


def facts_reported(organisation: Enterprise | Agency, reported: Mapping[str, Any]) -> tuple[ChangedFact, ...]:
    """§3.2.3, §4.1.3: the reported facts that differ from the approved ones, each beside its approved one. Raises
    MALFORMED if none differs, and CATEGORIES_NOT_BY_REPORT: the scope of an agency is the bureau's to approve."""
    if "categories" in reported:
        raise Refused(Refusal.CATEGORIES_NOT_BY_REPORT)
    approved = _approved_facts(organisation)
    facts = [
        ChangedFact(field=name, approved=approved[name], proposed=reported[name])
        for name in get_args(ReportedFact)
        if name in reported and reported[name] != approved[name]
    ]
    if reported and not facts:
        error = FieldError("facts", "所报信息与已审核的信息一致，请填写有变化的信息。", "not_allowed")
        raise Refused(Refusal.MALFORMED, errors=[error])
    return tuple(facts)


def _approved_facts(organisation: Enterprise | Agency) -> dict[str, Any]:
    return organisation.model_dump(mode="json", include=set(get_args(ReportedFact)))


def beside_what_counts(change: Change, organisation: Enterprise | Agency) -> Change:
    """The report with its facts beside those that count now: another report may have changed them since."""
    approved = _approved_facts(organisation)
    facts = tuple(each.model_copy(update={"approved": approved[each.field]}) for each in change.facts)
    return change.model_copy(update={"facts": facts})


def with_facts_of[Organisation: (Enterprise, Agency)](
    organisation: Organisation, change: Change, mark: Mark, found: Mapping[str, bool] | None = None
) -> Organisation:
    """§3.2.3, §4.1.3: the organisation with the facts of a report and what a reviewer `found` of them, and with what
    they replace. What was granted or ordered before keeps its own facts. Raises NO_FACTS_REPORTED, and
    WRONG_STATE unless the organisation is approved: one that was reopened submits its facts anew."""
    if not change.facts:
        raise Refused(Refusal.NO_FACTS_REPORTED, clause="§3.2.3" if isinstance(organisation, Agency) else "§4.1.3")
    facts: dict[str, Any] = {each.field: each.proposed for each in change.facts}
    approved = _approved_facts(organisation)
    before = {name: approved[name] for name in facts}
    facts |= found or {}
    facts |= {"facts_since": mark.at, "facts_by_change": change.change_id, "facts_before": before}
    return stepped(organisation, "adopt_change", mark, **facts)


def newer_adopted(change: Change, reports: Iterable[Change]) -> tuple[str, ...]:
    """§3.2.3, §4.1.3: the ids of those adopted of an organisation's `reports` that were made after this one and brought
    facts that it brings, too: to adopt it would undo them."""
    fields = {each.field for each in change.facts}
    return tuple(
        each.change_id
        for each in reports
        if each.state == "adopted"
        and each.created_at > change.created_at
        and fields & {fact.field for fact in each.facts}
    )


def check_not_overtaken(change: Change, reports: Iterable[Change]) -> None:
    """§3.2.3, §4.1.3: no later report brought the same facts. Raises NEWER_REPORT_ADOPTED."""
    if newer := newer_adopted(change, reports):
        clause = "§3.2.3" if change.kind == "agency" else "§4.1.3"
        raise Refused(Refusal.NEWER_REPORT_ADOPTED, clause=clause, change_id=newer[0])


def check_still_eligible(organisation: Enterprise | Agency, policy: Policy, today: date) -> None:
    """§2.1, §3.1: the organisation with its new facts meets each condition that rests on facts of its own, or had it
    waived. Raises the clause that speaks against it: then its qualification is to be withdrawn, by two hands."""
    if isinstance(organisation, Agency):
        not_met = conditions_not_met(organisation, policy)
        refuse_first(refused for condition, refused in not_met.items() if condition not in organisation.waives)
    else:
        refuse_first(refusals(findings_of_its_own(organisation, policy, today)))


def check_reason(decision: str, reason: str | None) -> None:
    """A decision against the organisation that reported needs a written reason. Raises MALFORMED."""
    if decision not in ("keep", "adopt") and reason is None:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("reason", "必填。", "missing")])
