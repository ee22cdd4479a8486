"""What an agency sends to fill a line in: its invoice, its transfers and the papers of both (§3.5.1)."""

from typing import Annotated

from pydantic import Field

from voucher.edge.bodies import Versioned
from voucher.edge.fields import Day, Fen, Identifier, Name, Number, PositiveFen, Quantity
from voucher.models.base import Request
from voucher.models.invoices import InvoiceKind
from voucher.models.settlements import Invoice, Transfer
from voucher.rules.invoices import read_invoice_number


class InvoiceBody(Request):
    """`kind` may be left out for a digital invoice, whose number has 20 digits."""

    kind: InvoiceKind | None = None
    code: Number | None = None
    number: Number
    amount_fen: Fen
    issued_on: Day
    document_id: Identifier

    def read(self) -> Invoice:
        """The invoice, of the kind that its number and code fit. Raises MALFORMED."""
        named = read_invoice_number(self.kind, self.code, self.number)
        return Invoice(**{**self.model_dump(), **named._asdict()})


class TransferBody(Request):
    """`payer_name` is the enterprise's name unless another one is given, `total_fen` the whole payment of which the
    amount is this order's part; left out, nobody checks the parts against it."""

    payer_name: Name | None = None
    reference: Number
    amount_fen: PositiveFen
    total_fen: PositiveFen | None = None
    paid_on: Day
    document_id: Identifier

    def read(self, enterprise_name: str) -> Transfer:
        """The transfer, with its payer."""
        return Transfer(**{**self.model_dump(), "payer_name": self.payer_name or enterprise_name})


class LineBody(Versioned):
    contract_fen: PositiveFen
    quantity: Quantity | None = None
    invoice: InvoiceBody
    transfers: Annotated[list[TransferBody], Field(min_length=1, max_length=20)]
    contract_document_id: Identifier
    evidence_document_ids: Annotated[list[Identifier], Field(min_length=1, max_length=20)]
