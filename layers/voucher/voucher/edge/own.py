"""What staff read of the organisations that they act for themselves: as their members, and never as staff. So nobody is
warned of an inspection (§5.1), or learns who complained (§5.3) or objected (§3.5.3), because they have both parts."""

from voucher.edge.identity import Caller
from voucher.rules.messages import kept_thing
from voucher.store import organisations
from voucher.store.engine.pages import Keep
from voucher.store.engine.table import Item

# what of others is kept from the organisation that it is about
KEPT_FROM_IT = frozenset({"check", "complaint", "objection"})


def codes_of(caller: Caller) -> frozenset[str]:
    """The credit codes of all organisations that the caller acts for."""
    return frozenset(each["uscc"] for each in organisations.list_memberships(caller.sub))


def about_others(caller: Caller) -> Keep:
    """What a list of the exceptions and signals of a year (§5.1) shows to the caller: those of other organisations."""
    own = codes_of(caller)
    return lambda item: own.isdisjoint((item.get("enterprise_uscc"), item.get("agency_uscc")))


def of_others(caller: Caller) -> Keep | None:
    """What a list of checks, complaints or objections, or of what is to be done on them, shows to the caller as staff.
    None for whoever acts for no organisation."""
    own = codes_of(caller)
    if not own:
        return None

    def keep(item: Item) -> bool:
        named = (*item.get("concerned", ()), *item.get("enterprises", ()))
        about = {item.get("about_uscc"), item.get("agency_uscc"), item.get("member_uscc"), *named}
        return kept_thing(item) not in KEPT_FROM_IT or own.isdisjoint(about)

    return keep
