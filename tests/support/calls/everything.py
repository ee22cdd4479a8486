"""A town with one of each thing, and for every route of the template a call that it accepts.

The calls stand in an order in which each can follow the ones before: an application is handed in before it is
reviewed, so that few things serve many routes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.support import samples
from tests.support.calls.call import Call, Calls
from tests.support.calls.complaints import complaint_calls
from tests.support.calls.registry import (
    agency_calls,
    claim_calls,
    enterprise_calls,
    list_calls,
    member_calls,
    product_calls,
)
from tests.support.calls.settlement import round_calls, settlement_calls
from tests.support.calls.supervision import activity_calls, inspection_calls, yearly_file_calls
from tests.support.calls.trade import order_calls, other_calls, voucher_calls, year_calls
from tests.support.scenario import RIVAL, Town, admit


@dataclass(frozen=True)
class Everything:
    """The town and its calls, by route ("POST /orders")."""

    town: Town
    calls: Calls


def build_everything(town: Town) -> Everything:
    """Bring one of each thing into being, and an agency that none of them is of."""
    admit(town.world, samples.agency(9), RIVAL)
    calls = {
        **year_calls(town),
        **list_calls(town),
        **enterprise_calls(town),
        **member_calls(town),
        **claim_calls(town),
        **agency_calls(town),
    }
    calls |= {**product_calls(town), **voucher_calls(town), **order_calls(town), **settlement_calls(town)}
    calls |= {**round_calls(town), **inspection_calls(town), **activity_calls(town), **other_calls(town)}
    calls |= {**complaint_calls(town), **yearly_file_calls(town)}
    return Everything(town, dict(twin for name, call in calls.items() for twin in _twins(name, call)))


def _twins(name: str, call: Call) -> Iterator[tuple[str, Call]]:
    """The call, and for an edit the same by PUT at once after it."""
    yield name, call
    if name.startswith("PATCH "):
        yield name.replace("PATCH ", "PUT ", 1), call
