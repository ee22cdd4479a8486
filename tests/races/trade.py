"""One enterprise with a voucher and one agency with a product, and how far an order of theirs may be taken."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO
from tests.races import stage
from tests.races.stage import QUOTA_FEN, TODAY, Firm
from tests.support.backend import World
from voucher.models.payables import Account, Payable
from voucher.models.settlements import Invoice, Line, Settlement, Transfer
from voucher.policy import Category
from voucher.store import keys, payables, settlements

Json = dict[str, Any]


@dataclass
class Trade:
    """Both sides, the voucher and the product, with an open batch behind them."""

    world: World
    batch_id: str
    buyer: Firm
    seller: Firm
    voucher_id: str
    product_id: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def order(self, voucher_fen: int) -> str:
        """An order under a contract of its own, placed; its id."""
        number = f"HT-{next(self._numbers)}"
        contract = {"contract_number": number, "contract_signed_on": TODAY.isoformat()}
        body = stage.order_body(self.product_id, self.voucher_id, voucher_fen, **contract)
        order = steps.expect(self.world.call(self.buyer.person, "POST", "/orders", body, key=number), 201)
        order_id: str = order["order_id"]
        return order_id

    def completed_order(self, voucher_fen: int) -> str:
        """An order that was accepted, delivered and confirmed; its id."""
        order_id = self.order(voucher_fen)
        for person, step in (
            (self.seller.person, "accept"),
            (self.seller.person, "deliver"),
            (self.buyer.person, "confirm"),
        ):
            steps.expect(self.world.call(person, "POST", f"/orders/{order_id}/{step}"), 200)
        return order_id

    def passed(self, order_ids: list[str]) -> str:
        """A settlement application that the operator passed, its papers taken as given; its id."""
        body = {"agency_uscc": self.seller.uscc, "order_ids": order_ids}
        opened = self.world.call(self.seller.person, "POST", "/settlements", body, key=f"settle-{order_ids[0]}")
        settlement_id: str = steps.expect(opened, 201)["settlement_id"]
        settlement = settlements.find(settlement_id)
        assert settlement is not None
        handed_in = _handed_in(settlement)
        lines = [_filled_in(line) for line in settlements.list_lines(settlement_id)]
        stage.keep(
            (keys.settlement(settlement_id), handed_in),
            *((keys.line(settlement_id, line.order_id), line) for line in lines),
        )
        steps.pass_all(self.world, handed_in.public() | {"lines": [line.public() for line in lines]})
        return settlement_id

    def notice(self, order_ids: list[str]) -> Json:
        """The running notice of an approved round with these orders."""
        gathering = {"settlement_ids": [self.passed(order_ids)]}
        round_ = steps.expect(self.world.call(OPERATOR, "POST", "/rounds", gathering), 201)
        path = f"/rounds/{round_['round_id']}"
        steps.expect(self.world.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
        return steps.expect(self.world.call(OPERATOR, "POST", f"{path}/notice", {}), 201)

    def payout(self, order_ids: list[str]) -> str:
        """A payout on its way to the bank; its id."""
        notice = self.notice(order_ids)
        steps.expect(self.world.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
        path = f"/rounds/{notice['round_id']}"
        [payable] = payables.list_of_round(notice["round_id"])
        stage.keep((keys.payable(payable.round_id, payable.agency_uscc), _invoiced(payable)))
        [payout] = steps.expect(self.world.call(OPERATOR_TWO, "POST", f"{path}/payouts"), 201)["items"]
        payout_id: str = payout["payout_id"]
        return payout_id


def open_trade(world: World) -> Trade:
    """A programme of 1,000,000 yuan with an open batch, one voucher granted, one product listed."""
    batch_id = stage.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [buyer] = stage.enterprises(1)
    seller = stage.agency()
    product_id = stage.product(seller, Category.LEGAL)
    return Trade(world, batch_id, buyer, seller, stage.voucher_of(world, batch_id, buyer), product_id)


def _handed_in(settlement: Settlement) -> Settlement:
    return settlement.next_version(state="submitted", submitted_by="seller")


def _filled_in(line: Line) -> Line:
    own_share_fen = line.contract_fen - line.voucher_fen
    return line.next_version(
        state="submitted",
        invoice=Invoice(number=f"INV-{line.order_id}", amount_fen=own_share_fen, issued_on=TODAY, document_id="d_1"),
        transfers=(Transfer(reference="TR-1", amount_fen=own_share_fen, paid_on=TODAY, document_id="d_2"),),
        contract_document_id="d_3",
        evidence_document_ids=("d_4",),
    )


def _invoiced(payable: Payable) -> Payable:
    account = Account(
        bank_name="某银行", account_name="服务机构", sealed_number="sealed", last_digits="0018", fingerprint="f"
    )
    given = {"invoice_number": f"SUM-{payable.round_id}", "invoice_fen": payable.amount_fen, "document_id": "d_1"}
    return payable.next_version(state="invoiced", account=account, invoiced_by="seller", account_by="seller", **given)
