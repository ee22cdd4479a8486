"""Orders: held against voucher, category and non-key room in one transaction, and every later step of the money."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import batched
from typing import Any

from voucher.models.accounts import Movement, Posting, order_account, voucher_account
from voucher.models.agencies import Agency
from voucher.models.base import Instant, instant_text
from voucher.models.enterprises import Enterprise
from voucher.models.orders import Order
from voucher.models.pools import Plan, category_pool, non_key_pool
from voucher.models.products import Product
from voucher.models.programmes import Programme
from voucher.models.vouchers import Voucher
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys, vouchers
from voucher.store.engine import pools
from voucher.store.engine.postings import voucher_posting_write
from voucher.store.engine.reading import Page, find_item, read_page, read_partition, read_together
from voucher.store.engine.table import Unmet, Write, add_write, advance_write, commit, item_check, refused, update_write


@dataclass(frozen=True)
class Parties:
    """All that an order is decided on, read at one moment."""

    product: Product
    voucher: Voucher
    enterprise: Enterprise
    agency: Agency | None
    programme: Programme


def get_parties(product_id: str, voucher_id: str) -> Parties:
    """Product, voucher, both organisations and the programme, in one read. NOT_FOUND when one is missing."""
    batch_id, uscc = keys.split_voucher_id(voucher_id)
    found = read_together(
        keys.product(product_id),
        keys.voucher(batch_id, uscc),
        keys.enterprise(uscc),
        keys.programme(keys.batch_year(batch_id)),
        keys.agency(keys.split_product_id(product_id)),
    )
    product, voucher, enterprise, programme, agency = found
    if product is None or voucher is None or enterprise is None or programme is None:
        raise Refused(Refusal.NOT_FOUND)
    return Parties(
        Product.model_validate(product),
        Voucher.model_validate(voucher),
        Enterprise.model_validate(enterprise),
        Agency.model_validate(agency) if agency else None,
        Programme.model_validate(programme),
    )


def _index_entry(order: Order) -> dict[str, str]:
    return keys.index_entry("ORDER", order.created_at, order.order_id)


def draws_of(order: Order, is_key: bool, programme: Programme) -> list[pools.Draw]:
    """What an order takes from the yearly pools: its category's, and the non-key one outside the key three."""
    shards, amount_fen = programme.policy.yearly_shards, order.voucher_fen
    draws = [pools.Draw(category_pool(order.year, order.category), shards, amount_fen, "held_fen")]
    return draws if is_key else [*draws, pools.Draw(non_key_pool(order.year), shards, amount_fen, "held_fen")]


def commit_place(order: Order, parties: Parties, draws: list[pools.Draw]) -> None:
    """§4.2.1: hold the voucher's part and make the order: all or none.

    Raises `pools.Exhausted` for a yearly pool without room, ALREADY_EXISTS when the order's id is taken, CONTRACT_USED,
    and CHANGED_MEANWHILE when something differs from what was read.
    """
    voucher, at = parties.voucher, order.created_at
    hold = update_write(
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
        seq=voucher.seq + 1,
        now=instant_text(at),
    )
    source, target = voucher_account(voucher.voucher_id), order_account(order.order_id)
    movement = Movement("hold", source, target, order.voucher_fen, at, order.created_by)
    posting = voucher_posting_write(voucher, voucher.seq + 1, movement)
    fixed = [hold, posting, *_parties_checks(parties), *_contract_writes(order)]

    def writes(plans: dict[str, Plan]) -> list[Write]:
        drawn = {name: {str(shard): fen for shard, fen in plan.items()} for name, plan in plans.items()}
        made = order.model_copy(update={"drawn": drawn})
        taken = [write for name, plan in plans.items() for write in pools.draw_writes(name, plan, "held_fen")]
        return [add_write("order", keys.order(order.order_id), made, index=_index_entry(made)), *fixed, *taken]

    try:
        pools.commit_draws(draws, voucher.enterprise_uscc, writes)
    except Unmet as unmet:
        raise refused(unmet, order=Refusal.ALREADY_EXISTS, contract=Refusal.CONTRACT_USED) from None


def _parties_checks(parties: Parties) -> list[Write]:
    seen: list[tuple[str, keys.Key, Any]] = [
        ("product", keys.product(parties.product.product_id), parties.product),
        ("enterprise", keys.enterprise(parties.enterprise.uscc), parties.enterprise),
        ("agency", keys.agency(parties.product.agency_uscc), parties.agency),
    ]
    return [
        item_check(name, key, conditions.UNCHANGED, seen_version=record.version) for name, key, record in seen if record
    ]


def _contract_writes(order: Order) -> list[Write]:
    """§5.2b: a contract number is used by one order, over all agencies and years."""
    if order.contract_number is None:
        return []
    return [contract_write(order.order_id, order.contract_number)]


def contract_write(order_id: str, number: str) -> Write:
    """The write that takes a contract number for an order, or finds that another has it."""
    return update_write(
        "contract",
        keys.contract(number),
        "SET #order_id = :order_id",
        conditions.NUMBER_IS_FREE_OR_OURS,
        order_id=order_id,
    )


