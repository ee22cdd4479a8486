"""A year's money (§1.3): the caps (§2.2.cap), the floor (§2.2.floor), and when the year is over (§1.4b)."""

from datetime import date, datetime

from voucher.models.programmes import Programme
from voucher.policy import Category, Policy, policy_on
from voucher.refusals import Refusal, Refused
from voucher.rules.working_days import end_of_day


def category_cap_fen(total_fen: int, policy: Policy, category: Category) -> int:
    """§2.2.cap: at most this share of the confirmed yearly total, rounded down to the fen."""
    return total_fen * policy.cap_percent[category] // 100


def non_key_room_fen(total_fen: int, policy: Policy) -> int:
    """§2.2.floor as a ceiling: what all categories outside the key three may use together, rounded down."""
    return total_fen * (100 - policy.key_floor_percent) // 100


def key_share_basis_points(key_fen: int, all_fen: int) -> int | None:
    """The real share of the three key categories in what was used, in hundredths of a percent; None before any was."""
    return 10_000 * key_fen // all_fen if all_fen else None


def yearly_limits_fen(total_fen: int, policy: Policy) -> dict[Category | None, int]:
    """§2.2.cap, §2.2.floor: each category's cap, and under None the room of all non-key categories together."""
    caps: dict[Category | None, int] = {
        category: category_cap_fen(total_fen, policy, category) for category in Category
    }
    return caps | {None: non_key_room_fen(total_fen, policy)}


def check_cut(programme: Programme, total_fen: int) -> None:
    """§1.3: a new total is never below what batches have taken. Caps are checked where their pools are."""
    if programme.total_fen - total_fen > programme.unreleased_fen:
        raise Refused(Refusal.TOTAL_BELOW_COMMITTED)


def year_is_over(policy: Policy, year: int, instant: datetime) -> bool:
    """§1.4b: at or after the end of the programme year's last day."""
    return instant >= end_of_day(policy.last_day(year))


def policy_for(programme: Programme | None, today: date) -> Policy:
    """§1.3: the year's programme's policy once finance confirmed it; the edition's while there is none, or a draft."""
    return programme.policy if programme and programme.is_confirmed else policy_on(today)
