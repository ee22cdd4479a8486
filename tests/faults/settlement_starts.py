"""States from which use cases of settlement start. Each function builds on the one before: two orders, one round."""

from typing import Any

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO
from tests.faults.use_case import Json
from tests.races import seed_data, tables
from tests.races.order_parties import Parties, seed_parties
from tests.races.seed_data import TODAY
from tests.support.backend import World
from voucher.models.documents import Document
from voucher.models.settlements import Invoice, Line, Transfer
from voucher.store import keys, settlements

HELD_FEN = 300_000 + 400_000
REASON = {"reason": "材料有误"}


def application_to_submit(world: World) -> tuple[Parties, str, list[str]]:
    """A draft application with two complete lines: (parties, settlement id, order ids)."""
    parties = seed_parties(world)
    order_ids = [parties.complete_order(300_000), parties.complete_order(400_000)]
    body = {"agency_uscc": parties.agency.uscc, "order_ids": order_ids}
    reply = parties.world.call(parties.agency.person, "POST", "/settlements", body, key="settle")
    settlement_id: str = steps.expect(reply, 201)["settlement_id"]
    lines = settlements.list_lines(settlement_id)
    seed_data.write_records(*((keys.line(settlement_id, line.order_id), with_documents(line)) for line in lines))
    return parties, settlement_id, order_ids


def with_documents(line: Line) -> Line:
    """The line, filled in; its documents are only named."""
    own_fen = line.contract_fen - line.voucher_fen
    transfer = Transfer(reference="TR-1", amount_fen=own_fen, paid_on=TODAY, document_id="d_2")
    return line.next_version(
        invoice=Invoice(number=f"INV-{line.order_id}", amount_fen=own_fen, issued_on=TODAY, document_id="d_1"),
        transfers=(transfer,),
        contract_document_id="d_3",
        evidence_document_ids=("d_4",),
    )


def line_states() -> list[str]:
    """The states of every line."""
    return tables.list_states(Line, "settlements", "LINE#")


def submitted_application(world: World) -> tuple[Parties, str, list[str]]:
    """The same application, submitted."""
    parties, settlement_id, order_ids = application_to_submit(world)
    steps.expect(parties.world.call(parties.agency.person, "POST", f"/settlements/{settlement_id}/submit"), 200)
    return parties, settlement_id, order_ids


def pass_body(order_ids: list[str], **more: Any) -> Json:
    """A body that passes every line."""
    opinion = {"decision": "pass", "opinion": "材料完整", **more}
    return {"lines": [{"order_id": order_id, **opinion} for order_id in order_ids]}


def passed_application(world: World) -> tuple[Parties, str, list[str]]:
    """The same application with both lines passed."""
    parties, settlement_id, order_ids = submitted_application(world)
    path = f"/settlements/{settlement_id}/pre-review"
    steps.expect(parties.world.call(OPERATOR, "POST", path, pass_body(order_ids)), 200)
    return parties, settlement_id, order_ids


def gathered_round(world: World) -> tuple[Parties, str, list[str]]:
    """A round of both lines: (parties, path of the round, order ids)."""
    parties, settlement_id, order_ids = passed_application(world)
    reply = parties.world.call(OPERATOR, "POST", "/rounds", {"settlement_ids": [settlement_id]})
    return parties, f"/rounds/{steps.expect(reply, 201)['round_id']}", order_ids


def approved_round(world: World) -> tuple[Parties, str, list[str]]:
    """The same round, approved."""
    parties, path, order_ids = gathered_round(world)
    steps.expect(parties.world.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    return parties, path, order_ids


def running_notice(world: World) -> tuple[Parties, Json, list[str]]:
    """The notice of the round: (parties, notice, order ids)."""
    parties, path, order_ids = approved_round(world)
    return parties, steps.expect(parties.world.call(OPERATOR, "POST", f"{path}/notice", {}), 201), order_ids


def round_with_payable(world: World) -> tuple[Parties, str, list[str]]:
    """The round after its notice was closed; the document of the summary invoice is uploaded."""
    parties, notice, order_ids = running_notice(world)
    steps.expect(parties.world.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    settlement_id = tables.list_records(Line, "settlements", "LINE#")[0].settlement_id
    facts = {"kind": "summary_invoice", "filename": "f", "content_type": "application/pdf", "size_bytes": 1}
    upload = {"object_key": "k", "uploaded_by": "seller", "created_at": seed_data.CREATED_AT}
    document = Document(document_id="d_sum", owner="x", **facts, **upload)
    seed_data.write_records((keys.settlement(settlement_id, "DOCUMENT#d_sum"), document))
    return parties, f"/rounds/{notice['round_id']}", order_ids


def account_body(parties: Parties, number: str = "6200000000000000018") -> Json:
    """The fields of a bank account in a body."""
    return {"agency_uscc": parties.agency.uscc, "bank_name": "某行", "bank_account": number, "account_name": "服务机构"}


def summary_invoice_body(parties: Parties) -> Json:
    """The body of the summary invoice."""
    return {**account_body(parties), "invoice_number": "SUM-1", "amount_fen": HELD_FEN, "document_id": "d_sum"}


def invoiced_round(world: World) -> tuple[Parties, str, list[str]]:
    """The round with the summary invoice submitted, and its account confirmed."""
    parties, path, order_ids = round_with_payable(world)
    sent = parties.world.call(parties.agency.person, "POST", f"{path}/invoices", summary_invoice_body(parties))
    steps.confirm_account(parties.world, steps.expect(sent, 200))
    return parties, path, order_ids


def running_payout(world: World) -> tuple[Parties, str, list[str]]:
    """A payout without an answer of the bank: (parties, payout id, order ids)."""
    parties, path, order_ids = invoiced_round(world)
    [payout] = steps.expect(parties.world.call(OPERATOR_TWO, "POST", f"{path}/payouts"), 201)["items"]
    return parties, payout["payout_id"], order_ids


def bank_answer_body(state: str) -> Json:
    """The body that records the bank's answer."""
    return {"state": state, "bank_reference": "BK-1", "paid_on": TODAY.isoformat()}


def paid_payout(world: World) -> tuple[Parties, str, list[str]]:
    """The same payout, paid."""
    parties, payout_id, order_ids = running_payout(world)
    steps.expect(parties.world.call(FINANCE, "POST", f"/payouts/{payout_id}/result", bank_answer_body("paid")), 200)
    return parties, payout_id, order_ids


def application_to_fill_in(world: World) -> tuple[Parties, str, str]:
    """A draft application of one order with four announced documents: (parties, path, order id)."""
    parties = seed_parties(world)
    order_id = parties.complete_order(300_000)
    body = {"agency_uscc": parties.agency.uscc, "order_ids": [order_id]}
    reply = parties.world.call(parties.agency.person, "POST", "/settlements", body, key="settle")
    settlement_id = steps.expect(reply, 201)["settlement_id"]
    facts = {"filename": "f", "content_type": "application/pdf", "size_bytes": 1, "uploaded_by": "seller"}
    for kind in ("contract", "invoice", "transfer", "evidence"):
        document = Document(
            document_id=kind, owner="x", kind=kind, object_key=kind, created_at=seed_data.CREATED_AT, **facts
        )
        seed_data.write_records((keys.settlement(settlement_id, f"DOCUMENT#{kind}"), document))
    return parties, f"/settlements/{settlement_id}", order_id
