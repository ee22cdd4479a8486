"""§3.5.3: staff reads the objections to a notice, and the bureau decides on them, by other hands."""

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO, Person
from tests.support.backend import function
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import noticed_by_gatherer, object_to, resolve, settling, the_order

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
        monkeypatch.setattr(function("notice_reviews"), "check_four_eyes", lambda *_: None)
    for name in (SELLER.name, OPERATOR.name, OPERATOR_TWO.name):
        no = case.call(Person(name, "bureau"), "POST", path, {"decision": "reject"})
        assert no.code == ("FOUR_EYES" if rule else "CHANGED_MEANWHILE")
    assert case.line(order)["state"] == "noticed"
    resolve(case, objection, "reject")
