"""Whose work a record is: as the state machines and the table of actions have it, and until when."""

from datetime import date
from typing import Any, get_args

import pytest

from tests.rules.records import AGENCY, FIRM, POLICY, TODAY
from voucher.actions import ACTIONS
from voucher.lifecycles import LIFECYCLES
from voucher.policy import Policy
from voucher.rules.tasks import due_on, first_days_of_terms, shown_task
from voucher.rules.working_days import add_working_days
from voucher.tasks import ASIDE, OF_A_YEAR, TASKS, Task, TaskKind, due_place, task_key, task_of
from voucher.words import TASK_WORDS

ALL = [(thing, task) for thing, tasks in TASKS.items() for task in tasks] + list(ASIDE.items())
MONDAY = date(2026, 6, 15)  # the 19th is the Dragon Boat Festival
# done at a bank; finance records what came in, and that is a step of the order
OUTSIDE = {"pay_back"}
PROPOSED = {"contract_number": "HT-2", "party": "agency"}


def actors(thing: str, state: str) -> set[str]:
    """Who may take some step of a thing in this state."""
    steps = LIFECYCLES[thing]
    return {
        step.by
        for action, ways in ACTIONS.get(thing, {}).items()
        if action in steps and state in steps[action][0].split()
        for step in ways
    }


def order(state: str = "placed", **more: Any) -> dict[str, Any]:
    """A kept order."""
    keys = {"pk": "ORDER#o1", "sk": "RECORD", "order_id": "o1", "enterprise_uscc": FIRM, "agency_uscc": AGENCY}
    return {**keys, "state": state, "created_at": "2026-06-15T02:00:00.000Z", **more}


@pytest.mark.parametrize(("thing", "task"), ALL, ids=lambda each: getattr(each, "kind", each))
def test_whoever_has_a_task_may_take_a_step_in_each_of_its_states(thing: str, task: Task) -> None:
    if task.kind in OUTSIDE:
        assert thing not in LIFECYCLES
        return
    for state in task.states.split():
        assert task.audience in actors(thing, state), state


def test_each_kind_of_task_has_its_words_and_each_term_is_a_value_of_the_policy() -> None:
    assert (
        {task.kind for _, task in ALL} | {task.kind for task in OF_A_YEAR.values()}
        == set(get_args(TaskKind))
        == TASK_WORDS.keys()
    )
    assert {task.term for _, task in ALL if task.term} <= Policy.model_fields.keys()


@pytest.mark.parametrize(
    ("facts", "kind", "whose"),
    [
        ({}, "answer_order", f"agency:{AGENCY}"),
        ({"enterprise_cancel": {"reason": "不再需要"}}, "review_cancellation", "platform"),
        ({"state": "accepted"}, "enter_contract", f"agency:{AGENCY}"),
        ({"state": "accepted", "contract_signed_on": "2026-06-15"}, "enter_contract", f"agency:{AGENCY}"),
        ({"state": "accepted", "contract_agreed_at": "2026-06-15T02:00:00.000Z"}, "deliver", f"agency:{AGENCY}"),
        ({"state": "accepted", "proposed_contract": PROPOSED}, "acknowledge_contract", f"enterprise:{FIRM}"),
        (
            {"state": "accepted", "proposed_contract": PROPOSED | {"party": "enterprise"}},
            "acknowledge_contract",
            f"agency:{AGENCY}",
        ),
        ({"state": "accepted", "enterprise_cancel": {"reason": "不再需要"}}, "answer_cancellation", f"agency:{AGENCY}"),
        ({"state": "delivered", "agency_cancel": {"reason": "无力履行"}}, "answer_cancellation", f"enterprise:{FIRM}"),
        ({"state": "delivered"}, "confirm_delivery", f"enterprise:{FIRM}"),
        ({"state": "delivered", "dispute": {"reason": "成果不符"}}, "decide_order", "platform"),
        ({"state": "paid"}, None, None),
    ],
)
def test_an_order_is_the_work_of_whoever_must_answer(facts: dict[str, Any], kind: str, whose: str) -> None:
    task = task_of("order", order(**facts))
    assert (task.kind if task else None, task_key("order", order(**facts))) == (kind, whose)


