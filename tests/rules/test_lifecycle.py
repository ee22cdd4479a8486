"""The tables of states: what is not written there is refused, and nothing reaches its end by a short cut."""

import importlib
import pkgutil
import re
from datetime import UTC, datetime
from itertools import product
from typing import get_args

import pytest

from voucher import models
from voucher.lifecycles import FORMER, LIFECYCLES, SAME
from voucher.models.base import Mark, Stateful
from voucher.refusals import Refusal, Refused
from voucher.rules.lifecycle import DECISIONS, allows, check_step, stepped
from voucher.words import THING_WORDS

for module in pkgutil.iter_modules(models.__path__):
    importlib.import_module(f"voucher.models.{module.name}")
RECORDS = {
    kind.thing: kind
    for parent in (Stateful, *Stateful.__subclasses__())
    for kind in parent.__subclasses__()
    if hasattr(kind, "thing")
}
MARK = Mark(by="ada", at=datetime(2026, 6, 15, tzinfo=UTC), sha256="f00d")


def record(thing: str, state: str) -> Stateful:
    """A thing of which only its state matters."""
    return RECORDS[thing].model_construct(state=state, version=1)


def steps_of(thing: str) -> dict[tuple[str, str], str]:
    """(state, action) → the state it leads to, but for steps back to a state that the record remembers."""
    return {
        (state, action): state if after == SAME else after
        for action, (before, after) in LIFECYCLES[thing].items()
        for state in before.split()
        if after != FORMER
    }


def states_of(thing: str) -> set[str]:
    """Every state a thing can be in."""
    return {state for state, _ in steps_of(thing)} | set(steps_of(thing).values())


def first_state(thing: str) -> str:
    """Where a thing begins: every table starts with it."""
    return next(iter(steps_of(thing)))[0]


def reachable(thing: str, closed: str | None = None) -> set[str]:
    """The states a thing can come to, if the state `closed` could never be entered."""
    found, following = set[str](), {first_state(thing)} - {closed}
    while following - found:
        found |= following
        following = {after for (state, _), after in steps_of(thing).items() if state in found and after != closed}
    return found


@pytest.mark.parametrize("thing", LIFECYCLES)
def test_a_state_is_told_in_chinese(thing: str) -> None:
    for state in states_of(thing):
        words = Refused(Refusal.WRONG_STATE, of=record(thing, state)).detail
        assert re.fullmatch(
            rf"{THING_WORDS[thing]}当前状态为“[\u4e00-\u9fff]+”，不能进行此操作，请刷新后查看可办理的操作。", words
        )


@pytest.mark.parametrize("thing", LIFECYCLES)
def test_a_record_may_be_in_the_states_of_its_machine_and_in_no_other(thing: str) -> None:
    assert set(get_args(RECORDS[thing].model_fields["state"].annotation)) == states_of(thing)


@pytest.mark.parametrize("thing", DECISIONS)
def test_what_decides_a_thing_is_a_step_of_it(thing: str) -> None:
    assert DECISIONS[thing] <= LIFECYCLES[thing].keys()


# what nothing becomes any more, but records of before 2026-11-29 may be
OF_BEFORE = {"change": {"disqualified"}}


@pytest.mark.parametrize("thing", LIFECYCLES)
def test_each_state_of_a_thing_can_be_reached_from_its_first(thing: str) -> None:
    assert reachable(thing) | OF_BEFORE.get(thing, set()) == states_of(thing)


@pytest.mark.parametrize("thing", LIFECYCLES)
def test_a_step_in_the_table_leads_where_the_table_says(thing: str) -> None:
    for (state, action), following in steps_of(thing).items():
        new = stepped(record(thing, state), action, MARK)
        assert (new.state, new.version) == (following, 2)
        assert (new.last_action, new.last_by, new.last_sha256, new.updated_at) == (action, "ada", "f00d", MARK.at)


@pytest.mark.clause("§3.4.1")
def test_a_declined_removal_leads_back_to_the_state_that_the_agency_was_in() -> None:
    for state in LIFECYCLES["agency"]["propose_removal"][0].split():
        assert stepped(record("agency", "removal_proposed"), "reject_removal", MARK, former=state).state == state
    with pytest.raises(Refused):
        stepped(record("agency", "active"), "reject_removal", MARK, former="active")


def test_a_step_may_be_remembered_by_the_word_of_its_request() -> None:
    new = stepped(record("payable", "invoiced"), "decide_account", MARK, remembered_as="confirm")
    assert new.last_action == "confirm"


@pytest.mark.parametrize("thing", LIFECYCLES)
def test_every_step_not_in_the_table_is_refused_with_409_and_the_state_in_the_words(thing: str) -> None:
    actions = {action for action, (_, after) in LIFECYCLES[thing].items() if after != FORMER}
    for state, action in sorted(set(product(states_of(thing), actions)) - steps_of(thing).keys()):
        assert not allows(thing, state, action)
        with pytest.raises(Refused) as no:
            check_step(record(thing, state), action)
        assert no.value.refusal.status == 409
        assert no.value.state == state


