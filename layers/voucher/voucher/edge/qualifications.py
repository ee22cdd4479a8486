"""What follows when an enterprise's qualification is given, taken or given back (§4.1.3)."""

from collections.abc import Mapping

from voucher.edge import clock
from voucher.models.enterprises import Enterprise
from voucher.models.entitlements import Entitlement
from voucher.refusals import not_found
from voucher.rules.entitlements import next_entitlements, years_in_step
from voucher.store import standing
from voucher.store.engine.table import Write


def read_enterprise(uscc: str) -> tuple[Enterprise, standing.Facts]:
    """An enterprise with the facts that its entitlements follow from. Raises NOT_FOUND."""
    facts = standing.read_facts(uscc, years_in_step(clock.today()))
    if facts.enterprise is None:
        raise not_found("enterprise")
    return facts.enterprise, facts


def following_writes(
    enterprise: Enterprise, facts: standing.Facts, held: Mapping[int, Entitlement | None] | None = None
) -> list[Write]:
    """The writes by which the entitlements follow the enterprise, in the transaction that changes it. `held` are the
    entitlements to go on from, if not as they were read."""
    before = facts.entitlements if held is None else held
    following = next_entitlements(enterprise, facts.standing, before, facts.programmes, clock.today())
    return [standing.unchanged_check(facts.standing), *standing.entitlement_writes(facts, following)]
