"""What people send about a payable: the summary invoice, a bank account, the operator's decision on it (§3.5.4)."""

from typing import Literal

from voucher.edge.fields import AccountNumber, Identifier, Name, Number, PositiveFen, Text, Uscc
from voucher.models.base import Request
from voucher.models.invoices import InvoiceKind


class BankAccount(Request):
    agency_uscc: Uscc
    bank_name: Name
    bank_account: AccountNumber
    account_name: Name


class SummaryInvoice(BankAccount):
    invoice_kind: InvoiceKind | None = None
    invoice_code: Number | None = None
    invoice_number: Number
    amount_fen: PositiveFen
    document_id: Identifier


class OtherAccount(BankAccount):
    reason: Text


class AccountDecision(Request):
    agency_uscc: Uscc
    change_id: Identifier  # of the proposed account that the operator looked at
    decision: Literal["confirm", "reject"]
