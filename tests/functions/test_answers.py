"""§3.5.3: whoever objects reads the answer with the code of the receipt; the agency hears of it, not of them."""

from datetime import timedelta

import pytest

from infra.client import steps
from infra.client.http import BUREAU, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.support.relaying import relayed, subjects
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import Settling, handed_in, object_to, resolve, settling, the_order
from tests.support.snapshots import everything_kept
from voucher.store import keys, objections

Scene = tuple[Town, Json]
WORDS = {"name": "某", "contact": "0578", "reason": "服务未实际发生"}


def read(case: Settling, receipt: Json, code: str | None = None) -> Reply:
    """The answer, by the code of the receipt or by another one."""
    path = f"/objections/{receipt['objection_id']}/answer"
    return case.call(None, "POST", path, {"code": code or receipt["answer_code"]})


def decide(case: Settling, receipt: Json, decision: str, opinion: str) -> None:
    """§3.5.3: the bureau's decision, in words."""
    body = {"decision": decision, "opinion": opinion}
    steps.expect(case.call(BUREAU, "POST", f"/objections/{receipt['objection_id']}/resolve", body), 200)


@pytest.mark.clause("§3.5.3")
def test_an_objector_reads_that_it_came_is_examined_and_how_it_was_decided(
    submitted: Scene, stopped_clock: StoppedClock
) -> None:
    case = settling(submitted)
    receipt = object_to(case, case.noticed(the_order(submitted)))
    came = steps.expect(read(case, receipt), 200)
    assert came == {
        "objection_id": receipt["objection_id"],
        "stage": "received",
        "received_on": "2026-06-15",
        "answer_by": "2026-06-23",
        "decision": None,
        "opinion": None,
        "clause": "§3.5.3",
        "decided_on": None,
    }
    stopped_clock.instant = NOW + timedelta(days=1)
    assert steps.expect(read(case, receipt), 200) == {**came, "stage": "under_examination"}
    decide(case, receipt, "reject", "经核实，服务已完成。")
    decided = {
        "stage": "decided",
        "decision": "rejected",
        "opinion": "经核实，服务已完成。",
        "decided_on": "2026-06-16",
    }
    assert steps.expect(read(case, receipt), 200) == {**came, **decided}


@pytest.mark.clause("§3.5.3")
def test_without_the_code_an_objection_is_as_unknown_as_one_that_does_not_exist(submitted: Scene) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    receipt, other = object_to(case, notice), object_to(case, notice, reason="另一理由")
    code = receipt["answer_code"]
    assert len(code) == 24 and code != other["answer_code"]
    nobody = {**receipt, "objection_id": f"{notice['notice_id']}.000000000000"}
    before = everything_kept()
    refused = [read(case, receipt, other["answer_code"]), read(case, receipt, code[:-1]), read(case, nobody)]
    assert {(each.status, each.code, each.body["detail"]) for each in refused} == {
        (404, "NOT_FOUND", "没有找到该异议，请核对编号和查询码。")
    }
    written = "-".join(code[at : at + 4] for at in range(0, 24, 4)).lower()
    assert read(case, receipt, written).status == 200
    assert everything_kept() == before


@pytest.mark.clause("§3.5.3")
def test_the_code_is_kept_nowhere_and_shown_again_only_to_the_same_call(submitted: Scene) -> None:
    case = settling(submitted)
    path = f"/notices/{case.noticed(the_order(submitted))['notice_id']}/objections"
    first, again = (case.call(Person("a"), "POST", path, WORDS, key="mine") for _ in range(2))
    assert (first.status, again.status, again.body) == (201, 200, first.body)
    plain, repeated = (case.call(Person("b"), "POST", path, WORDS, key="") for _ in range(2))
    assert repeated.body == {**plain.body, "answer_code": None}
    kept, staff = str(everything_kept()), str(case.town.shown(path))
    for receipt in (first.body, plain.body):
        assert receipt["answer_code"] not in kept and read(case, receipt).status == 200
        stored = objections.get(receipt["objection_id"])
        assert stored.code_sha256 and stored.code_seed
        assert stored.code_sha256 not in staff and stored.code_seed not in staff


@pytest.mark.clause("§3.5.3")
def test_an_agency_sees_how_many_object_to_its_line_and_what_became_of_them(voucher: Scene) -> None:
    case, orders = handed_in(voucher[0], 2)
    assert case.line(orders[0], SELLER)["objections"] is None
    notice = case.noticed(*orders)
    named = {"order_id": orders[0]["order_id"]}
    own, whole = object_to(case, notice, **named), object_to(case, notice)
    object_to(case, notice, **named, reason="未见成果")
    resolve(case, whole, "reject")
    resolve(case, own, "uphold")
    first, second = (case.line(order, SELLER) for order in orders)
    assert first["objections"] == {"raised": 3, "standing": 1, "upheld": 1, "rejected": 1}
    assert second["objections"] == {"raised": 1, "standing": 0, "upheld": 0, "rejected": 1}
    assert (first["state"], first["notice_id"]) == ("returned", notice["notice_id"])
    shown = str(case.shown(SELLER))
    assert not any(word in shown for word in ("服务未实际发生", "未见成果", "0578"))


@pytest.mark.clause("§3.5.3")
def test_an_agency_hears_once_that_objections_to_its_line_were_rejected(submitted: Scene) -> None:
    case = settling(submitted)
    notice, line = case.noticed(the_order(submitted)), {"order_id": the_order(submitted)["order_id"]}
    for reason in ("甲", "乙"):
        receipt = object_to(case, notice, reason=reason, **line)
        with relayed(keys.objection(receipt["objection_id"])):
            decide(case, receipt, "reject", "查无实据。")
    words = "对公示订单的异议经市经信局核实不成立。意见：查无实据。"
    assert [each for each in subjects(case.town.world, SELLER) if "异议" in each] == [words]
