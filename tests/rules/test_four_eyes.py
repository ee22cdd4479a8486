"""§1.3, §3.5.2: nobody takes a step after one that rules it out; the table of the steps says which."""

from types import SimpleNamespace
from typing import Any

import pytest

from voucher.hands import FREE, KEPT, STEPS
from voucher.models.base import united, with_hand
from voucher.refusals import Refusal, Refused
from voucher.rules.four_eyes import check_four_eyes

ORDER = list(STEPS)
# step, earlier step, thing that keeps who took the earlier one, attribute that says so
CELLS = [
    (step, earlier, thing, attribute)
    for step, each in STEPS.items()
    for earlier in each.not_by
    for thing, kept in KEPT.items()
    for attribute in kept.get(earlier, ())
]
# two people of the operator, two of the bureau and one of finance, and the steps of a year that each of them takes
HANDS = {
    "one of the operator": {
        "draft_batch",
        "import_list",
        "review_enterprise",
        "revoke_enterprise",
        "review_enterprise_change",
        "propose_disqualification",
        "revoke_agency",
        "pre_review_agency",
        "review_agency_change",
        "review_claim",
        "handle_complaint",
        "propose_removal",
        "publish_product",
        "review_cancel",
        "pre_review_lines",
        "gather_round",
        "review_activity",
        "report_check",
        "follow_up_check",
        "take_out_line",
        "publish_notice",
        "decide_account",
    },
    "the other": {"decide_order", "make_payouts", "countersign_check"},
    "one of the bureau": {
        "draft_programme",
        "propose_total",
        "publish_batch",
        "close_batch",
        "apply_list",
        "approve_agency",
        "decide_disqualification",
        "decide_removal",
        "decide_claim",
        "decide_complaint",
        "record_violation",
        "decide_check",
        "conclude_inspection",
        "make_yearly_file",
        "receive_yearly_file",
        "decide_subsidy",
        "approve_round",
        "resolve_objection",
        "close_notice",
        "take_back_line",
        "claim_back",
    },
    "the other of the bureau": {
        "lift_violation",
        "withdraw_claim",
        "release_order",
        "restore_enterprise",
        "restore_agency",
    },
    "finance": {
        "confirm_programme",
        "confirm_total",
        "record_payment",
        "receive_claim",
        "sign_inspection",
        "countersign_yearly_file",
    },
}


def record(thing: str, attribute: str = "", person: str = "") -> Any:
    """A record that keeps one person in one attribute, and nothing else."""
    kept: Any = frozenset({person}) if attribute.endswith("[]") else person
    for name in reversed(attribute.removesuffix("[]").split(".")):
        kept = {name: kept}
    return SimpleNamespace(thing=thing, **(kept if attribute else {}))


def others() -> list[Any]:
    """A record of every thing that keeps who took earlier steps, as from before it kept any."""
    return [record(thing) for thing in KEPT]


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize(("step", "earlier", "thing", "attribute"), CELLS)
def test_whoever_took_an_earlier_step_is_refused_wherever_it_is_kept(
    step: str, earlier: str, thing: str, attribute: str
) -> None:
    known = [*others(), record(thing, attribute, "x")]
    with pytest.raises(Refused) as no:
        check_four_eyes("x", step, *known)
    assert (no.value.refusal, no.value.clause) == (Refusal.FOUR_EYES, STEPS[step].clause)
    check_four_eyes("y", step, *known)


@pytest.mark.parametrize(("step", "thing"), [(step, thing) for step in STEPS for thing in ("enterprise", "agency")])
def test_a_member_is_refused_where_an_organisation_is_decided_on(step: str, thing: str) -> None:
    def check() -> None:
        check_four_eyes("x", step, *others(), record(thing, "members[]", "x"))

    if thing in STEPS[step].no_member:
        with pytest.raises(Refused):
            check()
    else:
        check()


