"""Activities: which of an agency's count for a year, and that none is claimed twice (§3.4.2)."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from voucher.models.activities import Activity
from voucher.models.base import Mark, plain_number
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.lifecycle import check_step, stepped

REVIEW_STEPS = {"confirm": "confirm", "return": "return"}


def new_activity(agency_uscc: str, facts: dict[str, Any], made: dict[str, Any]) -> Activity:
    """§3.4.2: an agency's part in an event, known by kind, day and place, so that it is claimed once. Raises MALFORMED
    without a place or link."""
    where = facts["place"] or facts["link"]
    if not where:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("place", "请填写活动地点或链接。", "missing")])
    event = f"{facts['kind']}\n{facts['held_on']}\n{plain_number(where)}"
    own = f"{agency_uscc}\n{event}"
    return Activity(
        activity_id=f"act_{hashlib.sha256(own.encode()).hexdigest()[:24]}",
        event_id=f"ev_{hashlib.sha256(event.encode()).hexdigest()[:24]}",
        agency_uscc=agency_uscc,
        year=facts["held_on"].year,
        state="draft",
        **facts,
        **made,
    )


def submitted_activity(
    activity: Activity, document_ids: tuple[str, ...], firms_reached: int | None, today: date, mark: Mark
) -> Activity:
    """§3.4.2: the activity with what proves it, once it was held. Raises WRONG_STATE, ACTIVITY_NOT_HELD or
    DOCUMENTS_MISSING."""
    check_step(activity, "submit")
    if activity.held_on > today:
        raise Refused(Refusal.ACTIVITY_NOT_HELD, held_on=activity.held_on)
    if not document_ids:
        raise Refused(Refusal.DOCUMENTS_MISSING, clause="§3.4.2", kinds="签到表、现场照片或截图（至少一份）")
    reached = activity.firms_reached if firms_reached is None else firms_reached
    changes: dict[str, Any] = {"document_ids": document_ids, "firms_reached": reached, "submitted_by": mark.by}
    return stepped(activity, "submit", mark, review_reason=None, **changes)


def reviewed_activity(activity: Activity, decision: str, reason: str | None, mark: Mark) -> Activity:
    """§3.4.2: the operator confirms the activity, or returns it with a reason. Raises WRONG_STATE, or MALFORMED for a
    return without a reason."""
    if decision == "return" and reason is None:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("reason", "退回须说明理由。", "missing")])
    return stepped(activity, decision, mark, review_reason=reason, reviewed_by=mark.by)


def cancelled_activity(activity: Activity, reason: str, mark: Mark) -> Activity:
    """§3.4.2: the event did not take place. Raises WRONG_STATE."""
    return stepped(activity, "cancel", mark, cancel_reason=reason)


def counts_by_year(activities: Iterable[Activity]) -> dict[str, int]:
    """§3.4.2: how many activities were confirmed, by the year in which they were held."""
    counts = Counter(each.year for each in activities if each.state == "confirmed")
    return {str(year): counts[year] for year in sorted(counts)}
