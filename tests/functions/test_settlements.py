"""Settlement applications: who may make which call, and what each state allows.

`everything` holds one of each thing in the state its call starts from; a refusal changes nothing, so every pair of
person and call is tried on the same scene. What is allowed is tried once, by a person who may.
"""

import re

import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person, Reply
from tests.support.backend import routes
from tests.support.calls.everything import Everything
from tests.support.calls.settlement import FOLDERS
from tests.support.scenario import NEIGHBOUR, OWNER, RIVAL, SELLER, STRANGER, Json, Town
from tests.support.settlement_scenario import (
    Settling,
    books,
    opened,
)
from tests.support.snapshots import everything_kept, upload_again

Scene = tuple[Town, Json]
TwoLines = tuple[Settling, Json, Json]
WHY = {"reason": "有误"}
STATE = re.compile(r"“(\w+)”")
STAFF = {role: Person(f"{role}-nobody", role) for role in ("platform", "bureau", "finance", "discipline", "admin")}
PEOPLE: dict[str, Person | None] = {
    "public": None,
    "user": STRANGER,
    "own agency": SELLER,
    "other agency": RIVAL,
    "own enterprise": OWNER,
    "other enterprise": NEIGHBOUR,
    **STAFF,
}
EVERYONE = frozenset(PEOPLE)
ALL_STAFF = frozenset(STAFF)
READERS = frozenset({"platform", "bureau", "finance"})
# call → who may
MATRIX: dict[str, frozenset[str]] = {
    "POST /settlements": frozenset({"own agency"}),
    "GET /settlements/{settlement_id}": frozenset({"own agency"}) | ALL_STAFF,
    "POST /settlements/{settlement_id}/documents": frozenset({"own agency"}),
    "DELETE /settlements/{settlement_id}/documents/{document_id}": frozenset({"own agency"}),
    "GET /settlements/{settlement_id}/documents": frozenset({"own agency"}) | ALL_STAFF,
    "PUT /settlements/{settlement_id}/lines/{order_id}": frozenset({"own agency"}),
    "POST /settlements/{settlement_id}/submit": frozenset({"own agency"}),
    "POST /settlements/{settlement_id}/withdraw": frozenset({"own agency"}),
    "POST /settlements/{settlement_id}/lines/{order_id}/withdraw": frozenset({"own agency"}),
    "POST /settlements/{settlement_id}/pre-review": frozenset({"platform"}),
    "POST /settlements/{settlement_id}/lines/{order_id}/subsidy": frozenset({"bureau"}),
    "POST /rounds": frozenset({"platform"}),
    "GET /rounds": READERS,
    "GET /rounds/{round_id}": READERS,
    "POST /rounds/{round_id}/approve": frozenset({"bureau"}),
    "POST /rounds/{round_id}/lines/{order_id}/withdraw": frozenset({"platform"}),
    "POST /rounds/{round_id}/notice": frozenset({"platform"}),
    "GET /notices": EVERYONE,
    "GET /notices/{notice_id}": EVERYONE,
    "GET /notices/{notice_id}/objections": READERS,
    "POST /notices/{notice_id}/objections": EVERYONE,
    "POST /objections/{objection_id}/answer": EVERYONE,
    "POST /notices/{notice_id}/close": frozenset({"bureau"}),
    "POST /objections/{objection_id}/resolve": frozenset({"bureau"}),
    "POST /notices/{notice_id}/objections/resolve": frozenset({"bureau"}),
    "GET /rounds/{round_id}/payables/{agency_uscc}": frozenset({"own agency"}) | ALL_STAFF,
    "POST /rounds/{round_id}/invoices": frozenset({"own agency"}),
    "POST /rounds/{round_id}/bank-account": frozenset({"own agency"}),
    "POST /rounds/{round_id}/bank-account/review": frozenset({"platform"}),
    "POST /rounds/{round_id}/payouts": frozenset({"platform"}),
    "GET /rounds/{round_id}/payables/{agency_uscc}/proposed-account": frozenset({"platform"}),
    "GET /rounds/{round_id}/payout-file": frozenset({"platform", "finance"}),
    "GET /payouts/{payout_id}": READERS,
    "POST /payouts/{payout_id}/result": frozenset({"finance"}),
    "POST /payouts/{payout_id}/return": frozenset({"finance"}),
    "POST /payouts/{payout_id}/withdraw": frozenset({"finance"}),
    "POST /orders/{order_id}/recoveries": frozenset({"bureau"}),
    "POST /orders/{order_id}/recoveries/{recovery_id}/withdraw": frozenset({"bureau"}),
    "POST /orders/{order_id}/recoveries/{recovery_id}/receipts": frozenset({"finance"}),
}
# a list of one agency's applications asks for membership, all of them for a role; both are in test_bad_input
ELSEWHERE = {"GET /settlements", "POST /complaints/{complaint_id}/answer"}


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
            found["withdraw payout"] = (FINANCE, "POST", f"/payouts/{self.payout_id}/withdraw", WHY)
        return found

    def ask(self, name: str) -> Reply:
        """One of the calls."""
        person, method, path, body = self.calls()[name]
        return self.case.call(person, method, path, body, key=f"walk-{name.replace(' ', '-')}")

    def expect_refusals(self, stage: str, *allowed: str) -> None:
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
def test_in_each_state_every_call_that_is_not_due_is_refused_with_the_state(
    voucher: tuple[Town, Json],
) -> None:
    walk = Walk(voucher[0])
    case = walk.case
    walk.town.fill_in(walk.settlement)
    walk.expect_refusals("draft", "submit", "withdraw", "withdraw line")
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    walk.expect_refusals(
        "submitted", "submit", "pre-review", "withdraw", "withdraw line"
    )  # the same call again is answered as done
    steps.expect(case.decide(walk.order), 200)
    walk.expect_refusals("passed", "withdraw", "withdraw line")
    walk.round_id = case.gather()["round_id"]
    path = f"/rounds/{walk.round_id}"
    walk.expect_refusals("gathered", "approve", "take out")
    steps.expect(case.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    walk.expect_refusals("approved", "notice", "take out")
    walk.notice_id = steps.expect(case.call(OPERATOR, "POST", f"{path}/notice", {}), 201)["notice_id"]
    walk.expect_refusals("noticed", "object", "close", "take out")
    steps.expect(case.call(BUREAU, "POST", f"/notices/{walk.notice_id}/close"), 200)
    walk.round_id = path.removeprefix("/rounds/")
    walk.owed = True
    walk.expect_refusals("payable", "invoice", "take out")
    go_on_to_payment(walk)
    assert walk.wrong == []
    books()


def go_on_to_payment(walk: Walk) -> None:
    """From the invoice to money that came back, with the refusals of each stage."""
    case, path = walk.case, f"/rounds/{walk.round_id}"
    sent = steps.expect(case.invoice(walk.round_id), 200)
    walk.expect_refusals("invoiced", "account", "account review", "take out")
    steps.confirm_account(case.town.world, sent)
    walk.expect_refusals("account confirmed", "account", "payouts", "take out")
    walk.payout_id = steps.expect(case.payouts(walk.round_id), 201)["items"][0]["payout_id"]
    walk.expect_refusals("paying", "result", "payouts")  # the same call again is answered as done
    steps.expect(case.result(walk.payout_id), 200)
    walk.expect_refusals("paid", "return", "recover")
    steps.expect(case.sent_back(walk.payout_id), 200)
    walk.expect_refusals("returned", "account", "payouts", "take out")
    account = {
        "agency_uscc": walk.town.agency.uscc,
        "bank_name": "某行",
        "account_name": "某",
        "bank_account": "12345678",
    }
    steps.expect(case.call(SELLER, "POST", f"{path}/bank-account", {**account, **WHY}), 200)
    walk.expect_refusals("another account asked for", "account", "account review", "take out")
    steps.expect(walk.ask("account review"), 200)
    steps.expect(case.payouts(walk.round_id), 201)


def test_the_matrix_has_every_call_of_settlement() -> None:
    named = {f"{route.method} {route.path}" for route in routes() if route.folder in FOLDERS}
    assert set(MATRIX) == named - ELSEWHERE


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("name", MATRIX)
def test_whoever_may_not_is_refused_and_changes_nothing(everything: Everything, name: str) -> None:
    call, world = everything.calls[name], everything.town.world
    before, wrong = everything_kept(), []
    for who in sorted(EVERYONE - MATRIX[name]):
        reply = world.call(
            PEOPLE[who],
            name.split(maxsplit=1)[0],
            call.path,
            call.body,
            key=call.key and f"{call.key}-{who.replace(' ', '-')}",
        )
        if reply.code not in expected(name, who):
            wrong.append((who, reply.status, reply.code))
    assert wrong == []
    assert everything_kept() == before


def expected(name: str, who: str) -> set[str]:
    """Nobody signed in: 401. A call of a role: 403. A thing of an agency: 404, as if there were none."""
    if who == "public":
        return {"UNAUTHENTICATED"}
    return {"NOT_FOUND"} if "own agency" in MATRIX[name] else {"ROLE_REQUIRED"}


@pytest.mark.parametrize(("name", "who"), [(name, who) for name in MATRIX for who in sorted(MATRIX[name])])
def test_whoever_may_is_not_turned_away(everything: Everything, name: str, who: str) -> None:
    upload_again("everything")
    call, world = everything.calls[name], everything.town.world
    reply = world.call(PEOPLE[who], name.split(maxsplit=1)[0], call.path, call.body, key=call.key)
    assert reply.status in (200, 201), reply.body


@pytest.mark.parametrize("name", sorted(name for name, may in MATRIX.items() if may != EVERYONE and "{" in name))
def test_a_thing_that_does_not_exist_is_404_for_those_who_may(everything: Everything, name: str) -> None:
    call, world = everything.calls[name], everything.town.world
    first, last = call.path.split("/")[1], call.path.split("/")[2]
    who = "own agency" if "own agency" in MATRIX[name] else min(MATRIX[name])
    path = call.path.replace(f"/{first}/{last}", f"/{first}/x_unknown", 1)
    reply = world.call(PEOPLE[who], name.split(maxsplit=1)[0], path, call.body, key=call.key)
    assert (reply.status, reply.code) == (404, "NOT_FOUND")
