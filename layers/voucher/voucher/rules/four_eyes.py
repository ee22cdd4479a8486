"""Four eyes: whoever did something leaves the decision on it to others, and whoever is a member of an organisation
leaves it to other staff (§1.3, §3.5.2)."""

from typing import Any, Literal

from voucher.hands import FOR_PARTY, KEPT, STEPS, acted_for, excluded
from voucher.models.base import Hands, Mark, with_hand
from voucher.models.orders import Order
from voucher.models.settlements import Line
from voucher.refusals import Refusal, Refused
from voucher.rules.lifecycle import stepped

Party = Literal["enterprise", "agency"]
# an order's steps by its parties → their names in `hands.py`
STEPS_OF_PARTIES = {
    "accept": "accept_order",
    "contract": "record_contract",
    "acknowledge": "acknowledge_contract",
    "deliver": "deliver_order",
    "dispute": "dispute_order",
    "confirm": "confirm_order",
    "request_cancel": "ask_cancel",
    "settle": "open_application",
}


def check_four_eyes(caller: str, step: str, *records: Any, clause: str | None = None) -> None:
    """Raise FOUR_EYES, with the step's clause or the one given, if the caller may not take a step because of an earlier
    one, or as a member of an organisation concerned. `records` keep who took the earlier steps; None is left out.

    Raises LookupError, a fault, if they cannot tell of each earlier step that matters.
    """
    known = [each for each in records if each is not None]
    told = {earlier for each in known for earlier in KEPT.get(each.thing, {})}
    if unknown := [earlier for earlier in STEPS[step].not_by if earlier not in told]:
        raise LookupError(f"{step}: nothing tells who took {', '.join(unknown)}")
    if caller in excluded(step, *known):
        raise Refused(Refusal.FOUR_EYES, clause=clause or STEPS[step].clause)


def with_hand_of(hands: Hands, step: str, party: Party, person: str) -> Hands:
    """The hands with one more person who took a step for one party of an order."""
    return with_hand(with_hand(hands, step, person), FOR_PARTY[party], person)


def check_own_side(caller: str, party: Party, *records: Order | Line) -> None:
    """§5.2b: whoever acts for one party of an order never acted for the other one, as far as the order and its line
    tell, nor said for it what is now agreed to; not even once they changed sides. Raises FOUR_EYES."""
    other = "agency" if party == "enterprise" else "enterprise"
    if any(caller in acted_for(other, each) for each in records):
        raise Refused(Refusal.FOUR_EYES, clause="§5.2b")


def stepped_by_party(order: Order, action: str, party: Party, mark: Mark, **changes: Any) -> Order:
    """The order after a step of one of its parties; it remembers who took it, and for whom, because nobody may decide
    on an order as staff who acted for a party of it (§3.5.2, §3.5.4). Raises WRONG_STATE, or FOUR_EYES for whoever
    acted for the other party (§5.2b)."""
    step = STEPS_OF_PARTIES[action]
    new = stepped(order, action, mark, hands=with_hand_of(order.hands, step, party, mark.by), **changes)
    check_four_eyes(mark.by, step, order)
    check_own_side(mark.by, party, order)
    return new
