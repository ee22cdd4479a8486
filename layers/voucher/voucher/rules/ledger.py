"""Accounts rebuilt from postings alone, and the invariants that must hold between them and what the records say."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from voucher.models.accounts import FAMILIES, Posting, family_of, owner_of, voucher_account
from voucher.models.base import Record
from voucher.models.entitlements import Entitlement
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.payouts import Payout
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.models.vouchers import Voucher
from voucher.policy import Policy
from voucher.rules.orders import max_voucher_fen
from voucher.rules.settlements import owed_fen

NONE_BELOW_ZERO = "no_account_below_zero"


@dataclass(frozen=True)
class Invariant:
    """One thing that must hold, and where it does not: each of `wrong` begins with the account, pool or record that it
    concerns; amounts may follow after a colon and a blank."""

    name: str
    wrong: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """True if nothing is wrong."""
        return not self.wrong

    @property
    def detail(self) -> str:
        """What is wrong, the first twenty."""
        return "; ".join(self.wrong[:20])

    @property
    def concerned(self) -> tuple[str, ...]:
        """The accounts, pools or records that something is wrong with."""
        return tuple(each.partition(": ")[0] for each in self.wrong)


def balances(postings: Iterable[Posting]) -> dict[str, int]:
    """Each account's balance in fen; what leaves the treasury stands there as a negative amount."""
    accounts: defaultdict[str, int] = defaultdict(int)
    for posting in postings:
        accounts[posting.from_account] -= posting.amount_fen
        accounts[posting.to_account] += posting.amount_fen
    return dict(accounts)


def by_family(accounts: Mapping[str, int]) -> dict[str, int]:
    """Balances added up by the word before the colon, in fen."""
    totals = dict.fromkeys(FAMILIES, 0)
    for account, amount_fen in accounts.items():
        totals[family_of(account)] += amount_fen
    return totals


def residual_fen(accounts: Mapping[str, int]) -> int:
    """The sum over all accounts, the treasury's outflow included: 0, or money was made or lost."""
    return sum(accounts.values())


def adds_up_to_nothing(accounts: Mapping[str, int]) -> Invariant:
    """No fen was made or lost: the sum over all accounts is 0."""
    residual = residual_fen(accounts)
    return Invariant("accounts_sum_to_zero", (f"residual: {residual}",) if residual else ())


def none_below_zero(accounts: Mapping[str, int]) -> Invariant:
    """No account but the treasury is ever negative."""
    below = sorted(name for name, fen in accounts.items() if fen < 0 and name != "treasury")
    return Invariant(NONE_BELOW_ZERO, tuple(below))


def records_agree(name: str, from_postings: Mapping[str, int], recorded: Mapping[str, int]) -> Invariant:
    """What the records say equals what the postings add up to, account by account."""
    wrong = [
        f"{account}: postings {from_postings.get(account, 0)}, record {recorded.get(account, 0)}"
        for account in sorted(from_postings.keys() | recorded.keys())
        if from_postings.get(account, 0) != recorded.get(account, 0)
    ]
    return Invariant(name, tuple(wrong))


def accounts_of_family(accounts: Mapping[str, int], family: str) -> dict[str, int]:
    """The accounts of one family that hold anything."""
    return {name: fen for name, fen in accounts.items() if family_of(name) == family and fen}


@dataclass(frozen=True)
class Use:
    """What an order uses of its category's cap, in fen, by how far its money has come."""

    held_fen: int = 0
    payable_fen: int = 0
    paid_fen: int = 0

    @property
    def all_fen(self) -> int:
        """However far it has come."""
        return self.held_fen + self.payable_fen + self.paid_fen


def used_by_order(postings: Iterable[Posting]) -> dict[str, Use]:
    """§2.2.cap: what each order uses: held less given back, then owed to its agency, then paid, or owed again.

    A payable is paid, and returned, as a whole, and so is each order's part of it.
    """
    held, owed, paid = (defaultdict[str, int](int) for _ in range(3))
    parts: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in postings:
        if each.entry in ("hold", "take_back"):
            held[owner_of(each.to_account)] += each.amount_fen
        if each.entry in ("release", "approve"):
            held[owner_of(each.from_account)] -= each.amount_fen
        if each.entry == "approve":
            parts[owner_of(each.from_account)][each.to_account] += each.amount_fen
        if each.entry == "take_back":
            parts[owner_of(each.to_account)][each.from_account] -= each.amount_fen
        if each.entry in ("pay", "return"):
            owed[each.from_account] -= each.amount_fen
            owed[each.to_account] += each.amount_fen
    for order_id, accounts in parts.items():
        paid[order_id] = sum(fen for account, fen in accounts.items() if owed[account] < 0)
    return {
        order_id: Use(held_fen, sum(parts[order_id].values()) - paid[order_id], paid[order_id])
        for order_id, held_fen in held.items()
    }


