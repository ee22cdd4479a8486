"""Whether those who begin new business may, as far as violations and their people tell (§2.1.3, §5.2b)."""

from voucher.edge import clock
from voucher.models.agencies import Agency
from voucher.models.enterprises import Enterprise
from voucher.models.orders import Order
from voucher.rules.contracts import check_may_contract
from voucher.rules.orders import check_different_people
from voucher.rules.standing import check_no_violation
from voucher.store import orders, organisations, standing
from voucher.store.engine.table import Write


def unaccused_checks(**usccs: str) -> list[Write]:
    """§2.1.3, §5.2b: the checks that no violation stands against some credit codes, each by the field that names it.
    Raises HAS_VIOLATION if one does."""
    found = standing.read_standings(usccs.values())
    check_no_violation({field: found[uscc] for field, uscc in usccs.items()})
    return [standing.no_violation_check(uscc) for uscc in usccs.values()]


def acceptance_checks(order: Order) -> list[Write]:
    """§4.1.3, §1.4b, §5.2b: the checks that an order may be accepted: its parties are approved and free of violations,
    and different people act for them. Raises HAS_VIOLATION, SAME_PERSON, DISQUALIFIED or AGENCY_NOT_ACTIVE."""
    unaccused = unaccused_checks(enterprise_uscc=order.enterprise_uscc, agency_uscc=order.agency_uscc)
    enterprise, agency = orders.find_parties(order)
    different = different_people_checks(enterprise, agency)
    check_may_contract(enterprise, agency, clock.today())
    return [*unaccused, *different]


def different_people_checks(enterprise: Enterprise | None, agency: Agency | None) -> list[Write]:
    """§5.2b: the checks that different people act for the parties of an order, who stay as they are until it is
    written. Raises SAME_PERSON."""
    check_different_people(enterprise, agency)
    return [organisations.unchanged_check(party) for party in (enterprise, agency) if party]
