"""What the parties of an order send: its quote, its placement, its contract, its rating (§4.2)."""

from typing import Annotated

from pydantic import Field

from voucher.edge.fields import Day, Identifier, Number, PositiveFen, Quantity, Text
from voucher.models.base import Request


class QuoteRequest(Request):
    product_id: Annotated[Identifier, Field(examples=["91331100MA2E00003J.da66fc019565"])]
    voucher_id: Annotated[Identifier, Field(examples=["2026.ed6938a7e236.91331100MA2E00003J"])]
    contract_fen: PositiveFen


class Placement(QuoteRequest):
    voucher_fen: PositiveFen
    quantity: Quantity = 1
    contract_number: Number | None = None
    contract_signed_on: Day | None = None
    no_other_subsidy: bool


class Contract(Request):
    contract_number: Number
    contract_signed_on: Day
    contract_fen: PositiveFen


class Stars(Request):
    score: Annotated[int, Field(ge=1, le=5)]
    comment: Text | None = None
