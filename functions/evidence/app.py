"""What proves a line of a settlement application: its documents, its invoice and transfers (§3.5.1)."""

from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.disclosure import disclose
from voucher.edge.documents import OfOwner, announce, announcement, reply_with_documents, take_back
from voucher.edge.evidence import LineBody
from voucher.edge.identity import as_party, as_party_or_staff
from voucher.edge.replies import Answer, PageOf, reply
from voucher.edge.settlements import public_lines
from voucher.models.documents import AnnouncedUpload, PublicDocument
from voucher.models.settlements import Line, PublicLine
from voucher.policy import SETTLEMENT_DOCUMENTS
from voucher.rules.documents import document_refusal
from voucher.rules.flags import flags_of
from voucher.rules.four_eyes import check_own_side, with_hand_of
from voucher.rules.lifecycle import check_step, check_version, stepped
from voucher.rules.settlements import check_own_share, check_transfers
from voucher.rules.subsidies import is_open
from voucher.store import documents, keys, orders, organisations, programmes, settlements, standing

app = Api()

SettlementDocument = announcement("SettlementDocument", SETTLEMENT_DOCUMENTS)


@app.post("/settlements/<settlement_id>/documents")
def announce_document(settlement_id: str) -> Answer[AnnouncedUpload]:
    """§3.5.1: announce a contract, an invoice, a transfer or evidence; answers where to upload it."""
    settlement = settlements.get(settlement_id)
    as_party(app.caller, organisations.find_agency(settlement.agency_uscc), "settlement")
    body = app.body(SettlementDocument)
    check_step(settlement, "add_document")
    policy = programmes.get(settlement.year).policy
    most = documents.Bounds(policy.settlement_documents_per_kind, policy.documents_per_day)
    return announce(app, keys.settlement(settlement_id), f"settlements/{settlement_id}", body, most)


@app.get("/settlements/<settlement_id>/documents")
def list_documents(settlement_id: str, query: OfOwner) -> Answer[PageOf[PublicDocument]]:
    """§3.4.3: an application's documents with their state, and links to those that may be read, for the agency and
    staff."""
    settlement = settlements.get(settlement_id)
    agency = as_party_or_staff(app.caller, organisations.find_agency(settlement.agency_uscc), "settlement")
    disclose(app, f"settlement:{settlement_id}", agency_uscc=settlement.agency_uscc)
    return reply_with_documents(keys.settlement(settlement_id), None, query, app.caller.sub in agency.members)


@app.delete("/settlements/<settlement_id>/documents/<document_id>")
def take_back_document(settlement_id: str, document_id: str) -> Answer[PublicDocument]:
    """§3.5.1: the agency takes a document back, until a line or a summary invoice names it."""
    settlement = settlements.get(settlement_id)
    as_party(app.caller, organisations.find_agency(settlement.agency_uscc), "settlement")
    return take_back(
        app, keys.settlement(settlement_id), document_id, lambda _kind: check_step(settlement, "add_document")
    )


@app.put("/settlements/<settlement_id>/lines/<order_id>")
def fill_in(settlement_id: str, order_id: str) -> Answer[PublicLine]:
    """§3.5.1: the agency fills in what proves one order; the own share must match to the fen."""
    settlement = settlements.get(settlement_id)
    as_party(app.caller, organisations.find_agency(settlement.agency_uscc), "settlement")
    body = app.body(LineBody)
    old = settlements.get_line(settlement_id, order_id)
    if app.is_repeat(old, "edit"):
        return reply(_public_line(old), replay=True)
    check_step(old, "edit")
    check_version(old, body.version)
    order = orders.load(order_id)
    check_own_side(app.caller.sub, "agency", order, old)
    quantity, payer = body.quantity or order.quantity, order.enterprise_name or order.enterprise_uscc
    invoice, transfers = body.invoice.read(), tuple(each.read(payer) for each in body.transfers)
    check_transfers(transfers)
    check_own_share(old, body.contract_fen, invoice, transfers, programmes.get(old.year).policy)
    hashes = _examine_documents(settlement_id, body)
    new = stepped(
        old,
        "edit",
        app.mark,
        contract_fen=body.contract_fen,
        quantity=quantity,
        invoice=invoice,
        transfers=transfers,
        contract_document_id=body.contract_document_id,
        evidence_document_ids=tuple(body.evidence_document_ids),
        file_hashes=hashes,
        hands=with_hand_of(old.hands, "fill_in_line", "agency", app.caller.sub),
        flags=flags_of(order, body.contract_fen, quantity, invoice, transfers, clock.today()),
    )
    standings = standing.read_standings([order.enterprise_uscc])
    new = new.model_copy(update={"subsidy_open": is_open(new, order, standings[order.enterprise_uscc])})
    settlements.commit_line(old, new)
    return reply(_public_line(new))


def _public_line(line: Line) -> dict[str, Any]:
    [public] = public_lines([line], None)
    return public


def _examine_documents(settlement_id: str, body: LineBody) -> dict[str, str]:
    """The SHA-256 of every document that the line names, by document id. Reads the files and remembers what they are.

    Raises DOCUMENT_NOT_UPLOADED with every document that is missing, of another kind, or not what it claims to be.
    """
    owner = keys.settlement(settlement_id)
    present = {each.document_id: each for each in documents.list_of(owner, None)}
    named = [
        ("contract_document_id", "contract", body.contract_document_id),
        ("invoice.document_id", "invoice", body.invoice.document_id),
        *((f"transfers.{n}.document_id", "transfer", each.document_id) for n, each in enumerate(body.transfers)),
        *((f"evidence_document_ids.{n}", "evidence", each) for n, each in enumerate(body.evidence_document_ids)),
    ]
    kinds = {document_id: document.kind for document_id, document in present.items()}
    chosen = {document_id for _, kind, document_id in named if kinds.get(document_id) == kind}
    found = documents.inspect([present[document_id] for document_id in sorted(chosen)])
    hashes = {each.document_id: each.sha256 for each in found.fit if each.sha256}
    wrong = [(field, name) for field, kind, name in named if name not in hashes or kinds[name] != kind]
    if wrong:
        raise document_refusal(wrong, found.unreadable)
    documents.commit_examined(owner, found)
    return hashes


handler = app.handle
