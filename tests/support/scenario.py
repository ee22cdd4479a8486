"""A town for tests: one enterprise, its neighbour, one agency, and what they do with each other, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from infra.city.agencies import Agency
from infra.city.document_files import agency_documents, enterprise_documents, order_documents, summary_invoice_document
from infra.city.enterprises import Enterprise
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.support import samples
from tests.support.backend import World
from tests.support.samples import TODAY

Json = dict[str, Any]
OWNER, NEIGHBOUR, SELLER, STRANGER = Person("owner"), Person("neighbour"), Person("seller"), Person("stranger")
RIVAL = Person("rival")  # of another agency
TOTAL_FEN = 100_000_000


def open_year(world: World, total_fen: int = TOTAL_FEN, year: int = 2026, **policy: Any) -> World:
    """Draft and confirm a programme year; a notice lasts no days unless the policy says otherwise."""
    steps.open_programme(world, year, total_fen, {"notice_working_days": 0, **policy}, "丽经信〔2026〕9号")
    return world


def approve(world: World, firm: Enterprise, person: Person) -> None:
    """Register an enterprise with its six documents and approve it."""
    steps.register_enterprise(world, person, firm.registration(), enterprise_documents(firm, TODAY))
    steps.expect(steps.review_enterprise(world, firm.uscc), 200)


def admit(world: World, agency: Agency, person: Person) -> None:
    """Take an agency through application, pre-review and approval."""
    steps.apply_agency(world, person, agency.application(), agency_documents(agency, TODAY))
    steps.expect(steps.admit_agency(world, agency.uscc), 200)


@dataclass(frozen=True)
class Town:
    """Who lives here. Amounts are fen; an order is 70 % voucher unless a test changes it."""

    world: World
    batch_id: str
    enterprise: Enterprise
    neighbour: Enterprise
    agency: Agency
    product_id: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def voucher_id(self) -> str:
        """The id of the enterprise's voucher of the town's batch."""
        return f"{self.batch_id}.{self.enterprise.uscc}"

    def grab(self, batch_id: str = "") -> Json:
        """The owner's voucher of a batch."""
        return steps.expect(self.claim(batch_id or self.batch_id), 201)

    def claim(self, batch_id: str, **more: Any) -> Reply:
        """The owner's attempt at a voucher."""
        body = {"enterprise_uscc": self.enterprise.uscc, **more}
        return self.world.call(OWNER, "POST", f"/batches/{batch_id}/vouchers", body)

    def placement(self, **changes: Any) -> Json:
        """A body of POST /orders that is accepted."""
        return {
            "product_id": self.product_id,
            "voucher_id": self.voucher_id,
            "contract_fen": 1_000_000,
            "voucher_fen": 700_000,
            "no_other_subsidy": True,
            **changes,
        }

    def place(self, key: str = "", **changes: Any) -> Reply:
        """Place an order under a key of its own."""
        return self.world.call(
            OWNER, "POST", "/orders", self.placement(**changes), key=key or f"order-{next(self.numbers)}"
        )

    def order(self, **changes: Any) -> Json:
        """A placed order."""
        return steps.expect(self.place(**changes), 201)

    def act(self, person: Person, order: Json, step: str, body: Any = None) -> Reply:
        """One step of an order."""
        return self.world.call(person, "POST", f"/orders/{order['order_id']}/{step}", body)

    def contract(self, order: Json, **changes: Any) -> Json:
        """The contract of an order, signed today."""
        return {
            "contract_number": f"HT-{order['order_id'][-12:]}",
            "contract_signed_on": TODAY.isoformat(),
            "contract_fen": order["contract_fen"],
            **changes,
        }

    def advance(self, order: Json, *steps_taken: str) -> Json:
        """Take an order through the steps named, each by whoever takes it; the order after the last."""
        for step in steps_taken:
            if step == "contract":
                order = self.agree(order)
            else:
                order = steps.expect(self.act(OWNER if step == "confirm" else SELLER, order, step), 200)
        return order

    def agree(self, order: Json, by: Person = SELLER, **changes: Any) -> Json:
        """The order once one party said what its contract is and, after the acceptance, the other one agreed."""
        said = steps.expect(self.act(by, order, "contract", self.contract(order, **changes)), 200)
        if said["proposed_contract"] is None:
            return said
        return steps.expect(self.act(OWNER if by == SELLER else SELLER, order, "contract/acknowledge"), 200)

    def complete(self, order: Json) -> Json:
        """Accepted, contracted, delivered, confirmed."""
        return self.advance(order, "accept", "contract", "deliver", "confirm")

    def shown(self, path: str, person: Person = OPERATOR) -> Json:
        """What a GET shows."""
        return steps.expect(self.world.call(person, "GET", path), 200)

    def balance_fen(self) -> int:
        """What is left on the owner's voucher, as its owner sees it."""
        balance: int = self.shown(f"/vouchers/{self.voucher_id}", OWNER)["balance_fen"]
        return balance

    def movements(self) -> list[tuple[str, int]]:
        """Every movement on the owner's voucher: its entry and its amount in fen."""
        items = self.shown(f"/vouchers/{self.voucher_id}/postings", OWNER)["items"]
        return [(each["entry"], each["amount_fen"]) for each in items]

    def room_fen(self, category: str) -> int:
        """What a category has left of its cap."""
        room: int = self.shown("/programmes/2026")["categories"][category]["room_fen"]
        return room

    def open_settlement(self, *orders: Json) -> Json:
        """An application for completed orders, nothing filled in."""
        ids = [order["order_id"] for order in orders]
        key = f"settle-{next(self.numbers)}"
        return steps.apply_for_settlement(self.world, SELLER, self.agency.uscc, ids, key)

    def fill_in(self, settlement: Json) -> None:
        """The four documents of every line."""
        for line in settlement["lines"]:
            own_share_fen = line["contract_fen"] - line["voucher_fen"]
            names = (self.enterprise.name, self.agency.name, "企业服务")
            documents = order_documents(*names, line["order_id"], line["contract_fen"], own_share_fen)
            steps.fill_in_line(self.world, SELLER, settlement["settlement_id"], line, documents, TODAY)

    def apply_for_settlement(self, *orders: Json) -> Json:
        """An application filled in and submitted."""
        settlement = self.open_settlement(*orders)
        self.fill_in(settlement)
        path = f"/settlements/{settlement['settlement_id']}/submit"
        return steps.expect(self.world.call(SELLER, "POST", path), 200)

    def summary_invoice(self, settlement: Json, amount_fen: int, number: str = "SUM-1") -> Json:
        """The body of the summary invoice, its document uploaded."""
        paper = summary_invoice_document(self.agency.name, amount_fen)
        path = f"/settlements/{settlement['settlement_id']}"
        return {
            "agency_uscc": self.agency.uscc,
            "invoice_number": number,
            "amount_fen": amount_fen,
            "bank_name": "丽水市某银行",
            "bank_account": "6200000000000000018",
            "account_name": self.agency.name,
            "document_id": steps.announce_and_upload(self.world, SELLER, path, paper),
        }


