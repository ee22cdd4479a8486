"""What a party may not do alone, told on the deployed stack: agree on a contract, put an enterprise out, be paid for an
item that another office may have paid for (§4.2.1, §4.1.3, §5.2b); and how one that moved goes on (§4.1.3)."""

import io

import openpyxl
import pytest

from infra.city.document_files import change_paper
from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR
from infra.client.steps import Deal
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from tests.journeys.agency_case import AgencyCase, add_completed_case
from tests.journeys.deployment import Deployment, Json

WHY = {"reason": "材料与实际不符"}


@pytest.fixture(scope="module")
def batch(deployment: Deployment, year: int) -> Json:
    """A batch for all stories."""
    return deployment.open_batch(6_000_000)


@pytest.fixture(scope="module")
def case(deployment: Deployment, batch: Json) -> AgencyCase:
    """An agency with a completed order."""
    return add_completed_case(deployment, batch)


@pytest.mark.clause("§4.2.1")
def test_a_contract_counts_once_both_parties_said_so(deployment: Deployment, batch: Json, case: AgencyCase) -> None:
    client, enterprise = deployment.client, deployment.add_approved_enterprise()
    owner, today = owner_of(enterprise.uscc), deployment.plan.today.isoformat()
    placement = {
        "product_id": case.order["product_id"],
        "voucher_id": deployment.grab(batch, enterprise)["voucher_id"],
        "contract_fen": 1_000_000,
        "voucher_fen": 100_000,
        "no_other_subsidy": True,
    }
    path = f"/orders/{steps.expect(client.call(owner, 'POST', '/orders', placement), 201)['order_id']}"
    steps.expect(client.call(case.person, "POST", f"{path}/accept"), 200)
    terms = {"contract_number": "HT-BOTH", "contract_signed_on": today, "contract_fen": 900_000}
    said = steps.expect(client.call(case.person, "POST", f"{path}/contract", terms), 200)
    assert (said["contract_number"], said["proposed_contract"]["contract_number"]) == (None, "HT-BOTH")
    assert client.call(case.person, "POST", f"{path}/deliver").code == "CONTRACT_MISSING"
    assert client.call(case.person, "POST", f"{path}/contract/acknowledge").code == "NO_CONTRACT_PROPOSED"
    wait_until(lambda: any("确认对方登记的合同" in each["subject"] for each in deployment.inbox(enterprise.uscc)))
    agreed = client.call(owner, "POST", f"{path}/contract/acknowledge", {"version": said["version"]})
    assert (agreed.body["contract_number"], agreed.body["contract_fen"]) == ("HT-BOTH", 900_000)
    steps.expect(client.call(case.person, "POST", f"{path}/deliver"), 200)


@pytest.mark.clause("§5.2b")
def test_nothing_is_confirmed_while_somebody_is_on_both_sides(
    deployment: Deployment, batch: Json, case: AgencyCase
) -> None:
    client, enterprise = deployment.client, deployment.add_approved_enterprise()
    owner, today = owner_of(enterprise.uscc), deployment.plan.today
    voucher_id = deployment.grab(batch, enterprise)["voucher_id"]
    deal = Deal(owner, case.person, case.order["product_id"], voucher_id, 1_000_000, 100_000, "HT-SIDES", today)
    order_id = steps.expect(steps.place_order(client, deal), 201)["order_id"]
    steps.deliver_order(client, order_id, deal)
    path = f"/organisations/{enterprise.uscc}"
    code = steps.expect(client.call(owner, "POST", f"{path}/invitations", {"role": "owner"}), 201)["code"]
    steps.expect(client.call(case.person, "POST", "/invitations/accept", {"code": code}), 200)
    assert client.call(case.person, "POST", f"/orders/{order_id}/confirm").code == "FOUR_EYES"
    assert client.call(owner, "POST", f"/orders/{order_id}/confirm").code == "SAME_PERSON"
    steps.expect(client.call(case.person, "POST", f"{path}/leave?kind=enterprise"), 200)
    assert steps.expect(client.call(owner, "POST", f"/orders/{order_id}/confirm"), 200)["state"] == "completed"


