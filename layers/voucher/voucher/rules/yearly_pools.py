"""What the yearly pools (each category's cap, and the room of all non-key categories) must hold and have given out,
rebuilt from the postings, and what their records say (§2.2.cap, §2.2.floor)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from voucher.models.accounts import Posting, owner_of
from voucher.models.orders import Order
from voucher.models.pools import Shard, category_pool, non_key_pool, yearly_pool
from voucher.models.programmes import Programme
from voucher.rules.programmes import yearly_limits_fen


@dataclass(frozen=True)
class Use:
    """§2.2.cap: what an order uses of its category's cap, in fen, by how far its money has come."""

    held_fen: int = 0
    payable_fen: int = 0
    paid_fen: int = 0

    @property
    def all_fen(self) -> int:
        """All of it, however far it has come."""
        return self.held_fen + self.payable_fen + self.paid_fen


def used_by_order(postings: Iterable[Posting]) -> dict[str, Use]:
    """§2.2.cap: order id → what the order uses: first it is held, then owed to its agency, then paid (and owed again if
    the bank returns it).

    A payable is paid, and returned, as a whole; so an order's part of it is paid exactly if the payable is.
    """
    held_fen: defaultdict[str, int] = defaultdict(int)
    # of the payables only what payments moved: below zero while the payable is paid
    paid_out_fen: defaultdict[str, int] = defaultdict(int)
    # order id → account of the payable → the order's part of it
    parts_fen: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in postings:
        if each.entry in ("hold", "take_back"):
            held_fen[owner_of(each.to_account)] += each.amount_fen
        if each.entry in ("release", "approve"):
            held_fen[owner_of(each.from_account)] -= each.amount_fen
        if each.entry == "approve":
            parts_fen[owner_of(each.from_account)][each.to_account] += each.amount_fen
        if each.entry == "take_back":
            parts_fen[owner_of(each.to_account)][each.from_account] -= each.amount_fen
        if each.entry in ("pay", "return"):
            paid_out_fen[each.from_account] -= each.amount_fen
            paid_out_fen[each.to_account] += each.amount_fen
    return {order_id: _use_of(fen, parts_fen[order_id], paid_out_fen) for order_id, fen in held_fen.items()}


def _use_of(held_fen: int, parts_fen: Mapping[str, int], paid_out_fen: Mapping[str, int]) -> Use:
    paid_fen = sum(part_fen for payable, part_fen in parts_fen.items() if paid_out_fen.get(payable, 0) < 0)
    return Use(held_fen, sum(parts_fen.values()) - paid_fen, paid_fen)


def limits_by_total(programme: Programme) -> dict[str, int]:
    """§2.2.cap, §2.2.floor: pool → the limit it must have by the confirmed total, in fen; a draft has no pools yet."""
    if not programme.is_confirmed:
        return {}
    return {
        yearly_pool(programme.year, category): limit_fen
        for category, limit_fen in yearly_limits_fen(programme.total_fen, programme.policy).items()
    }


def use_by_postings(programme: Programme, orders: Iterable[Order], postings: Iterable[Posting]) -> dict[str, int]:
    """§2.2.cap, §2.2.floor: what each yearly pool must have given out by the postings of its orders, in fen: of each
    category what is held, payable and paid, and one total for all non-key categories, whose pool does not tell these
    apart."""
    by_order = used_by_order(postings)
    key, non_key = programme.policy.key_categories, non_key_pool(programme.year)
    used: defaultdict[str, int] = defaultdict(int)
    for order in orders:
        use = by_order.get(order.order_id, Use())
        for counter, used_fen in asdict(use).items():
            used[f"{category_pool(order.year, order.category)}: {counter}"] += used_fen
        if order.category not in key:
            used[non_key] += use.all_fen
    return used


def use_by_records(programme: Programme, pools: Iterable[Shard]) -> dict[str, int]:
    """What the records of the yearly pools say they have given out, in fen, under the names of `use_by_postings`."""
    recorded = {}
    for pool in pools:
        use = Use(pool.held_fen, pool.payable_fen, pool.paid_fen)
        if pool.pool_id == non_key_pool(programme.year):
            recorded[pool.pool_id] = use.all_fen
        else:
            recorded |= {f"{pool.pool_id}: {counter}": used_fen for counter, used_fen in asdict(use).items()}
    return recorded
