"""What an enterprise may claim in a year (§2.3.1), kept in step with every fact behind it (§4.1.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from voucher.models.enterprises import Enterprise
from voucher.models.entitlements import Entitlement
from voucher.models.programmes import Programme
from voucher.models.standing import Standing
from voucher.models.vouchers import Voucher
from voucher.policy import EDITIONS, Policy
from voucher.refusals import Refusal
from voucher.rules.eligibility import findings, size_class
from voucher.rules.standing import is_on


@dataclass(frozen=True)
class Quota:
    """Yearly quota in fen and the reason for it (§2.3.1)."""

    quota_fen: int
    reason: str


def quota_of(standing: Standing, policy: Policy, year: int) -> Quota:
    """§2.3.1: the default, or what the lists give that count in `year`; on two the larger, or the sum if so set."""
    lists = {
        "newly_above_scale": (policy.quota_newly_above_scale_fen, "上年度新升规企业"),
        "little_giant_nursery": (policy.quota_little_giant_nursery_fen, "专精特新“小巨人”种苗企业"),
    }
    on = [value for kind, value in lists.items() if is_on(standing, kind, year)]
    if not on:
        return Quota(policy.quota_default_fen, "默认额度")
    amounts = [amount_fen for amount_fen, _ in on]
    combined = sum(amounts) if policy.quota_combination == "sum" else max(amounts)
    return Quota(combined, "、".join(words for _, words in on))


def groups_of(enterprise: Enterprise, standing: Standing, year: int) -> frozenset[str]:
    """§2.3.1, §5.1: the groups of an enterprise: its lists, district and size, to which a batch of `year` may be open,
    and its industry, by which grants are counted."""
    lists = [f"list.{kind}" for kind in ("newly_above_scale", "little_giant_nursery") if is_on(standing, kind, year)]
    own = f"district.{enterprise.district}", f"size.{size_class(enterprise)}", f"industry.{enterprise.industry_code}"
    return frozenset([*lists, *own])


def _groups_granted(before: Entitlement, groups: frozenset[str]) -> dict[str, frozenset[str]]:
    """§5.1: the groups of each grant so far, kept when they change: so no grant has to write them."""
    if groups == before.groups:
        return before.groups_granted
    return dict.fromkeys(before.batches, before.groups or frozenset()) | before.groups_granted


def next_entitlement(
    enterprise: Enterprise, standing: Standing, policy: Policy, year: int, today: date, held: Entitlement | None
) -> Entitlement:
    """§2.1, §2.3.1, §4.1.2: the entitlement of `year` after a fact behind it changed; amounts in fen.

    `held` is the entitlement so far. What was granted stays granted; only what is left follows the quota.
    """
    failed = [each.refusal.name for each in findings(enterprise, standing, policy, today) if not each.passed]
    if enterprise.state == "disqualified":
        failed.insert(0, Refusal.DISQUALIFIED.name)
    elif enterprise.state != "approved":
        failed.insert(0, Refusal.NOT_APPROVED.name)
    quota_fen = quota_of(standing, policy, year).quota_fen
    groups = groups_of(enterprise, standing, year)
    before = held or Entitlement(
        year=year, uscc=enterprise.uscc, version=0, qualified=False, members=frozenset(), quota_fen=0, left_fen=0
    )
    return before.model_copy(
        update={
            "version": before.version + 1,
            "qualified": not failed,
            "refusals": tuple(failed),
            # whoever registers a code anew gets nothing of its books before somebody has approved them
            "members": enterprise.members if enterprise.approved_at else frozenset(),
            "quota_fen": quota_fen,
            "left_fen": max(0, quota_fen - (before.granted_fen - before.extra_fen - before.restored_fen)),
            "groups": groups,
            "groups_granted": _groups_granted(before, groups),
        }
    )


def next_entitlements(
    enterprise: Enterprise | None,
    standing: Standing,
    held: Mapping[int, Entitlement | None],
    programmes: Mapping[int, Programme | None],
    today: date,
    wanted: int | None = None,
) -> dict[int, Entitlement | None]:
    """§4.1.3: the entitlement of each year after a fact changed.

    A year without an entitlement gets one only if it is `wanted`. It needs a programme that finance confirmed, because
    the programme has the policy (§1.3); if that comes later, the first grab makes the entitlement.
    """
    following = dict(held)
    for year, before in held.items():
        programme = programmes.get(year)
        if enterprise and programme and programme.is_confirmed and (before or year == wanted):
            following[year] = next_entitlement(enterprise, standing, programme.policy, year, today, before)
    return following


@dataclass(frozen=True)
class Loss:
    """What lapsed of a voucher, in fen, and what its batch gave beyond the quota (§2.3.3)."""

    voucher: Voucher
    lapsed_fen: int
    batch_extra_fen: int

    @property
    def restorable_fen(self) -> int:
        """§4.1.3: what may be given back of the quota that a void voucher used: of its part without the extra, what
        stayed unspent."""
        quota_part_fen = max(0, self.voucher.face_fen - self.batch_extra_fen)
        return min(self.lapsed_fen, quota_part_fen) if self.voucher.state == "void" else 0


def quota_given_back(held: Entitlement, losses: Iterable[Loss]) -> Entitlement:
    """§4.1.3: the entitlement whose enterprise is qualified again: what the disqualification took may be claimed anew,
    and counts as no lapse of its own. `losses` are all vouchers of the year. The next entitlement follows from it."""
    known = list(losses)
    return held.model_copy(
        update={
            "restored_fen": sum(each.restorable_fen for each in known),
            "lapsed": any(each.lapsed_fen for each in known if each.voucher.state != "void"),
        }
    )


def years_with_vouchers(today: date) -> range:
    """Every programme year that can have vouchers, from that of the first edition (§6) to the next one."""
    return range(EDITIONS[0].grants_from.year, today.year + 2)


def years_in_step(today: date) -> tuple[int, ...]:
    """The programme years whose entitlements follow every change. Last year's programme may still run, by its own
    dates."""
    return (today.year - 1, today.year, today.year + 1)
