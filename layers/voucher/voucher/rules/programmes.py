"""A year's money (§1.3): the caps (§2.2.cap), the floor (§2.2.floor), its figures, and when the year is over
(§1.4b)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from voucher.models.base import Instant
from voucher.models.pools import SURPLUS_SHARDS, Shard, even_shares, gather, surplus_pool, yearly_pool
from voucher.models.programmes import Closing, Programme
from voucher.policy import CAP_WARNING_PERCENTS, Category, Policy, policy_on
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.working_days import end_of_day


def category_cap_fen(total_fen: int, policy: Policy, category: Category) -> int:
    """§2.2.cap: at most this share of the confirmed yearly total, rounded down to the fen."""
    return total_fen * policy.cap_percent[category] // 100


def non_key_room_fen(total_fen: int, policy: Policy) -> int:
    """§2.2.floor as a ceiling: what all categories outside the key three may use together, in fen, rounded down."""
    return total_fen * (100 - policy.key_floor_percent) // 100


def key_share_basis_points(key_fen: int, all_fen: int) -> int | None:
    """§2.2.floor: the real share of the three key categories in what was used, in hundredths of a percent; None if
    nothing was used."""
    return 10_000 * key_fen // all_fen if all_fen else None


def yearly_limits_fen(total_fen: int, policy: Policy) -> dict[Category | None, int]:
    """§2.2.cap, §2.2.floor: the cap of each category and, under None, the room of all non-key categories together, in
    fen."""
    caps: dict[Category | None, int] = {
        category: category_cap_fen(total_fen, policy, category) for category in Category
    }
    return caps | {None: non_key_room_fen(total_fen, policy)}


def yearly_shares_fen(programme: Programme) -> dict[str, list[int]]:
    """§2.2.cap, §2.2.floor: the pools that a confirmed year begins with, and what each of their shards holds, in
    fen."""
    policy, year = programme.policy, programme.year
    shares = {
        yearly_pool(year, category): even_shares(limit_fen, policy.yearly_shards, policy.quota_default_fen)
        for category, limit_fen in yearly_limits_fen(programme.total_fen, policy).items()
    }
    return shares | {surplus_pool(year): [0] * SURPLUS_SHARDS}


def check_cut(programme: Programme, total_fen: int) -> None:
    """§1.3: a new total, in fen, is never below what batches have taken. Raises TOTAL_BELOW_COMMITTED; whether a cap
    can be cut is decided by `limit_cut`."""
    if programme.total_fen - total_fen > programme.unreleased_fen:
        raise Refused(Refusal.TOTAL_BELOW_COMMITTED)


def limit_changes_fen(programme: Programme, total_fen: int) -> dict[Category | None, int]:
    """§2.2.cap, §2.2.floor: by how much each yearly limit changes with a new total, in fen; equal limits are left
    out."""
    before = yearly_limits_fen(programme.total_fen, programme.policy)
    after = yearly_limits_fen(total_fen, programme.policy)
    return {category: after[category] - before[category] for category in after if after[category] != before[category]}


def limit_raise(change_fen: int, shards: int) -> dict[int, int]:
    """A limit that grows: shard → by how much, in fen."""
    return dict(enumerate(even_shares(change_fen, shards, 1)))


def limit_cut(category: Category | None, change_fen: int, shards: Iterable[Shard]) -> dict[int, int]:
    """A limit that shrinks by `-change_fen`: shard → its change, in fen. Raises TOTAL_BELOW_COMMITTED if the shards
    hold less than that, because the rest is used."""
    plan = gather(shards, -change_fen)
    if plan is None:
        raise Refused(Refusal.TOTAL_BELOW_COMMITTED, clause="§2.2.cap" if category else "§2.2.floor")
    return {shard: -amount_fen for shard, amount_fen in plan.items()}


def figures_of(
    policy: Policy, categories: Mapping[Category, Shard], released: Iterable[Shard], surplus: Shard
) -> dict[str, Any]:
    """A year's money for everybody, in fen, from the totals of its pools: each category's cap, each released batch, the
    surplus."""
    batches = list(released)
    used = {category: total.used_fen for category, total in categories.items()}
    share = _key_share_of(used, policy)
    return {
        "released_fen": sum(each.limit_fen for each in batches),
        "granted_fen": sum(each.drawn_fen for each in batches),
        "held_fen": sum(each.held_fen for each in categories.values()),
        "spent_fen": sum(each.payable_fen + each.paid_fen for each in categories.values()),
        # what flowed into the surplus and did not come from a batch that was closed
        "lapsed_fen": surplus.limit_fen - sum(each.closed_fen for each in batches),
        "surplus_fen": surplus.remaining_fen,
        "categories": {category.value: _figures_of_category(total) for category, total in categories.items()},
        "key_share_percent": None if share is None else share / 100,
        "key_floor_percent": policy.key_floor_percent,
    }


def _figures_of_category(total: Shard) -> dict[str, int]:
    return {
        "cap_fen": total.limit_fen,
        "used_fen": total.used_fen,
        "room_fen": total.remaining_fen,
        "held_fen": total.held_fen,
        "payable_fen": total.payable_fen,
        "paid_fen": total.paid_fen,
    }


def closing_of(programme: Programme, used_fen: dict[Category, int], closed_at: Instant) -> Closing:
    """§2.2.floor: what the end of a year freezes: what was used of each category, in fen, and the real key share."""
    return Closing(
        closed_at=closed_at,
        key_share_basis_points=_key_share_of(used_fen, programme.policy),
        used_fen=used_fen,
        expired_fen=programme.unreleased_fen,
    )


def low_key_share(used_fen: Mapping[Category, int], policy: Policy) -> int | None:
    """§2.2.floor: the running key share in hundredths of a percent, if it is below the floor; None if it is not, or if
    nothing is used yet."""
    share = _key_share_of(used_fen, policy)
    return share if share is not None and share < 100 * policy.key_floor_percent else None


def caps_nearly_used(categories: Mapping[Category, Shard]) -> list[tuple[Category, int]]:
    """§2.2.cap: the categories of which staff is warned, each with the highest share of its cap, in percent, that is
    used up; `categories` are the totals of their pools."""
    return [
        (category, max(passed))
        for category, total in categories.items()
        if (passed := [each for each in CAP_WARNING_PERCENTS if 100 * total.used_fen >= each * total.limit_fen > 0])
    ]


def _key_share_of(used_fen: Mapping[Category, int], policy: Policy) -> int | None:
    key_fen = sum(used_fen[category] for category in policy.key_categories)
    return key_share_basis_points(key_fen, sum(used_fen.values()))


def check_settlement_day(policy: Policy, year: int) -> None:
    """§4.2.1: what is ordered until a year's last day can still be handed in for settlement. Raises MALFORMED for a
    last day for settlement that comes earlier: the schedule would end orders that it must not."""
    if policy.settlement_day(year) < policy.last_day(year):
        error = FieldError(
            "policy.settlement_ends_on", "不得早于该年度的最后一日。", "out_of_range", min=str(policy.last_day(year))
        )
        raise Refused(Refusal.MALFORMED, errors=[error])


def year_is_over(policy: Policy, year: int, instant: datetime) -> bool:
    """§1.4b: at or after the end of the programme year's last day."""
    return instant >= end_of_day(policy.last_day(year))


def policy_for(programme: Programme | None, today: date) -> Policy:
    """§1.3: the policy of the year's programme if finance confirmed it, or else that of the edition in force today."""
    return programme.policy if programme and programme.is_confirmed else policy_on(today)