@pytest.mark.clause("§4.1.3")
def test_a_disqualification_is_heard_decided_by_others_and_taken_back_with_its_quota(
    deployment: Deployment, batch: Json
) -> None:
    client, enterprise = deployment.client, deployment.add_approved_enterprise()
    owner, path = owner_of(enterprise.uscc), f"/enterprises/{enterprise.uscc}"
    voucher = f"/vouchers/{deployment.grab(batch, enterprise)['voucher_id']}"
    proposed = steps.expect(client.call(OPERATOR, "POST", f"{path}/disqualify", WHY), 200)
    assert (proposed["state"], deployment.get(owner, voucher)["state"]) == ("approved", "active")
    decision = {"decision": "approve", **WHY}
    assert client.call(BUREAU, "POST", f"{path}/disqualify/approve", decision).code == "TOO_EARLY"
    steps.expect(client.call(owner, "POST", f"{path}/disqualify/statement", {"text": "已补正材料"}), 200)
    out = steps.expect(client.call(BUREAU, "POST", f"{path}/disqualify/approve", decision), 200)
    assert out["state"] == "disqualified"
    wait_until(lambda: bool(deployment.get(owner, voucher)["state"] == "void"))
    assert client.call(BUREAU, "POST", f"{path}/restore", WHY).code == "FOUR_EYES"
    back = steps.expect(client.call(BUREAU_TWO, "POST", f"{path}/restore", WHY), 200)
    assert (back["state"], deployment.get(owner, voucher)["state"]) == ("approved", "void")
    assert deployment.grab(deployment.open_batch(1_000_000), enterprise)["face_fen"] == 1_000_000


@pytest.mark.clause("§4.1.3")
def test_an_enterprise_that_moved_reports_it_and_orders_on_as_what_it_is_now(
    deployment: Deployment, batch: Json, case: AgencyCase
) -> None:
    client, enterprise = deployment.client, deployment.add_approved_enterprise()
    owner, path = owner_of(enterprise.uscc), f"/enterprises/{enterprise.uscc}"
    voucher_id = deployment.grab(batch, enterprise)["voucher_id"]
    moved_to = "city" if enterprise.district != "city" else "liandu"
    deals = [
        Deal(owner, case.person, case.order["product_id"], voucher_id, 1_000_000, 100_000, f"HT-MOVE-{number}",
             deployment.plan.today)
        for number in (1, 2)
    ]  # fmt: skip
    before = steps.expect(steps.place_order(client, deals[0]), 201)
    today = deployment.plan.today
    paper = steps.announce_and_upload(client, owner, path, change_paper(today))
    report = {"happened_on": today.isoformat(), "description": "迁址", "document_ids": [paper]}
    report["facts"] = {"district": moved_to}
    change = steps.expect(client.call(owner, "POST", f"{path}/changes", report), 201)
    adopt = f"{path}/changes/{change['change_id']}/review"
    steps.expect(client.call(OPERATOR, "POST", adopt, {"decision": "adopt"}), 200)
    after = steps.expect(steps.place_order(client, deals[1]), 201)
    assert (deployment.get(owner, path)["state"], deployment.get(owner, path)["district"]) == ("approved", moved_to)
    kept = deployment.get(owner, f"/orders/{before['order_id']}")["district"]
    assert (kept, after["district"]) == (enterprise.district, moved_to)


@pytest.mark.clause("§5.2b")
def test_a_firm_that_another_office_paid_waits_for_the_bureaus_word_on_its_line(
    deployment: Deployment, year: int, case: AgencyCase
) -> None:
    case.apply()
    book = openpyxl.Workbook()
    book.active.append(("统一社会信用代码", "企业名称", "项目名称"))
    book.active.append((case.enterprise.uscc, case.enterprise.name, "技术改造补助"))
    content = io.BytesIO()
    book.save(content)
    steps.import_list(deployment.client, "other_subsidy", year, content.getvalue(), wait_until)
    case.pre_review()
    body = {"settlement_ids": [case.settlement["settlement_id"]]}
    round_ = steps.expect(case.call(OPERATOR, "POST", "/rounds", body), 201)
    path, decision = f"/rounds/{round_['round_id']}/approve", {"decision": "approve"}
    assert case.call(BUREAU, "POST", path, decision).code == "SUBSIDY_UNDECIDED"
    wait_until(
        lambda: "decide_subsidy" in {each["kind"] for each in deployment.get(BUREAU, "/tasks?role=bureau")["items"]}
    )
    word = {"decision": "other", "reason": "技改项目与本订单无关"}
    steps.expect(case.call(BUREAU, "POST", f"{case.path}/lines/{case.order['order_id']}/subsidy", word), 200)
    steps.expect(case.call(BUREAU, "POST", path, decision), 200)
