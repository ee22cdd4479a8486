"""Accepted calls about settlements, rounds, notices and payouts."""

from infra.city.document_files import order_documents
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person
from tests.support.calls.call import Call, Calls
from tests.support.calls.trade import order_of
from tests.support.samples import TODAY
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import list_subsidies
from voucher.store import keys
from voucher.store.engine.table import transact, update_write

FOLDERS = {
    "settlements",
    "evidence",
    "withdrawals",
    "pre_reviews",
    "rounds",
    "subsidies",
    "notices",
    "notice_closings",
    "notice_reviews",
    "answers",
    "payables",
    "payouts",
    "recoveries",
    "payout_file",
    "proposed_accounts",
}


def line_body(town: Town, settlement: Json, invoice_number: str) -> Json:
    """A body that fills in the only line, its four documents uploaded."""
    documents = order_documents(town.enterprise.name, town.agency.name, "企业服务", "HT", 60_000, 20_000)
    path = f"/settlements/{settlement['settlement_id']}"
    named = {document.kind: steps.announce_and_upload(town.world, SELLER, path, document) for document in documents}
    transfer = {"reference": f"TR-{invoice_number}", "amount_fen": 20_000, "paid_on": "2026-06-15"}
    transfer["document_id"] = named["transfer"]
    return {
        "contract_fen": 60_000,
        "invoice": {
            "number": invoice_number,
            "amount_fen": 20_000,
            "issued_on": "2026-06-15",
            "document_id": named["invoice"],
        },
        "transfers": [transfer],
        "contract_document_id": named["contract"],
        "evidence_document_ids": [named["evidence"]],
    }


def settlement_calls(town: Town) -> Calls:
    """Settlements: one with an empty line, one filled in; an order that is in none."""
    free, first, second = (town.complete(order_of(town)) for _ in range(3))
    empty, filled = town.open_settlement(first), town.open_settlement(second)
    mine, complete = f"/settlements/{empty['settlement_id']}", f"/settlements/{filled['settlement_id']}"
    line, why = line_body(town, filled, "INV-A"), {"reason": "材料有误"}
    steps.expect(town.world.call(SELLER, "PUT", f"{complete}/lines/{second['order_id']}", line), 200)
    announced = {"kind": "evidence", "filename": "照.jpg", "content_type": "image/jpeg", "size_bytes": 9}
    unwanted = steps.expect(town.world.call(SELLER, "POST", f"{mine}/documents", announced), 201)
    opening = {"agency_uscc": town.agency.uscc, "order_ids": [free["order_id"]]}
    return {
        "POST /settlements": Call(SELLER, "/settlements", opening, key="everything", foreign=True),
        "GET /settlements": Call(SELLER, f"/settlements?agency_uscc={town.agency.uscc}", foreign=True),
        "GET /settlements/{settlement_id}": Call(SELLER, mine, foreign=True),
        "DELETE /settlements/{settlement_id}/documents/{document_id}": Call(
            SELLER, f"{mine}/documents/{unwanted['document_id']}", foreign=True
        ),
        "POST /settlements/{settlement_id}/documents": Call(SELLER, f"{mine}/documents", announced, foreign=True),
        "GET /settlements/{settlement_id}/documents": Call(SELLER, f"{mine}/documents", foreign=True),
        "PUT /settlements/{settlement_id}/lines/{order_id}": Call(
            SELLER, f"{mine}/lines/{first['order_id']}", line_body(town, empty, "INV-B"), foreign=True
        ),
        "POST /settlements/{settlement_id}/submit": Call(SELLER, f"{complete}/submit", foreign=True),
        "POST /settlements/{settlement_id}/withdraw": Call(SELLER, f"{complete}/withdraw", why, foreign=True),
        "POST /settlements/{settlement_id}/lines/{order_id}/withdraw": Call(
            SELLER, f"{mine}/lines/{first['order_id']}/withdraw", why, foreign=True
        ),
    }