@pytest.mark.parametrize(("term", "due"), [("review_working_days", date(2026, 6, 23)), (None, None)])
def test_a_term_is_of_working_days_after_the_latest_step(term: str | None, due: date | None) -> None:
    assert due_on(Task("review_change", "reported", "platform", term), {}, MONDAY, POLICY) == due


@pytest.mark.parametrize(
    ("facts", "due"),
    [
        ({"answer_by": "2026-06-23"}, "2026-06-23"),
        ({"state": "delivered", "confirm_by": "2026-06-30"}, "2026-06-30"),
        ({"state": "accepted", "agency_cancel": {"reason": "无力履行", "answer_by": "2026-06-25"}}, "2026-06-25"),
        ({"state": "accepted", "agency_cancel": {"reason": "无力履行", "answer_by": None}}, None),
        ({"answer_by": None}, None),  # of before it was kept
    ],
)
def test_a_party_has_until_the_day_that_it_was_told_whatever_happens_meanwhile(
    facts: dict[str, Any], due: str | None
) -> None:
    shown = shown_task(order(**facts, updated_at="2026-06-20T02:00:00.000Z"), POLICY, TODAY)
    assert shown is not None
    assert shown.due_on == (due and date.fromisoformat(due))


@pytest.mark.parametrize(("today", "overdue"), [(date(2026, 6, 23), False), (date(2026, 6, 24), True)])
def test_a_task_is_overdue_once_the_last_day_of_its_term_is_over(today: date, overdue: bool) -> None:
    shown = shown_task(order(answer_by="2026-06-23"), POLICY, today)
    assert shown is not None
    assert (shown.about, shown.due_on, shown.overdue) == ("order:o1", date(2026, 6, 23), overdue)


def test_what_the_index_still_has_though_nobody_must_act_any_more_is_not_shown() -> None:
    assert shown_task(order("cancelled"), POLICY, TODAY) is None


@pytest.mark.parametrize("kind", ["enterprise", "agency"])
def test_a_task_says_whose_record_it_is_about(kind: str) -> None:
    keys = {"pk": f"{kind.upper()}#{FIRM}", "sk": "CHANGE#c1", "change_id": "c1", "kind": kind, "uscc": FIRM}
    shown = shown_task({**keys, "state": "reported", "created_at": "2026-06-15T02:00:00.000Z"}, POLICY, TODAY)
    assert shown is not None
    assert (shown.kind, shown.about) == ("review_change", "change:c1")
    assert (shown.enterprise_uscc, shown.agency_uscc) == ((FIRM, None) if kind == "enterprise" else (None, FIRM))


def test_a_task_is_found_by_the_day_it_tells_or_by_the_day_its_term_counts_from() -> None:
    assert due_place("order", order(answer_by="2026-06-23")) == ("TOLD", "2026-06-23")
    assert due_place("order", order("accepted")) is None  # nothing hastens
    assert due_place("order", order("paid")) is None
    late = order("delivered", dispute={"reason": "成果不符"}, updated_at="2026-06-15T16:00:00.000Z")
    assert due_place("order", late) == ("SINCE", "2026-06-16")  # it is the next day in Lishui


@pytest.mark.parametrize("term", [0, 1, 5, 30])
def test_terms_that_end_on_some_days_count_from_days_without_a_gap(term: int) -> None:
    rules = POLICY.model_copy(update={"review_working_days": term})
    first, last = date(2026, 10, 1), date(2026, 10, 9)  # holidays until the 7th, and 10 October is worked
    begin, end = first_days_of_terms(rules, first, last)
    days = [date.fromordinal(number) for number in range(date(2026, 8, 1).toordinal(), date(2026, 11, 1).toordinal())]
    due = [day for day in days if first <= add_working_days(day, term).date <= last]
    assert set(due) <= {day for day in days if begin <= day <= end}
    assert add_working_days(begin - date.resolution, term).date < first
