"""A bounded amount that many draw from, split over shard items so that no single item is the limit of the rush.

A batch's money, a category's yearly cap, the room of all non-key categories, and the surplus are pools. A draw takes
one shard on the usual path; when no single shard has enough it gathers from several. Before it says "exhausted", all
shards are read. Most pools need one serialisable read. A batch only shrinks, so separate consistent reads are enough:
their sum is never below what is left.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from voucher.models.pools import SURPLUS_SHARDS, Plan, Shard, added_up, category_pool, gather, home_shard, surplus_pool
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys
from voucher.store.engine.reading import read_each, read_together
from voucher.store.engine.table import Contended, Unmet, Write, add_write, transact, update_write

TRIES = 24


@dataclass(frozen=True)
class Draw:
    """Wanted: `amount_fen` out of a pool; `into` names the counter that grows by what the pool loses.

    `shrinks` says that nothing ever flows back into the pool while it is open.
    """

    pool_id: str
    shards: int
    amount_fen: int
    into: str
    shrinks: bool = False


class Exhausted(Exception):
    """The pool as a whole holds less than was asked for."""

    def __init__(self, pool_id: str, room_fen: int, open_: bool) -> None:
        super().__init__(pool_id)
        self.pool_id, self.room_fen, self.open = pool_id, room_fen, open_


def create_writes(pool_id: str, shares_fen: list[int]) -> list[Write]:
    """A new pool, one shard per share."""
    return [
        add_write(
            f"pool {pool_id}",
            keys.pool(pool_id, number),
            Shard(pool_id=pool_id, shard=number, shards=len(shares_fen), limit_fen=share, remaining_fen=share),
        )
        for number, share in enumerate(shares_fen)
    ]


def draw_writes(pool_id: str, plan: Plan, into: str) -> list[Write]:
    """Take each shard's part, on condition that it is there, the pool is open and nothing froze it."""
    return [
        update_write(
            f"{pool_id}#{shard}",
            keys.pool(pool_id, shard),
            f"SET #remaining_fen = #remaining_fen - :drawn_fen, #{into} = #{into} + :drawn_fen",
            conditions.all_of(conditions.SHARD_HAS_ROOM, conditions.SHARD_OPEN, conditions.SHARD_NOT_FROZEN),
            drawn_fen=amount_fen,
        )
        for shard, amount_fen in plan.items()
    ]


def resize_writes(pool_id: str, changes_fen: Mapping[int, int]) -> list[Write]:
    """Change the limits of shards by so much; a cut only of what the shard still holds."""
    return [
        update_write(
            f"{pool_id}#{shard}",
            keys.pool(pool_id, shard),
            "SET #limit_fen = #limit_fen + :change_fen, #remaining_fen = #remaining_fen + :change_fen",
            conditions.SHARD_KEEPS,
            change_fen=change_fen,
            least_fen=max(0, -change_fen),
        )
        for shard, change_fen in changes_fen.items()
    ]


def commit_freeze(pool_id: str, shards: int, frozen: bool = True) -> None:
    """Stop (or free again) every draw on a pool; what is held, released and paid goes on."""
    flag = ":true" if frozen else ":false"
    _update_each(pool_id, shards, f"SET #frozen = {flag}", conditions.EXISTS)


def _update_each(pool_id: str, shards: int, change: str, condition: str) -> None:
    """All shards in one write, however many draw. Raises `Contended`."""
    writes = [
        update_write(f"{pool_id}#{shard}", keys.pool(pool_id, shard), change, condition) for shard in range(shards)
    ]
    transact(writes, attempts=TRIES)


def move_writes(pool_id: str, plan: Mapping[int, int], source: str, target: str) -> list[Write]:
    """Move drawn money from one counter to another of the same shards (a hold that is released, approved, paid)."""
    return [
        update_write(
            f"{pool_id}#{shard}",
            keys.pool(pool_id, shard),
            f"SET #{source} = #{source} - :amount_fen, #{target} = #{target} + :amount_fen",
            conditions.EXISTS,
            amount_fen=amount_fen,
        )
        for shard, amount_fen in plan.items()
    ]


def credit_write(year: int, claimant: str, amount_fen: int) -> Write:
    """Money flows into the year's surplus: limit and remaining grow together."""
    return update_write(
        "surplus",
        keys.pool(surplus_pool(year), home_shard(claimant, SURPLUS_SHARDS)),
        "SET #remaining_fen = #remaining_fen + :amount_fen, #limit_fen = #limit_fen + :amount_fen",
        conditions.EXISTS,
        amount_fen=amount_fen,
    )