def confirmed_breaches(
    first: Iterable[Invariant], second: Iterable[Invariant], moving: Container[str] = frozenset()
) -> list[Invariant]:
    """The breaches two readings of the books agree on, without those of a pool that was `moving` in the second: money
    on its way looks different each time, or, where much of the same amount is, moves its pool."""
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
    """An account of a batch or of the surplus is its pool, and pools name themselves."""
    return wrong.partition(": ")[0].replace(":", ".")


def pools_to_freeze(breaches: Iterable[Invariant]) -> list[str]:
    """The pools a confirmed breach touches; of a batch that gave more than it had also the year's surplus, which may
    have got the last of it."""
    named = {_pool_named(name) for each in breaches for name in each.concerned}
    below = [name for each in breaches if each.name == NONE_BELOW_ZERO for name in each.wrong]
    named |= {f"surplus.{owner_of(name).partition('.')[0]}" for name in below if name.startswith("batch:")}
    return sorted(name for name in named if name.partition(".")[0] in ("batch", "category", "nonkey", "surplus"))


def pools_add_up(pools: Iterable[Record]) -> Invariant:
    """In every pool, what remains and all that was drawn make its limit, and nothing is below zero (§2.2.cap)."""
    wrong = []
    for pool in pools:
        counters = {name: fen for name, fen in pool.model_dump().items() if name.endswith("_fen")}
        limit_fen = counters.pop("limit_fen")
        if sum(counters.values()) != limit_fen or min(counters.values()) < 0:
            wrong.append(str(pool.model_dump()["pool_id"]))
    return Invariant("pools_add_up", tuple(wrong))


def caps_follow_total(limits_fen: Mapping[str, int], pools: Iterable[Record]) -> Invariant:
    """§2.2.cap, §2.2.floor: each yearly pool's limit is its share of the confirmed total; what is drawn fits in it."""
    said = {str(pool.model_dump()["pool_id"]): int(pool.model_dump()["limit_fen"]) for pool in pools}
    wrong = sorted(name for name in limits_fen.keys() | said.keys() if limits_fen.get(name) != said.get(name))
    return Invariant("caps_follow_total", tuple(wrong))


def quotas_agree(vouchers: Iterable[Voucher], entitlements: Iterable[Entitlement]) -> Invariant:
    """§2.3.1: what an enterprise was granted in a year is what its entitlement counts, and what it may still claim is
    the rest of its quota."""
    granted: defaultdict[tuple[int, str], int] = defaultdict(int)
    for voucher in vouchers:
        granted[voucher.year, voucher.enterprise_uscc] += voucher.face_fen
    counted = {(each.year, each.uscc): each for each in entitlements}
    wrong = []
    for place, granted_fen in granted.items():
        each = counted.get(place)
        if each is None or (each.granted_fen, each.left_fen) != (granted_fen, max(0, each.quota_fen - granted_fen)):
            wrong.append(f"{place[0]}.{place[1]}")
    return Invariant("quotas_agree", tuple(sorted(wrong)))


def ratios_hold(orders: Iterable[Order], policy: Policy) -> Invariant:
    """§2.3.2: no order's voucher part is more than its share of the contract."""
    wrong = [each.order_id for each in orders if each.voucher_fen > max_voucher_fen(each.contract_fen, policy)]
    return Invariant("ratios_hold", tuple(sorted(wrong)))


def nothing_after_its_end(vouchers: Iterable[Voucher], postings: Iterable[Posting]) -> Invariant:
    """§4.2.2: nothing was granted or spent at or after a voucher's end, whether or not a sweep had been there."""
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

    Not yet invoiced or paid is no breach; two payouts that both count, or one of another amount, are.
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
    # lines stand before their payable while a notice is being closed, so they alone are no breach
    wrong += sorted(live)
    return Invariant("lines_invoice_and_payout_agree", tuple(wrong))


def different_hands(lines: Iterable[Line], rounds: Iterable[Round], payouts: Iterable[Payout]) -> Invariant:
    """§3.5.2, §3.5.4: who handed in, pre-reviewed, approved, made the payout and recorded it are different people."""
    wrong = [
        f"{line.settlement_id}.{line.order_id}"
        for line in lines
        if line.submitted_by is not None and line.submitted_by == line.pre_reviewed_by
    ]
    hands = {each.round_id: each for each in rounds}
    wrong += [name for name, each in hands.items() if each.approved_by in each.submitters | each.pre_reviewers]
    for payout in payouts:
        round_ = hands[payout.round_id]
        earlier = round_.submitters | round_.pre_reviewers | {round_.approved_by}
        recorded = earlier | {round_.created_by, payout.created_by}
        if payout.created_by in earlier or (payout.paid_by and payout.paid_by in recorded):
            wrong.append(payout.payout_id)
    return Invariant("different_hands", tuple(wrong))
