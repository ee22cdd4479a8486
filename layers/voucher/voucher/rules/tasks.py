"""Tasks as their lists show them: what about, since when, and until when (`tasks.py` has whose work a record is)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from voucher.models.tasks import ShownTask
from voucher.policy import Policy
from voucher.rules.messages import about, kept_thing
from voucher.rules.working_days import add_working_days, shanghai_date
from voucher.tasks import ASIDE, Task, task_of


def due_on(task: Task, facts: Mapping[str, Any], since: date, policy: Policy) -> date | None:
    """The last day of a task: the one that the parties were told, so that no later change of the record moves it, or
    the end of a term that begins on the day after `since`. None where nothing hastens."""
    told: Any = facts
    for name in task.told.split("."):
        told = (told or {}).get(name)
    if told:
        return date.fromisoformat(told)
    return add_working_days(since, int(getattr(policy, task.term))).date if task.term else None


def shown_task(item: Mapping[str, Any], policy: Policy, today: date) -> ShownTask | None:
    """The task that a kept record is; None if it is none any more, because the index lags a moment behind."""
    task = task_of(kept_thing(item), item)
    return _shown(task, item, policy, today) if task else None


def shown_aside(item: Mapping[str, Any], policy: Policy, today: date) -> ShownTask | None:
    """What an organisation may answer of its own record, while that is somebody else's task."""
    task = ASIDE.get(kept_thing(item))
    return _shown(task, item, policy, today) if task and task.is_of(item) else None


def _shown(task: Task, item: Mapping[str, Any], policy: Policy, today: date) -> ShownTask:
    thing = kept_thing(item)
    since = item.get("updated_at") or item["created_at"]
    due = due_on(task, item, shanghai_date(datetime.fromisoformat(since)), policy)
    own = {item["kind"] if thing == "change" else thing: item.get("uscc")}  # whose record it is
    return ShownTask(
        kind=task.kind,
        about=about(item),
        title=item.get("name") or item.get("product_name"),
        year=item.get("year"),
        enterprise_uscc=item.get("enterprise_uscc") or own.get("enterprise"),
        agency_uscc=item.get("agency_uscc") or own.get("agency"),
        since=since,
        due_on=due,
        overdue=due is not None and due < today,
    )


def urgency(task: ShownTask) -> str:
    """Where a task stands in its list: by the end of its term, then by age."""
    return f"{task.due_on or '9999'}#{task.since}#{task.about}"