def read_shards(pool_id: str, shards: int) -> list[Shard]:
    """All shards as they stood at one moment."""
    items = read_together(*(keys.pool(pool_id, number) for number in range(shards)))
    return [Shard.model_validate(item) for item in items if item]


def read_each_shard(pool_id: str, shards: int) -> list[Shard]:
    """All shards, each as last written, in nobody's way; of a pool that only shrinks they held together no less than
    they do when this is done."""
    items = read_each("vouchers", *(keys.pool(pool_id, number) for number in range(shards)))
    return [Shard.model_validate(item) for item in items]


def read_shard_count(pool_id: str) -> int:
    """Over how many shards a pool is split, as its first one says. Raises LookupError for a pool that is none."""
    first = read_shards(pool_id, 1)
    if not first:
        raise LookupError(pool_id)
    return first[0].shards


def read_total(pool_id: str, shards: int) -> Shard:
    """All shards of a pool added up, as they stood at one moment. Raises BUSY where many draw."""
    return added_up(read_shards(pool_id, shards))


def read_approximate_total(pool_id: str, shards: int) -> Shard:
    """All shards of a pool added up for a page, where a rush must be able to look: about what they are."""
    return added_up(read_each_shard(pool_id, shards))


def read_used_fen(year: int, category: str, shards: int) -> int:
    """What a category has used of its cap: held, payable and paid."""
    pool = read_total(category_pool(year, category), shards)
    return pool.held_fen + pool.payable_fen + pool.paid_fen


def commit_draws(draws: list[Draw], claimant: str, writes: Callable[[dict[str, Plan]], list[Write]]) -> dict[str, Plan]:
    """Commit `writes(plans)` with a plan for every draw; the plans must be part of those writes.

    Raises `Exhausted` for a pool that holds too little in the whole, `Unmet` when a condition outside the pools is
    false, and the refusals FROZEN and BUSY. Answers the plans that were committed.
    """
    wanted = {each.pool_id: each for each in draws}
    plans = {each.pool_id: {home_shard(claimant, each.shards): each.amount_fen} for each in draws}
    for attempt in range(TRIES):
        try:
            transact(writes(plans), attempts=2)
            return plans
        except Contended:
            plans = {name: _shifted(plan, wanted[name].shards) for name, plan in plans.items()}
            time.sleep(random.uniform(0, min(0.2, 0.005 * 2**attempt)))
        except Unmet as unmet:
            short = {name.rpartition("#")[0] for name in unmet.items if name.rpartition("#")[0] in wanted}
            if len(short) < len({name.rpartition("#")[0] or name for name in unmet.items}):
                raise
            for pool_id in (name for name in wanted if name in short):  # in the order asked: that refusal comes first
                plans[pool_id] = _planned_afresh(wanted[pool_id])
    raise Refused(Refusal.BUSY)


def _shifted(plan: Plan, shards: int) -> Plan:
    return {(next(iter(plan)) + 1) % shards: sum(plan.values())} if len(plan) == 1 else plan


def _planned_afresh(wanted: Draw) -> Plan:
    shards = (read_each_shard if wanted.shrinks else read_shards)(wanted.pool_id, wanted.shards)
    if any(shard.frozen for shard in shards):
        raise Refused(Refusal.FROZEN)
    open_ = all(shard.open for shard in shards)
    plan = gather(shards, wanted.amount_fen) if open_ else None
    if plan is None:
        raise Exhausted(wanted.pool_id, sum(shard.remaining_fen for shard in shards), open_)
    return plan


def commit_stop(pool_id: str, shards: int) -> list[Shard]:
    """No more draws: every shard as it stays from now on. Raises `Contended`, and `Unmet` for a frozen pool: it stays
    as it is until it is repaired."""
    _update_each(pool_id, shards, "SET #open = :false", conditions.SHARD_NOT_FROZEN)
    return read_shards(pool_id, shards)


def shut_writes(pool_id: str, shards: Iterable[Shard]) -> list[Write]:
    """Close a stopped pool for good: what remains is counted as closed, on condition that it is what was read and that
    nobody doubts it."""
    return [
        update_write(
            f"{pool_id}#{shard.shard}",
            keys.pool(pool_id, shard.shard),
            "SET #closed_fen = #closed_fen + :seen_fen, #remaining_fen = :nothing",
            conditions.all_of(conditions.SHARD_STOPPED, conditions.REMAINING_IS_AS_SEEN, conditions.SHARD_NOT_FROZEN),
            seen_fen=shard.remaining_fen,
            nothing=0,
        )
        for shard in shards
    ]
