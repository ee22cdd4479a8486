"""Orders (§4.2.1): placed in one transaction with what they hold, and every later step of their money."""

from collections.abc import Iterable, Sequence
from typing import Any

from voucher.models.accounts import Movement, Posting, order_account, voucher_account
from voucher.models.agencies import Agency
from voucher.models.base import Instant, Mark, instant_text
from voucher.models.enterprises import Enterprise
from voucher.models.inspections import SampledOrder
from voucher.models.order_facts import OrderFacts
from voucher.models.orders import HOLDING_ORDERS, Order, ProposedContract
from voucher.models.pools import Plan, category_pool, return_plan
from voucher.models.products import Product
from voucher.models.programmes import Programme
from voucher.models.standing import Standing
from voucher.models.vouchers import Voucher
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import bounds, conditions, keys, organisations, standing, vouchers
from voucher.store.engine import pools
from voucher.store.engine.pages import LAST, Keep, Page, Party, Selection, read_columns, read_page, read_whole
from voucher.store.engine.postings import voucher_posting_write
from voucher.store.engine.reading import find_item, load_item, read_many, read_partition, read_together
from voucher.store.engine.table import (
    Item,
    Unmet,
    Write,
    add_write,
    advance_write,
    commit,
    commit_if_unchanged,
    item_check,
    refused,
    update_write,
)


def get_facts(product_id: str, voucher_id: str, sub: str) -> OrderFacts:
    """What an order of the product with the voucher is decided on, in one read. Raises NOT_FOUND: for the voucher, also
    unless `sub` acts for its enterprise, and that was approved once; then for the product. The agency may miss."""
    batch_id, uscc = keys.split_voucher_id(voucher_id)
    agency_uscc = keys.agency_of_product(product_id)
    *found, buyer, seller = read_together(
        keys.product(product_id),
        keys.voucher(batch_id, uscc),
        keys.enterprise(uscc),
        keys.programme(keys.batch_year(batch_id)),
        keys.agency(agency_uscc),
        keys.enterprise(uscc, "STANDING"),
        keys.enterprise(agency_uscc, "STANDING"),
    )
    product, voucher, enterprise, programme, agency = found
    is_party = enterprise is not None and sub in enterprise["members"] and enterprise.get("approved_at") is not None
    if voucher is None or enterprise is None or programme is None or not is_party:
        raise not_found("voucher")
    if product is None:  # said only to a member: a stranger must not learn which vouchers there are
        raise not_found("product")
    return OrderFacts(
        Product.model_validate(product),
        Voucher.model_validate(voucher),
        Enterprise.model_validate(enterprise),
        Agency.model_validate(agency) if agency else None,
        Programme.model_validate(programme),
        {
            "voucher_id": Standing.model_validate(buyer) if buyer else Standing(uscc=uscc),
            "product_id": Standing.model_validate(seller) if seller else Standing(uscc=agency_uscc),
        },
    )


CANCEL_ASKED = "ORDER#cancellation"


def _index_entry(order: Order) -> dict[str, str]:
    asked = order.enterprise_cancel or order.agency_cancel
    waiting = "cancellation" if asked and order.state in HOLDING_ORDERS else None
    return keys.index_entry("ORDER", order.created_at, order.order_id, state=order.state, waiting=waiting)


def commit_order(order: Order, facts: OrderFacts, pool_ids: Iterable[str], *also: Write) -> None:
    """§4.2.1: hold the order's voucher part against the voucher and every one of `pool_ids`, and add the order, all in
    one transaction.

    Raises `pools.Exhausted` for a yearly pool without room, ALREADY_EXISTS when the order's id is taken, CONTRACT_USED,
    CHANGED_MEANWHILE when something differs from what was read, and TOO_MANY_ORDERS when the agency owes the enterprise
    too many answers.
    """
    voucher, policy = facts.voucher, facts.programme.policy
    shards, most = policy.yearly_shards, policy.open_orders_per_pair
    waiting = bounds.opened_write(_waiting(order), order.order_id, most)
    draws = [pools.Draw(pool_id, shards, order.voucher_fen, "held_fen") for pool_id in pool_ids]
    fixed_writes = [*_hold_writes(order, voucher), *_unchanged_checks(facts), *_contract_writes(order), waiting, *also]

    def writes(plans: dict[str, Plan]) -> list[Write]:
        drawn = {pool_id: {str(shard): fen for shard, fen in plan.items()} for pool_id, plan in plans.items()}
        placed = order.model_copy(update={"drawn": drawn})
        order_write = add_write("order", keys.order(order.order_id), placed, index=_index_entry(placed))
        drawing = [write for pool_id, plan in plans.items() for write in pools.draw_writes(pool_id, plan, "held_fen")]
        return [order_write, *fixed_writes, *drawing]

    try:
        pools.commit_draws(draws, voucher.enterprise_uscc, writes)
    except Unmet as unmet:
        too_many = Refused(Refusal.TOO_MANY_ORDERS, most=most)
        raise refused(unmet, order=Refusal.ALREADY_EXISTS, contract=Refusal.CONTRACT_USED, bound=too_many) from None


