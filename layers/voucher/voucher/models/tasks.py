"""Tasks: what somebody must act on, as a client sees it (`voucher/tasks.py`)."""

from datetime import date
from typing import TypedDict

from voucher.models.base import Record
from voucher.tasks import TaskKind


class ShownTask(Record):
    """One task. `about` is the record, as `order:o_1`; `since` the instant of its latest step; `due_on` the last day of
    the term, null where nothing hastens. `title` is a name for people, if the record has one."""

    kind: TaskKind
    about: str
    title: str | None
    year: int | None
    enterprise_uscc: str | None
    agency_uscc: str | None
    since: str
    due_on: date | None
    overdue: bool


class TaskList(TypedDict):
    """A page of tasks, the most urgent first. `counts` has all of them by kind; if `at_least`, there may be more."""

    items: list[ShownTask]
    next_cursor: str | None
    counts: dict[str, int]
    at_least: bool
