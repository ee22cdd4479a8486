"""The number of a contract or an invoice is used once, even if several requests bring it at the same moment."""

from functools import partial

import pytest

from infra.client import steps
from infra.client.http import Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import Parties, seed_parties
from tests.races.seed_data import TODAY
from tests.support.backend import World
from voucher.models.documents import Document
from voucher.models.orders import Order
from voucher.models.settlements import Line
from voucher.store import keys

# one number, as different people type it
SPELLINGS = ("FP〔2026〕1号", "fp[2026]1号", "ＦＰ(2026)1号", "FP【2026】1号")


def sorted_codes(replies: list[Reply]) -> list[str]:
    """The codes of all replies, sorted; `done` for a success."""
    return sorted(reply.code or "done" for reply in replies)


@pytest.mark.clause("§5.2b")
def test_of_orders_placed_at_once_under_one_contract_number_exactly_one_is(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    owner, ids = parties.enterprise.person, (parties.product_id, parties.voucher_id, 100_000)
    calls = [
        partial(
            world.call, owner, "POST", "/orders", requests.order_body(*ids, contract_number=each), key=f"k-{number}"
        )
        for number, each in enumerate(SPELLINGS)
    ]
    assert sorted_codes(Interleaving(seed).run(calls)) == ["CONTRACT_USED"] * 3 + ["done"]
    assert len(tables.list_records(Order, "orders", "RECORD")) == 1
    tables.assert_books_hold()


@pytest.mark.clause("§5.2b")
def test_of_lines_filled_in_at_once_with_one_invoice_number_exactly_one_is(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in SPELLINGS]
    body = {"agency_uscc": parties.agency.uscc, "order_ids": order_ids}
    application = steps.expect(world.call(parties.agency.person, "POST", "/settlements", body, key="s"), 201)
    add_examined_documents(application["settlement_id"])
    calls = [
        partial(fill_in, parties, application["settlement_id"], order_id, number)
        for order_id, number in zip(order_ids, SPELLINGS, strict=True)
    ]
    assert sorted_codes(Interleaving(seed).run(calls)) == ["INVOICE_USED"] * 3 + ["done"]
    assert len([line for line in tables.list_records(Line, "settlements", "LINE#") if line.invoice]) == 1


@pytest.mark.clause("§5.2b")
def test_of_lines_filled_in_at_once_each_invoice_is_in_one_by_its_code_too(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    named = [
        {"kind": "vat", "code": "0330024001", "number": "12345678"},
        {"code": "０３３００２４００１", "number": "1234 5678"},
        {"kind": "vat", "code": "0330024002", "number": "12345678"},
        {"kind": "fiscal", "code": "0330024001", "number": "12345678"},
    ]
    order_ids = [parties.complete_order(100_000) for _ in named]
    body = {"agency_uscc": parties.agency.uscc, "order_ids": order_ids}
    application = steps.expect(world.call(parties.agency.person, "POST", "/settlements", body, key="s"), 201)
    add_examined_documents(application["settlement_id"])
    calls = [
        partial(fill_in, parties, application["settlement_id"], order_id, **invoice)
        for order_id, invoice in zip(order_ids, named, strict=True)
    ]
    assert sorted_codes(Interleaving(seed).run(calls)) == ["INVOICE_USED"] + ["done"] * 3


@pytest.mark.clause("§3.5.1")
def test_of_parts_of_one_transfer_taken_at_once_no_more_than_the_whole_count(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    parties = seed_parties(world)
    order_ids = [parties.complete_order(100_000) for _ in range(4)]
    body = {"agency_uscc": parties.agency.uscc, "order_ids": order_ids}
    application = steps.expect(world.call(parties.agency.person, "POST", "/settlements", body, key="s"), 201)
    add_examined_documents(application["settlement_id"])
    own_fen = requests.order_body("", "", 100_000)["contract_fen"] - 100_000
    calls = [
        partial(fill_in, parties, application["settlement_id"], order_id, f"FP-{number}", 2 * own_fen + 1)
        for number, order_id in enumerate(order_ids)
    ]
    assert sorted_codes(Interleaving(seed).run(calls)) == ["TRANSFER_OVERUSED"] * 2 + ["done"] * 2
    [counted] = [each for each in tables.list_items("settlements", "USES") if "used_fen" in each]
    assert (counted["used_fen"], len(counted["order_ids"])) == (2 * own_fen, 2)


def add_examined_documents(settlement_id: str) -> None:
    """The four documents of a line, as if uploaded and examined."""
    facts = {"filename": "f", "content_type": "application/pdf", "size_bytes": 1, "uploaded_by": "seller"}
    facts |= {"checked": True, "object_version": "1", "created_at": seed_data.CREATED_AT}
    for kind in ("contract", "invoice", "transfer", "evidence"):
        document = Document(document_id=kind, owner="x", kind=kind, object_key=kind, sha256=kind, **facts)
        seed_data.write_records((keys.settlement(settlement_id, f"DOCUMENT#{kind}"), document))


def fill_in(
    parties: Parties, settlement_id: str, order_id: str, number: str, part_of_fen: int | None = None, **invoice: str
) -> Reply:
    """Fill in a line with correct amounts and an invoice of this number, and perhaps of a kind; its transfer is one of
    its own, or a part of the one transfer of so much."""
    contract_fen: int = requests.order_body("", "", 100_000)["contract_fen"]
    own_fen, day = contract_fen - 100_000, TODAY.isoformat()
    transfer = (
        {"reference": f"TR-{order_id}"} if part_of_fen is None else {"reference": "TR-1", "total_fen": part_of_fen}
    )
    body = {
        "contract_fen": contract_fen,
        "invoice": {"number": number, "amount_fen": own_fen, "issued_on": day, "document_id": "invoice", **invoice},
        "transfers": [transfer | {"amount_fen": own_fen, "paid_on": day, "document_id": "transfer"}],
        "contract_document_id": "contract",
        "evidence_document_ids": ["evidence"],
    }
    return parties.world.call(parties.agency.person, "PUT", f"/settlements/{settlement_id}/lines/{order_id}", body)