def test_a_step_of_which_nothing_tells_the_earlier_hands_is_a_fault() -> None:
    with pytest.raises(LookupError, match="place_order"):
        check_four_eyes("x", "pre_review_lines", record("agency"))
    check_four_eyes("x", "propose_removal", None)


def test_each_earlier_step_is_kept_somewhere_and_comes_before() -> None:
    assert {(step, earlier) for step, earlier, _, _ in CELLS} == {
        (step, earlier) for step, each in STEPS.items() for earlier in each.not_by
    }
    assert all(ORDER.index(earlier) < ORDER.index(step) for step, earlier, _, _ in CELLS)
    assert {earlier for kept in KEPT.values() for earlier in kept} <= set(STEPS)


def test_each_rule_names_its_clause() -> None:
    asked = {name for name, step in STEPS.items() if step.not_by or step.no_member}
    # that of its kind of list, or of organisation
    assert {name for name in asked if STEPS[name].clause is None} == {"apply_list", "review_claim", "decide_claim"}


@pytest.mark.clause("§3.5.4")
def test_two_of_the_operator_two_of_the_bureau_and_one_of_finance_suffice_for_a_year() -> None:
    for steps in HANDS.values():
        assert [(step, earlier) for step in steps for earlier in STEPS[step].not_by if earlier in steps] == []
    taken = {step for steps in HANDS.values() for step in steps}
    by_others = {name for name, step in STEPS.items() if step.not_by or step.no_member} - OF_ONE_PARTY
    assert by_others <= taken <= set(STEPS)


# what the people of one party do, and not those of the other one
OF_ONE_PARTY = {
    "accept_order",
    "deliver_order",
    "dispute_order",
    "confirm_order",
    "open_application",
    "fill_in_line",
    "submit_application",
}
# written down a second time, because every other test reads the table
OF_AN_ORDER = {"place_order", "accept_order", "deliver_order", "confirm_order", "ask_cancel"}
ON_ITS_MONEY = [
    "review_cancel",
    "pre_review_lines",
    "gather_round",
    "approve_round",
    "publish_notice",
    "resolve_objection",
    "close_notice",
    "take_out_line",
    "take_back_line",
    "decide_account",
    "make_payouts",
    "record_payment",
    "claim_back",
    "withdraw_claim",
    "receive_claim",
]
ON_ONE_ORGANISATION = [
    "review_enterprise",
    "revoke_enterprise",
    "revoke_agency",
    "review_enterprise_change",
    "propose_disqualification",
    "decide_disqualification",
    "restore_enterprise",
    "pre_review_agency",
    "approve_agency",
    "review_agency_change",
    "propose_removal",
    "decide_removal",
    "restore_agency",
    "record_violation",
    "lift_violation",
    "review_cancel",
    "gather_round",
    "approve_round",
    "publish_notice",
    "resolve_objection",
    "close_notice",
    "decide_account",
    "claim_back",
    "withdraw_claim",
    "receive_claim",
]


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§3.5.4")
@pytest.mark.clause("§5.2b")
def test_whoever_acted_for_a_party_or_belongs_to_it_decides_nothing_on_its_money() -> None:
    assert [name for name in ON_ITS_MONEY if not set(STEPS[name].not_by) >= OF_AN_ORDER] == []
    assert [name for name in ON_ONE_ORGANISATION if not STEPS[name].no_member] == []


def test_hands_are_added_up_and_nobody_is_lost() -> None:
    first = with_hand(with_hand({}, "place_order", "a"), "place_order", "b")
    assert first == {"place_order": frozenset({"a", "b"})}
    both = united([first, {"place_order": frozenset({"c"}), "confirm_order": frozenset({"a"})}])
    assert both == {"place_order": frozenset({"a", "b", "c"}), "confirm_order": frozenset({"a"})}


def test_no_call_is_both_free_and_a_step() -> None:
    assert not FREE & {call for step in STEPS.values() for call in step.calls}
