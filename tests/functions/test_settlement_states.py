"""Every call that the state machine forbids is answered 409 with the state, from draft to money that came back."""

import re

import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person, Reply
from tests.support.scenario import OWNER, SELLER, Json, Town
from tests.support.settlement_scenario import books, opened
from tests.support.snapshots import everything_kept

WHY = {"reason": "有误"}
STATE = re.compile(r"“(\w+)”")


class Walk:
    """One order on its way, and every call that could be made about it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.order = town.complete(town.order())
        self.case, self.settlement = opened(town, self.order)
        self.round_id = self.notice_id = self.payout_id = ""
        self.owed = False
        self.wrong: list[str] = []

    def calls(self) -> dict[str, tuple[Person, str, str, Json | None]]:
        """Name → person, method, path, body; what does not exist yet is left out."""
        line, order = f"lines/{self.order['order_id']}", f"/orders/{self.order['order_id']}"
        account = {"bank_name": "某行", "account_name": "某", "bank_account": "12345678"}
        agency = {"agency_uscc": self.town.agency.uscc}
        papers = {"invoice_number": "SUM-X", "amount_fen": 700_000, "document_id": "d_x"}
        passed = {"order_id": self.order["order_id"], "decision": "pass", "opinion": "再议"}
        result = {"state": "failed", "bank_reference": "BK-X", "paid_on": "2026-06-15"}
        found: dict[str, tuple[Person, str, str, Json | None]] = {
            "submit": (SELLER, "POST", "submit", None),
            "withdraw": (SELLER, "POST", "withdraw", WHY),
            "withdraw line": (SELLER, "POST", f"{line}/withdraw", WHY),
            "pre-review": (OPERATOR, "POST", "pre-review", {"lines": [passed]}),
            "settle again": (SELLER, "POST", "/settlements", {**agency, "order_ids": [self.order["order_id"]]}),
            "decline": (SELLER, "POST", f"{order}/refuse", WHY),
            "recover": (BUREAU, "POST", f"{order}/recoveries", {"amount_fen": 1, "reason": "有误"}),
        }
        if self.round_id:
            path = f"/rounds/{self.round_id}"
            found |= {
                "approve": (BUREAU, "POST", f"{path}/approve", {"decision": "approve", "opinion": "同意"}),
                "notice": (OPERATOR, "POST", f"{path}/notice", {"text": "再予公示"}),
                "take out": (BUREAU if self.owed else OPERATOR, "POST", f"{path}/{line}/withdraw", WHY),
                "payouts": (OPERATOR_TWO, "POST", f"{path}/payouts", None),
            }
        if self.notice_id:
            said = {"name": "某", "contact": "0578", "reason": "不实"}
            found["object"] = (OWNER, "POST", f"/notices/{self.notice_id}/objections", said)
            found["close"] = (Person("bureau-second", "bureau"), "POST", f"/notices/{self.notice_id}/close", None)
        if self.town.shown(f"/rounds/{self.round_id}")["payables"] if self.round_id else False:
            path = f"/rounds/{self.round_id}"
            found["invoice"] = (SELLER, "POST", f"{path}/invoices", {**agency, **account, **papers})
            found["account"] = (SELLER, "POST", f"{path}/bank-account", {**agency, **account, **WHY})
            asked = self.town.shown(f"{path}/payables/{self.town.agency.uscc}")["proposed_account"]
            review = {**agency, "change_id": asked["change_id"] if asked else "ac_none", "decision": "confirm"}
            found["account review"] = (OPERATOR, "POST", f"{path}/bank-account/review", review)
        if self.payout_id:
            back = {"bank_reference": "BK-Y", "returned_on": "2026-06-15", **WHY}
            found["result"] = (FINANCE, "POST", f"/payouts/{self.payout_id}/result", result)
            found["return"] = (FINANCE, "POST", f"/payouts/{self.payout_id}/return", back)
        return found

    def ask(self, name: str) -> Reply:
        """One of the calls."""
        person, method, path, body = self.calls()[name]
        return self.case.call(person, method, path, body, key=f"walk-{name.replace(' ', '-')}")

    def stop(self, stage: str, *allowed: str) -> None:
        """At this stage every call but those allowed is refused with 409, and nothing is written."""
        before = everything_kept()
        for name in self.calls():
            if name in allowed:
                continue
            reply = self.ask(name)
            if reply.status != 409:
                self.wrong.append(f"{stage}: {name} → {reply.status} {reply.code}")
            elif not STATE.search(reply.body["detail"]):
                self.wrong.append(f"{stage}: {name} does not say the state: {reply.body['detail']}")
        if everything_kept() != before:
            self.wrong.append(f"{stage}: a refused call wrote something")


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§3.5.3")
@pytest.mark.clause("§3.5.4")
def test_at_every_stage_each_call_that_is_not_due_is_refused_with_the_state_it_found(
    voucher: tuple[Town, Json],
) -> None:
    walk = Walk(voucher[0])
    case = walk.case
    walk.town.fill_in(walk.settlement)
    walk.stop("draft", "submit", "withdraw", "withdraw line")
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    walk.stop("submitted", "submit", "pre-review", "withdraw", "withdraw line")  # the same call again is told as done
    steps.expect(case.decide(walk.order), 200)
    walk.stop("passed", "withdraw", "withdraw line")
    walk.round_id = case.gather()["round_id"]
    path = f"/rounds/{walk.round_id}"
    walk.stop("gathered", "approve", "take out")
    steps.expect(case.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    walk.stop("approved", "notice", "take out")
    walk.notice_id = steps.expect(case.call(OPERATOR, "POST", f"{path}/notice", {}), 201)["notice_id"]
    walk.stop("noticed", "object", "close", "take out")
    steps.expect(case.call(BUREAU, "POST", f"/notices/{walk.notice_id}/close"), 200)
    walk.round_id = path.removeprefix("/rounds/")
    walk.owed = True
    walk.stop("payable", "invoice", "take out")
    pay(walk)
    assert walk.wrong == []
    books()


def pay(walk: Walk) -> None:
    """From the invoice to money that came back, stopping at each stage."""
    case, path = walk.case, f"/rounds/{walk.round_id}"
    steps.expect(case.invoice(walk.round_id), 200)
    walk.stop("invoiced", "account", "payouts", "take out")
    walk.payout_id = steps.expect(case.payouts(walk.round_id), 201)["items"][0]["payout_id"]
    walk.stop("paying", "result", "payouts")  # the same call again is told as done
    steps.expect(case.result(walk.payout_id), 200)
    walk.stop("paid", "return", "recover")
    steps.expect(case.sent_back(walk.payout_id), 200)
    walk.stop("returned", "account", "payouts", "take out")
    account = {
        "agency_uscc": walk.town.agency.uscc,
        "bank_name": "某行",
        "account_name": "某",
        "bank_account": "12345678",
    }
    steps.expect(case.call(SELLER, "POST", f"{path}/bank-account", {**account, **WHY}), 200)
    walk.stop("another account asked for", "account", "account review", "take out")
    steps.expect(walk.ask("account review"), 200)
    steps.expect(case.payouts(walk.round_id), 201)


@pytest.mark.clause("§3.5.1")
@pytest.mark.parametrize("state", ["submitted", "passed", "rejected", "withdrawn"])
def test_a_line_that_is_not_open_cannot_be_filled_in(voucher: tuple[Town, Json], state: str) -> None:
    town = voucher[0]
    order = town.complete(town.order())
    case, settlement = opened(town, order)
    town.fill_in(settlement)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    if state == "withdrawn":
        steps.expect(case.call(SELLER, "POST", "withdraw", WHY), 200)
    elif state != "submitted":
        steps.expect(case.decide(order, decision={"passed": "pass", "rejected": "reject"}[state]), 200)
    line = case.line(order)
    given = {name: line[name] for name in ("contract_fen", "invoice", "transfers", "contract_document_id")}
    body = {**given, "contract_fen": 1_000_000, "evidence_document_ids": line["evidence_document_ids"]}
    no = case.call(SELLER, "PUT", f"lines/{order['order_id']}", body)
    assert (no.status, no.code) == (409, "WRONG_STATE")
    assert no.body["state"] == state
