"""Four eyes: whoever did something leaves the decision on it to others, and whoever is a member of an organisation
leaves it to other staff (§1.3, §3.5.2)."""

from typing import Any

from voucher.hands import KEPT, STEPS, acted_for, excluded
from voucher.models.base import Mark, with_hand
from voucher.models.orders import Order
from voucher.refusals import Refusal, Refused
from voucher.rules.lifecycle import stepped

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


def check_own_side(caller: str, party: str, order: Order) -> None:
    """§5.2b: a step that each party of an order takes is taken for one of them by nobody who acted for the other one,
    or who said for the other one what is now agreed to; not even once they changed sides. Raises FOUR_EYES."""
    other = "agency" if party == "enterprise" else "enterprise"
    if caller in acted_for(other, order):
        raise Refused(Refusal.FOUR_EYES, clause="§5.2b")


def stepped_by_party(order: Order, action: str, mark: Mark, **changes: Any) -> Order:
    """The order after a step of one of its parties; it remembers who took it, because nobody may decide on an order as
    staff who acted for a party of it (§3.5.2, §3.5.4). Raises WRONG_STATE, or FOUR_EYES for whoever acted for the other
    party (§5.2b)."""
    step = STEPS_OF_PARTIES[action]
    new = stepped(order, action, mark, hands=with_hand(order.hands, step, mark.by), **changes)
    check_four_eyes(mark.by, step, order)
    return new
