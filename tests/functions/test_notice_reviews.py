"""§3.5.3: staff reads the objections to a notice, and the bureau decides on them, by other hands."""

import json
from datetime import timedelta
from typing import Any

import pytest

from infra.bench.engine import Meter
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import (
    Settling,
    handed_in,
    noticed_by_gatherer,
    object_to,
    resolve,
    settling,
    the_order,
)
from voucher.edge import objections as objection_cases
from voucher.models.notices import Notice
from voucher.store import notices, objections

Scene = tuple[Town, Json]


@pytest.mark.clause("§3.5.3")
def test_staff_reads_who_objects_and_how_to_reach_them(submitted: Scene) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    object_to(case, notice)
    object_to(case, notice, name="另一人")
    path = f"/notices/{notice['notice_id']}/objections"
    shown = steps.expect(case.call(BUREAU, "GET", path), 200)["items"]
    assert sorted((each["name"], each["contact"], each["state"]) for each in shown) == [
        ("另一人", "0578", "standing"),
        ("某", "0578", "standing"),
    ]


@pytest.mark.clause("§3.5.3")
@pytest.mark.usefixtures("metered")
def test_objections_to_a_notice_come_in_pages_by_state_order_and_agency(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    case, orders = handed_in(voucher[0], 2)
    notice = case.noticed(*orders)
    named: list[Json] = [{"order_id": orders[0]["order_id"]}, {"agency_uscc": case.town.agency.uscc}, {}]
    for number, more in enumerate(named * 2):
        stopped_clock.instant = NOW + timedelta(minutes=number)
        last = object_to(case, notice, reason=str(number), **more)
    resolve(case, last, "reject")
    path = f"/notices/{notice['notice_id']}/objections"

    def found(query: str) -> str:
        with Meter() as meter:
            shown = case.town.shown(f"{path}?limit=2&{query}")
            if shown["next_cursor"]:
                following = case.town.shown(f"{path}?limit=2&{query}&cursor={shown['next_cursor']}")
                shown["items"] += following["items"]
        assert meter.calls["Query"] <= 4, "each page is one query of the table, and one of whom the caller acts for"
        return "".join(each["reason"] for each in shown["items"])

    assert (found("sort=oldest"), found("sort=newest")) == ("0123", "5432")
    assert (found("state=rejected"), found("sort=newest&state=standing")) == ("5", "4321")
    assert found(f"q={orders[0]['order_id']}") == "03"
    assert found(f"q={case.town.agency.uscc}") == "14"
    assert case.town.shown(f"{path}?counts=true")["counts"]["rejected"] == {"value": 1, "at_least": False}
    everywhere = case.town.shown(f"/objections?state=standing&q={orders[0]['order_id']}")["items"]
    assert [each["reason"] for each in everywhere] == ["3", "0"]


@pytest.mark.clause("§3.5.3")
def test_a_page_of_the_longest_objections_is_far_below_what_a_function_may_answer(submitted: Scene) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    widest = "𠮷"  # twelve bytes where a runtime escapes it
    object_to(case, notice, name=widest * 120, contact=widest * 120, reason=widest * 1000)
    shown = case.town.shown(f"/notices/{notice['notice_id']}/objections?limit=100")
    assert 100 * len(json.dumps(shown)) < 6 * 1024 * 1024


def decide(case: Settling, notice: Json, objection_ids: list[str], person: Person = BUREAU, **more: Any) -> Reply:
    """§3.5.3: one decision on several objections."""
    body = {"objection_ids": objection_ids, "decision": "reject", **more}
    return case.call(person, "POST", f"/notices/{notice['notice_id']}/objections/resolve", body)


def codes(reply: Reply) -> list[str]:
    """What became of each objection."""
    return [each["code"] for each in steps.expect(reply, 200)["items"]]


@pytest.mark.clause("§3.5.3")
def test_many_objections_are_decided_by_one_call_with_an_answer_for_each(voucher: Scene) -> None:
    case, orders = handed_in(voucher[0], 2)
    notice = case.noticed(*orders)
    ids = [object_to(case, notice, reason=str(number))["objection_id"] for number in range(4)]
    resolve(case, {"objection_id": ids[1]}, "reject")
    unknown, elsewhere = f"{notice['notice_id']}.unknown", "n_other.1"
    answer = decide(case, notice, [*ids[:3], unknown, elsewhere, ids[0]], versions={ids[2]: 7, ids[0]: 1})
    assert [each["objection_id"] for each in answer.body["items"]] == [*ids[:3], unknown, elsewhere]
    assert codes(answer) == ["OK", "ALREADY_REVIEWED", "CHANGED_MEANWHILE", "NOT_FOUND", "NOT_FOUND"]
    assert answer.body["items"][1]["detail"] == "该事项已经审核，当前状态为“不成立”，请刷新后查看结果。"
    again = decide(case, notice, [*ids[:3], unknown, elsewhere, ids[0]], versions={ids[2]: 7, ids[0]: 1})
    assert again.body == answer.body, "a call sent again after a lost answer is answered alike"
    assert codes(decide(case, notice, ids, opinion="查无实据")) == ["ALREADY_REVIEWED"] * 2 + ["OK"] * 2
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    assert {case.line(order)["state"] for order in orders} == {"payable"}


@pytest.mark.clause("§3.5.3")
def test_upholding_several_sends_each_line_back_once(voucher: Scene) -> None:
    case, orders = handed_in(voucher[0], 3)
    notice = case.noticed(*orders)
    named = [{"order_id": orders[0]["order_id"]}, {"order_id": orders[0]["order_id"], "reason": "另一理由"}]
    ids = [object_to(case, notice, **more)["objection_id"] for more in [*named, {"order_id": orders[1]["order_id"]}]]
    assert codes(decide(case, notice, ids, decision="uphold", opinion="请补充")) == ["OK"] * 3
    assert [case.line(order)["state"] for order in orders] == ["returned", "returned", "noticed"]
    assert case.line(orders[0])["opinion"] == "公示期内的异议成立。请补充"


@pytest.mark.clause("§3.5.3")
def test_after_the_closing_a_line_goes_on_with_the_last_objection_that_is_rejected(voucher: Scene) -> None:
    case, orders = handed_in(voucher[0], 2)
    notice = case.noticed(*orders)
    named: list[Json] = [{}, *({"order_id": order["order_id"]} for order in orders)]
    both, first, second = (object_to(case, notice, **more)["objection_id"] for more in named)
    again = object_to(case, notice, reason="另一理由", **named[2])["objection_id"]
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    assert codes(decide(case, notice, [both, first, second])) == ["OK"] * 3
    assert [case.line(order)["state"] for order in orders] == ["passed", "noticed"]
    assert codes(decide(case, notice, [again])) == ["OK"]
    assert case.line(orders[1])["state"] == "passed"


@pytest.mark.clause("§3.5.3")
def test_a_decision_on_several_is_taken_by_other_hands_and_names_up_to_fifty(submitted: Scene) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    objection_id = object_to(case, notice)["objection_id"]
    assert decide(case, notice, [objection_id], Person(OPERATOR.name, "bureau")).code == "FOUR_EYES"
    assert decide(case, notice, [objection_id], OPERATOR).code == "ROLE_REQUIRED"
    for wrong, code in (([], "too_few"), ([f"x{number}" for number in range(51)], "too_many")):
        no = decide(case, notice, wrong)
        assert (no.code, no.body["errors"][0]["code"]) == ("MALFORMED", code)
    assert decide(case, {"notice_id": "n_unknown"}, [objection_id]).code == "NOT_FOUND"
    assert codes(decide(case, notice, [objection_id])) == ["OK"]


@pytest.mark.clause("§3.5.3")
def test_a_decision_on_several_that_is_overtaken_goes_on_from_where_it_stopped(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    ids = [object_to(case, notice, reason=str(number))["objection_id"] for number in range(3)]
    commit, tried = objections.commit_resolution, []

    def overtaken(old: Any, new: Any, seen: Notice, *more: Any) -> None:
        tried.append(old.objection_id)
        if len(tried) == 2:  # somebody else moves the notice on
            notices.commit_announced_end(seen, seen.next_version())
        commit(old, new, seen, *more)

    monkeypatch.setattr(objections, "commit_resolution", overtaken)
    assert codes(decide(case, notice, ids)) == ["OK"] * 3
    assert tried == [ids[0], ids[1], ids[1], ids[2]]


@pytest.mark.clause("§3.5.3")
def test_an_upheld_objection_sends_its_line_back_to_the_agency_with_the_reason(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    objection = object_to(case, notice, reason="王五，13900000000：服务未实际发生")
    path = f"/objections/{objection['objection_id']}/resolve"
    steps.expect(case.call(BUREAU, "POST", path, {"decision": "uphold", "opinion": "请补充服务记录"}), 200)
    line = case.line(order, SELLER)
    assert (line["state"], line["round_id"]) == ("returned", None)
    assert line["opinion"] == "公示期内的异议成立。请补充服务记录"  # but not who objected, and in which words
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    assert case.town.shown(f"/rounds/{notice['round_id']}")["payables"] == []


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize("rule", [True, False])
def test_whoever_submitted_pre_reviewed_or_gathered_decides_on_no_objection(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    """By rule, and by the write itself if the rule did not look."""
    case, order = settling(submitted), the_order(submitted)
    objection = object_to(case, noticed_by_gatherer(case, OPERATOR_TWO, order))
    path = f"/objections/{objection['objection_id']}/resolve"
    if not rule:
        monkeypatch.setattr(objection_cases, "check_four_eyes", lambda *_: None)
    for name in (SELLER.name, OPERATOR.name, OPERATOR_TWO.name):
        no = case.call(Person(name, "bureau"), "POST", path, {"decision": "reject"})
        assert no.code == ("FOUR_EYES" if rule else "CHANGED_MEANWHILE")
    assert case.line(order)["state"] == "noticed"
    resolve(case, objection, "reject")
