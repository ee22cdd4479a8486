"""An agency with one completed order of 7,000 yuan by voucher, and its application, on the deployed stack."""

from dataclasses import dataclass, field

from infra.city.agencies import Agency
from infra.city.document_files import agency_documents, order_documents, summary_invoice_document
from infra.city.enterprises import Enterprise
from infra.client import steps
from infra.client.http import OPERATOR, Person, Reply
from infra.client.steps import Deal
from infra.demo.plan import owner_of
from tests.journeys.deployment import Deployment, Json
from tests.support import samples

CONTRACT_FEN, VOUCHER_FEN = 1_000_000, 700_000


@dataclass
class AgencyCase:
    """One agency with one completed order of 7,000 yuan by voucher, and its application."""

    deployment: Deployment
    agency: Agency
    enterprise: Enterprise
    order: Json
    settlement: Json = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Who acts for the agency."""
        return owner_of(self.agency.uscc)

    @property
    def owner(self) -> Person:
        """Who acts for the enterprise."""
        return owner_of(self.enterprise.uscc)

    def call(self, person: Person | None, method: str, path: str, body: Json | None = None, key: str = "") -> Reply:
        """One call over HTTP."""
        return self.deployment.client.call(person, method, path, body, key=key or None)

    @property
    def path(self) -> str:
        """The path of the application."""
        return f"/settlements/{self.settlement['settlement_id']}"

    def apply(self) -> None:
        """§3.5.1: open, fill in, submit."""
        client, uscc = self.deployment.client, self.agency.uscc
        order_id = self.order["order_id"]
        self.settlement = steps.apply_for_settlement(client, self.person, uscc, [order_id], f"settle-{order_id}")
        names = (self.enterprise.name, self.agency.name, "企业服务")
        documents = order_documents(*names, order_id, CONTRACT_FEN, CONTRACT_FEN - VOUCHER_FEN)
        line, settlement_id = self.settlement["lines"][0], self.settlement["settlement_id"]
        steps.fill_in_line(client, self.person, settlement_id, line, documents, self.deployment.plan.today)
        steps.expect(self.call(self.person, "POST", f"{self.path}/submit"), 200)

    def pre_review(self, **more: int) -> None:
        """§3.5.2: the operator passes the line."""
        opinion = {"order_id": self.order["order_id"], "decision": "pass", "opinion": "核实无误", **more}
        steps.expect(self.call(OPERATOR, "POST", f"{self.path}/pre-review", {"lines": [opinion]}), 200)

    def line(self) -> Json:
        """The line as the agency sees it."""
        line: Json = self.deployment.get(self.person, self.path)["lines"][0]
        return line

    def submit_invoice(self, round_id: str, amount_fen: int) -> Json:
        """§3.5.4: submit the summary invoice and the account."""
        invoice = summary_invoice_document(self.agency.name, amount_fen)
        document_id = steps.announce_and_upload(self.deployment.client, self.person, self.path, invoice)
        payable = self.deployment.get(self.person, f"/rounds/{round_id}/payables/{self.agency.uscc}")
        assert payable["amount_fen"] == amount_fen
        return steps.submit_summary_invoice(self.deployment.client, self.person, payable, self.agency.name, document_id)


def add_completed_case(deployment: Deployment, batch: Json) -> AgencyCase:
    """An agency, an enterprise with a voucher of the batch, and a completed order of theirs."""
    agency, enterprise = next(deployment.agencies), deployment.add_approved_enterprise()
    person, owner, today = owner_of(agency.uscc), owner_of(enterprise.uscc), deployment.plan.today
    documents = agency_documents(agency, today)
    steps.apply_agency(deployment.client, person, agency.application(), documents)
    steps.expect(steps.admit_agency(deployment.client, agency.uscc), 200)
    product = steps.list_product(deployment.client, person, samples.product(agency))
    voucher_id = deployment.grab(batch, enterprise)["voucher_id"]
    number = f"HT-{agency.uscc[-8:]}"
    amounts = (CONTRACT_FEN, VOUCHER_FEN)
    deal = Deal(owner, person, product["product_id"], voucher_id, *amounts, number, today)
    order = steps.expect(steps.place_order(deployment.client, deal), 201)
    return AgencyCase(deployment, agency, enterprise, steps.complete_order(deployment.client, order["order_id"], deal))