def _waiting(order: Order) -> keys.Key:
    """Where the orders of its two parties that the agency has not answered are counted."""
    return keys.pair(order.enterprise_uscc, order.agency_uscc)


def _answered_writes(old: Order, new: Order) -> list[Write]:
    """An order that left its first state waits for no answer any more."""
    is_answered = old.state == "placed" and new.state != "placed"
    return [bounds.closed_write(_waiting(old), old.order_id)] if is_answered else []


def _hold_writes(order: Order, voucher: Voucher) -> list[Write]:
    """Take the voucher part off a voucher's balance, with its posting; the voucher is active and has not ended."""
    at, seq = order.created_at, voucher.seq + 1
    balance_write = update_write(
        "voucher",
        keys.voucher(voucher.batch_id, voucher.enterprise_uscc),
        "SET #balance_fen = #balance_fen - :amount_fen, #seq = :seq",
        conditions.all_of(
            conditions.VOUCHER_ACTIVE,
            conditions.BALANCE_SUFFICES,
            conditions.NEXT_POSTING,
            conditions.NOT_ENDED,
        ),
        active="active",
        amount_fen=order.voucher_fen,
        seen_seq=voucher.seq,
        seq=seq,
        now=instant_text(at),
    )
    source, target = voucher_account(voucher.voucher_id), order_account(order.order_id)
    movement = Movement("hold", source, target, order.voucher_fen, at, order.created_by)
    return [balance_write, voucher_posting_write(voucher, seq, movement)]


def _unchanged_checks(facts: OrderFacts) -> list[Write]:
    """Insist that the product and both parties are still as they were read, and that no violation stands against a
    party (§5.2b)."""
    seen: list[tuple[str, keys.Key, Any]] = [
        ("product", keys.product(facts.product.product_id), facts.product),
        ("enterprise", keys.enterprise(facts.enterprise.uscc), facts.enterprise),
        ("agency", keys.agency(facts.product.agency_uscc), facts.agency),
    ]
    parties = {facts.enterprise.uscc, facts.product.agency_uscc}
    return [
        *(item_check(name, key, conditions.UNCHANGED, seen_version=each.version) for name, key, each in seen if each),
        *(standing.no_violation_check(uscc) for uscc in sorted(parties)),
    ]


def _contract_key(order: Order) -> keys.Key | None:
    return keys.contract(order.agency_uscc, order.contract_number) if order.contract_number is not None else None


def _contract_writes(order: Order) -> list[Write]:
    """§5.2b: a contract number is used by one order of its agency, over all enterprises and years. Not over all
    agencies, because each counts its own contracts: "2026-001" of one says nothing of another's, and whoever ordered
    from one could use up the numbers of its rivals."""
    key, free_or_ours = _contract_key(order), conditions.NUMBER_IS_FREE_OR_OURS
    if key is None:
        return []
    return [update_write("contract", key, "SET #order_id = :order_id", free_or_ours, order_id=order.order_id)]


def read_waiting(some: Iterable[Order]) -> frozenset[str]:
    """The orders that are counted as waiting for an answer, of all pairs of parties that some orders have."""
    places = sorted({_waiting(order) for order in some})
    return frozenset[str]().union(*bounds.read_open(places).values())


def find(order_id: str) -> Order | None:
    """An order by its id, or None."""
    item = find_item(keys.order(order_id))
    return Order.model_validate(item) if item else None


def get(order_id: str) -> Order:
    """The order that a request names. Raises NOT_FOUND."""
    if (order := find(order_id)) is None:
        raise not_found("order")
    return order


def load(order_id: str) -> Order:
    """An order that must exist, because a record names it. Raises LookupError: the books are broken."""
    return Order.model_validate(load_item(keys.order(order_id), f"the order {order_id}"))


def load_many(order_ids: Iterable[str]) -> list[Order]:
    """Orders that must exist, in the sequence asked for. Raises LookupError: the books are broken."""
    wanted = tuple(order_ids)
    found = {order.order_id: order for order in find_many(wanted)}
    if lost := [order_id for order_id in wanted if order_id not in found]:
        raise LookupError(", ".join(lost))
    return [found[order_id] for order_id in wanted]


def find_many(order_ids: Iterable[str]) -> list[Order]:
    """Those of some orders that exist."""
    found = read_many(keys.order(order_id) for order_id in sorted(set(order_ids)))
    return [Order.model_validate(item) for item in found if item]


