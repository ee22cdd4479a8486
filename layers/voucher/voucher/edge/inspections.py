"""Inspections over HTTP: who may inspect, the frame as it is now, and what staff sees of a draw (§5.1)."""

from datetime import datetime, time
from typing import Any

from voucher.edge import clock
from voucher.edge.checks import listed_check
from voucher.edge.identity import Caller, require
from voucher.edge.own import codes_of
from voucher.models.base import instant_text
from voucher.models.inspections import DrawDifference, Filters, Frame, Inspection, InspectionKind
from voucher.policy import FRAME_ORDERS, Policy
from voucher.refusals import not_found
from voucher.rules.documents import file_name
from voucher.rules.inspections import draw_differences, frame_of, states_of
from voucher.rules.programmes import policy_for
from voucher.rules.working_days import ONE_DAY, SHANGHAI
from voucher.store import checks, inspections, orders, organisations, programmes
from voucher.store.engine.pages import Keep


def check_inspector(caller: Caller, kind: InspectionKind) -> None:
    """§5.1.3: the joint inspection is the bureau's and finance's, whoever else may inspect. Raises ROLE_REQUIRED."""
    if kind == "joint":
        require(caller, "bureau", "finance")


def policy_of(year: int) -> Policy:
    """The policy of a programme year, or of the edition in force."""
    return policy_for(programmes.find(year), clock.today())


def frame_now(kind: InspectionKind, year: int, filters: Filters, policy: Policy) -> Frame:
    """§5.1: all who may be drawn now. Raises FRAME_EMPTY, FRAME_TOO_LARGE."""
    days = (filters.placed_from, filters.placed_to + ONE_DAY)
    since, until = (instant_text(datetime.combine(day, time(), SHANGHAI)) for day in days)
    found = orders.read_sampled(states_of(kind), since, until, FRAME_ORDERS)
    active = [] if kind == "satisfaction" else organisations.list_agencies_in("active")
    return frame_of(kind, year, filters, found, {each.uscc: each.name for each in active}, policy)


def shown_inspection(inspection: Inspection) -> dict[str, Any]:
    """An inspection with its checks, as their list has them, what does not agree, and a link to its frame."""
    url = inspections.frame_url(inspection, file_name("抽样框", inspection.inspection_id, "json"))
    known = checks.list_of(inspection.inspection_id)
    differences = draw_differences(inspection, known, inspections.find_frame(inspection))
    found = [listed_check(each, for_agency=False) for each in known]
    return inspection.public() | {"checks": found, "differences": differences, "frame_url": url}


def changed_draws() -> dict[str, tuple[DrawDifference, ...]]:
    """§5.1: each inspection, by its id, of which something is not as it was drawn."""
    found = {
        each.inspection_id: draw_differences(each, checks.list_of(each.inspection_id), inspections.find_frame(each))
        for each in inspections.list_all()
    }
    return {inspection_id: differences for inspection_id, differences in found.items() if differences}


def drawn_of_others(caller: Caller) -> Keep | None:
    """§5.1: what a list of inspections shows to the caller: none in which an organisation that they act for was drawn,
    because frame and seed tell the whole sample. None for whoever acts for no organisation."""
    return (lambda item: not _is_drawn(own, str(item["inspection_id"]))) if (own := codes_of(caller)) else None


def get_inspection_of_others(caller: Caller, inspection_id: str) -> Inspection:
    """An inspection by its id. Raises NOT_FOUND, also for one in which the caller's own organisation was drawn."""
    inspection = inspections.get(inspection_id)
    if (own := codes_of(caller)) and _is_drawn(own, inspection_id):
        raise not_found("inspection")
    return inspection


def _is_drawn(codes: frozenset[str], inspection_id: str) -> bool:
    return any(not codes.isdisjoint({each.agency_uscc, each.member_uscc}) for each in checks.list_of(inspection_id))
