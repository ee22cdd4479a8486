"""Material changes: by which day they must be reported, and which came too late (§3.2.3, §4.1.3)."""

from datetime import date
from typing import Any

from voucher.models.agencies import Agency
from voucher.models.changes import Change
from voucher.models.enterprises import Enterprise
from voucher.policy import Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.working_days import material_change_due


def check_once_approved(organisation: Enterprise | Agency) -> None:
    """Raise WRONG_STATE for one that was never approved: it has nothing to report, and nothing to lose (§4.1.3)."""
    if organisation.approved_at is None:
        raise Refused(Refusal.WRONG_STATE, of=organisation)


def new_change(policy: Policy, today: date, happened_on: date, **facts: Any) -> Change:
    """The report of a change that happened on a day not after `today`; late ones are flagged, never refused."""
    if happened_on > today:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("happened_on", "不能晚于今日。")])
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
    """What goes against the one who reported needs a written reason."""
    if decision != "keep" and reason is None:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("reason", "必填。")])