def find_parties(order: Order) -> tuple[Enterprise | None, Agency | None]:
    """The two parties of an order."""
    enterprise = organisations.find_enterprise(order.enterprise_uscc)
    agency = organisations.find_agency(order.agency_uscc)
    return enterprise, agency


def step_write(old: Order, new: Order, *more: str, **values: Any) -> Write:
    """The write that moves an order on, if nobody else moved it first, and if `more` holds."""
    return advance_write("order", keys.order(new.order_id), old, new, *more, index=_index_entry(new), **values)


Seen = Sequence[Enterprise | Agency | None]


def decided_writes(old: Order, new: Order, step: str, caller: str, *more: str, seen: Seen = ()) -> list[Write]:
    """The writes of what staff decides on one order: nobody who acted for a party of it, and no member of one. Parties
    that were `seen` are still as they were."""
    hands = conditions.by_other_hands(step, "order")
    checks = [organisations.unchanged_stranger_check(party, step, caller) for party in seen if party]
    strangers = organisations.parties_checks(old.enterprise_uscc, old.agency_uscc, step, caller)
    return [step_write(old, new, hands, *more, caller=caller), *(checks or strangers)]


def unstopped_check(order: Order) -> Write:
    """§5.2b: check in a transaction that does not write an order: no violation on record holds it, and the bureau's
    decisions on its other subsidies are those that were read."""
    condition = conditions.all_of(conditions.NOT_HELD, conditions.SUBSIDIES_AS_SEEN)
    return item_check("hold", keys.order(order.order_id), condition, seen_decisions=len(order.subsidy_decisions))


def commit_step(old: Order, new: Order, *also: Write) -> None:
    """Move an order on. Raises CONTRACT_USED or CHANGED_MEANWHILE."""
    commit([step_write(old, new), *_answered_writes(old, new), *also], contract=Refusal.CONTRACT_USED)


def commit_erased(old: Order, new: Order) -> bool:
    """Erase the words of an order. False if it moved meanwhile."""
    return commit_if_unchanged([step_write(old, new)])


def commit_said_contract(old: Order, new: Order, said: ProposedContract, *also: Write) -> None:
    """§4.2.1, §5.2b: what a party says the contract is, its number used by no other order. Only a number that stands in
    the order is taken. Raises CONTRACT_USED or CHANGED_MEANWHILE."""
    if new.proposed_contract is None:
        commit_contract(old, new, *also)
        return
    key, free_or_ours = keys.contract(new.agency_uscc, said.contract_number), conditions.NUMBER_IS_FREE_OR_OURS
    check = item_check("contract", key, free_or_ours, order_id=new.order_id)
    commit_step(old, new, check, *also)


def commit_contract(old: Order, new: Order, *also: Write) -> None:
    """§4.2.1, §5.2b: record an order's contract, its number used by no other order; a number that it replaces is free
    again. Raises CONTRACT_USED or CHANGED_MEANWHILE."""
    replaced = _contract_key(old) != _contract_key(new)
    commit_step(old, new, *_contract_writes(new), *(free_contract_writes(old) if replaced else []), *also)


def free_contract_writes(order: Order) -> list[Write]:
    """Free the contract number of an order, because the order ends or takes another number. The number of an order of
    before 2026-11-29 may stand under no agency."""
    if (key := _contract_key(order)) is None:
        return []
    free_or_ours = conditions.NUMBER_IS_FREE_OR_OURS
    return [update_write("contract", key, "SET #order_id = :null", free_or_ours, order_id=order.order_id)]


def release_writes(old: Order, new: Order, amount_fen: int, voucher: Voucher, mark: Mark) -> list[Write]:
    """§3.5.1(5), §3.5.2: move an order on and give `amount_fen` of its hold back to its voucher and its pools. An order
    whose whole hold goes back frees its contract number, too."""
    moved_on = [step_write(old, new), *_answered_writes(old, new)]
    return [*moved_on, *_released_writes(old, amount_fen, voucher, mark)]


def _released_writes(order: Order, amount_fen: int, voucher: Voucher, mark: Mark) -> list[Write]:
    return [
        *vouchers.give_back_writes(voucher, order.order_id, amount_fen, mark.at, mark.by),
        *_return_writes(order, amount_fen),
        *(free_contract_writes(order) if amount_fen == order.voucher_fen else []),
    ]


def commit_release(old: Order, new: Order, voucher: Voucher, mark: Mark, *also: Write) -> None:
    """§3.5.1(5): move an order on and give its whole hold back. Raises CHANGED_MEANWHILE."""
    commit([*release_writes(old, new, old.voucher_fen, voucher, mark), *also])


def commit_decision(old: Order, new: Order, caller: str, seen: Seen) -> None:
    """§4.2.1: the operator decides on a delivery, and the order's money stays. Raises CHANGED_MEANWHILE as
    `commit_cancellation` does."""
    commit(decided_writes(old, new, "decide_order", caller, seen=seen))


