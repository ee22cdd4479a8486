"""The parties of orders: an enterprise with a voucher, an agency with a product, and their orders up to the payout."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO
from tests.races import requests, seed_data
from tests.races.seed_data import QUOTA_FEN, TODAY, Organisation
from tests.support.backend import World
from voucher.models.payables import Account, Payable
from voucher.models.settlements import Invoice, Line, Transfer
from voucher.policy import Category
from voucher.store import keys, payables, settlements

Json = dict[str, Any]


@dataclass
class Parties:
    """The two parties of orders: enterprise and agency, voucher and product, and the open batch of the voucher."""

    world: World
    batch_id: str
    enterprise: Organisation
    agency: Organisation
    voucher_id: str
    product_id: str
    prefix: str = "HT"
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def place_order(self, voucher_fen: int) -> str:
        """Place an order with a contract; its id."""
        number = f"{self.prefix}-{next(self._numbers)}"
        contract = {"contract_number": number, "contract_signed_on": TODAY.isoformat()}
        body = requests.order_body(self.product_id, self.voucher_id, voucher_fen, **contract)
        order = steps.expect(self.world.call(self.enterprise.person, "POST", "/orders", body, key=number), 201)
        order_id: str = order["order_id"]
        return order_id

    def accept_order(self, voucher_fen: int) -> str:
        """Place an order with a contract, to which its acceptance agrees; its id."""
        order_id = self.place_order(voucher_fen)
        steps.expect(self.world.call(self.agency.person, "POST", f"/orders/{order_id}/accept"), 200)
        return order_id

    def complete_order(self, voucher_fen: int) -> str:
        """Place an order and take it to completion; its id."""
        order_id = self.accept_order(voucher_fen)
        for person, step in ((self.agency.person, "deliver"), (self.enterprise.person, "confirm")):
            steps.expect(self.world.call(person, "POST", f"/orders/{order_id}/{step}"), 200)
        return order_id

    def pass_application(self, order_ids: list[str]) -> str:
        """A settlement application that the operator passed; its id. The documents are only named, not uploaded."""
        body = {"agency_uscc": self.agency.uscc, "order_ids": order_ids}
        reply = self.world.call(self.agency.person, "POST", "/settlements", body, key=f"settle-{order_ids[0]}")
        settlement_id: str = steps.expect(reply, 201)["settlement_id"]
        settlement = settlements.find(settlement_id)
        assert settlement is not None
        submission = settlement.next_version(state="submitted", submitted_by="seller")
        lines = [_fill_in(line) for line in settlements.list_lines(settlement_id)]
        seed_data.write_records(
            (keys.settlement(settlement_id), submission),
            *((keys.line(settlement_id, line.order_id), line) for line in lines),
        )
        steps.pass_all_lines(self.world, submission.public() | {"lines": [line.public() for line in lines]})
        return settlement_id

    def open_notice(self, order_ids: list[str]) -> Json:
        """Publish the notice of an approved round with these orders; the notice."""
        gathering = {"settlement_ids": [self.pass_application(order_ids)]}
        round_ = steps.expect(self.world.call(OPERATOR, "POST", "/rounds", gathering), 201)
        path = f"/rounds/{round_['round_id']}"
        steps.expect(self.world.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
        return steps.expect(self.world.call(OPERATOR, "POST", f"{path}/notice", {}), 201)

    def owe(self, order_ids: list[str]) -> str:
        """Close the notice of these orders, and submit the summary invoice; the round's id."""
        notice = self.open_notice(order_ids)
        steps.expect(self.world.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
        [payable] = payables.list_of_round(notice["round_id"])
        seed_data.write_records((keys.payable(payable.round_id, payable.agency_uscc), _add_invoice(payable)))
        return payable.round_id

    def make_payout(self, order_ids: list[str]) -> str:
        """Make the payout of these orders; its id. The bank has not answered yet."""
        path = f"/rounds/{self.owe(order_ids)}"
        [payout] = steps.expect(self.world.call(OPERATOR_TWO, "POST", f"{path}/payouts"), 201)["items"]
        payout_id: str = payout["payout_id"]
        return payout_id


def seed_parties(world: World) -> Parties:
    """A programme of 1,000,000 yuan with an open batch, one granted voucher and one published product."""
    batch_id = seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [enterprise] = seed_data.add_enterprises(1)
    agency = seed_data.add_agency()
    product_id = seed_data.add_product(agency, Category.LEGAL)
    voucher_id = requests.grab_voucher(world, batch_id, enterprise)
    return Parties(world, batch_id, enterprise, agency, voucher_id, product_id)


def _fill_in(line: Line) -> Line:
    own_share_fen = line.contract_fen - line.voucher_fen
    return line.next_version(
        state="submitted",
        invoice=Invoice(number=f"INV-{line.order_id}", amount_fen=own_share_fen, issued_on=TODAY, document_id="d_1"),
        transfers=(Transfer(reference="TR-1", amount_fen=own_share_fen, paid_on=TODAY, document_id="d_2"),),
        contract_document_id="d_3",
        evidence_document_ids=("d_4",),
    )


def _add_invoice(payable: Payable) -> Payable:
    account = Account(
        bank_name="某银行", account_name="服务机构", sealed_number="sealed", last_digits="0018", fingerprint="f"
    )
    invoice = {"invoice_number": f"SUM-{payable.round_id}", "invoice_fen": payable.amount_fen, "document_id": "d_1"}
    return payable.next_version(state="invoiced", account=account, invoiced_by="seller", account_by="seller", **invoice)
