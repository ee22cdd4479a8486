"""Material changes: the last day to report them, and which reports come too late (§3.2.3, §4.1.3)."""

from datetime import date
from typing import Any

from voucher.models.agencies import Agency
from voucher.models.changes import Change
from voucher.models.enterprises import Enterprise
from voucher.policy import Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.working_days import material_change_due


def check_once_approved(organisation: Enterprise | Agency) -> None:
    """§3.2.3, §4.1.3: raise WRONG_STATE for an organisation that was never approved: it has no approval to lose."""
    if organisation.approved_at is None:
        raise Refused(Refusal.WRONG_STATE, of=organisation)


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


def check_reason(decision: str, reason: str | None) -> None:
    """A decision against the organisation that reported needs a written reason. Raises MALFORMED."""
    if decision != "keep" and reason is None:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("reason", "必填。", "missing")])
