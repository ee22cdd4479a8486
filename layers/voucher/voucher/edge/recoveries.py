"""What the bureau sends of a claim, and finance of what came in on it (§5.2b)."""

from voucher.edge.fields import Day, Identifier, Number, PositiveFen, Text
from voucher.models.base import Request


class Claim(Request):
    amount_fen: PositiveFen
    reason: Text
    violation_id: Identifier | None = None
    due_on: Day | None = None


class MoneyIn(Request):
    amount_fen: PositiveFen
    bank_reference: Number
    received_on: Day
