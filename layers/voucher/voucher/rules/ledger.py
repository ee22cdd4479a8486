"""The accounts, rebuilt from the postings alone, and what must hold between them and the records."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from voucher.hands import excluded
from voucher.models.accounts import FAMILIES, Posting, family_of, owner_of, voucher_account
from voucher.models.entitlements import Entitlement
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.payouts import Payout
from voucher.models.pools import Shard
from voucher.models.programmes import Programme
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.models.vouchers import Voucher
from voucher.policy import Policy
from voucher.rules.entitlements import Loss
from voucher.rules.orders import max_voucher_fen
from voucher.rules.settlements import owed_fen

NO_ACCOUNT_BELOW_ZERO = "no_account_below_zero"
DIFFERENT_HANDS = "different_hands"


@dataclass(frozen=True)
class Invariant:
    """One thing that must hold. `wrong` says where it does not: each text begins with the account, pool or record
    concerned; amounts may follow after a colon and a blank."""

    name: str
    wrong: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """True if nothing is wrong."""
        return not self.wrong

    @property
    def detail(self) -> str:
        """The first twenty texts of what is wrong, and how many there are beside them."""
        more = [f"and {len(self.wrong) - 20} more"] if len(self.wrong) > 20 else []
        return "; ".join([*self.wrong[:20], *more])

    @property
    def concerned(self) -> tuple[str, ...]:
        """The accounts, pools or records concerned."""
        return tuple(each.partition(": ")[0] for each in self.wrong)


def balances(postings: Iterable[Posting]) -> dict[str, int]:
    """Each account's balance, in fen; what left the treasury is its negative balance."""
    accounts: defaultdict[str, int] = defaultdict(int)
    for posting in postings:
        accounts[posting.from_account] -= posting.amount_fen
        accounts[posting.to_account] += posting.amount_fen
    return dict(accounts)


def by_family(accounts: Mapping[str, int]) -> dict[str, int]:
    """The balances of each family of accounts added up, in fen."""
    totals = dict.fromkeys(FAMILIES, 0)
    for account, amount_fen in accounts.items():
        totals[family_of(account)] += amount_fen
    return totals


def residual_fen(accounts: Mapping[str, int]) -> int:
    """The sum of all accounts, the treasury's negative balance included, in fen: 0 unless money was made or lost."""
    return sum(accounts.values())


def accounts_sum_to_zero(accounts: Mapping[str, int]) -> Invariant:
    """No fen was made or lost."""
    residual = residual_fen(accounts)
    return Invariant("accounts_sum_to_zero", (f"residual: {residual}",) if residual else ())


def no_account_below_zero(accounts: Mapping[str, int]) -> Invariant:
    """Only the treasury's account is negative."""
    below = sorted(name for name, fen in accounts.items() if fen < 0 and name != "treasury")
    return Invariant(NO_ACCOUNT_BELOW_ZERO, tuple(below))


def records_agree(name: str, from_postings: Mapping[str, int], recorded: Mapping[str, int]) -> Invariant:
    """Account by account, the record says what the postings add up to, in fen."""
    wrong = [
        f"{account}: postings {from_postings.get(account, 0)}, record {recorded.get(account, 0)}"
        for account in sorted(from_postings.keys() | recorded.keys())
        if from_postings.get(account, 0) != recorded.get(account, 0)
    ]
    return Invariant(name, tuple(wrong))


def accounts_of_family(accounts: Mapping[str, int], family: str) -> dict[str, int]:
    """The accounts of one family whose balance is not 0, in fen."""
    return {name: fen for name, fen in accounts.items() if family_of(name) == family and fen}


def confirmed_breaches(
    first: Iterable[Invariant], second: Iterable[Invariant], moving: Container[str] = frozenset()
) -> list[Invariant]:
    """The breaches that both readings of the books show, without those of a pool that was `moving` during the second.
    Money in flight differs between two readings, or moves its pool; a real breach does neither."""
    before = {(each.name, wrong) for each in first for wrong in each.wrong}
    believed = [
        Invariant(
            each.name,
            tuple(wrong for wrong in each.wrong if (each.name, wrong) in before and _pool_named(wrong) not in moving),
        )
        for each in second
    ]
    return [each for each in believed if not each.holds]


def _pool_named(wrong: str) -> str:
    """The pool that a text of `Invariant.wrong` is about: it names the pool, or the account of a batch or of the
    surplus, which is named as its pool but for the colon."""
    return wrong.partition(": ")[0].replace(":", ".")


