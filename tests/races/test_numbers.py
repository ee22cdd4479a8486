"""A contract, an invoice and a summary invoice are used once, whoever hands the same number in at the same moment."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import Reply
from tests.conftest import StoppedClock
from tests.races import stage
from tests.races.stage import TODAY
from tests.races.trade import Trade, open_trade
from tests.races.turns import Turns
from tests.support.backend import World
from voucher.models.documents import Document
from voucher.models.orders import Order
from voucher.models.settlements import Line
from voucher.store import keys

# one number in the forms people type it
FORMS = ("FP〔2026〕1号", "fp[2026]1号", "ＦＰ(2026)1号", "FP【2026】1号")


def codes(replies: list[Reply]) -> list[str]:
    """What everybody was told, whoever was first."""
    return sorted(reply.code or "done" for reply in replies)


@pytest.mark.clause("§5.2b")
def test_of_orders_placed_at_once_under_one_contract_number_exactly_one_is(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    trade = open_trade(world)
    buyer, held = trade.buyer.person, (trade.product_id, trade.voucher_id, 100_000)
    calls = [
        partial(world.call, buyer, "POST", "/orders", stage.order_body(*held, contract_number=each), key=f"k-{number}")
        for number, each in enumerate(FORMS)
    ]
    assert codes(Turns(seed).run(calls)) == ["CONTRACT_USED"] * 3 + ["done"]
    assert len(stage.stored(Order, "orders", "RECORD")) == 1
    stage.assert_books_hold()


@pytest.mark.clause("§5.2b")
def test_of_lines_filled_in_at_once_with_one_invoice_number_exactly_one_is(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    trade = open_trade(world)
    order_ids = [trade.completed_order(100_000) for _ in FORMS]
    body = {"agency_uscc": trade.seller.uscc, "order_ids": order_ids}
    opened = steps.expect(world.call(trade.seller.person, "POST", "/settlements", body, key="s"), 201)
    upload(opened["settlement_id"])
    calls = [
        partial(fill_in, trade, opened["settlement_id"], order_id, number)
        for order_id, number in zip(order_ids, FORMS, strict=True)
    ]
    assert codes(Turns(seed).run(calls)) == ["INVOICE_USED"] * 3 + ["done"]
    assert len([line for line in stage.stored(Line, "settlements", "LINE#") if line.invoice]) == 1


def upload(settlement_id: str) -> None:
    """The four papers of a line, examined."""
    seen = {"filename": "f", "content_type": "application/pdf", "size_bytes": 1, "uploaded_by": "seller"}
    seen |= {"checked": True, "object_version": "1", "created_at": stage.BEGAN}
    for kind in ("contract", "invoice", "transfer", "evidence"):
        paper = Document(document_id=kind, owner="x", kind=kind, object_key=kind, sha256=kind, **seen)
        stage.keep((keys.settlement(settlement_id, f"DOCUMENT#{kind}"), paper))


def fill_in(trade: Trade, settlement_id: str, order_id: str, number: str) -> Reply:
    """A line that adds up, under an invoice of this number."""
    contract_fen: int = stage.order_body("", "", 100_000)["contract_fen"]
    own_fen, day = contract_fen - 100_000, TODAY.isoformat()
    body = {
        "contract_fen": contract_fen,
        "invoice": {"number": number, "amount_fen": own_fen, "issued_on": day, "document_id": "invoice"},
        "transfers": [{"reference": "TR-1", "amount_fen": own_fen, "paid_on": day, "document_id": "transfer"}],
        "contract_document_id": "contract",
        "evidence_document_ids": ["evidence"],
    }
    return trade.world.call(trade.seller.person, "PUT", f"/settlements/{settlement_id}/lines/{order_id}", body)