def settle(world: World, agency_number: int = 1) -> Town:
    """Found a town in an open year. Agency 1 sells technical innovation (a key category), 2 tax and audit."""
    batch = steps.open_batch(world, 2026, samples.batch())
    firm, neighbour, agency = samples.enterprise(0), samples.enterprise(1), samples.agency(agency_number)
    approve(world, firm, OWNER)
    approve(world, neighbour, NEIGHBOUR)
    admit(world, agency, SELLER)
    product = steps.list_product(world, SELLER, samples.product(agency))
    return Town(world, batch["batch_id"], firm, neighbour, agency, product["product_id"])


def disqualify(world: World, uscc: str, person: Person = OWNER) -> Json:
    """The operator proposes the enterprise's disqualification, its member answers, the bureau approves."""
    path = f"/enterprises/{uscc}/disqualify"
    steps.expect(world.call(OPERATOR, "POST", path, {"reason": "未按期报告变更"}), 200)
    steps.expect(world.call(person, "POST", f"{path}/statement", {"text": "当时不知情"}), 200)
    return steps.expect(world.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve", "reason": "属实"}), 200)


def answer_removal(world: World, uscc: str) -> Json:
    """The agency whose removal is proposed makes its statement, so that the bureau may decide."""
    return steps.expect(world.call(SELLER, "POST", f"/agencies/{uscc}/removal/statement", {"text": "有异议"}), 200)


def remove_agency(town: Town, reason: str = "不配合监督检查") -> None:
    """The operator proposes the agency's removal, the agency answers, the bureau approves it."""
    path = f"/agencies/{town.agency.uscc}/removal"
    steps.expect(town.world.call(OPERATOR, "POST", path, {"reason": reason}), 200)
    answer_removal(town.world, town.agency.uscc)
    steps.expect(town.world.call(BUREAU, "POST", f"{path}/approve"), 200)


def complete(town: Town) -> tuple[Town, Json]:
    """The town's first order, completed."""
    town.grab()
    return town, town.complete(town.order())


def leave(town: Town, uscc: str, person: Person) -> None:
    """Somebody acts for an organisation no more."""
    steps.expect(town.world.call(person, "POST", f"/organisations/{uscc}/leave"), 200)


def change_sides(town: Town, owner: Person, uscc: str, person: Person) -> None:
    """Somebody joins an organisation, by an invitation of its owner."""
    invitation = town.world.call(owner, "POST", f"/organisations/{uscc}/invitations", {"role": "owner"})
    code = {"code": steps.expect(invitation, 201)["code"]}
    steps.expect(town.world.call(person, "POST", "/invitations/accept", code), 200)
