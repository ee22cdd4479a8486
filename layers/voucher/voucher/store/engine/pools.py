"""Knows pools: how a bounded amount is split over shard items, so that many can draw on it at the same moment
(§1.4a).

A draw takes one shard on the usual path; if that shard holds too little, it gathers from several. Before it says
"exhausted", all shards are read: of most pools at one moment, because money may come back to them. A pool that only
shrinks is read shard by shard, which is in nobody's way: the sum of such reads is never below what is left.

    create_writes  draw_writes  resize_writes  move_writes  credit_write  shut_writes     build Writes
    commit_draws  commit_stop  commit_freeze  commit_thaw                                 write
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from voucher.correlation import note_retry
from voucher.models.pools import Plan, Shard, gather, home_shard, total_of
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys
from voucher.store.engine.reading import read_each, read_together
from voucher.store.engine.table import Contended, Throttled, Unmet, Write, add_write, transact, update_write

# how many plans are tried for one draw, each after a conflict or a shard that held too little; then the answer is BUSY
MOST_PLANS = 24
# how often a change of a shard is sent while others draw on it
ATTEMPTS_AT_A_SHARD = 24
# how many plans of one draw may be throttled: another shard may have room where a partition has none, a table has none
MOST_THROTTLED = 2


@dataclass(frozen=True)
class Draw:
    """A wish to take `amount_fen` out of a pool of `shards` shards; `into` names the counter that grows by as much.

    `shrinks` says that nothing flows back into the pool while it is open.
    """

    pool_id: str
    shards: int
    amount_fen: int
    into: str
    shrinks: bool = False


class Exhausted(Exception):
    """The pool as a whole holds less than a draw asks for: `room_fen`, or it is not open any more."""

    def __init__(self, pool_id: str, room_fen: int, is_open: bool) -> None:
        super().__init__(pool_id)
        self.pool_id = pool_id
        self.room_fen = room_fen
        self.is_open = is_open


def create_writes(pool_id: str, shares_fen: list[int]) -> list[Write]:
    """A new pool, one shard for each share, in fen."""
    return [
        add_write(
            f"pool {pool_id}",
            keys.pool(pool_id, number),
            Shard(pool_id=pool_id, shard=number, shards=len(shares_fen), limit_fen=share, remaining_fen=share),
        )
        for number, share in enumerate(shares_fen)
    ]


def draw_writes(pool_id: str, plan: Plan, into: str) -> list[Write]:
    """Take from each shard what the plan says, if the shard holds as much, is open and is not frozen."""
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
    """Change the limit of each shard by an amount in fen; a cut is written only if the shard still holds as much."""
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


def commit_freeze(pool_id: str, shards: int) -> None:
    """Stop all draws on a pool; money that was drawn before may still be released, approved and paid. Raises
    `Contended`, and `Unmet` if there is no such pool."""
    _commit_each_shard(pool_id, shards, "SET #frozen = :true", conditions.EXISTS)


def commit_thaw(pool_id: str, shards: int) -> None:
    """Allow draws on a frozen pool again. Raises `Contended`, and `Unmet` if there is no such pool."""
    _commit_each_shard(pool_id, shards, "SET #frozen = :false", conditions.EXISTS)


def _commit_each_shard(pool_id: str, shards: int, change: str, condition: str) -> None:
    """Change one shard after the other: a write of all of them would conflict with every draw of a rush. What breaks
    off half-way is completed when it is repeated."""
    for shard in range(shards):
        write = update_write(f"{pool_id}#{shard}", keys.pool(pool_id, shard), change, condition)
        transact([write], attempts=ATTEMPTS_AT_A_SHARD)


def move_writes(pool_id: str, plan: Mapping[int, int], source: str, target: str) -> list[Write]:
    """Move drawn money, in fen, from one counter to another of the same shards: what was held is released, approved or
    paid."""
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


def credit_write(pool_id: str, shard: int, amount_fen: int) -> Write:
    """Money flows into a pool: the limit and what remains of one shard grow by the same amount, in fen."""
    return update_write(
        f"{pool_id}#{shard}",
        keys.pool(pool_id, shard),
        "SET #remaining_fen = #remaining_fen + :amount_fen, #limit_fen = #limit_fen + :amount_fen",
        conditions.EXISTS,
        amount_fen=amount_fen,
    )


def read_shards(pool_id: str, shards: int) -> list[Shard]:
    """All shards as they stood at one moment."""
    items = read_together(*(keys.pool(pool_id, number) for number in range(shards)))
    return [Shard.model_validate(item) for item in items if item]


def read_each_shard(pool_id: str, shards: int) -> list[Shard]:
    """All shards, each as last written: no draw is disturbed. Of a pool that only shrinks their sum is never below what
    is left when the last one is read."""
    items = read_each("vouchers", *(keys.pool(pool_id, number) for number in range(shards)))
    return [Shard.model_validate(item) for item in items]


def read_shard_count(pool_id: str) -> int:
    """Over how many shards a pool is split, as its first one says. Raises LookupError if there is no such pool."""
    first = read_shards(pool_id, 1)
    if not first:
        raise LookupError(pool_id)
    return first[0].shards


def read_total(pool_id: str, shards: int) -> Shard:
    """All shards of a pool added up, as they stood at one moment. Raises BUSY while many draw, and LookupError, a
    fault, for a pool that is lost."""
    if not (found := read_shards(pool_id, shards)):
        raise LookupError(f"the pool {pool_id} is lost")
    return total_of(found)


def read_approximate_total(pool_id: str, shards: int) -> Shard:
    """All shards of a pool added up, each as last written: good enough for a page that is read during a rush."""
    return total_of(read_each_shard(pool_id, shards))


def read_approximate_room(pool_ids: Iterable[str], shards: int) -> list[int]:
    """What each of some pools has left, in fen, by `read_approximate_total`."""
    return [read_approximate_total(each, shards).remaining_fen for each in pool_ids]


def commit_draws(draws: list[Draw], claimant: str, writes: Callable[[dict[str, Plan]], list[Write]]) -> dict[str, Plan]:
    """Commit `writes(plans)`, in which each draw has its plan (`draw_writes`); return the plans that were committed.

    Each draw first tries the shard that the claimant's hash names. Raises `Exhausted` for a pool that as a whole holds
    too little, `Unmet` if a condition outside the pools is false, and the refusals FROZEN and BUSY.
    """
    draw_of = {each.pool_id: each for each in draws}
    plans = {each.pool_id: {home_shard(claimant, each.shards): each.amount_fen} for each in draws}
    throttled = 0
    for attempt in range(MOST_PLANS):
        try:
            transact(writes(plans), attempts=2)
            return plans
        except Contended as contended:
            throttled += isinstance(contended, Throttled)
            if throttled == MOST_THROTTLED:
                break
            plans = {pool_id: _plan_on_next_shard(plan, draw_of[pool_id].shards) for pool_id, plan in plans.items()}
            note_retry()
            time.sleep(random.uniform(0, min(0.2, 0.005 * 2**attempt)))
        except Unmet as unmet:
            # a write of a pool is named by the pool and its shard, `pool_id#shard`; other writes have no `#`
            short = {name.rpartition("#")[0] for name in unmet.items if name.rpartition("#")[0] in draw_of}
            if len(short) < len({name.rpartition("#")[0] or name for name in unmet.items}):
                raise
            # in the order of the draws, because the first pool that is exhausted names the refusal
            for pool_id in (each for each in draw_of if each in short):
                plans[pool_id] = _read_new_plan(draw_of[pool_id])
    raise Refused(Refusal.BUSY)


def _plan_on_next_shard(plan: Plan, shards: int) -> Plan:
    """After a conflict a plan of one shard moves on to the next one; a gathered plan stays as it is."""
    return {(next(iter(plan)) + 1) % shards: sum(plan.values())} if len(plan) == 1 else plan


def _read_new_plan(draw: Draw) -> Plan:
    """A plan from what the shards hold now. Raises `Exhausted`, or FROZEN."""
    shards = (read_each_shard if draw.shrinks else read_shards)(draw.pool_id, draw.shards)
    if any(shard.frozen for shard in shards):
        raise Refused(Refusal.FROZEN)
    is_open = all(shard.open for shard in shards)
    plan = gather(shards, draw.amount_fen) if is_open else None
    if plan is None:
        raise Exhausted(draw.pool_id, sum(shard.remaining_fen for shard in shards), is_open)
    return plan


def commit_stop(pool_id: str, shards: int) -> list[Shard]:
    """End all draws on a pool for good, and read the shards: what they hold does not change any more. Raises
    `Contended`, and `Unmet` for a frozen pool, because a doubtful amount must be repaired before it is counted: before
    any shard is stopped, unless it is frozen this very moment."""
    frozen = {f"{pool_id}#{each.shard}": None for each in read_each_shard(pool_id, shards) if each.frozen}
    if frozen:
        raise Unmet(dict(frozen))
    _commit_each_shard(pool_id, shards, "SET #open = :false", conditions.SHARD_NOT_FROZEN)
    return read_shards(pool_id, shards)


def shut_writes(pool_id: str, shards: Iterable[Shard]) -> list[Write]:
    """Close a stopped pool: what remains is counted as closed, if each shard still holds what was read and is not
    frozen."""
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
