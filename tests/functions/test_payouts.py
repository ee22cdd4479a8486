"""§3.5.4, §5.2b: payouts, the bank's answers, and money that the bank sends back, each step by another person."""

from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person
from tests.support import samples
from tests.support.backend import function
from tests.support.payout_scenario import OTHER_ACCOUNT, decide_account, new_payout_id, propose_account
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import (
    HELD_FEN,
    balance_of,
    books,
    kept_record,
    noticed_by_gatherer,
    opened,
    postings,
    settling,
    small_orders,
    the_order,
)
from tests.support.snapshots import everything_kept
from voucher.models.agencies import Agency
from voucher.models.payables import Payable
from voucher.store import keys, organisations, payables, payouts
from voucher.store.engine.table import delete_write, put_write, transact

Scene = tuple[Town, Json]


def the_agency(payable: Payable) -> Agency:
    """The agency of a payable, as it is kept."""
    return organisations.get_agency(payable.agency_uscc)


@pytest.mark.clause("§3.5.4")
def test_payouts_that_were_broken_off_half_way_are_made_by_the_next_call(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call after that shows all of them as done."""
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    [owed] = kept_record(Payable, "PAYABLE#")
    other = owed.model_copy(update={"agency_uscc": samples.agency(5).uscc})
    transact([put_write("payable", keys.payable(round_id, other.agency_uscc), other, None)])
    make_payout, calls = payouts.commit_payout, []

    def killed(*facts: Any) -> None:
        calls.append(facts)
        if len(calls) > 1:
            raise KeyError("killed")
        make_payout(*facts)

    with monkeypatch.context() as patch:
        patch.setattr(payouts, "commit_payout", killed)
        with pytest.raises(KeyError):
            case.payouts(round_id)
    done = steps.expect(case.payouts(round_id), 201)["items"]
    assert len(done) == 1
    again = case.payouts(round_id)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert {each["agency_uscc"] for each in again.body["items"]} == {owed.agency_uscc, other.agency_uscc}
    assert done[0] in again.body["items"]


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("day", ["2026-06-14", "2026-06-16"])
def test_a_day_on_which_no_bank_can_have_paid_is_malformed(submitted: Scene, day: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    payout_id = new_payout_id(case, case.invoiced(order))
    body = {"state": "paid", "bank_reference": "BK-1", "paid_on": day}
    no = case.call(FINANCE, "POST", f"/payouts/{payout_id}/result", body)
    assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "paid_on")
    steps.expect(case.result(payout_id), 200)
    back = {"bank_reference": "BK-R", "returned_on": day, "reason": "已销户"}
    no = case.call(FINANCE, "POST", f"/payouts/{payout_id}/return", back)
    assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "returned_on")


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("state", ["paid", "failed"])
def test_payouts_and_results_repeated_after_a_lost_answer_pay_once(submitted: Scene, state: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    one, two = case.payouts(round_id), case.payouts(round_id)
    assert (one.status, two.status, two.body) == (201, 200, one.body)
    payout_id = one.body["items"][0]["payout_id"]
    first, again = case.result(payout_id, state), case.result(payout_id, state)
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    other = {"paid": "failed", "failed": "paid"}[state]
    for changed in (case.result(payout_id, other), case.result(payout_id, state, reference="BK-2")):
        assert (changed.status, changed.code) == (409, "WRONG_STATE")
    assert [each.entry for each in postings()].count("pay") == (state == "paid")
    assert balance_of("paid:2026") == (HELD_FEN if state == "paid" else 0)
    books()


@pytest.mark.clause("§3.5.4")
def test_nothing_is_payable_before_the_invoice_while_it_is_paid_and_after(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.owed(order)
    assert case.payouts(round_id).code == "NOTHING_PAYABLE"
    case.billed(round_id)
    payout_id = new_payout_id(case, round_id)
    assert case.payouts(round_id, Person("platform-third", "platform")).code == "NOTHING_PAYABLE"
    steps.expect(case.result(payout_id), 200)
    assert case.payouts(round_id, Person("platform-third", "platform")).code == "NOTHING_PAYABLE"


@pytest.mark.clause("§3.5.4")
def test_what_the_bank_sends_back_is_payable_again_and_is_paid_again_once(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    paid = case.paid(order)
    returned, again = case.sent_back(paid["payout_id"]), case.sent_back(paid["payout_id"])
    assert (returned.status, again.status, again.body) == (200, 200, returned.body)
    assert returned.body["state"] == "returned"
    assert case.order(order)["state"] == "payable"
    assert (balance_of("paid:2026"), balance_of(f"payable:{paid['round_id']}.{paid['agency_uscc']}")) == (0, HELD_FEN)
    assert case.used_fen() == HELD_FEN
    books()
    steps.expect(propose_account(case, paid["round_id"]), 200)
    steps.expect(decide_account(case, paid["round_id"]), 200)
    second = new_payout_id(case, paid["round_id"])
    steps.expect(case.result(second, reference="BK-9"), 200)
    assert case.order(order)["state"] == "paid"
    assert case.sent_back(paid["payout_id"], Person("another", "finance")).code == "WRONG_STATE"
    assert sorted(each.entry for each in postings() if each.entry in ("pay", "return")) == ["pay", "pay", "return"]
    assert books()["accounts"]["paid"] == HELD_FEN


@pytest.mark.clause("§3.5.4")
def test_only_what_was_paid_can_come_back(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    payout_id = new_payout_id(case, round_id)
    no = case.sent_back(payout_id)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "made"
    steps.expect(case.result(payout_id, "failed"), 200)
    assert case.sent_back(payout_id).code == "WRONG_STATE"
    books()


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("rule", [True, False])
def test_no_step_of_a_payout_is_taken_by_hands_of_an_earlier_step(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    """By rule, and by the write itself if the rule did not look. Each person took exactly one earlier step."""
    case, order = settling(submitted), the_order(submitted)
    notice = noticed_by_gatherer(case, Person("gatherer", "platform"), order)
    round_id = notice["round_id"]
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    case.billed(round_id)
    [payable] = kept_record(Payable, "PAYABLE#")
    payables.commit_proposed_account(
        payable,
        payable.next_version(invoiced_by="clerk", account_by="clerk"),
        organisations.get_agency(payable.agency_uscc),
    )
    if not rule:
        monkeypatch.setattr(function("payouts"), "check_four_eyes", lambda *_: None)
    code = "FOUR_EYES" if rule else "CHANGED_MEANWHILE"
    reviewers = (SELLER.name, OPERATOR.name, BUREAU.name)  # submitted, pre-reviewed, approved
    for name in reviewers:
        assert case.payouts(round_id, Person(name, "platform")).code == code
    payout_id = new_payout_id(case, round_id)
    hands = [Person(name, "finance") for name in (*reviewers, "gatherer", OPERATOR_TWO.name)]
    for person in hands:
        assert case.result(payout_id, person=person).code == code
    steps.expect(case.result(payout_id), 200)
    for person in hands:
        assert case.sent_back(payout_id, person).code == code
    steps.expect(case.sent_back(payout_id), 200)
    assert {payable.state for payable in kept_record(Payable, "PAYABLE#")} == {"invoiced"}


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("rule", [True, False])
@pytest.mark.parametrize("step", ["invoiced_by", "account_by"])
def test_whoever_sent_the_invoice_or_proposed_the_account_takes_no_payout_step(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, step: str, rule: bool
) -> None:
    """By rule, and by the write itself if the rule did not look. The clerk took no other step."""
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    [payable] = kept_record(Payable, "PAYABLE#")
    payables.commit_proposed_account(
        payable, payable.next_version(**{step: "clerk"}), organisations.get_agency(payable.agency_uscc)
    )
    if not rule:
        monkeypatch.setattr(function("payouts"), "check_four_eyes", lambda *_: None)
    code = "FOUR_EYES" if rule else "CHANGED_MEANWHILE"
    assert case.payouts(round_id, Person("clerk", "platform")).code == code
    payout_id = new_payout_id(case, round_id)
    assert case.result(payout_id, person=Person("clerk", "finance")).code == code
    steps.expect(case.result(payout_id), 200)


CONFIRMER = "platform-confirmer"


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("rule", [True, False])
def test_whoever_confirmed_an_account_pays_nothing_to_it_in_a_later_round_either(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    """By rule, and by the write itself if the rule did not look."""
    case, order = settling(submitted), the_order(submitted)
    town, account = case.town, {"bank_name": "丽水另一银行", "bank_account": OTHER_ACCOUNT}
    [later] = small_orders(town, 1)
    first = case.invoiced(order)
    steps.expect(propose_account(case, first), 200)
    steps.expect(decide_account(case, first, person=Person(CONFIRMER, "platform")), 200)
    second_case, settlement = opened(town, later)
    town.fill_in(settlement)
    steps.expect(second_case.call(SELLER, "POST", "submit"), 200)
    second = second_case.owed(later)
    body = town.summary_invoice(second_case.shown(), 40_000, "SUM-2") | account
    body["account_name"] = "=HYPERLINK(机构)"
    assert steps.expect(case.call(SELLER, "POST", f"/rounds/{second}/invoices", body), 200)["proposed_account"] is None
    if not rule:
        monkeypatch.setattr(function("payouts"), "check_four_eyes", lambda *_: None)
    code = "FOUR_EYES" if rule else "CHANGED_MEANWHILE"
    for round_id in (first, second):
        assert case.payouts(round_id, Person(CONFIRMER, "platform")).code == code
        payout_id = new_payout_id(case, round_id)
        assert case.result(payout_id, person=Person(CONFIRMER, "finance")).code == code
        steps.expect(case.result(payout_id), 200)


@pytest.mark.clause("§3.5.4")
def test_an_order_that_is_lost_on_its_way_to_the_bank_is_a_fault_and_no_answer(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    transact([delete_write("lost", keys.order(order["order_id"]))])
    before = everything_kept()
    with pytest.raises(LookupError, match=order["order_id"]):
        case.payouts(round_id)
    assert everything_kept() == before
