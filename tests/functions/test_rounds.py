"""§3.5.2: the operator gathers passed lines to a round, and the bureau decides on it, by other hands."""

from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO, Person
from tests.support.backend import function
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import handed_in, object_to, resolve, settling, the_order
from tests.support.snapshots import everything_kept
from voucher.rules import rounds

Scene = tuple[Town, Json]
SELLING_BUREAU = Person("seller", "bureau")
REVIEWING_BUREAU = Person(OPERATOR.name, "bureau")
GATHERING_BUREAU = Person(OPERATOR_TWO.name, "bureau")


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize("rule", [True, False])
def test_whoever_submitted_pre_reviewed_or_gathered_a_line_does_not_approve_it(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    """By rule, and by the write itself if the rule did not look."""
    case, order = settling(submitted), the_order(submitted)
    steps.expect(case.decide(order), 200)
    path = f"/rounds/{case.gather(OPERATOR_TWO)['round_id']}/approve"
    if not rule:
        monkeypatch.setattr(function("rounds"), "check_four_eyes", lambda *_: None)
    for person in (SELLING_BUREAU, REVIEWING_BUREAU, GATHERING_BUREAU):
        no = case.call(person, "POST", path, {"decision": "approve"})
        assert no.code == ("FOUR_EYES" if rule else "CHANGED_MEANWHILE")
    assert case.line(order)["state"] == "gathered"
    assert case.call(BUREAU, "POST", path, {"decision": "approve"}).status == 200


@pytest.mark.clause("§3.5.2")
def test_a_line_that_goes_on_to_the_next_round_keeps_its_pre_reviewer(submitted: Scene) -> None:
    """It goes on because the objection that held it was rejected after its round had closed."""
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    objection = object_to(case, notice)
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    resolve(case, objection, "reject")
    round_ = case.gather(OPERATOR_TWO)
    assert (round_["pre_reviewers"], round_["submitters"]) == ([OPERATOR.name], [SELLER.name])
    path = f"/rounds/{round_['round_id']}/approve"
    assert case.call(REVIEWING_BUREAU, "POST", path, {"decision": "approve"}).code == "FOUR_EYES"
    assert case.call(BUREAU, "POST", path, {"decision": "approve"}).status == 200


@pytest.mark.clause("§3.5.2")
def test_a_round_takes_only_so_many_lines_of_an_agency_and_says_how_many(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 3)
    steps.expect(case.decide(*orders), 200)
    monkeypatch.setattr(rounds, "MOST_LINES_OF_AGENCY", 2)
    no = case.call(OPERATOR, "POST", "/rounds", {"settlement_ids": [case.settlement_id]})
    assert (no.status, no.code) == (422, "ROUND_TOO_LARGE")
    assert "每家机构最多 2 笔订单" in no.body["detail"]


@pytest.mark.clause("§3.5.2")
def test_the_bureau_decides_line_by_line(voucher: Scene) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 3)
    path = f"/rounds/{case.passed(*orders)['round_id']}/approve"
    own = [
        {"order_id": orders[0]["order_id"], "decision": "return", "opinion": "发票不清晰"},
        {"order_id": orders[1]["order_id"], "decision": "reject"},
    ]
    no = case.call(BUREAU, "POST", path, {"decision": "approve", "lines": own})
    assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", f"{orders[1]['order_id']}.opinion")
    own[1]["opinion"] = "不予通过"
    round_ = steps.expect(case.call(BUREAU, "POST", path, {"decision": "approve", "lines": own}), 200)
    assert [case.line(order)["state"] for order in orders] == ["returned", "rejected", "approved"]
    assert [line["order_id"] for line in round_["lines"]] == [orders[2]["order_id"]]
    assert case.order(orders[1])["state"] == "completed"


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize("named", [["o_unknown"], [0, 0]])
def test_a_decision_on_an_unknown_order_or_on_one_twice_decides_nothing(submitted: Scene, named: list[Any]) -> None:
    case, order = settling(submitted), the_order(submitted)
    order_ids = [order["order_id"] if each == 0 else each for each in named]
    lines = [{"order_id": each, "decision": "return", "opinion": "意见"} for each in order_ids]
    path = f"/rounds/{case.passed(order)['round_id']}/approve"
    before = everything_kept()
    no = case.call(BUREAU, "POST", path, {"decision": "approve", "lines": lines})
    assert (no.code, {each["field"] for each in no.body["errors"]}) == ("MALFORMED", {"lines"})
    assert everything_kept() == before