def pools_to_freeze(breaches: Iterable[Invariant]) -> list[str]:
    """The pools that confirmed breaches concern. If a batch gave out more than it had, also the year's surplus: at the
    batch's closing the surplus may have got the missing money."""
    confirmed = list(breaches)
    named = {_pool_named(name) for each in confirmed for name in each.concerned}
    below_zero = [name for each in confirmed if each.name == NO_ACCOUNT_BELOW_ZERO for name in each.wrong]
    # a batch's id begins with its year
    named |= {f"surplus.{owner_of(name).partition('.')[0]}" for name in below_zero if family_of(name) == "batch"}
    return sorted(name for name in named if name.partition(".")[0] in ("batch", "category", "nonkey", "surplus"))


def pools_add_up(pools: Iterable[Shard]) -> Invariant:
    """§2.2.cap: in each pool, what remains and all that was drawn add up to its limit, and no counter is below zero."""
    return Invariant("pools_add_up", tuple(pool.pool_id for pool in pools if not _adds_up(pool)))


def _adds_up(pool: Shard) -> bool:
    return sum(pool.parts_fen) == pool.limit_fen and min(pool.parts_fen) >= 0


def caps_follow_total(limits_fen: Mapping[str, int], pools: Iterable[Shard]) -> Invariant:
    """§2.2.cap, §2.2.floor: the limit of each yearly pool, in fen, is its share of the confirmed total."""
    recorded = {pool.pool_id: pool.limit_fen for pool in pools}
    wrong = sorted(name for name in limits_fen.keys() | recorded.keys() if limits_fen.get(name) != recorded.get(name))
    return Invariant("caps_follow_total", tuple(wrong))


def quotas_agree(
    vouchers: Iterable[Voucher],
    entitlements: Iterable[Entitlement],
    extras_fen: Mapping[str, int],
    postings: Iterable[Posting],
) -> Invariant:
    """§2.3.1, §2.3.3: an entitlement counts what its enterprise was granted in the year; what it may still claim is its
    quota less what was granted of it; what it was granted beyond the quota is what its batches give so (`extras_fen` by
    batch). §4.1.3: at most what lapsed of its void vouchers was given back, as the postings say."""
    lapsed: defaultdict[str, int] = defaultdict(int)
    for posting in postings:
        lapsed[posting.from_account] += posting.amount_fen if posting.entry == "lapse" else 0
    restorable: defaultdict[tuple[int, str], int] = defaultdict(int)
    granted: defaultdict[tuple[int, str], int] = defaultdict(int)
    extra: defaultdict[tuple[int, str], int] = defaultdict(int)
    for voucher in vouchers:
        place = voucher.year, voucher.enterprise_uscc
        granted[place] += voucher.face_fen
        batch_extra_fen = extras_fen.get(voucher.batch_id, 0)
        extra[place] += min(voucher.face_fen, batch_extra_fen)
        loss = Loss(voucher, lapsed[voucher_account(voucher.voucher_id)], batch_extra_fen)
        restorable[place] += loss.restorable_fen
    counted = {(each.year, each.uscc): each for each in entitlements}
    wrong = []
    for place, granted_fen in granted.items():
        each = counted.get(place)
        if each is None or not _quota_agrees(each, granted_fen, extra[place], restorable[place]):
            wrong.append(f"{place[0]}.{place[1]}")
    return Invariant("quotas_agree", tuple(sorted(wrong)))


def _quota_agrees(entitlement: Entitlement, granted_fen: int, extra_fen: int, restorable_fen: int) -> bool:
    left_fen = max(0, entitlement.quota_fen - granted_fen + extra_fen + entitlement.restored_fen)
    right = granted_fen, extra_fen, left_fen
    counted = entitlement.granted_fen, entitlement.extra_fen, entitlement.left_fen
    return counted == right and 0 <= entitlement.restored_fen <= restorable_fen


def ratios_hold(orders: Iterable[Order], policy: Policy) -> Invariant:
    """§2.3.2: an order's voucher part is at most its share of the contract."""
    wrong = [each.order_id for each in orders if each.voucher_fen > max_voucher_fen(each.contract_fen, policy)]
    return Invariant("ratios_hold", tuple(sorted(wrong)))


