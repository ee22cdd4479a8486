"""What finance sends about a payout: what the bank paid, refused or sent back (§3.5.4)."""

from typing import Literal

from voucher.edge.fields import Day, Number, Text
from voucher.models.base import Request


class BankResult(Request):
    state: Literal["paid", "failed"]
    bank_reference: Number
    paid_on: Day


class BankReturn(Request):
    bank_reference: Number
    returned_on: Day
    reason: Text
