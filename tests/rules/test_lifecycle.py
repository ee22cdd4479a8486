"""The tables of states: what is not written there is refused, and nothing reaches its end by a short cut."""

import re
from itertools import product

import pytest

from voucher.refusals import Refusal, Refused
from voucher.rules.lifecycle import LIFECYCLES, allows, next_state


def states_of(thing: str) -> set[str]:
    """Every state a thing can be in."""
    return {state for state, _ in LIFECYCLES[thing]} | set(LIFECYCLES[thing].values())


def actions_of(thing: str) -> set[str]:
    """Everything that can be done to a thing in some state."""
    return {action for _, action in LIFECYCLES[thing]}


def first_state(thing: str) -> str:
    """Where a thing begins: every table starts with it."""
    return next(iter(LIFECYCLES[thing]))[0]


def reachable(thing: str, closed: str | None = None) -> set[str]:
    """The states a thing can come to, if the state `closed` could never be entered. Declining a removal leads nowhere
    that the thing has not been: it names the state to go back to."""
    steps = {key: after for key, after in LIFECYCLES[thing].items() if not key[1].startswith("reject_removal.")}
    found, following = set[str](), {first_state(thing)} - {closed}
    while following - found:
        found |= following
        following = {after for (state, _), after in steps.items() if state in found and after != closed}
    return found


@pytest.mark.parametrize("thing", LIFECYCLES)
def test_a_state_is_told_in_chinese(thing: str) -> None:
    for state in states_of(thing):
        words = Refused(Refusal.WRONG_STATE, state=state).detail
        assert re.fullmatch(r"当前状态为“[\u4e00-\u9fff]+”，不能进行此操作。", words)


@pytest.mark.parametrize("thing", LIFECYCLES)
def test_each_state_of_a_thing_can_be_reached_from_its_first(thing: str) -> None:
    assert reachable(thing) == states_of(thing)


@pytest.mark.parametrize("thing", LIFECYCLES)
def test_a_step_in_the_table_leads_where_the_table_says(thing: str) -> None:
    for (state, action), following in LIFECYCLES[thing].items():
        assert next_state(thing, state, action) == following
        assert allows(thing, state, action)


@pytest.mark.parametrize("thing", LIFECYCLES)
def test_every_step_not_in_the_table_is_refused_with_409_and_the_state_in_the_words(thing: str) -> None:
    every = set(product(states_of(thing) | {"unheard_of"}, actions_of(thing) | {"unheard_of"}))
    for state, action in sorted(every - LIFECYCLES[thing].keys()):
        assert not allows(thing, state, action)
        with pytest.raises(Refused) as no:
            next_state(thing, state, action)
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
        next_state(thing, state, action)
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
        ("order", "paid", {"rate", "send_back", "recover", "withdraw_recovery"}),
        ("payable", "paid", {"send_back"}),
        ("payout", "paid", {"send_back"}),
        ("payout", "returned", set()),
        ("payout", "failed", set()),
        ("line", "rejected", set()),
        ("round", "closed", set()),
        ("notice", "closed", set()),
        ("batch", "closed", set()),
        ("enterprise", "disqualified", set()),
    ],
)
def test_what_has_ended_stays_ended(thing: str, state: str, possible: set[str]) -> None:
    assert {action for before, action in LIFECYCLES[thing] if before == state} == possible


@pytest.mark.clause("§3.5.1(5)")
def test_an_order_is_not_cancelled_once_its_money_is_owed_or_paid() -> None:
    for state, action in product(("payable", "paid", "refused", "cancelled"), ("request_cancel", "cancel")):
        with pytest.raises(Refused) as no:
            next_state("order", state, action)
        assert no.value.refusal is Refusal.WRONG_STATE
    assert next_state("order", "completed", "cancel") == "cancelled"


@pytest.mark.clause("§4.2.3")
def test_an_order_is_rated_only_after_its_service_and_rating_moves_it_nowhere() -> None:
    rated = {state: after for (state, action), after in LIFECYCLES["order"].items() if action == "rate"}
    assert rated == {state: state for state in ("completed", "settling", "payable", "paid")}
