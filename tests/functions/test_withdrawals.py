"""A line leaves its application or its round, and its order and its invoice number are free again (§3.5.1, §5.2b)."""

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import (
    Settling,
    books,
    fill_in,
    handed_in,
    kept_record,
    opened,
    settling,
    small_orders,
    the_order,
)
from voucher.models.payables import Payable

Scene = tuple[Town, Json]
TwoLines = tuple[Settling, Json, Json]


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("end", ["reject", "withdraw", "withdraw_all", "bureau", "take_out"])
def test_a_line_that_ends_without_money_gives_its_invoice_number_free(voucher: Scene, end: str) -> None:
    town = voucher[0]
    first, second = small_orders(town, 2)
    case, _ = opened(town, first)
    fill_in(case, first, "INV-1")
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    end_line(case, first, end)
    assert case.order(first)["state"] == "completed" and case.order(first)["settlement_id"] is None
    again, _ = opened(town, second)
    fill_in(again, second, "INV-1")
    assert opened(town, first)[1]["state"] == "draft"


def end_line(case: Settling, order: Json, end: str) -> None:
    """Each way in which a line ends without money."""
    why = {"reason": "材料有误"}
    if end == "withdraw":
        steps.expect(case.call(SELLER, "POST", f"lines/{order['order_id']}/withdraw", why), 200)
    elif end == "withdraw_all":
        steps.expect(case.call(SELLER, "POST", "withdraw", why), 200)
    elif end == "reject":
        steps.expect(case.decide(order, decision="reject"), 200)
    else:
        path = f"/rounds/{case.passed(order)['round_id']}"
        if end == "bureau":
            rejected = {"decision": "reject", "opinion": "不予通过"}
            steps.expect(case.call(BUREAU, "POST", f"{path}/approve", rejected), 200)
        else:
            steps.expect(case.call(OPERATOR, "POST", f"{path}/lines/{order['order_id']}/withdraw", why), 200)


@pytest.mark.clause("§3.5.1")
def test_an_application_is_withdrawn_as_long_as_no_round_has_a_line_of_it(two_lines: TwoLines) -> None:
    case, first, second = two_lines
    fill_in(case, first, "INV-1")
    fill_in(case, second, "INV-2")
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    steps.expect(case.decide(first), 200)
    case.gather()
    why = {"reason": "材料有误"}
    no = case.call(SELLER, "POST", "withdraw", why)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "gathered"
    assert case.line(second)["state"] == "submitted"
    done = steps.expect(case.call(SELLER, "POST", f"lines/{second['order_id']}/withdraw", why), 200)
    assert done["state"] == "reviewed"
    assert {line["state"] for line in done["lines"]} == {"gathered", "withdrawn"}


@pytest.mark.clause("§3.5.1")
def test_an_application_whose_last_line_is_withdrawn_is_withdrawn_itself(two_lines: TwoLines) -> None:
    case, first, second = two_lines
    why = {"reason": "材料有误"}
    one = steps.expect(case.call(SELLER, "POST", f"lines/{first['order_id']}/withdraw", why), 200)
    both = steps.expect(case.call(SELLER, "POST", f"lines/{second['order_id']}/withdraw", why), 200)
    assert (one["state"], both["state"]) == ("draft", "withdrawn")
    again = case.call(SELLER, "POST", f"lines/{second['order_id']}/withdraw", why)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert case.call(SELLER, "POST", "submit").code == "WRONG_STATE"


def test_an_application_withdrawn_twice_by_the_same_call_is_answered_as_done(submitted: Scene) -> None:
    case, why = settling(submitted), {"reason": "材料有误"}
    once, twice = (case.call(SELLER, "POST", "withdraw", why) for _ in range(2))
    assert (once.status, twice.status, twice.body) == (200, 200, once.body)
    assert once.body["lines"][0]["withdrawal_reason"] == "材料有误"


