"""A year of settlement on the deployed stack: three agencies, an objection upheld and one rejected, a reduced line, a
bank that fails once, money claimed back; in the end every fen is where it belongs (§3.5, §5.2b)."""

import hashlib
import io
from dataclasses import dataclass, field

import openpyxl
import pytest

from infra.city.agencies import Agency
from infra.city.document_files import agency_documents, order_documents, summary_invoice_document
from infra.city.enterprises import Enterprise
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person, Reply
from infra.client.steps import Deal
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from tests.journeys.place import Json, Place
from tests.support import samples

CONTRACT_FEN, VOUCHER_FEN, REDUCED_FEN, RECOVERED_FEN = 1_000_000, 700_000, 600_000, 100_000
SECOND_ACCOUNT = "6200000000000009999"


@dataclass
class Case:
    """One agency with one completed order of 7,000 yuan by voucher, and its application."""

    place: Place
    agency: Agency
    firm: Enterprise
    order: Json
    settlement: Json = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Who acts for the agency."""
        return owner_of(self.agency.uscc)

    def call(self, person: Person | None, method: str, path: str, body: Json | None = None, key: str = "") -> Reply:
        """One call over HTTP."""
        return self.place.client.call(person, method, path, body, key=key or None)

    @property
    def path(self) -> str:
        """The application's."""
        return f"/settlements/{self.settlement['settlement_id']}"

    def apply(self) -> None:
        """§3.5.1: opened, filled in, handed in."""
        client, uscc = self.place.client, self.agency.uscc
        order_id = self.order["order_id"]
        self.settlement = steps.apply_for_settlement(client, self.person, uscc, [order_id], f"settle-{order_id}")
        names = (self.firm.name, self.agency.name, "企业服务")
        documents = order_documents(*names, order_id, CONTRACT_FEN, CONTRACT_FEN - VOUCHER_FEN)
        line, settlement_id = self.settlement["lines"][0], self.settlement["settlement_id"]
        steps.fill_in_line(client, self.person, settlement_id, line, documents, self.place.plan.today)
        steps.expect(self.call(self.person, "POST", f"{self.path}/submit"), 200)

    def pre_review(self, **more: int) -> None:
        """§3.5.2: the operator passes the line."""
        said = {"order_id": self.order["order_id"], "decision": "pass", "opinion": "核实无误", **more}
        steps.expect(self.call(OPERATOR, "POST", f"{self.path}/pre-review", {"lines": [said]}), 200)

    def line(self) -> Json:
        """The line as the agency sees it."""
        line: Json = self.place.shown(self.person, self.path)["lines"][0]
        return line

    def bill(self, round_id: str, amount_fen: int) -> Json:
        """§3.5.4: the summary invoice and the account."""
        document = summary_invoice_document(self.agency.name, amount_fen)
        document = steps.announce_and_upload(self.place.client, self.person, self.path, document)
        payable = self.place.shown(self.person, f"/rounds/{round_id}/payables/{self.agency.uscc}")
        assert payable["amount_fen"] == amount_fen
        return steps.submit_summary_invoice(self.place.client, self.person, payable, self.agency.name, document)


@dataclass
class Settled:
    """What is left of the year for the tests to look at."""

    place: Place
    plain: Case
    reduced: Case
    objected: Case
    notice: Json
    table: str
    first_file: Reply
    second_file: Reply
    failed: Json
    paid: list[Json]
    recovery: Json
    report: Json


def completed_case(place: Place, batch: Json) -> Case:
    """An agency, a firm with a voucher of the batch, and an order of theirs, done."""
    agency, firm = next(place.agencies), place.approved_firm()
    person, owner, today = owner_of(agency.uscc), owner_of(firm.uscc), place.plan.today
    documents = agency_documents(agency, today)
    steps.apply_agency(place.client, person, agency.application(), documents)
    steps.expect(steps.admit_agency(place.client, agency.uscc), 200)
    product = steps.list_product(place.client, person, samples.product(agency))
    voucher_id = place.grab(batch, firm)["voucher_id"]
    number = f"HT-{agency.uscc[-8:]}"
    amounts = (CONTRACT_FEN, VOUCHER_FEN)
    deal = Deal(owner, person, product["product_id"], voucher_id, *amounts, number, today)
    order = steps.expect(steps.place_order(place.client, deal), 201)
    return Case(place, agency, firm, steps.complete_order(place.client, order["order_id"], deal))


