"""The records of the reference model from the settlement application on: lines, rounds, payables, payouts."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tests.model.reference.records import VOUCHER_PERCENT, City, Order, Step, Year

ENDED = ("rejected", "withdrawn")
WITHDRAWABLE = ("draft", "returned", "submitted", "passed")
UNDER_REVIEW = ("gathered", "approved", "noticed")


@dataclass(eq=False)
class Line:
    """One order in an application. The line has no voucher amount of its own: it is the order's."""

    application: "Application"
    order: Order
    contract_fen: int
    last: Step
    state: str = "draft"
    invoice: str | None = None
    own_share_fen: int = 0
    verified_fen: int | None = None
    submitted_by: str | None = None
    pre_reviewed_by: str | None = None
    round: "Round | None" = None
    subsidy_open: bool = False
    correct_by: date | None = None  # as the backend told it when it was returned
    hands: set[str] = field(default_factory=set)  # who acted for a party of it

    @property
    def is_under_review(self) -> bool:
        return self.state in UNDER_REVIEW

    @property
    def last_day(self) -> date:
        """§4.2.1: until when it is handed in: the year's day, or a later one for what was returned."""
        told = self.correct_by if self.state == "returned" else None
        return max(self.application.year.settled_until, told or date.min)

    @property
    def adds_up(self) -> bool:
        """§3.5.1: True if the invoiced and paid amount is still exactly the enterprise's own share."""
        return self.own_share_fen == self.contract_fen - self.most_fen(self.contract_fen)

    def most_fen(self, contract_fen: int) -> int:
        """§2.3.2: the most that the voucher may pay under a contract of this amount: at most the hold."""
        return min(self.order.voucher_fen, contract_fen * VOUCHER_PERCENT // 100)

    def end(self, city: City, state: str, last: Step) -> None:
        """§3.5.1: the line ends unpaid; its invoice number and its order may be used in another application."""
        self.state, self.last, self.round, self.order.line = state, last, None, None
        self.leave_transfers(city)
        if city.invoices.get(self.invoice) is self:
            del city.invoices[self.invoice]

    def leave_transfers(self, city: City) -> None:
        """§3.5.1(3): the line has a part of no transfer any more."""
        for payment in city.transfers.values():
            payment.parts_fen.pop(self, None)

    def end_and_free_order(self, city: City, state: str, last: Step) -> None:
        """As `end`, and the order is completed again."""
        self.end(city, state, last)
        self.order.state, self.order.last = "completed", last


@dataclass(eq=False)
class Application:
    """An agency's application for the orders of one year."""

    key: str
    body: dict[str, Any]
    agency_uscc: str
    agency_member: str
    year: Year
    last: Step
    lines: list[Line] = field(default_factory=list)
    state: str = "draft"
    submitted_by: str | None = None
    name: str = ""

    def lines_in(self, *states: str) -> list[Line]:
        """The application's lines in these states."""
        return [line for line in self.lines if line.state in states]

    def update_after_line_left(self) -> None:
        """§3.5.1: after a line left: withdrawn without lines, reviewed if no submitted line remains."""
        live_lines = [line for line in self.lines if line.state not in ENDED]
        if not live_lines:
            self.state = "withdrawn"
        elif self.state == "submitted" and not self.lines_in("submitted"):
            self.state = "reviewed"


@dataclass(eq=False)
class Objection:
    """An objection to one line of a notice."""

    order: Order
    hour: datetime
    state: str = "standing"
    last: Step | None = None
    name: str = ""


@dataclass(eq=False)
class Payout:
    """One payment order to the bank; `created_by` is the operator who made it."""

    created_by: str
    state: str = "made"
    last: Step | None = None
    name: str = ""


@dataclass(frozen=True)
class BankAccount:
    """An account, who named it, and who confirmed it."""

    number: str
    by: str
    confirmed_by: str | None = None


@dataclass(eq=False)
class Payable:
    """The sum that is payable to one agency in a round."""

    round: "Round"
    agency_uscc: str
    agency_member: str
    lines: list[Line]
    last: Step
    state: str = "awaiting_invoice"
    invoiced_by: str | None = None
    account: "BankAccount | None" = None
    waiting: "BankAccount | None" = None  # for a second person's word
    change_id: str = ""  # of the account that waits
    payouts: list[Payout] = field(default_factory=list)

    @property
    def amount_fen(self) -> int:
        return sum(line.order.voucher_fen for line in self.lines)


@dataclass(eq=False)
class Round:
    """A round of passed lines: approval by the bureau, notice, payout."""

    applications: list[Application]
    submitters: set[str | None]
    pre_reviewers: set[str | None]
    gathered_by: str
    last: Step
    state: str = "gathered"
    approved_by: str | None = None
    notice_id: str | None = None
    published_on: date | None = None
    close_step: Step | None = None
    objections: list[Objection] = field(default_factory=list)
    payables: list[Payable] = field(default_factory=list)
    name: str = ""
    hands: set[str] = field(default_factory=set)  # of all lines that were gathered

    def lines_in(self, *states: str) -> list[Line]:
        """The round's lines in these states."""
        lines = (line for each in self.applications for line in each.lines_in(*states))
        return [line for line in lines if line.round is self]

    def is_held_by_objection(self, line: Line) -> bool:
        """§3.5.3: True if an objection to the line is undecided or upheld."""
        return any(each.order is line.order and each.state != "rejected" for each in self.objections)
