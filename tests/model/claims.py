"""What the reference model remembers of settlements: applications and their lines, rounds, what is owed and paid."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.model.records import VOUCHER_PERCENT, City, Order, Step, Year

ENDED = ("rejected", "withdrawn")
WITHDRAWABLE = ("draft", "returned", "submitted", "passed")
UNDER_REVIEW = ("gathered", "approved", "noticed")


@dataclass(eq=False)
class Line:
    """One order in an application; an order's voucher part is its line's, too."""

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

    @property
    def is_under_review(self) -> bool:
        return self.state in UNDER_REVIEW

    @property
    def adds_up(self) -> bool:
        """§3.5.1: what was invoiced and paid is still the enterprise's own share, to the fen."""
        return self.own_share_fen == self.contract_fen - self.most_fen(self.contract_fen)

    def most_fen(self, contract_fen: int) -> int:
        """§2.3.2: the voucher part that a contract allows of what is held."""
        return min(self.order.voucher_fen, contract_fen * VOUCHER_PERCENT // 100)

    def end(self, city: City, state: str, last: Step) -> None:
        """§3.5.1: over without money; the invoice's number may be used again, the order be settled anew."""
        self.state, self.last, self.round, self.order.line = state, last, None, None
        if city.invoices.get(self.invoice) is self:
            del city.invoices[self.invoice]

    def free(self, city: City, state: str, last: Step) -> None:
        """As `end`, and the order stays as it was completed."""
        self.end(city, state, last)
        self.order.state, self.order.last = "completed", last


@dataclass(eq=False)
class Application:
    """An agency's application for the orders of one year."""

    key: str
    body: dict[str, Any]
    seller_uscc: str
    seller: str
    year: Year
    last: Step
    lines: list[Line] = field(default_factory=list)
    state: str = "draft"
    submitted_by: str | None = None
    name: str = ""

    def lines_in(self, *states: str) -> list[Line]:
        """Its lines in some states."""
        return [line for line in self.lines if line.state in states]

    def go_on_without(self) -> None:
        """§3.5.1: a line left; without any it is withdrawn, with none left to review it is reviewed."""
        left = [line for line in self.lines if line.state not in ENDED]
        if not left:
            self.state = "withdrawn"
        elif self.state == "submitted" and not self.lines_in("submitted"):
            self.state = "reviewed"


@dataclass(eq=False)
class Objection:
    """A word against one line of a notice."""

    order: Order
    hour: datetime
    state: str = "standing"
    last: Step | None = None
    name: str = ""


@dataclass(eq=False)
class Payout:
    """An order to the bank."""

    made_by: str
    state: str = "made"
    last: Step | None = None
    name: str = ""


@dataclass(eq=False)
class Payable:
    """What an agency is owed in a round."""

    round: "Round"
    seller_uscc: str
    seller: str
    lines: list[Line]
    last: Step
    state: str = "awaiting_invoice"
    invoiced_by: str | None = None
    payouts: list[Payout] = field(default_factory=list)

    @property
    def amount_fen(self) -> int:
        return sum(line.order.voucher_fen for line in self.lines)


@dataclass(eq=False)
class Round:
    """Passed lines on their way through bureau, notice and payout."""

    applications: list[Application]
    submitters: set[str | None]
    pre_reviewers: set[str | None]
    gathered_by: str
    last: Step
    state: str = "gathered"
    approved_by: str | None = None
    notice: str | None = None
    closed: Step | None = None
    objections: list[Objection] = field(default_factory=list)
    payables: list[Payable] = field(default_factory=list)
    name: str = ""

    def lines_in(self, *states: str) -> list[Line]:
        """Its lines in some states."""
        lines = (line for each in self.applications for line in each.lines_in(*states))
        return [line for line in lines if line.round is self]

    def holds_back(self, line: Line) -> bool:
        """§3.5.3: an objection stands against the line, or was upheld."""
        return any(each.order is line.order and each.state != "rejected" for each in self.objections)
