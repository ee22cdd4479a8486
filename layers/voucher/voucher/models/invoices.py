"""What makes an invoice one of its own: its kind, its code and its number (§3.5.1(2), §3.5.4, §5.2b)."""

from typing import Literal, NamedTuple

# 数电票, 增值税专用或普通发票, 财政票据
InvoiceKind = Literal["digital", "vat", "fiscal"]


class InvoiceNumber(NamedTuple):
    """Two invoices with all three of these are the same invoice, over all agencies and years.

    Only a VAT and a fiscal invoice have a code. `kind` is None where an older client gave a number alone.
    """

    kind: InvoiceKind | None
    code: str | None
    number: str
