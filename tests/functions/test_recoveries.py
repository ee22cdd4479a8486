"""§5.2b: money claimed back after it was paid, and claims withdrawn."""

from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, Person
from tests.support import samples
from tests.support.payout_scenario import new_payout_id
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import HELD_FEN, Settling, balance_of, books, settling, the_order

Scene = tuple[Town, Json]


@pytest.mark.clause("§5.2b")
def test_money_is_claimed_back_in_parts_and_never_more_than_was_paid(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    first = steps.expect(case.recover(order, 300_000, "rc-1"), 201)
    assert (first["recovered_fen"], first["left_fen"]) == (300_000, 400_000)
    no = case.recover(order, 400_001, "rc-2")
    assert (no.status, no.code, no.body["clause"]) == (422, "OVER_PAID", "§5.2b")
    steps.expect(case.recover(order, 400_000, "rc-3"), 201)
    assert case.recover(order, 1, "rc-4").code == "OVER_PAID"
    shown = case.order(order)
    assert (shown["state"], shown["recovered_fen"]) == ("paid", HELD_FEN)
    assert [each["amount_fen"] for each in shown["recoveries"]] == [300_000, 400_000]
    accounts = books()["accounts"]
    assert (accounts["paid"], accounts["receivable"]) == (0, HELD_FEN)
    assert balance_of(f"receivable:{order['order_id']}") == HELD_FEN
    assert case.used_fen() == HELD_FEN


@pytest.mark.clause("§5.2b")
def test_a_recovery_asked_for_twice_under_its_key_is_one_recovery(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    once = case.recover(order, 300_000)
    steps.expect(case.recover(order, 1, "between"), 201)
    again = case.recover(order, 300_000)
    assert (again.status, again.body["recovery_id"]) == (200, once.body["recovery_id"])
    assert again.headers["idempotent-replay"] == "true"
    assert case.recover(order, 200_000).code == "IDEMPOTENCY_KEY_REUSED"
    assert case.recover(order, 100, key="").code == "IDEMPOTENCY_KEY_REQUIRED"
    assert case.order(order)["recovered_fen"] == 300_001


@pytest.mark.clause("§5.2b")
def test_a_recovery_names_a_violation_of_one_of_the_parties(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    ids = []
    for uscc in (case.town.agency.uscc, case.town.enterprise.uscc, samples.enterprise(5).uscc):
        breach = {"uscc": uscc, "facts": "重复享受补助", "order_ids": [order["order_id"]]}
        ids.append(steps.expect(case.call(BUREAU, "POST", "/violations", breach), 201)["violation_id"])
    for number, violation_id in enumerate(ids[:2]):
        done = steps.expect(case.recover(order, 100, f"rc-{number}", violation_id=violation_id), 201)
        assert done["violation_id"] == violation_id
    steps.expect(case.call(BUREAU_TWO, "POST", f"/violations/{ids[0]}/lift", {"reason": "复查"}), 200)
    for violation_id in (ids[2], "v_none", ids[0]):
        no = case.recover(order, 100, "rc-9", violation_id=violation_id)
        assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "violation_id")


@pytest.mark.clause("§5.2b")
def test_only_paid_money_is_claimed_back_and_the_bank_does_not_send_it_back_too(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    no = case.recover(order, 100)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "payable"
    payout_id = new_payout_id(case, round_id)
    steps.expect(case.result(payout_id), 200)
    steps.expect(case.recover(order, 100), 201)
    no = case.sent_back(payout_id)
    assert (no.status, no.code) == (409, "ALREADY_RECOVERED") and no.body["state"] == "paid"
    assert [each["field"] for each in no.body["errors"]] == [order["order_id"]]
    books()


def withdraw_recovery(case: Settling, order: Json, recovery_id: str, person: Person = BUREAU_TWO) -> Any:
    """§5.2b: another person of the bureau withdraws a claim."""
    path = f"/orders/{order['order_id']}/recoveries/{recovery_id}/withdraw"
    return case.call(person, "POST", path, {"reason": "银行已退汇"})


@pytest.mark.clause("§5.2b")
@pytest.mark.clause("§3.5.4")
def test_once_the_bureau_has_withdrawn_its_claims_the_bank_may_send_money_back(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    payout_id = case.paid(order)["payout_id"]
    first = steps.expect(case.recover(order, 300, "one"), 201)["recovery_id"]
    steps.expect(case.recover(order, 200, "two"), 201)
    for person in (OPERATOR, FINANCE, SELLER):
        assert withdraw_recovery(case, order, first, person).code == "ROLE_REQUIRED"
    assert withdraw_recovery(case, order, "rc_unknown").code == "NOT_FOUND"
    withdrawn = steps.expect(withdraw_recovery(case, order, first), 200)
    assert (withdrawn["recovered_fen"], withdrawn["withdrawal_reason"]) == (200, "银行已退汇")
    again = withdraw_recovery(case, order, first)
    assert (again.status, again.headers["idempotent-replay"], again.body) == (200, "true", withdrawn)
    no = withdraw_recovery(case, order, first, Person("bureau-second", "bureau"))
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "withdrawn"
    assert books()["accounts"]["receivable"] == 200
    assert case.sent_back(payout_id).code == "ALREADY_RECOVERED"
    second = case.order(order)["recoveries"][1]["recovery_id"]
    steps.expect(withdraw_recovery(case, order, second), 200)
    steps.expect(case.sent_back(payout_id), 200)
    accounts = books()["accounts"]
    assert (accounts["receivable"], accounts["payable"], accounts["paid"]) == (0, 700_000, 0)