def nothing_after_its_end(vouchers: Iterable[Voucher], postings: Iterable[Posting]) -> Invariant:
    """§4.2.2: a voucher was granted, and spent, only before its end, even if no sweep had been there."""
    ends_at = {voucher_account(each.voucher_id): each.ends_at for each in vouchers}
    wrong = {
        account
        for each in postings
        for account in (each.to_account if each.entry == "grant" else each.from_account,)
        if each.entry in ("grant", "hold") and account in ends_at and each.at >= ends_at[account]
    }
    return Invariant("nothing_after_its_end", tuple(sorted(wrong)))


def settled_agrees(lines: Iterable[Line], payables: Iterable[Payable], payouts: Iterable[Payout]) -> Invariant:
    """§3.5.4: the approved lines of an agency in a round = what it is owed = its summary invoice = what it was paid.

    A payable that is not invoiced or paid yet is in order. Two payouts that both count, or one of another amount, are a
    breach.
    """
    approved: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        if line.state == "payable":
            approved[f"{line.round_id}.{line.agency_uscc}"] += owed_fen(line)
    live: defaultdict[str, list[int]] = defaultdict(list)
    for payout in payouts:
        if payout.state in ("made", "paid"):
            live[f"{payout.round_id}.{payout.agency_uscc}"].append(payout.amount_fen)
    wrong = []
    for payable in payables:
        name, fen = f"{payable.round_id}.{payable.agency_uscc}", payable.amount_fen
        expected = [fen] if payable.state in ("paying", "paid") else []
        lines_fen, paid_fen = approved.pop(name, 0), live.pop(name, [])
        if lines_fen != fen or payable.invoice_fen not in (None, fen) or paid_fen != expected:
            wrong.append(name)
    # lines without a payable are in order, because a closing notice makes them payable first; payouts are not
    wrong += sorted(live)
    return Invariant("lines_invoice_and_payout_agree", tuple(wrong))


def open_orders_agree(orders: Iterable[Order], counted: Container[str]) -> Invariant:
    """No clause: exactly the orders that wait for their agency's answer are counted for their parties."""
    wrong = [each.order_id for each in orders if (each.state == "placed") != (each.order_id in counted)]
    return Invariant("open_orders_agree", tuple(sorted(wrong)))


def different_hands(
    programme: Programme,
    orders: Iterable[Order],
    lines: Iterable[Line],
    rounds: Iterable[Round],
    payables: Iterable[Payable],
    payouts: Iterable[Payout],
) -> Invariant:
    """§1.3, §3.5.2, §3.5.4, §5.2b: no step of the money on record was taken by somebody who may not (`hands.py`): a
    year's confirmation, pre-review, round, approval, payout, payment, claim, its withdrawal and receipts."""
    taken: list[tuple[str, str | None, str, tuple[Any, ...]]] = [
        (str(programme.year), programme.confirmed_by, "confirm_programme", (programme,))
    ]
    for order in orders:
        for claim in order.recoveries:
            taken += [
                (claim.recovery_id, claim.by, "claim_back", (order,)),
                (claim.recovery_id, claim.withdrawn_by, "withdraw_claim", (order, claim)),
                *((each.receipt_id, each.by, "receive_claim", (order, claim)) for each in claim.receipts),
            ]
    for line in lines:
        name = f"{line.settlement_id}.{line.order_id}"
        taken.append((name, line.pre_reviewed_by, "pre_review_lines", (line,)))
    round_of = {each.round_id: each for each in rounds}
    for round_ in round_of.values():
        taken += [
            (round_.round_id, round_.created_by, "gather_round", (round_,)),
            (round_.round_id, round_.approved_by, "approve_round", (round_,)),
        ]
    payable_of = {(each.round_id, each.agency_uscc): each for each in payables}
    for payout in payouts:
        known: tuple[Any, ...] = (round_of[payout.round_id], payout)
        if payout.state in ("made", "paid"):  # after another end the money may have been asked for anew
            known = (*known, payable_of[payout.round_id, payout.agency_uscc])
        taken += [
            (payout.payout_id, payout.created_by, "make_payouts", known),
            (payout.payout_id, payout.paid_by, "record_payment", known),
        ]
    # whoever took one of these steps may ask for a cancellation afterwards
    wrong = [name for name, by, step, known in taken if by in excluded(step, *known, but=("ask_cancel",))]
    return Invariant(DIFFERENT_HANDS, tuple(dict.fromkeys(wrong)))
