"""What proves a line of a settlement application: its papers, its invoice and transfers (§3.5.1)."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.documents import Announcement, announced, upload_answer
from voucher.edge.fields import Day, Fen, Identifier, Number, PositiveFen
from voucher.edge.identity import as_member, as_member_or_staff
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.documents import Document
from voucher.models.settlements import Invoice, Line, Settlement, Transfer
from voucher.policy import SETTLEMENT_DOCUMENTS
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.flags import flags_of, shown_line
from voucher.rules.settlements import check_own_share, check_transfers
from voucher.store import documents, keys, orders, organisations, programmes, settlements

app = Api()


class InvoiceGiven(Request):
    number: Number
    amount_fen: Fen
    issued_on: Day
    document_id: Identifier


class TransferGiven(Request):
    reference: Number
    amount_fen: PositiveFen
    paid_on: Day
    document_id: Identifier


class LineGiven(Request):
    contract_fen: PositiveFen
    invoice: InvoiceGiven
    transfers: Annotated[list[TransferGiven], Field(min_length=1, max_length=20)]
    contract_document_id: Identifier
    evidence_document_ids: Annotated[list[Identifier], Field(min_length=1, max_length=20)]


def _mine(settlement_id: str) -> Settlement:
    settlement = settlements.find(settlement_id)
    if settlement is None:
        raise Refused(Refusal.NOT_FOUND)
    as_member(app.caller, organisations.find_agency(settlement.agency_uscc))
    return settlement


def _shown_line(line: Line) -> dict[str, Any]:
    return shown_line(line, settlements.read_file_uses([line]), app.caller.is_staff)


@app.post("/settlements/<settlement_id>/documents")
def announce_document(settlement_id: str) -> Response[str]:
    """§3.5.1: contract, invoice, transfer or evidence; answers where to upload it."""
    settlement, body = _mine(settlement_id), app.body(Announcement)
    if body.kind not in SETTLEMENT_DOCUMENTS:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("kind", "不在可选范围内。")])
    document = announced(app, f"settlements/{settlement.settlement_id}", body)
    upload = documents.commit_announced(keys.settlement(settlement_id), document)
    return reply(upload_answer(document, upload), 201)


@app.get("/settlements/<settlement_id>/documents")
def list_documents(settlement_id: str) -> Response[str]:
    """§3.4.3: the papers of an application, each with a link that lasts five minutes, for the agency and staff."""
    settlement = settlements.find(settlement_id)
    if settlement is None:
        raise Refused(Refusal.NOT_FOUND)
    as_member_or_staff(app.caller, organisations.find_agency(settlement.agency_uscc))
    return reply({"items": documents.list_links(keys.settlement(settlement_id)), "next_cursor": None})


@app.put("/settlements/<settlement_id>/lines/<order_id>")
def fill_in(settlement_id: str, order_id: str) -> Response[str]:
    """§3.5.1: what proves one order; the own share must match to the fen."""
    _mine(settlement_id)
    body = app.body(LineGiven)
    old = settlements.find_line(settlement_id, order_id)
    if old is None:
        raise Refused(Refusal.NOT_FOUND)
    if app.is_repeat(old, "edit"):
        return reply(_shown_line(old), replay=True)
    state = lifecycle.next_state("line", old.state, "edit")
    invoice = Invoice(**body.invoice.model_dump())
    transfers = tuple(Transfer(**each.model_dump()) for each in body.transfers)
    check_transfers(transfers)
    policy = programmes.get(old.year).policy
    check_own_share(old, body.contract_fen, invoice, transfers, policy)
    hashes = _examined_documents(settlement_id, body)
    order, today = orders.load(order_id), clock.today()
    new = old.next_version(
        state=state,
        contract_fen=body.contract_fen,
        invoice=invoice,
        transfers=transfers,
        contract_document_id=body.contract_document_id,
        evidence_document_ids=tuple(body.evidence_document_ids),
        file_hashes=hashes,
        flags=flags_of(order, body.contract_fen, invoice, transfers, today),
        **app.step("edit"),
    )
    settlements.commit_line(old, new)
    return reply(_shown_line(new))


def _examined_documents(settlement_id: str, body: LineGiven) -> dict[str, str]:
    """Every document named exists, is of the right kind, and is what it claims to be: document id → SHA-256."""
    owner = keys.settlement(settlement_id)
    present = {each.document_id: each for each in documents.list_of(owner)}
    named = [
        ("contract_document_id", "contract", body.contract_document_id),
        ("invoice.document_id", "invoice", body.invoice.document_id),
        *((f"transfers.{n}.document_id", "transfer", each.document_id) for n, each in enumerate(body.transfers)),
        *((f"evidence_document_ids.{n}", "evidence", each) for n, each in enumerate(body.evidence_document_ids)),
    ]
    chosen = {document_id for _, kind, document_id in named if _is(present.get(document_id), kind)}
    examined = documents.examine(owner, [present[document_id] for document_id in sorted(chosen)])
    hashes = {each.document_id: each.sha256 for each in examined if each.sha256}
    missing = [field for field, kind, name in named if not (name in hashes and _is(present.get(name), kind))]
    if missing:
        errors = [FieldError(field, Refusal.DOCUMENT_NOT_UPLOADED.sentence) for field in missing]
        raise Refused(Refusal.DOCUMENT_NOT_UPLOADED, errors=errors)
    return hashes


def _is(document: Document | None, kind: str) -> bool:
    return document is not None and document.kind == kind


handler = app.handle