def noticed(place: Place, *cases: Case) -> Json:
    """Gathered by the operator, approved by the bureau, on notice."""
    body = {"settlement_ids": [case.settlement["settlement_id"] for case in cases]}
    round_ = steps.expect(place.client.call(OPERATOR, "POST", "/rounds", body), 201)
    path = f"/rounds/{round_['round_id']}"
    steps.expect(place.client.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    return steps.expect(place.client.call(OPERATOR, "POST", f"{path}/notice", {}), 201)


def object_to(case: Case, notice: Json, decision: str) -> None:
    """Somebody objects to a case's line; the bureau decides."""
    said = {"order_id": case.order["order_id"], "name": "王五", "contact": "13900000000", "reason": "服务未实际发生"}
    path = f"/notices/{notice['notice_id']}/objections"
    objection = steps.expect(case.call(None, "POST", path, said), 201)
    path = f"/objections/{objection['objection_id']}/resolve"
    steps.expect(case.call(BUREAU, "POST", path, {"decision": decision}), 200)


def result(place: Place, payout: Json, state: str) -> Json:
    """The bank's answer, recorded by finance."""
    body = {"state": state, "bank_reference": f"BK-{payout['payout_id'][-6:]}", "paid_on": place.plan.today.isoformat()}
    return steps.expect(place.client.call(FINANCE, "POST", f"/payouts/{payout['payout_id']}/result", body), 200)


def another_account(case: Case, round_id: str) -> None:
    """§3.5.4: the agency proposes, the operator confirms; in between nothing is paid."""
    uscc, path = case.agency.uscc, f"/rounds/{round_id}"
    account = {"bank_name": "丽水另一银行", "bank_account": SECOND_ACCOUNT, "account_name": case.agency.name}
    body = {"agency_uscc": uscc, **account, "reason": "原账户已销户"}
    asked = steps.expect(case.call(case.person, "POST", f"{path}/bank-account", body), 200)
    assert case.call(OPERATOR_TWO, "POST", f"{path}/payouts").code == "ACCOUNT_UNDECIDED"
    decided = {"agency_uscc": uscc, "change_id": asked["proposed_account"]["change_id"], "decision": "confirm"}
    confirmed = steps.expect(case.call(OPERATOR, "POST", f"{path}/bank-account/review", decided), 200)
    assert confirmed["bank_account_masked"] == "****9999"


@pytest.fixture(scope="module")
def settled(place: Place, year: int) -> Settled:
    """The whole way, once."""
    client = place.client
    batch = place.open_batch(6_000_000)
    plain, reduced, objected = (completed_case(place, batch) for _ in range(3))
    for case in (plain, reduced, objected):
        case.apply()
    plain.pre_review()
    reduced.pre_review(verified_fen=REDUCED_FEN)
    objected.pre_review()
    notice = noticed(place, plain, reduced, objected)
    object_to(plain, notice, "reject")
    object_to(objected, notice, "uphold")
    table = client.call(None, "GET", f"/notices/{notice['notice_id']}.csv").body
    steps.expect(client.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    round_id = notice["round_id"]
    plain.bill(round_id, VOUCHER_FEN)
    reduced.bill(round_id, REDUCED_FEN)
    made = steps.expect(client.call(OPERATOR_TWO, "POST", f"/rounds/{round_id}/payouts"), 201)["items"]
    by_agency = {payout["agency_uscc"]: payout for payout in made}
    first_file = client.call(OPERATOR, "GET", f"/rounds/{round_id}/payout-file")
    paid = [result(place, by_agency[plain.agency.uscc], "paid")]
    failed = result(place, by_agency[reduced.agency.uscc], "failed")
    another_account(reduced, round_id)
    [again] = steps.expect(client.call(OPERATOR_TWO, "POST", f"/rounds/{round_id}/payouts"), 201)["items"]
    second_file = client.call(FINANCE, "GET", f"/rounds/{round_id}/payout-file")
    paid.append(result(place, again, "paid"))
    steps.expect(objected.call(objected.person, "POST", f"{objected.path}/submit"), 200)
    objected.pre_review()
    second = noticed(place, objected)
    steps.expect(client.call(BUREAU, "POST", f"/notices/{second['notice_id']}/close"), 200)
    objected.bill(second["round_id"], VOUCHER_FEN)
    paid += steps.pay_out(client, second["round_id"], place.plan.today)
    claim = {"amount_fen": RECOVERED_FEN, "reason": "重复享受补助"}
    path = f"/orders/{reduced.order['order_id']}/recoveries"
    recovery = steps.expect(reduced.call(BUREAU, "POST", path, claim, key="recovery-1"), 201)
    mistaken = steps.expect(reduced.call(BUREAU, "POST", path, claim, key="recovery-2"), 201)
    why = {"reason": "误登"}
    steps.expect(reduced.call(BUREAU, "POST", f"{path}/{mistaken['recovery_id']}/withdraw", why), 200)
    place.night.run("Reconcile", place.plan.coming_night)
    report = place.shown(FINANCE, f"/reports/{year}/reconciliation")
    files = (first_file, second_file)
    return Settled(place, plain, reduced, objected, notice, table, *files, failed, paid, recovery, report)


@pytest.mark.clause("§3.5.4")
def test_every_agency_is_paid_its_verified_part_once(settled: Settled) -> None:
    got = sorted((each["agency_uscc"], each["amount_fen"], each["state"]) for each in settled.paid)
    cases = [(settled.plain, VOUCHER_FEN), (settled.reduced, REDUCED_FEN), (settled.objected, VOUCHER_FEN)]
    assert got == sorted((case.agency.uscc, fen, "paid") for case, fen in cases)
    assert settled.failed["state"] == "failed"


@pytest.mark.clause("§3.5.2")
def test_what_was_not_verified_is_back_on_the_voucher_and_the_opinion_in_the_agencys_inbox(settled: Settled) -> None:
    case = settled.reduced
    voucher = settled.place.shown(owner_of(case.firm.uscc), f"/vouchers/{case.order['voucher_id']}")
    assert voucher["balance_fen"] == voucher["face_fen"] - REDUCED_FEN
    told = "兑付申请预审通过。意见：核实无误"
    wait_until(lambda: told in {each["subject"] for each in settled.place.inbox(case.agency.uscc)})


@pytest.mark.clause("§3.5.3")
def test_an_objection_stops_its_own_line_only(settled: Settled) -> None:
    first = settled.place.shown(OPERATOR, f"/rounds/{settled.notice['round_id']}")
    uscc = {settled.plain.agency.uscc, settled.reduced.agency.uscc}
    assert {payable["agency_uscc"] for payable in first["payables"]} == uscc
    assert settled.objected.line()["state"] == "payable"
    assert settled.table.startswith("\ufeff订单编号") and settled.plain.firm.name in settled.table
    wait_until(
        lambda: (
            "兑付申请被退回，请查看意见。意见：公示期内的异议成立。"
            in {each["subject"] for each in settled.place.inbox(settled.objected.agency.uscc)}
        )
    )


@pytest.mark.clause("§3.5.4")
def test_the_bank_gets_each_payout_in_one_file_with_the_account_that_counts(settled: Settled) -> None:
    rows = []
    for file in (settled.first_file, settled.second_file):
        assert file.status == 200
        assert file.headers["x-content-sha256"] == hashlib.sha256(file.body).hexdigest()
        sheet = openpyxl.load_workbook(io.BytesIO(file.body)).active
        assert sheet is not None
        rows.append([list(row) for row in sheet.iter_rows(min_row=6, values_only=True)])
    assert [len(each) for each in rows] == [2, 1]
    assert rows[1][0][4:6] == [SECOND_ACCOUNT, REDUCED_FEN / 100]
    assert len({row[1] for each in rows for row in each}) == 3
    again = settled.place.client.call(OPERATOR, "GET", f"/rounds/{settled.notice['round_id']}/payout-file")
    assert again.body == settled.second_file.body


@pytest.mark.clause("§5.2b")
def test_money_claimed_back_stands_on_its_order(settled: Settled) -> None:
    assert settled.recovery["left_fen"] == REDUCED_FEN - RECOVERED_FEN
    order = settled.place.shown(OPERATOR, f"/orders/{settled.reduced.order['order_id']}")
    assert (order["state"], order["recovered_fen"]) == ("paid", RECOVERED_FEN)


@pytest.mark.clause("§3.5.4")
def test_in_the_end_every_fen_is_explained(settled: Settled) -> None:
    assert settled.report["residual_fen"] == 0
    assert [each["name"] for each in settled.report["invariants"] if not each["holds"]] == []
    names = {each["name"] for each in settled.report["invariants"]}
    assert {"lines_invoice_and_payout_agree", "different_hands"} <= names
    assert settled.report["accounts"]["receivable"] >= RECOVERED_FEN


@pytest.mark.clause("§5.2b")
def test_what_is_owed_is_taken_back_by_the_bureau_before_it_is_paid(settled: Settled) -> None:
    place = settled.place
    case = completed_case(place, place.open_batch(2_000_000))
    case.apply()
    case.pre_review()
    notice = noticed(place, case)
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    case.bill(notice["round_id"], VOUCHER_FEN)
    path = f"/rounds/{notice['round_id']}/lines/{case.order['order_id']}/withdraw"
    assert case.call(OPERATOR, "POST", path, {"reason": "已享受其他补助"}).code == "ROLE_REQUIRED"
    round_ = steps.expect(case.call(BUREAU, "POST", path, {"reason": "已享受其他补助"}), 200)
    assert [(each["state"], each["amount_fen"]) for each in round_["payables"]] == [("dropped", 0)]
    assert place.shown(OPERATOR, f"/orders/{case.order['order_id']}")["state"] == "completed"
    assert case.call(OPERATOR_TWO, "POST", f"/rounds/{notice['round_id']}/payouts").code == "NOTHING_PAYABLE"
