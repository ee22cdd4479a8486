"""What the compliance report shows (§2.2, §2.3, §3.2.3), and what it lists as out of the ordinary."""

from datetime import date
from typing import Literal, TypedDict

from voucher.models.base import Instant, Record
from voucher.models.programmes import Deviation
from voucher.policy import Category

ExceptionKind = Literal[
    "full_share",
    "above_price",
    "decided_alone",
    "full_share_row",
    "confirmed_fast",
    "late_change",
    "overridden_approval",
]


class ReportException(Record):
    """What a supervisor should look at; it may well be in order. Of an order: `full_share`: its voucher part is all
    that the contract allows; `above_price`: the contract is above price × quantity; `decided_alone`: the operator
    decided without one party's word; `full_share_row`: it is one of several of its parties in a row at the full share;
    `confirmed_fast`: the enterprise confirmed within minutes of the delivery. Of an organisation, without an order:
    `late_change`: it reported the change `change_id` after the term; `overridden_approval`: the agency was approved
    although it lacks what the bureau waived. `message` says so in one sentence; what was listed before 2026-11-30 has
    none until its enterprise is counted again. `at` is when the order was placed, the decision, the confirmation, or
    the report. Amounts in fen.
    """

    kind: ExceptionKind
    at: Instant
    order_id: str | None = None
    change_id: str | None = None
    agency_uscc: str | None = None
    enterprise_uscc: str | None = None
    category: Category | None = None
    contract_fen: int | None = None
    voucher_fen: int | None = None
    listed_fen: int | None = None
    message: str = ""


class AgencySignal(TypedDict):
    """§5.1: what a reviewer should look at of an agency's year; it may well be in order. `sudden_volume`: in `month`,
    as 2026-03, its share of the city's orders is a multiple of what it was before; `only_pair`: it and one enterprise
    have orders with each other only. `orders` are those of the month, or of the year; `message` says it in one
    sentence."""

    kind: Literal["sudden_volume", "only_pair"]
    agency_uscc: str
    month: str | None
    orders: int
    message: str


class Shares(TypedDict):
    """An amount as a part of the yearly total, of what was granted, and of what orders use, in percent, rounded down to
    hundredths; null while the whole is 0."""

    of_budget: float | None
    of_granted: float | None
    of_used: float | None


class CapReport(TypedDict):
    """§2.2: one category under its cap. `reached_on` is the day on which it has no room left if it goes on as in this
    month and the two before; null if that is not within the year."""

    category: Category
    cap_percent: int
    cap_fen: int
    used_fen: int
    room_fen: int
    shares: Shares
    reached_on: date | None


class KeyShareOfMonth(TypedDict):
    """The key share of all that was used until the end of a month, as 2026-03."""

    month: str
    key_share_percent: float | None


class FloorReport(TypedDict):
    """§2.2: the three key categories against their floor. `room_fen` is what all others together may still use, and
    `reached_on` the day on which that is nothing, as for a cap."""

    floor_percent: int
    key_used_fen: int
    shares: Shares
    room_fen: int
    reached_on: date | None
    trend: list[KeyShareOfMonth]


class BudgetReport(TypedDict):
    """The yearly total, what is granted and used of it, in fen, and the day on which each has used it up, as for a
    cap."""

    total_fen: int
    granted_fen: int
    used_fen: int
    all_granted_on: date | None
    all_used_on: date | None


class ComplianceReport(TypedDict):
    """§2.2, §2.3, §3.2.3: a year against its limits. `settlement_days`: from the application to the money, on average.
    `signals` tell of agencies what the exceptions do of orders. `looser` are the values of its policy that are looser
    than the edition; `four_eyes` names what the latest reconciliation found taken by somebody who may not: nothing, or
    it is a breach; null before the first one."""

    year: int
    cut_off: Instant | None
    budget: BudgetReport
    caps: list[CapReport]
    floor: FloorReport
    settlement_days: float | None
    rating_count: int
    rating_average: float | None
    signals: list[AgencySignal]
    looser: list[Deviation]
    document_number: str | None
    four_eyes: list[str] | None