def find(order_id: str) -> Order | None:
    """An order by its id, None when there is none."""
    item = find_item(keys.order(order_id))
    return Order.model_validate(item) if item else None


def load(order_id: str) -> Order:
    """An order that something else names, so that it must be there. Raises LookupError, a fault."""
    if (found := find(order_id)) is None:
        raise LookupError(order_id)
    return found


def load_many(order_ids: Iterable[str]) -> list[Order]:
    """Several of those, in the order asked for. Raises LookupError, a fault."""
    wanted = tuple(order_ids)
    found = {order.order_id: order for order in find_many(wanted)}
    if lost := [order_id for order_id in wanted if order_id not in found]:
        raise LookupError(", ".join(lost))
    return [found[order_id] for order_id in wanted]


def find_many(order_ids: Iterable[str]) -> list[Order]:
    """Those of some orders that exist, read a hundred at a time."""
    parts = batched(sorted(set(order_ids)), 100, strict=False)
    found = [item for part in parts for item in read_together(*(keys.order(order_id) for order_id in part))]
    return [Order.model_validate(item) for item in found if item]


def step_write(old: Order, new: Order) -> Write:
    """The write that moves an order on, if nobody else moved it first."""
    return advance_write("order", keys.order(new.order_id), old, new, index=_index_entry(new))


def commit_step(old: Order, new: Order, *also: Write) -> None:
    """Move an order on. Raises CONTRACT_USED or CHANGED_MEANWHILE."""
    commit([step_write(old, new), *also], contract=Refusal.CONTRACT_USED)


def free_contract_writes(order: Order) -> list[Write]:
    """A refused or cancelled order gives its contract number free again."""
    if order.contract_number is None:
        return []
    key = keys.contract(order.contract_number)
    return [update_write("contract", key, "SET #order_id = :null", conditions.NUMBER_IS_OURS, order_id=order.order_id)]


def release_writes(old: Order, new: Order, amount_fen: int, voucher: Voucher, at: Instant, by: str) -> list[Write]:
    """§3.5.1(5), §3.5.2: move an order on and give `amount_fen` of its hold back to its voucher and its pools."""
    return [
        step_write(old, new),
        *vouchers.give_back_writes(voucher, old.order_id, amount_fen, at, by),
        *return_writes(old, amount_fen),
        *(free_contract_writes(old) if amount_fen == old.voucher_fen else []),
    ]


def commit_release(
    old: Order, new: Order, amount_fen: int, voucher: Voucher, at: Instant, by: str, *also: Write
) -> None:
    """`release` as a transaction, with what belongs to it. Raises CHANGED_MEANWHILE when somebody else was first."""
    commit([*release_writes(old, new, amount_fen, voucher, at, by), *also])


def return_writes(order: Order, amount_fen: int) -> list[Write]:
    """Put part or all of an order's hold back into the shards it was drawn from."""
    return [
        write
        for pool_id, drawn in order.drawn.items()
        for write in pools.move_writes(pool_id, _part(drawn, amount_fen), "held_fen", "remaining_fen")
    ]


def remaining_draws(order: Order, amount_fen: int) -> dict[str, dict[str, int]]:
    """What stays drawn after `return_draws` of `amount_fen`."""
    kept = {}
    for pool_id, drawn in order.drawn.items():
        part = _part(drawn, amount_fen)
        rest = {shard: fen - part.get(int(shard), 0) for shard, fen in drawn.items()}
        kept[pool_id] = {shard: fen for shard, fen in rest.items() if fen}
    return kept


def _part(drawn: dict[str, int], amount_fen: int) -> Plan:
    part: Plan = {}
    for shard, fen in drawn.items():
        take = min(fen, amount_fen - sum(part.values()))
        if take:
            part[int(shard)] = take
    return part


def move_writes(order: Order, source: str, target: str) -> list[Write]:
    """Move all that an order drew of its category from one counter to the next (held, payable, paid)."""
    drawn = order.drawn[category_pool(order.year, order.category)]
    plan = {int(shard): fen for shard, fen in drawn.items()}
    return pools.move_writes(category_pool(order.year, order.category), plan, source, target)


def list_postings(order_id: str) -> list[Posting]:
    """The postings of an order's money after it left the voucher, in order."""
    return [Posting.model_validate(item) for item in read_partition(keys.order(order_id), "POSTING#")]


def list_page(index: str, value: str, limit: int, cursor: str | None) -> Page:
    """A page of orders, newest first: all (`by_newest`), or of one party (`by_enterprise`, `by_agency`)."""
    return read_page("orders", index, value, limit, cursor)


def list_of_enterprise(uscc: str) -> Iterable[Order]:
    """Every order of an enterprise, page by page, the newest first."""
    cursor: str | None = None
    while True:
        found = list_page("by_enterprise", uscc, 100, cursor)
        yield from (Order.model_validate(item) for item in found.items)
        if (cursor := found.next_cursor) is None:
            return
