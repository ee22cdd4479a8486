"""A small city for calls that nobody foresaw: one of each thing, in a year that no other test uses."""

from dataclasses import dataclass, replace

from infra.city.agencies import Agency
from infra.city.document_files import (
    agency_documents,
    change_paper,
    enterprise_documents,
    order_documents,
    summary_invoice_document,
)
from infra.city.enterprises import Enterprise
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person
from infra.client.steps import Deal
from infra.demo.plan import owner_of
from infra.local.stack import Stack
from tests.journeys.deployment import TOTAL_FEN, Deployment, Json, deployment_of
from tests.support import samples

CONTRACT_FEN, VOUCHER_FEN = 100_000, 70_000
ORDERS = 6
OTHER_SEED = 7
LIST = "rated_d"


@dataclass(frozen=True)
class ContractCity:
    """Who calls, by name, None for a caller without a token; and the ids that there are, by what they are ids of."""

    deployment: Deployment
    callers: dict[str, Person | None]
    ids: dict[str, list[str]]

    def token(self, caller: str) -> str | None:
        """The access token of a caller, if he has one."""
        person = self.callers[caller]
        return self.deployment.client.token(person) if person else None


def build_contract_city(stack: Stack, number: int) -> ContractCity:
    """Build a city over the API, of its own organisations, in a later year with dates of its own: it runs today."""
    return _Builder(deployment_of(stack, OTHER_SEED + number), number).build()


