"""What staff should look at, of the parties of what it decides on (§5.2b)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from voucher.edge.signals import flags_of_signals_about
from voucher.models.agencies import Agency
from voucher.models.enterprises import Enterprise
from voucher.models.orders import Order
from voucher.models.standing import Standing
from voucher.rules.flags import flags_of_account, flags_of_parties, holders_of
from voucher.store import organisations, payables, standing
from voucher.store.organisations import Deal, Organisation


def flags_about_order(order: Order) -> list[dict[str, Any]]:
    """§5.1, §5.2b: what speaks against the two parties of an order, and the signals of it."""
    parties = order.enterprise_uscc, order.agency_uscc
    known = organisations.list_parties([order])
    about = flags_about_parties([order], known, standing.read_standings(parties))[parties]
    return about + flags_of_signals_about([order])[order.order_id]


def flags_about_parties(
    deals: Sequence[Deal], known: Iterable[Organisation], standings: Mapping[str, Standing]
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """§5.2b: what speaks against the two parties of some orders or lines, by their codes; `known` are these parties."""
    parties = {(each.thing, each.uscc): each for each in known}
    sharers = payables.read_account_sharers(payables.read_known_matches(deal.agency_uscc for deal in deals))
    holders = holders_of(parties.values())
    pairs = {(deal.enterprise_uscc, deal.agency_uscc) for deal in deals}
    found = {}
    for buyer, seller in pairs:
        enterprise, agency = parties.get(("enterprise", buyer)), parties.get(("agency", seller))
        found[buyer, seller] = flags_of_parties(
            enterprise if isinstance(enterprise, Enterprise) else None,
            agency if isinstance(agency, Agency) else None,
            [standings[uscc] for uscc in dict.fromkeys((buyer, seller))],
            holders,
        ) + flags_of_account(sharers[seller], "agency_uscc")
    return found