class Rounds:
    """One application of many lines, passed one by one, so that each round holds a single line."""

    def __init__(self, town: Town, lines: int) -> None:
        self.town = town
        self.settlement = town.open_settlement(*(town.complete(order_of(town)) for _ in range(lines)))
        self.left = [line["order_id"] for line in self.settlement["lines"]]
        self.path = f"/settlements/{self.settlement['settlement_id']}"
        body = line_body(town, self.settlement, "INV")
        for order_id in self.left:
            given = {**body, "invoice": {**body["invoice"], "number": f"INV-{order_id[-12:]}"}}
            steps.expect(town.world.call(SELLER, "PUT", f"{self.path}/lines/{order_id}", given), 200)
        steps.expect(town.world.call(SELLER, "POST", f"{self.path}/submit"), 200)

    def passed(self) -> Json:
        """The body that gathers one more line."""
        line = {"order_id": self.left.pop(), "decision": "pass", "opinion": "材料完整"}
        steps.expect(self.town.world.call(OPERATOR, "POST", f"{self.path}/pre-review", {"lines": [line]}), 200)
        return {"settlement_ids": [self.settlement["settlement_id"]]}

    def gathered(self) -> Json:
        """A round of one line."""
        return steps.expect(self.town.world.call(OPERATOR_TWO, "POST", "/rounds", self.passed()), 201)

    def approved(self) -> Json:
        """A round the bureau approved."""
        path = f"/rounds/{self.gathered()['round_id']}/approve"
        return steps.expect(self.town.world.call(BUREAU, "POST", path, {"decision": "approve"}), 200)

    def noticed(self) -> Json:
        """A notice that is running."""
        path = f"/rounds/{self.approved()['round_id']}/notice"
        return steps.expect(self.town.world.call(OPERATOR, "POST", path, {}), 201)

    def closed(self) -> str:
        """The id of a round whose notice is closed."""
        notice = self.noticed()
        steps.expect(self.town.world.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
        return str(notice["round_id"])


def round_calls(town: Town) -> Calls:
    """Rounds, notices and payouts, one for each state that a step starts from."""
    rounds, world = Rounds(town, 13), town.world
    invoice = town.summary_invoice(rounds.settlement, 40_000)
    waiting, billed, paying, changing, done, owing, stopping = (rounds.closed() for _ in range(7))
    for number, round_id in enumerate((billed, paying, changing, done, owing, stopping)):
        body = {**invoice, "invoice_number": f"SUM-OLD-{number}"}
        owed = steps.expect(world.call(SELLER, "POST", f"/rounds/{round_id}/invoices", body), 200)
        steps.confirm_account(world, owed)
    payout = steps.expect(world.call(OPERATOR_TWO, "POST", f"/rounds/{paying}/payouts"), 201)["items"][0]
    stopped = steps.expect(world.call(OPERATOR_TWO, "POST", f"/rounds/{stopping}/payouts"), 201)["items"][0]
    held = [town.shown(f"/rounds/{stopping}")["lines"][0]["order_id"]]  # a violation would stop the other calls, too
    transact(
        [update_write("payout", keys.payout(stopped["payout_id"]), "SET #held_order_ids = :held", None, held=held)]
    )
    running, decided, gathered, gathering = rounds.noticed(), rounds.approved(), rounds.gathered(), rounds.passed()
    notice, round_path = f"/notices/{running['notice_id']}", f"/rounds/{gathered['round_id']}"
    objection = {
        "order_id": running["lines"][0]["order_id"],
        "agency_uscc": town.agency.uscc,
        "name": "某",
        "contact": "0578",
        "reason": "不实",
    }
    raised, other = (
        steps.expect(world.call(None, "POST", f"{notice}/objections", {**objection, "reason": reason}), 201)
        for reason in ("不实", "未见成果")
    )
    resolution = {"objection_ids": [other["objection_id"]], "decision": "reject", "opinion": "经核实，服务已完成。"}
    result = {"state": "paid", "bank_reference": "BK-1", "paid_on": "2026-06-15"}
    [paid] = steps.pay_out(world, done, TODAY)
    paid_order = town.shown(f"/rounds/{done}")["lines"][0]["order_id"]
    names = ("agency_uscc", "bank_name", "bank_account", "account_name")
    other_account = {**{name: invoice[name] for name in names}, "reason": "原账户已销户"}
    asked = steps.expect(world.call(SELLER, "POST", f"/rounds/{changing}/bank-account", other_account), 200)
    review = {"agency_uscc": town.agency.uscc, "change_id": asked["proposed_account"]["change_id"]}
    claims, claimed = f"/orders/{paid_order}/recoveries", {"amount_fen": 1, "reason": "误登"}
    claim = steps.expect(world.call(BUREAU, "POST", claims, claimed, key="withdrawn"), 201)
    withdrawal = f"{claims}/{claim['recovery_id']}/withdraw"
    steps.expect(world.call(Person("bureau-nobody", "bureau"), "POST", withdrawal, {"reason": "误登"}), 200)
    steps.pay_out(world, owing, TODAY)
    demands = f"/orders/{town.shown(f'/rounds/{owing}')['lines'][0]['order_id']}/recoveries"
    demand = steps.expect(
        world.call(BUREAU, "POST", demands, {"amount_fen": 500, "reason": "重复享受补助"}, key="due"), 201
    )
    returned = {"bank_reference": "BK-2", "returned_on": "2026-06-15", "reason": "账户不符"}
    staff, why = ("platform", "bureau", "finance"), {"reason": "双方协商取消"}
    decision = {"decision": "approve"}
    decided_line = {"order_id": gathered["lines"][0]["order_id"], **decision}
    reviewed = {"order_id": rounds.left[-1], "decision": "pass", "verified_fen": 39_000, "opinion": "材料完整"}
    reviewed["verified_contract_fen"] = 59_000
    list_subsidies(
        town.enterprise.uscc, {"contract_number": town.shown(f"/orders/{rounds.left[0]}")["contract_number"]}
    )
    return {
        "POST /settlements/{settlement_id}/pre-review": Call(
            OPERATOR, f"{rounds.path}/pre-review", {"lines": [reviewed]}, roles=("platform",)
        ),
        "POST /settlements/{settlement_id}/lines/{order_id}/subsidy": Call(
            BUREAU,
            f"{rounds.path}/lines/{rounds.left[0]}/subsidy",
            {"decision": "other", "reason": "技改补助与本合同无关"},
            roles=("bureau",),
        ),
        "POST /rounds": Call(OPERATOR, "/rounds", gathering, roles=("platform",)),
        "GET /rounds": Call(OPERATOR, "/rounds", roles=staff),
        "GET /rounds/{round_id}": Call(OPERATOR, round_path, roles=staff),
        "POST /rounds/{round_id}/lines/{order_id}/withdraw": Call(
            OPERATOR, f"{round_path}/lines/{gathered['lines'][0]['order_id']}/withdraw", why, roles=("platform",)
        ),
        "GET /rounds/{round_id}/payables/{agency_uscc}": Call(
            SELLER, f"/rounds/{waiting}/payables/{town.agency.uscc}", foreign=True
        ),
        "GET /rounds/{round_id}/payables/{agency_uscc}/proposed-account": Call(
            OPERATOR, f"/rounds/{changing}/payables/{town.agency.uscc}/proposed-account", roles=("platform",)
        ),
        "POST /rounds/{round_id}/bank-account": Call(
            SELLER, f"/rounds/{billed}/bank-account", other_account, foreign=True
        ),
        "POST /rounds/{round_id}/bank-account/review": Call(
            OPERATOR,
            f"/rounds/{changing}/bank-account/review",
            {**review, "decision": "confirm"},
            roles=("platform",),
        ),
        "GET /rounds/{round_id}/payout-file": Call(
            OPERATOR, f"/rounds/{paying}/payout-file", roles=("platform", "finance")
        ),
        "GET /payables": Call(OPERATOR, "/payables", roles=staff),
        "GET /recoveries": Call(BUREAU, "/recoveries", roles=("bureau", "finance")),
        "GET /payouts": Call(FINANCE, "/payouts", roles=staff),
        "GET /objections": Call(BUREAU, "/objections", roles=staff),
        "GET /payouts/{payout_id}": Call(OPERATOR, f"/payouts/{payout['payout_id']}", roles=staff),
        "POST /payouts/{payout_id}/return": Call(
            FINANCE, f"/payouts/{paid['payout_id']}/return", returned, roles=("finance",)
        ),
        "POST /payouts/{payout_id}/withdraw": Call(
            FINANCE, f"/payouts/{stopped['payout_id']}/withdraw", {"reason": "订单涉及违规记录"}, roles=("finance",)
        ),
        "POST /orders/{order_id}/recoveries": Call(
            BUREAU,
            f"/orders/{paid_order}/recoveries",
            {"amount_fen": 10_000, "reason": "重复享受补助", "violation_id": None},
            key="everything",
            roles=("bureau",),
        ),
        "POST /orders/{order_id}/recoveries/{recovery_id}/withdraw": Call(
            BUREAU, withdrawal, {"reason": "误登"}, roles=("bureau",)
        ),
        "POST /orders/{order_id}/recoveries/{recovery_id}/receipts": Call(
            FINANCE,
            f"{demands}/{demand['recovery_id']}/receipts",
            {"amount_fen": 200, "bank_reference": "BK-R1", "received_on": "2026-06-15"},
            key="received",
            roles=("finance",),
        ),
        "POST /rounds/{round_id}/approve": Call(
            BUREAU, f"{round_path}/approve", {**decision, "lines": [decided_line]}, roles=("bureau",)
        ),
        "POST /rounds/{round_id}/notice": Call(
            OPERATOR, f"/rounds/{decided['round_id']}/notice", {"text": "现予公示。"}, roles=("platform",)
        ),
        "POST /rounds/{round_id}/invoices": Call(SELLER, f"/rounds/{waiting}/invoices", invoice, foreign=True),
        "POST /rounds/{round_id}/payouts": Call(OPERATOR_TWO, f"/rounds/{billed}/payouts", roles=("platform",)),
        "POST /payouts/{payout_id}/result": Call(
            FINANCE, f"/payouts/{payout['payout_id']}/result", result, roles=("finance",)
        ),
        "GET /notices": Call(None, "/notices"),
        "GET /notices/{notice_id}": Call(None, notice),
        "GET /notices/{notice_id}/objections": Call(
            BUREAU, f"{notice}/objections", roles=("platform", "bureau", "finance")
        ),
        "POST /notices/{notice_id}/objections": Call(None, f"{notice}/objections", objection),
        "POST /notices/{notice_id}/objections/resolve": Call(
            BUREAU, f"{notice}/objections/resolve", resolution, roles=("bureau",)
        ),
        "POST /notices/{notice_id}/close": Call(BUREAU, f"{notice}/close", roles=("bureau",)),
        "POST /objections/{objection_id}/answer": Call(
            None, f"/objections/{raised['objection_id']}/answer", {"code": raised["answer_code"]}
        ),
        "POST /objections/{objection_id}/resolve": Call(
            BUREAU, f"/objections/{raised['objection_id']}/resolve", {"decision": "reject"}, roles=("bureau",)
        ),
    }