class _Builder:
    """Makes one thing after the other, and keeps their ids."""

    def __init__(self, deployment: Deployment, years_ahead: int) -> None:
        self.deployment, self.client, self.plan = deployment, deployment.client, deployment.plan
        self.year = self.plan.year + years_ahead
        self.enterprises = [next(deployment.enterprises) for _ in range(3)]
        self.agencies = [next(deployment.agencies) for _ in range(3)]
        self.owner, self.seller = owner_of(self.enterprises[0].uscc), owner_of(self.agencies[0].uscc)
        self.ids: dict[str, list[str]] = {
            "year": [str(self.year)],
            "kind": [LIST],
            "lists": [str(self.plan.year)],
            "enterprises": [each.uscc for each in self.enterprises],
            "agencies": [each.uscc for each in self.agencies],
        }

    def build(self) -> ContractCity:
        """Budget, organisations, orders, settlements at several points of their way, and what staff records."""
        steps.open_programme(self.client, self.year, TOTAL_FEN, self.plan.policy, self.plan.document)
        batches = [self.make("batch_id", OPERATOR, f"/programmes/{self.year}/batches", self.batch()) for _ in range(2)]
        steps.expect(self.client.call(BUREAU, "POST", f"/batches/{batches[0]['batch_id']}/publish"), 200)
        self.register_enterprises(*self.enterprises)
        self.register_agencies(*self.agencies)
        listing = samples.product(self.agencies[0])
        products = [self.make("product_id", self.seller, "/products", listing) for _ in range(2)]
        steps.expect(self.client.call(OPERATOR, "POST", f"/products/{products[0]['product_id']}/publish"), 200)
        grab = {"enterprise_uscc": self.enterprises[0].uscc}
        voucher = self.make("voucher_id", self.owner, f"/batches/{batches[0]['batch_id']}/vouchers", grab)
        orders = self.place_orders(products[0]["product_id"], voucher["voucher_id"])
        self.settle(*orders[3:])
        self.record(orders)
        return ContractCity(self.deployment, self.callers(), self.ids)

    def make(self, name: str, person: Person | None, path: str, body: Json) -> Json:
        """One thing that is created by a POST, under a key of its own; its id is kept."""
        key = f"{name}-{self.year}-{len(self.ids.get(name, []))}"
        made = steps.expect(self.client.call(person, "POST", path, body, key=key), 201)
        self.ids.setdefault(name, []).append(made[name])
        return made

    def batch(self) -> Json:
        """A batch that is open as soon as it is published."""
        days = (self.plan.opens_at, self.plan.closes_at, self.plan.long_valid_until)
        return steps.batch_draft("一批", TOTAL_FEN // 10, *days)

    def register_enterprises(self, approved: Enterprise, submitted: Enterprise, draft: Enterprise) -> None:
        """One person's enterprises, in three states."""
        for each in (approved, submitted):
            documents = enterprise_documents(each, self.plan.today)
            steps.register_enterprise(self.client, self.owner, each.registration(), documents)
        steps.expect(steps.review_enterprise(self.client, approved.uscc), 200)
        steps.expect(self.client.call(self.owner, "POST", "/enterprises", draft.registration()), 201)

    def register_agencies(self, active: Agency, submitted: Agency, draft: Agency) -> None:
        """One person's agencies, in three states."""
        for each in (active, submitted):
            steps.apply_agency(self.client, self.seller, each.application(), agency_documents(each, self.plan.today))
        steps.expect(steps.admit_agency(self.client, active.uscc), 200)
        steps.expect(self.client.call(self.seller, "POST", "/agencies", draft.application()), 201)

    def place_orders(self, product_id: str, voucher_id: str) -> list[str]:
        """Orders of one voucher: the first is only placed, the second delivered, the others are completed."""
        number = self.agencies[0].uscc
        parties = (self.owner, self.seller, product_id, voucher_id)
        deal = Deal(*parties, CONTRACT_FEN, VOUCHER_FEN, "", self.plan.today)
        deals = [replace(deal, contract_number=f"HT-{number}-{each}") for each in range(ORDERS)]
        orders = [str(steps.expect(steps.place_order(self.client, each), 201)["order_id"]) for each in deals]
        steps.deliver_order(self.client, orders[1], deals[1])
        for order_id, each in list(zip(orders, deals, strict=True))[2:]:
            steps.complete_order(self.client, order_id, each)
        self.ids["order_id"] = orders
        return orders

    def settle(self, opened: str, announced: str, paid: str) -> None:
        """Three orders are applied for: one application is only opened, one is in a notice, one is paid."""
        self.apply(opened)
        waiting, done = (self.hand_in(order_id) for order_id in (announced, paid))
        round_ = steps.take_round_through_notice(self.client, [done])
        self.ids["round_id"] = [round_["round_id"]]
        invoice = summary_invoice_document(self.agencies[0].name, VOUCHER_FEN)
        document_id = steps.announce_and_upload(self.client, self.seller, f"/settlements/{done}", invoice)
        [payable] = round_["payables"]
        steps.submit_summary_invoice(self.client, self.seller, payable, self.agencies[0].name, document_id)
        [payout] = steps.pay_out(self.client, round_["round_id"], self.plan.today)
        self.ids |= {"payout_id": [payout["payout_id"]], "document_id": [document_id]}
        gathered = self.make("round_id", OPERATOR, "/rounds", {"settlement_ids": [waiting]})
        path = f"/rounds/{gathered['round_id']}"
        steps.expect(self.client.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
        notice = self.make("notice_id", OPERATOR, f"{path}/notice", {})
        self.ids["notice_id"].append(f"{notice['notice_id']}.csv")
        objection = {"order_id": announced, "name": "王五", "contact": "13900000000", "reason": "服务未实际发生"}
        self.make("objection_id", None, f"/notices/{notice['notice_id']}/objections", objection)

    def apply(self, order_id: str) -> Json:
        """Open an application for one order."""
        body = {"agency_uscc": self.agencies[0].uscc, "order_ids": [order_id]}
        return self.make("settlement_id", self.seller, "/settlements", body)

    def hand_in(self, order_id: str) -> str:
        """An application that the operator has passed; its id."""
        settlement = self.apply(order_id)
        settlement_id: str = settlement["settlement_id"]
        names = (self.enterprises[0].name, self.agencies[0].name, "企业服务")
        documents = order_documents(*names, order_id, CONTRACT_FEN, CONTRACT_FEN - VOUCHER_FEN)
        line = settlement["lines"][0]
        steps.fill_in_line(self.client, self.seller, settlement_id, line, documents, self.plan.today)
        steps.expect(self.client.call(self.seller, "POST", f"/settlements/{settlement_id}/submit"), 200)
        steps.pass_all_lines(self.client, settlement)
        return settlement_id

    def record(self, orders: list[str]) -> None:
        """What staff keeps beside: a recovery, a breach, a change, a list; and messages."""
        recovery = {"amount_fen": 100, "reason": "重复享受补助"}
        self.make("recovery_id", BUREAU, f"/orders/{orders[-1]}/recoveries", recovery)
        uscc, day = self.enterprises[0].uscc, self.plan.today.isoformat()
        self.make("violation_id", BUREAU, "/violations", {"uscc": uscc, "facts": "转让", "order_ids": [orders[0]]})
        self.make("invitation_id", self.owner, f"/organisations/{uscc}/invitations", {"role": "handler"})
        claim = {"contact_name": "某", "contact_phone": "0578-2091234", "reason": "原经办人已离职"}
        self.make("claim_id", Person("u-stranger"), f"/organisations/{uscc}/claims", claim)
        event = {"agency_uscc": self.agencies[0].uscc, "kind": "training", "title": "培训", "held_on": day}
        event |= {"place": f"市民中心{self.year}", "organiser": "机构", "firms_reached": 9}
        self.make("activity_id", self.seller, "/activities", event)
        for kind in ("satisfaction", "daily"):
            sample = {"kind": kind, "year": self.year, "placed_from": day, "placed_to": day, "sample_size": 1}
            inspection = self.make("inspection_id", OPERATOR, "/inspections", sample)
            self.ids.setdefault("check_id", []).extend(each["check_id"] for each in inspection["checks"])
        complaint = {"text": "服务与约定不符", "about_uscc": uscc}
        self.make("complaint_id", None, "/complaints", complaint)
        letter = self.client.call(None, "POST", "/complaints", {"text": "请核查", "route": "mailbox"})
        self.ids["letter_id"] = [steps.expect(letter, 201)["complaint_id"]]
        members = self.deployment.get(self.owner, f"/organisations/{uscc}/members")["items"]
        self.ids["member_id"] = [each["member_id"] for each in members]
        path = f"/enterprises/{uscc}"
        paper = steps.announce_and_upload(self.client, self.owner, path, change_paper(self.plan.today))
        change = {"description": "更名", "happened_on": day, "document_ids": [paper], "facts": {"name": "新名"}}
        self.make("change_id", self.owner, f"{path}/changes", change)
        announced = {"filename": "名单.csv", "content_type": "text/csv", "size_bytes": 100}
        self.make("import_id", OPERATOR, f"/lists/{LIST}/{self.plan.year}/imports", announced)
        self.ids["message_id"] = [each["message_id"] for each in self.deployment.get(self.seller, "/inbox")["items"]]

    def callers(self) -> dict[str, Person | None]:
        """Somebody of each kind."""
        return {
            "public": None,
            "user": Person("u-stranger"),
            "enterprise": self.owner,
            "agency": self.seller,
            "platform": OPERATOR,
            "bureau": BUREAU,
            "finance": FINANCE,
            "discipline": Person("discipline-sun", "discipline"),
            "admin": Person("admin-he", "admin"),
        }