def commit_cancellation(
    old: Order, new: Order, step: str, voucher: Voucher, mark: Mark, seen: Seen, *also: Write
) -> None:
    """§3.5.1(5), §4.2.1: the operator cancels an order, and its whole hold goes back. Raises CHANGED_MEANWHILE, also if
    a party that was `seen` changed, for a caller who acted for a party of it, or is a member of one."""
    decided = decided_writes(old, new, step, mark.by, seen=seen)
    released = _released_writes(old, old.voucher_fen, voucher, mark)
    commit([*decided, *_answered_writes(old, new), *released, *also])


def commit_kept(old: Order, new: Order, caller: str) -> None:
    """§3.5.1(5): the operator does not cancel an order. Raises CHANGED_MEANWHILE as `commit_cancellation` does."""
    commit(decided_writes(old, new, "review_cancel", caller))


def _return_writes(order: Order, amount_fen: int) -> list[Write]:
    return [
        write
        for pool_id, drawn in order.drawn.items()
        for write in pools.move_writes(pool_id, return_plan(drawn, amount_fen), "held_fen", "remaining_fen")
    ]


def move_writes(order: Order, source: str, target: str) -> list[Write]:
    """Move all that an order drew of its category from one counter to the next (held, payable, paid)."""
    drawn = order.drawn[category_pool(order.year, order.category)]
    plan = {int(shard): fen for shard, fen in drawn.items()}
    return pools.move_writes(category_pool(order.year, order.category), plan, source, target)


def list_postings(order_id: str) -> list[Posting]:
    """The postings of an order's money after it left the voucher, in order."""
    return [Posting.model_validate(item) for item in read_partition(keys.order(order_id), "POSTING#")]


def list_page(
    selection: Selection,
    keep: Keep | None,
    enterprise_uscc: str | None = None,
    agency_uscc: str | None = None,
    cancel_asked: bool = False,
) -> Page:
    """A page of the orders that `keep` accepts: of all, or of one enterprise, and of one agency; with `cancel_asked`
    only those that a party asked to cancel, as long as that is undecided."""
    party = Party("by_waiting", CANCEL_ASKED) if cancel_asked else None
    if agency_uscc:
        party = Party("by_agency", agency_uscc)
    if enterprise_uscc:
        party = Party("by_enterprise", enterprise_uscc)

    def is_chosen(item: Item) -> bool:
        is_of_both = agency_uscc in (None, item["agency_uscc"]) and enterprise_uscc in (None, item["enterprise_uscc"])
        is_waiting = not cancel_asked or item.get("waiting_key") == CANCEL_ASKED
        return is_of_both and is_waiting and (keep is None or keep(item))

    return read_page("orders", "ORDER", selection, is_chosen if party else keep, party)


def list_in(state: str, until: Instant | None = None) -> Iterable[Order]:
    """Every order in one state, perhaps only those placed before an instant, page by page, as the index shows them."""
    last = instant_text(until) if until else LAST
    return (Order.model_validate(item) for item in read_whole("orders", "ORDER", state, until=last))


def read_sampled(states: Iterable[str], since: str, until: str, most: int) -> list[SampledOrder]:
    """§5.1: what a frame needs of the orders in some states that were placed from one instant on and before another, as
    the index shows them. Raises FRAME_TOO_LARGE beyond `most`: one draw does bounded work."""
    found, selection = list[SampledOrder](), Selection(since=since, until=until)
    for state in sorted(states):
        items, more = read_columns("orders", Party("by_state", f"ORDER#{state}"), selection, SAMPLED, most - len(found))
        if more:
            raise Refused(Refusal.FRAME_TOO_LARGE, most=most)
        found += map(_sampled, items)
    return found


# the attributes of an order that a frame is made of
SAMPLED = (
    *("order_id", "year", "state", "category", "district", "agency_uscc", "enterprise_uscc", "enterprise_name"),
    *("created_at", "rating", "held_by_violation", "held_by_finding"),
)


def _sampled(item: Item) -> SampledOrder:
    plain: dict[str, Any] = {name: item.get(name) for name in SAMPLED[:9]}
    is_held = bool(item.get("held_by_violation") or item.get("held_by_finding"))
    return SampledOrder(**plain, score=(item.get("rating") or {}).get("score"), is_held=is_held)


def list_of_enterprise(uscc: str) -> Iterable[Order]:
    """Every order of an enterprise, page by page, the newest first."""
    return list_of_party("enterprise", uscc)


def list_of_party(kind: str, uscc: str) -> Iterable[Order]:
    """Every order of an enterprise or of an agency, page by page, the newest first."""
    found = read_whole("orders", "ORDER", party=Party(f"by_{kind}", uscc))
    return (Order.model_validate(item) for item in found)