@pytest.mark.clause("§3.5.3")
def test_a_line_taken_out_of_a_notice_is_shown_no_more_and_the_others_go_on(voucher: Scene) -> None:
    town = voucher[0]
    first, second = small_orders(town, 2)
    case, settlement = opened(town, first, second)
    town.fill_in(settlement)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    notice = case.noticed(first, second)
    path, why = f"/rounds/{notice['round_id']}/lines/{first['order_id']}/withdraw", {"reason": "双方协商"}
    steps.expect(case.call(OPERATOR, "POST", path, why), 200)
    shown = steps.expect(case.call(None, "GET", f"/notices/{notice['notice_id']}"), 200)
    assert [line["order_id"] for line in shown["lines"]] == [second["order_id"]]
    assert first["order_id"] not in case.call(None, "GET", f"/notices/{notice['notice_id']}.csv").body
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    round_ = steps.expect(case.call(OPERATOR, "GET", f"/rounds/{notice['round_id']}"), 200)
    assert [payable["amount_fen"] for payable in round_["payables"]] == [40_000]
    owed = path.replace(first["order_id"], second["order_id"])
    assert case.call(OPERATOR, "POST", owed, why).code == "ROLE_REQUIRED"
    books()


@pytest.mark.clause("§3.5.3")
def test_a_round_of_which_every_line_was_taken_out_ends(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    path = f"/rounds/{case.passed(order)['round_id']}"
    steps.expect(case.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    out = f"{path}/lines/{order['order_id']}/withdraw"
    steps.expect(case.call(OPERATOR, "POST", out, {"reason": "双方协商取消"}), 200)
    assert case.town.shown(path)["state"] == "rejected"
    no = case.call(OPERATOR, "POST", f"{path}/notice", {})
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "rejected"


@pytest.mark.clause("§3.5.2")
def test_a_round_goes_on_as_long_as_a_line_is_left_in_it(voucher: Scene) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 2)
    path = f"/rounds/{case.passed(*orders)['round_id']}"
    for order, state in zip(orders, ("gathered", "rejected"), strict=True):
        out = f"{path}/lines/{order['order_id']}/withdraw"
        assert steps.expect(case.call(OPERATOR, "POST", out, {"reason": "双方协商取消"}), 200)["state"] == state


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("step", ["owed", "invoiced"])
def test_the_bureau_takes_back_what_is_owed_and_the_rest_is_invoiced_anew_and_paid(voucher: Scene, step: str) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 2)
    round_id = case.owed(*orders)
    if step == "invoiced":
        case.billed(round_id, amount_fen=80_000)
    path = f"/rounds/{round_id}/lines/{orders[0]['order_id']}/withdraw"
    assert case.call(OPERATOR, "POST", path, {"reason": "已享受其他补助"}).code == "ROLE_REQUIRED"
    steps.expect(case.call(BUREAU, "POST", path, {"reason": "已享受其他补助"}), 200)

    assert case.order(orders[0])["state"] == "completed"
    [owed] = kept_record(Payable, "PAYABLE#")
    assert (owed.state, owed.amount_fen, owed.account, owed.order_ids) == (
        "awaiting_invoice",
        40_000,
        None,
        (orders[1]["order_id"],),
    )
    assert books()["accounts"]["payable"] == 40_000
    case.billed(round_id, amount_fen=40_000)  # under the number of the first invoice
    [payout] = steps.expect(case.payouts(round_id), 201)["items"]
    assert payout["amount_fen"] == 40_000
    no = case.call(BUREAU, "POST", path.replace(orders[0]["order_id"], orders[1]["order_id"]), {"reason": "某"})
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "paying"
    steps.expect(case.result(payout["payout_id"]), 200)
    steps.expect(case.cancel(orders[0]), 200)
    assert books()["accounts"]["order"] == 0


@pytest.mark.clause("§5.2b")
def test_a_payable_is_dropped_when_its_last_line_is_taken_back(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    path = f"/rounds/{round_id}/lines/{order['order_id']}/withdraw"
    steps.expect(case.call(BUREAU, "POST", path, {"reason": "已享受其他补助"}), 200)
    again = case.call(BUREAU, "POST", path, {"reason": "已享受其他补助"})
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    [owed] = kept_record(Payable, "PAYABLE#")
    assert (owed.state, owed.amount_fen) == ("dropped", 0)
    no = case.invoice(round_id, "SUM-2", 1)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "dropped"
    assert case.payouts(round_id).code == "NOTHING_PAYABLE"
    assert books()["accounts"]["payable"] == 0
