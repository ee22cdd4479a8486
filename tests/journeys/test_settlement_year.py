"""A year of settlement on the deployed stack: three agencies, one objection upheld and one rejected, a reduced line, a
failed payout, a recovery; in the end the books balance (§3.5, §5.2b)."""

import hashlib
import io
import re
from dataclasses import dataclass
from functools import partial

import openpyxl
import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO, Reply
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from tests.journeys.agency_case import CONTRACT_FEN, VOUCHER_FEN, AgencyCase, add_completed_case
from tests.journeys.deployment import Deployment, Json

REDUCED_FEN, RECOVERED_FEN = 600_000, 100_000
SECOND_ACCOUNT = "6200000000000009999"


@dataclass
class SettledYear:
    """The answers of the year that the tests look at."""

    deployment: Deployment
    plain: AgencyCase
    reduced: AgencyCase
    objected: AgencyCase
    notice: Json
    table: str
    first_file: Reply
    second_file: Reply
    payout_failed: Json
    payouts_paid: list[Json]
    recovery: Json
    report: Json


def publish_notice(deployment: Deployment, *cases: AgencyCase) -> Json:
    """Gather a round, approve it and publish its notice; the notice."""
    body = {"settlement_ids": [case.settlement["settlement_id"] for case in cases]}
    round_ = steps.expect(deployment.client.call(OPERATOR, "POST", "/rounds", body), 201)
    path = f"/rounds/{round_['round_id']}"
    steps.expect(deployment.client.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    return steps.expect(deployment.client.call(OPERATOR, "POST", f"{path}/notice", {}), 201)


def object_to(case: AgencyCase, notice: Json, decision: str) -> None:
    """Raise an objection to the line of a case, and let the bureau decide."""
    objection_body = {
        "order_id": case.order["order_id"],
        "name": "王五",
        "contact": "13900000000",
        "reason": "服务未实际发生",
    }
    path = f"/notices/{notice['notice_id']}/objections"
    objection = steps.expect(case.call(None, "POST", path, objection_body), 201)
    path = f"/objections/{objection['objection_id']}/resolve"
    steps.expect(case.call(BUREAU, "POST", path, {"decision": decision}), 200)


def record_bank_answer(deployment: Deployment, payout: Json, state: str) -> Json:
    """Finance records the bank's answer."""
    body = {
        "state": state,
        "bank_reference": f"BK-{payout['payout_id'][-6:]}",
        "paid_on": deployment.plan.today.isoformat(),
    }
    return steps.expect(deployment.client.call(FINANCE, "POST", f"/payouts/{payout['payout_id']}/result", body), 200)


def change_account(case: AgencyCase, round_id: str) -> None:
    """§3.5.4: the agency proposes, the operator confirms; in between nothing is paid."""
    uscc, path = case.agency.uscc, f"/rounds/{round_id}"
    account = {"bank_name": "丽水另一银行", "bank_account": SECOND_ACCOUNT, "account_name": case.agency.name}
    body = {"agency_uscc": uscc, **account, "reason": "原账户已销户"}
    proposal = steps.expect(case.call(case.person, "POST", f"{path}/bank-account", body), 200)
    assert case.call(OPERATOR_TWO, "POST", f"{path}/payouts").code == "ACCOUNT_UNDECIDED"
    decision = {"agency_uscc": uscc, "change_id": proposal["proposed_account"]["change_id"], "decision": "confirm"}
    confirmed = steps.expect(case.call(OPERATOR, "POST", f"{path}/bank-account/review", decision), 200)
    assert confirmed["bank_account_masked"] == "****9999"


@pytest.fixture(scope="module")
def settled_year(deployment: Deployment, year: int) -> SettledYear:
    """The whole year, once."""
    client = deployment.client
    batch = deployment.open_batch(6_000_000)
    plain, reduced, objected = (add_completed_case(deployment, batch) for _ in range(3))
    for case in (plain, reduced, objected):
        case.apply()
    plain.pre_review()
    reduced.pre_review(verified_fen=REDUCED_FEN, verified_contract_fen=CONTRACT_FEN - VOUCHER_FEN + REDUCED_FEN)
    objected.pre_review()
    notice = publish_notice(deployment, plain, reduced, objected)
    object_to(plain, notice, "reject")
    object_to(objected, notice, "uphold")
    table = client.call(None, "GET", f"/notices/{notice['notice_id']}.csv").body
    steps.expect(client.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    round_id = notice["round_id"]
    plain.submit_invoice(round_id, VOUCHER_FEN)
    reduced.submit_invoice(round_id, REDUCED_FEN)
    payouts = steps.expect(client.call(OPERATOR_TWO, "POST", f"/rounds/{round_id}/payouts"), 201)["items"]
    by_agency = {payout["agency_uscc"]: payout for payout in payouts}
    first_file = client.call(OPERATOR, "GET", f"/rounds/{round_id}/payout-file")
    payouts_paid = [record_bank_answer(deployment, by_agency[plain.agency.uscc], "paid")]
    payout_failed = record_bank_answer(deployment, by_agency[reduced.agency.uscc], "failed")
    change_account(reduced, round_id)
    [second_payout] = steps.expect(client.call(OPERATOR_TWO, "POST", f"/rounds/{round_id}/payouts"), 201)["items"]
    second_file = client.call(FINANCE, "GET", f"/rounds/{round_id}/payout-file")
    payouts_paid.append(record_bank_answer(deployment, second_payout, "paid"))
    steps.expect(objected.call(objected.person, "POST", f"{objected.path}/submit"), 200)
    objected.pre_review()
    second = publish_notice(deployment, objected)
    steps.expect(client.call(BUREAU, "POST", f"/notices/{second['notice_id']}/close"), 200)
    objected.submit_invoice(second["round_id"], VOUCHER_FEN)
    payouts_paid += steps.pay_out(client, second["round_id"], deployment.plan.today)
    recovery_body = {"amount_fen": RECOVERED_FEN, "reason": "重复享受补助"}
    path = f"/orders/{reduced.order['order_id']}/recoveries"
    recovery = steps.expect(reduced.call(BUREAU, "POST", path, recovery_body, key="recovery-1"), 201)
    mistaken_recovery = steps.expect(reduced.call(BUREAU, "POST", path, recovery_body, key="recovery-2"), 201)
    reason = {"reason": "误登"}
    steps.expect(reduced.call(BUREAU_TWO, "POST", f"{path}/{mistaken_recovery['recovery_id']}/withdraw", reason), 200)
    deployment.scheduled.run("Reconcile", deployment.plan.coming_night)
    report = deployment.get(FINANCE, f"/reports/{year}/reconciliation")
    files = (first_file, second_file)
    return SettledYear(
        deployment, plain, reduced, objected, notice, table, *files, payout_failed, payouts_paid, recovery, report
    )


@pytest.mark.clause("§3.5.4")
def test_every_agency_is_paid_its_verified_part_once(settled_year: SettledYear) -> None:
    got = sorted((each["agency_uscc"], each["amount_fen"], each["state"]) for each in settled_year.payouts_paid)
    cases = [
        (settled_year.plain, VOUCHER_FEN),
        (settled_year.reduced, REDUCED_FEN),
        (settled_year.objected, VOUCHER_FEN),
    ]
    assert got == sorted((case.agency.uscc, fen, "paid") for case, fen in cases)
    assert settled_year.payout_failed["state"] == "failed"


@pytest.mark.clause("§3.5.2")
def test_the_part_not_verified_is_back_on_the_voucher_and_the_agency_is_informed(
    settled_year: SettledYear,
) -> None:
    case = settled_year.reduced
    voucher = settled_year.deployment.get(owner_of(case.enterprise.uscc), f"/vouchers/{case.order['voucher_id']}")
    assert voucher["balance_fen"] == voucher["face_fen"] - REDUCED_FEN
    subject = "兑付申请预审通过。意见：核实无误"
    wait_until(lambda: subject in {each["subject"] for each in settled_year.deployment.inbox(case.agency.uscc)})


@pytest.mark.clause("§3.5.3")
def test_an_objection_stops_its_own_line_only(settled_year: SettledYear) -> None:
    first = settled_year.deployment.get(OPERATOR, f"/rounds/{settled_year.notice['round_id']}")
    uscc = {settled_year.plain.agency.uscc, settled_year.reduced.agency.uscc}
    assert {payable["agency_uscc"] for payable in first["payables"]} == uscc
    assert settled_year.objected.line()["state"] == "payable"
    assert settled_year.table.startswith("\ufeff订单编号") and settled_year.plain.enterprise.name in settled_year.table
    told = re.compile(r"兑付申请被退回，请查看意见。请于[\d-]+前更正并重新提交。意见：公示期内的异议成立。")
    inbox = partial(settled_year.deployment.inbox, settled_year.objected.agency.uscc)
    wait_until(lambda: any(told.fullmatch(each["subject"]) for each in inbox()))


@pytest.mark.clause("§3.5.4")
def test_the_bank_gets_each_payout_in_one_file_with_the_account_that_counts(settled_year: SettledYear) -> None:
    rows = []
    for file in (settled_year.first_file, settled_year.second_file):
        assert file.status == 200
        assert file.headers["x-content-sha256"] == hashlib.sha256(file.body).hexdigest()
        sheet = openpyxl.load_workbook(io.BytesIO(file.body)).active
        assert sheet is not None
        rows.append([list(row) for row in sheet.iter_rows(min_row=6, values_only=True)])
    assert [len(each) for each in rows] == [2, 1]
    assert rows[1][0][4:6] == [SECOND_ACCOUNT, REDUCED_FEN / 100]
    assert len({row[1] for each in rows for row in each}) == 3
    third_file = settled_year.deployment.client.call(
        OPERATOR, "GET", f"/rounds/{settled_year.notice['round_id']}/payout-file"
    )
    assert third_file.body == settled_year.second_file.body


@pytest.mark.clause("§5.2b")
def test_recovered_money_is_shown_on_its_order(settled_year: SettledYear) -> None:
    assert settled_year.recovery["left_fen"] == REDUCED_FEN - RECOVERED_FEN
    order = settled_year.deployment.get(OPERATOR, f"/orders/{settled_year.reduced.order['order_id']}")
    assert (order["state"], order["recovered_fen"]) == ("paid", RECOVERED_FEN)


@pytest.mark.clause("§3.5.4")
def test_in_the_end_every_fen_is_explained(settled_year: SettledYear) -> None:
    assert settled_year.report["residual_fen"] == 0
    assert [each["name"] for each in settled_year.report["invariants"] if not each["holds"]] == []
    names = {each["name"] for each in settled_year.report["invariants"]}
    assert {"lines_invoice_and_payout_agree", "different_hands"} <= names
    assert settled_year.report["accounts"]["receivable"] >= RECOVERED_FEN


@pytest.mark.clause("§5.2b")
def test_the_bureau_takes_a_payable_line_back_before_it_is_paid(settled_year: SettledYear) -> None:
    deployment = settled_year.deployment
    case = add_completed_case(deployment, deployment.open_batch(2_000_000))
    case.apply()
    case.pre_review()
    notice = publish_notice(deployment, case)
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    case.submit_invoice(notice["round_id"], VOUCHER_FEN)
    path = f"/rounds/{notice['round_id']}/lines/{case.order['order_id']}/withdraw"
    assert case.call(OPERATOR, "POST", path, {"reason": "已享受其他补助"}).code == "ROLE_REQUIRED"
    round_ = steps.expect(case.call(BUREAU, "POST", path, {"reason": "已享受其他补助"}), 200)
    assert [(each["state"], each["amount_fen"]) for each in round_["payables"]] == [("dropped", 0)]
    assert deployment.get(OPERATOR, f"/orders/{case.order['order_id']}")["state"] == "completed"
    assert case.call(OPERATOR_TWO, "POST", f"/rounds/{notice['round_id']}/payouts").code == "NOTHING_PAYABLE"
