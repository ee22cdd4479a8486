"""Pools: bounded amounts that many draw from, split over shards. Their names, and their arithmetic."""

from collections.abc import Iterable, Mapping
from zlib import crc32

from voucher.models.base import Record

# shard → fen
Plan = dict[int, int]
# what one claimant drew: pool → shard, as a text, → fen
Drawn = dict[str, dict[str, int]]
# surplus is credited by every lapse, so it is spread, too
SURPLUS_SHARDS = 4
# a pool is made, and closed, in one transaction: each shard is one of its items (store/engine/table.MOST_ITEMS), and
# the records that change with them are the rest
MOST_SHARDS = 64


class Shard(Record):
    """One shard of a pool. remaining + drawn + held + payable + paid + closed = limit, at every moment, in fen."""

    pool_id: str
    shard: int
    shards: int
    limit_fen: int
    remaining_fen: int
    drawn_fen: int = 0
    held_fen: int = 0
    payable_fen: int = 0
    paid_fen: int = 0
    closed_fen: int = 0
    open: bool = True
    frozen: bool = False

    @property
    def parts_fen(self) -> tuple[int, ...]:
        """What adds up to the limit, in fen."""
        return (self.remaining_fen, self.drawn_fen, self.held_fen, self.payable_fen, self.paid_fen, self.closed_fen)

    @property
    def used_fen(self) -> int:
        """§2.2.cap: what orders use of a cap, however far their money has come: held, payable and paid."""
        return self.held_fen + self.payable_fen + self.paid_fen


def batch_pool(batch_id: str) -> str:
    """The pool of a batch's money (§1.4a)."""
    return f"batch.{batch_id}"


def category_pool(year: int, category: str) -> str:
    """The pool of a category's yearly cap (§2.2.cap)."""
    return f"category.{year}.{category}"


def non_key_pool(year: int) -> str:
    """The pool of what all categories outside the key three may use together (§2.2.floor)."""
    return f"nonkey.{year}"


def yearly_pool(year: int, category: str | None) -> str:
    """The pool of a category's cap, or under None the one that all non-key categories share."""
    return non_key_pool(year) if category is None else category_pool(year, category)


def surplus_pool(year: int) -> str:
    """The pool of what came back and may be released again (§2.3.3)."""
    return f"surplus.{year}"


def surplus_shard(claimant: str) -> int:
    """The shard of the surplus to which money of a claimant (a voucher's enterprise, a batch, a year) flows."""
    return home_shard(claimant, SURPLUS_SHARDS)


def total_of(found: list[Shard]) -> Shard:
    """All shards of a pool added up, counter by counter, as if they were one."""
    counters = [name for name in Shard.model_fields if name.endswith("_fen")]
    sums = {name: sum(getattr(shard, name) for shard in found) for name in counters}
    return found[0].model_copy(update={**sums, "shard": 0})


def gather(shards: Iterable[Shard], amount_fen: int) -> Plan | None:
    """A plan that takes an amount in fen from as few shards as possible, the fullest first; None if all shards together
    hold too little."""
    plan: Plan = {}
    for shard in sorted(shards, key=lambda each: (-each.remaining_fen, each.shard)):
        take = min(shard.remaining_fen, amount_fen - sum(plan.values()))
        if take > 0:
            plan[shard.shard] = take
    return plan if sum(plan.values()) == amount_fen else None


def return_plan(drawn: Mapping[str, int], amount_fen: int) -> Plan:
    """Which shards take `amount_fen` back of what was drawn from them: each at most what it gave, in their order."""
    plan: Plan = {}
    for shard, fen in drawn.items():
        part_fen = min(fen, amount_fen - sum(plan.values()))
        if part_fen > 0:
            plan[int(shard)] = part_fen
    return plan


def remaining_drawn(drawn: Drawn, amount_fen: int) -> Drawn:
    """What stays drawn of each pool once `amount_fen` went back to it by its `return_plan`."""
    remaining: Drawn = {}
    for pool_id, shards in drawn.items():
        plan = return_plan(shards, amount_fen)
        after = {shard: fen - plan.get(int(shard), 0) for shard, fen in shards.items()}
        remaining[pool_id] = {shard: fen for shard, fen in after.items() if fen}
    return remaining


def home_shard(claimant: str, shards: int) -> int:
    """The shard a claimant tries first."""
    return crc32(claimant.encode()) % shards


def even_shares(amount_fen: int, shards: int, unit_fen: int) -> list[int]:
    """Split an amount in fen over shards, in whole units (a default quota) that differ by one at most; what is less
    than a unit goes to the last shard."""
    unit_fen = max(1, unit_fen)
    units, rest = divmod(amount_fen, unit_fen)
    shares = [(units // shards + (number < units % shards)) * unit_fen for number in range(shards)]
    shares[shards - 1] += rest
    return shares
