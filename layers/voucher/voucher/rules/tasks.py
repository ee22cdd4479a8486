"""Tasks as their lists show them: what about, since when, and until when (`tasks.py` has whose work a record is)."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from voucher.models.base import instant_text
from voucher.models.programmes import Programme
from voucher.models.tasks import ShownTask
from voucher.policy import Policy
from voucher.rules.messages import Message, about, joint_inspection_due, kept_thing, task_due
from voucher.rules.working_days import ONE_DAY, add_working_days, shanghai_date
from voucher.tasks import ASIDE, OF_A_YEAR, Task, task_of


def due_on(task: Task, facts: Mapping[str, Any], since: date, policy: Policy) -> date | None:
    """The last day of a task: the one that the parties were told, so that no later change of the record moves it, or
    the end of a term that begins on the day after `since`. None where nothing hastens."""
    if told := task.told_day(facts):
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


# so long before its last day the joint inspection of a year is a task
JOINT_INSPECTION_DAYS = 90


def joint_inspections_due(
    role: str, years: Iterable[Programme], signed: Collection[int], today: date
) -> list[ShownTask]:
    """§5.1.3: this year and the one before, if no joint inspection of it is signed, as tasks of bureau and finance."""
    task = OF_A_YEAR.get(role)
    return [
        ShownTask(
            kind=task.kind,
            about=f"programme:{each.year}",
            title=None,
            year=each.year,
            enterprise_uscc=None,
            agency_uscc=None,
            since=instant_text(each.created_at),
            due_on=due,
            overdue=due < today,
        )
        for each in years
        if task and each.year >= today.year - 1 and each.state in task.states.split() and each.year not in signed
        for due in [each.policy.joint_inspection_day(each.year)]
        if due - JOINT_INSPECTION_DAYS * ONE_DAY <= today
    ]


def _shown(task: Task, item: Mapping[str, Any], policy: Policy, today: date) -> ShownTask:
    thing = kept_thing(item)
    since = item.get("updated_at") or item["created_at"]
    due = due_on(task, item, shanghai_date(datetime.fromisoformat(since)), policy)
    own = {item["kind"] if thing in ("change", "claim") else thing: item.get("uscc")}  # whose record it is
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


# so many nights a task is looked for after its last day, because a night may be missed; its inbox keeps one message
NIGHTS = 7
# the schedule ends what is late of these, and tells that
ENDED_WHEN_LATE = frozenset({"answer_order", "apply_for_settlement", "complete_settlement", "correct_line"})
# of the last day of these, messages of their own remind
REMINDED_APART = frozenset({"answer_order", "confirm_delivery", "apply_for_settlement", "complete_settlement"})


def days_to_remind_of(policy: Policy, today: date) -> tuple[date, date]:
    """The first and the last of the last days that matter on a night: those that are over, and those that come near."""
    return today - NIGHTS * ONE_DAY, today + policy.task_reminder_days * ONE_DAY


def first_days_of_terms(policy: Policy, first: date, last: date) -> tuple[date, date]:
    """From which to which day those terms count that end from `first` to `last`; a term begins after its first day."""
    term, day = policy.review_working_days, last
    while add_working_days(day, term).date >= first:
        day -= ONE_DAY
    return day + ONE_DAY, last


def reminders_of(items: Iterable[Mapping[str, Any]], policy: Policy, today: date) -> list[Message]:
    """Whoever must act is reminded of a last day that is near, and told once that it is over."""
    found, (first, last) = list[Message](), days_to_remind_of(policy, today)
    for item in items:
        task, shown = task_of(kept_thing(item), item), shown_task(item, policy, today)
        if task is None or shown is None or shown.due_on is None or not first <= shown.due_on <= last:
            continue
        if task.kind not in (ENDED_WHEN_LATE if shown.overdue else REMINDED_APART):
            found += task_due(item, task, shown.due_on.isoformat(), shown.overdue)
    return found


def joint_inspection_reminders(years: Iterable[Programme], signed: Collection[int], today: date) -> list[Message]:
    """§5.1.3: bureau and finance hear once that a year's joint inspection is to be carried out, and once that its last
    day is over; each night makes the same messages, of which an inbox keeps one."""
    known = list(years)
    return [
        joint_inspection_due(role, int(task.year or 0), task.due_on.isoformat(), is_over)
        for role in OF_A_YEAR
        for task in joint_inspections_due(role, known, signed, today)
        if task.due_on
        for is_over in ([False, True] if task.overdue else [False])
    ]


def urgency(task: ShownTask) -> str:
    """Where a task stands in its list: by the end of its term, then by age."""
    return f"{task.due_on or '9999'}#{task.since}#{task.about}"