@pytest.mark.parametrize(
    ("thing", "state", "action", "refusal"),
    [
        ("enterprise", "approved", "approve", Refusal.ALREADY_REVIEWED),
        ("enterprise", "rejected", "approve", Refusal.ALREADY_REVIEWED),
        ("enterprise", "draft", "approve", Refusal.WRONG_STATE),
        ("enterprise", "returned", "reject", Refusal.WRONG_STATE),
        ("enterprise", "submitted", "edit", Refusal.WRONG_STATE),
        ("agency", "pre_reviewed", "pre_review.approve", Refusal.ALREADY_REVIEWED),
        ("agency", "active", "approve", Refusal.ALREADY_REVIEWED),
        ("agency", "submitted", "approve", Refusal.WRONG_STATE),
        ("settlement", "reviewed", "pre_review", Refusal.ALREADY_REVIEWED),
        ("line", "submitted", "approve", Refusal.WRONG_STATE),
        ("round", "approved", "approve", Refusal.ALREADY_REVIEWED),
        ("change", "kept", "keep", Refusal.ALREADY_REVIEWED),
        ("change", "kept", "return", Refusal.ALREADY_REVIEWED),
        ("objection", "upheld", "uphold", Refusal.ALREADY_REVIEWED),
        ("objection", "upheld", "reject", Refusal.ALREADY_REVIEWED),
        ("payout", "failed", "paid", Refusal.WRONG_STATE),
        ("order", "placed", "deliver", Refusal.WRONG_STATE),
    ],
)
def test_a_second_review_is_told_apart_from_a_step_at_the_wrong_time(
    thing: str, state: str, action: str, refusal: Refusal
) -> None:
    with pytest.raises(Refused) as no:
        check_step(record(thing, state), action)
    assert no.value.refusal is refusal


@pytest.mark.parametrize(
    ("thing", "end", "on_the_way"),
    [
        pytest.param("enterprise", "approved", ["submitted"], marks=pytest.mark.clause("§4.1.2")),
        pytest.param("agency", "active", ["submitted", "pre_reviewed"], marks=pytest.mark.clause("§3.2.2")),
        pytest.param("batch", "closed", ["published"], marks=pytest.mark.clause("§1.4a")),
        pytest.param(
            "order",
            "paid",
            ["accepted", "delivered", "completed", "settling", "payable"],
            marks=pytest.mark.clause("§3.5.1"),
        ),
        pytest.param(
            "line",
            "payable",
            ["submitted", "passed", "gathered", "approved", "noticed"],
            marks=pytest.mark.clause("§3.5.3"),
        ),
        pytest.param("round", "closed", ["approved", "noticed"], marks=pytest.mark.clause("§3.5.2")),
        pytest.param("payable", "paid", ["invoiced", "paying"], marks=pytest.mark.clause("§3.5.4")),
        pytest.param("list_import", "applied", ["parsed", "applying"], marks=pytest.mark.clause("§2.1.1")),
    ],
)
def test_no_step_before_the_end_can_be_left_out(thing: str, end: str, on_the_way: list[str]) -> None:
    assert end in reachable(thing)
    assert [state for state in on_the_way if end in reachable(thing, closed=state)] == []


@pytest.mark.parametrize(
    ("thing", "state", "possible"),
    [
        ("order", "refused", set()),
        ("order", "cancelled", set()),
        ("order", "paid", {"rate", "send_back", "recover", "withdraw_recovery", "receive", "hold", "release"}),
        ("payable", "paid", {"send_back"}),
        ("payout", "paid", {"send_back"}),
        ("payout", "returned", set()),
        ("payout", "failed", set()),
        ("payout", "withdrawn", set()),
        ("line", "rejected", set()),
        ("round", "closed", set()),
        ("notice", "closed", set()),
        ("batch", "closed", set()),
        ("enterprise", "disqualified", {"reapply", "edit_contact"}),
    ],
)
def test_what_has_ended_stays_ended(thing: str, state: str, possible: set[str]) -> None:
    assert {action for before, action in steps_of(thing) if before == state} - {"erase"} == possible


def test_erasing_changes_no_state_but_that_of_a_list_whose_rows_are_gone() -> None:
    after = {thing: steps["erase"][1] for thing, steps in LIFECYCLES.items() if "erase" in steps}
    assert {thing: state for thing, state in after.items() if state != SAME} == {"list_import": "erased"}
    assert not {"programme", "batch", "line", "round", "payout"} & after.keys()


@pytest.mark.clause("§3.5.1(5)")
def test_an_order_is_not_cancelled_once_its_money_is_owed_or_paid() -> None:
    for state, action in product(("payable", "paid", "refused", "cancelled"), ("request_cancel", "cancel")):
        with pytest.raises(Refused) as no:
            check_step(record("order", state), action)
        assert no.value.refusal is Refusal.WRONG_STATE
    assert stepped(record("order", "completed"), "cancel", MARK).state == "cancelled"


@pytest.mark.clause("§4.2.3")
def test_an_order_is_rated_only_after_its_service_and_rating_moves_it_nowhere() -> None:
    rated = {state: after for (state, action), after in steps_of("order").items() if action == "rate"}
    assert rated == {state: state for state in ("completed", "settling", "payable", "paid")}
