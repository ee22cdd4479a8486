"""Orders: a voucher used toward a contract (§4.2.1)."""

from datetime import date
from typing import Any, ClassVar, Literal, Self, TypedDict

from pydantic import model_validator

from voucher.models.base import AllowedAction, Hands, Instant, Record, Remembering
from voucher.models.pools import Drawn
from voucher.models.settlements import PublicFlag
from voucher.models.standing import OrderWarning
from voucher.models.subsidies import SubsidyDecision
from voucher.policy import Category, SizeClass

OrderState = Literal[
    "placed", "accepted", "refused", "withdrawn", "delivered", "completed", "settling", "payable", "paid", "cancelled"
]
# §4.1.3: such an order runs on when its enterprise loses the qualification, and its agency must hear of it
RUNNING_ORDERS = frozenset({"placed", "accepted", "delivered"})
# such an order has no contract, or has none any more: its parties need not reach each other
APART_ORDERS = frozenset({"placed", "refused", "withdrawn", "cancelled"})
# §2.2.cap: its voucher part is held, and not yet owed to its agency
HOLDING_ORDERS = RUNNING_ORDERS | {"completed", "settling"}


class CancelRequest(Record):
    """One party's written request to cancel (§3.5.1(5)). Until the end of `answer_by` the other party may answer; None
    in one of before 2026-11-29."""

    by: str
    at: Instant
    reason: str
    answer_by: date | None = None


class ProposedContract(Record):
    """What one party says the contract is (§4.2.1): it waits for the other party's word."""

    contract_number: str
    contract_signed_on: date
    contract_fen: int
    party: Literal["enterprise", "agency"]
    by: str
    at: Instant


class Dispute(Record):
    """What the enterprise finds wrong with a delivery (§4.2.1)."""

    by: str
    at: Instant
    reason: str


class OrderDecision(Record):
    """What the operator decided on an order alone, on the evidence (§4.2.1, §3.5.1(5)), and on what ground: the
    enterprise disputes the delivery, a party is silent, or one is out of the programme."""

    decision: Literal["confirm", "return", "cancel"]
    ground: Literal["disputed", "silent", "gone"]
    reason: str
    by: str
    at: Instant


class Rating(Record):
    """The enterprise's satisfaction after the service (§4.2.3)."""

    score: int
    comment: str
    at: Instant


# demanded, part or received, by what came in of it
RecoveryState = Literal["demanded", "part", "received", "withdrawn"]


class Receipt(Record):
    """Money that came in on a claim (§5.2b), all of it or a part."""

    receipt_id: str
    amount_fen: int
    bank_reference: str
    received_on: date
    by: str
    at: Instant


class Recovery(Record):
    """Money claimed back after it was paid out (§5.2b), perhaps for a violation on record. The claim counts until it is
    withdrawn, for example because the bank had sent the money back. `due_on` is the last day on which it is to be paid
    back; None in claims from before it was kept."""

    recovery_id: str
    state: RecoveryState
    amount_fen: int
    reason: str
    violation_id: str | None
    due_on: date | None = None
    received_fen: int = 0
    receipts: tuple[Receipt, ...] = ()
    by: str
    at: Instant
    withdrawn_by: str | None = None
    withdrawn_at: Instant | None = None
    withdrawal_reason: str | None = None

    @property
    def thing(self) -> str:
        """Its word where a refusal names its state."""
        return "recovery"

    @model_validator(mode="before")
    @classmethod
    def _of_before_it_had_a_state(cls, kept: Any) -> Any:
        if isinstance(kept, dict) and "state" not in kept:
            return {**kept, "state": "withdrawn" if kept.get("withdrawn_at") else "demanded"}
        return kept


class Order(Remembering):
    """A voucher used toward a contract (§4.2.1). Category, price and names, and the enterprise's district, industry and
    size are those of the day it was placed, because reports count by them.

    Number, day and amount of the contract are what its parties agreed on at `contract_agreed_at`; before, what the
    enterprise says. `price_fen` is of one `price_unit`; the order is for `quantity` of them. `voucher_granted_on` is
    the day of the voucher's grant; None in orders from before it was kept. `drawn` tells what it took from which shard
    of the yearly pools; `seq` is the number of its latest posting. `recovery_requests` maps the id of each recovery and
    receipt to the fingerprint of its request. `held_by_violation` are the ids of the violations on record that name
    the order and were not lifted, `held_by_finding` those of the inspections' findings that hold it until they are
    settled: as long as there is one of either, nothing is decided in favour of its money (§5.2b). `hands`
    are the people who acted for its two parties; they go with it wherever its money is decided on (`hands.py`).
    `subsidy_decisions` are the bureau's on other subsidies, of which the last one counts (§5.2b). `entered` tells
    when it first came into each state, since 2026-11-30: reports count how long it took (§5.1).
    """

    thing: ClassVar[str] = "order"
    state: OrderState

    private: ClassVar[frozenset[str]] = Remembering.private | {"recovery_requests", "hands", "entered"}
    remembered: ClassVar[frozenset[str]] = frozenset(
        {
            *("accept", "refuse", "withdraw", "contract", "acknowledge", "deliver", "dispute", "confirm"),
            *("request_cancel", "cancel", "rate", "decide_subsidy"),
        }
    )

    order_id: str
    year: int
    product_id: str
    agency_uscc: str
    enterprise_uscc: str
    voucher_id: str
    category: Category
    price_fen: int
    price_unit: str
    quantity: int = 1
    service_item: str | None = None
    district: str | None = None
    industry_code: str | None = None
    size_class: SizeClass | None = None
    contract_fen: int
    voucher_fen: int
    contract_number: str | None
    contract_signed_on: date | None = None
    contract_agreed_at: Instant | None = None
    proposed_contract: ProposedContract | None = None
    drawn: Drawn
    seq: int = 1
    voucher_granted_on: date | None = None
    enterprise_name: str | None = None
    agency_name: str | None = None
    product_name: str | None = None
    # the last days on which the agency may answer, and the enterprise confirm; None for steps of before 2026-11-29
    answer_by: date | None = None
    confirm_by: date | None = None
    # the last day on which the agency may apply for settlement; None in orders of before 2026-11-30
    settle_by: date | None = None
    settlement_id: str | None = None
    enterprise_cancel: CancelRequest | None = None
    agency_cancel: CancelRequest | None = None
    refusal_reason: str | None = None
    withdrawal_reason: str | None = None
    dispute: Dispute | None = None
    decision: OrderDecision | None = None
    rating: Rating | None = None
    recovered_fen: int = 0
    recoveries: tuple[Recovery, ...] = ()
    recovery_requests: dict[str, str] = {}
    held_by_violation: tuple[str, ...] = ()
    held_by_finding: tuple[str, ...] = ()
    subsidy_decisions: tuple[SubsidyDecision, ...] = ()
    warnings: tuple[OrderWarning, ...] = ()
    erased_at: Instant | None = None
    hands: Hands = {}
    entered: dict[OrderState, Instant] = {}

    @model_validator(mode="before")
    @classmethod
    def _of_before_both_parties_agreed(cls, kept: Any) -> Any:
        if isinstance(kept, dict) and "contract_agreed_at" not in kept and kept.get("contract_signed_on"):
            is_agreed = kept["state"] not in ("placed", "refused", "withdrawn")
            return {**kept, "contract_agreed_at": kept["created_at"] if is_agreed else None}
        return kept

    def next_version(self, **changes: Any) -> Self:
        """The order with `changes`; the instant of a state that is new to it is noted."""
        if (state := changes.get("state", self.state)) != self.state and "updated_at" in changes:
            changes["entered"] = {state: changes["updated_at"], **self.entered}
        return super().next_version(**changes)

    @property
    def has_contract(self) -> bool:
        """§4.2.1: both parties said what their contract is, so it runs on whatever becomes of them or of its year."""
        return self.contract_agreed_at is not None

    @property
    def is_held(self) -> bool:
        """§5.2b: a violation on record or a finding holds it."""
        return bool(self.held_by_violation or self.held_by_finding)

    @property
    def received_fen(self) -> int:
        """What came in of all its claims."""
        return sum(claim.received_fen for claim in self.recoveries)


class KeptRecovery(Record):
    """What lists and tasks show of a claim: kept beside its order, and written with each of the claim's steps. Claims
    of before 2026-11-30 are kept from their next step on."""

    thing: ClassVar[str] = "recovery"

    recovery_id: str
    order_id: str
    year: int
    agency_uscc: str
    enterprise_uscc: str
    state: RecoveryState
    amount_fen: int
    received_fen: int
    due_on: date | None
    violation_id: str | None
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, order: Order, recovery_id: str) -> Self:
        """A claim as its order has it."""
        claim = next(each for each in order.recoveries if each.recovery_id == recovery_id)
        facts = claim.model_dump(
            include={"recovery_id", "state", "amount_fen", "received_fen", "due_on", "violation_id"}
        )
        whose = order.model_dump(include={"order_id", "year", "agency_uscc", "enterprise_uscc"})
        return cls(**facts, **whose, created_at=claim.at, updated_at=order.updated_at or claim.at)


class ListedRecovery(KeptRecovery, view=True):
    """A claim in its list; `overdue` once its last day is over and something has not come in."""

    overdue: bool


class Contact(TypedDict):
    """Whom one party of an order reaches at the other."""

    contact_name: str | None
    contact_phone: str | None


class OrderWithContacts(Order, view=True):
    """An order with how its parties reach each other, from its acceptance on. `flags` is what speaks against the
    parties, and the signals of the order, for staff, who may have to decide on it (§5.1, §5.2b)."""

    sometimes: ClassVar[frozenset[str]] = frozenset({"enterprise_contact", "agency_contact", "flags"})

    flags: list[PublicFlag]

    enterprise_contact: Contact
    agency_contact: Contact


class PublicRecovery(Recovery, view=True):
    """A claim with its order, and what is claimed back of it and not yet, in fen; `overdue` once its last day is over
    and something has not come in."""

    order_id: str
    overdue: bool
    recovered_fen: int
    left_fen: int
    allowed_actions: list[AllowedAction]
