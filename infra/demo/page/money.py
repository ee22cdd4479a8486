"""The year's money as arrows between places, read from the vouchers' postings and the public figures, and checked."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from infra.client.http import OPERATOR
from infra.client.steps import Json, UnexpectedAnswer, expect
from infra.demo.demo_year import DemoYear


@dataclass(frozen=True)
class Place:
    """Where money stands: in which column it is drawn, what it is called, in which colour."""

    column: int
    chinese: str
    english: str
    colour: int
    account: str = ""
    """The account of the reconciliation that it is a part of, if money stays there."""


@dataclass(frozen=True)
class Flow:
    """So many fen went from one place to another; the places are keys."""

    source: str
    target: str
    fen: int


@dataclass(frozen=True)
class Money:
    """All places and arrows of a year."""

    places: dict[str, Place]
    flows: tuple[Flow, ...]

    def into(self, place: str) -> int:
        """What arrives, in fen."""
        return sum(each.fen for each in self.flows if each.target == place)

    def out_of(self, place: str) -> int:
        """What goes on, in fen."""
        return sum(each.fen for each in self.flows if each.source == place)


def money_of(year: DemoYear) -> Money:
    """The year's money. Raises UnexpectedAnswer if an arrow does not add up."""
    client, number = year.client, year.plan.year
    programme = expect(client.call(None, "GET", f"/programmes/{number}"), 200)
    batches = [expect(client.call(None, "GET", f"/batches/{each['batch_id']}"), 200) for each in year.batches]
    postings: list[Json] = []
    for voucher in year.vouchers.values():
        path = f"/vouchers/{voucher['voucher_id']}/postings"
        postings += expect(client.call(OPERATOR, "GET", path), 200)["items"]
    money = arrows(programme, batches, postings, year.reports[number]["accounts"])
    check(money, year.reports[number]["accounts"])
    return money


def arrows(programme: Json, batches: Iterable[Json], postings: Iterable[Json], accounts: Json) -> Money:
    """Places and arrows; arrows of nothing are left out. What an order gave back to its voucher counts as not used."""
    moved: Counter[tuple[str, str]] = Counter()
    for each in postings:
        moved[each["entry"], each["from_account"].partition(":")[2]] += each["amount_fen"]

    def total(entry: str) -> int:
        return sum(fen for (name, _), fen in moved.items() if name == entry)

    used_fen = total("hold") - total("release")
    granted_fen, lapsed_fen = total("grant"), total("lapse")
    places = {
        "budget": Place(0, "财政预算", "budget", 1),
        "unreleased": Place(1, "未发放", "unreleased", 5, "programme"),
        "granted": Place(2, "服务券", "vouchers", 2),
        "left": Place(2, "尚可领取", "to grab", 5, "batch"),
        "balance": Place(3, "券上余额", "on vouchers", 5, "voucher"),
        "surplus": Place(3, "作废结余", "surplus", 4, "surplus"),
        "used": Place(3, "订单抵用", "orders", 3),
        "paid": Place(4, "已拨付", "paid", 1, "paid"),
        "due": Place(4, "待兑付", "to settle", 5, "order"),
    }
    flows = []
    for batch in batches:
        key, granted = batch["batch_id"], moved["grant", batch["batch_id"]]
        places[key] = Place(1, batch["name"].partition("（")[0], "batch", 1)
        flows += [
            Flow("budget", key, batch["amount_fen"]),
            Flow(key, "granted", granted),
            Flow(key, "left", batch["remaining_fen"]),
        ]
    flows += [
        Flow("budget", "unreleased", programme["unreleased_fen"]),
        Flow("granted", "used", used_fen),
        Flow("granted", "balance", granted_fen - used_fen - lapsed_fen),
        Flow("granted", "surplus", lapsed_fen),
        Flow("used", "paid", accounts["paid"]),
        Flow("used", "due", used_fen - accounts["paid"]),
    ]
    ordered = {key: places[key] for key in sorted(places, key=lambda each: places[each].account == "programme")}
    shown = tuple(each for each in flows if each.fen)
    touched = {each.source for each in shown} | {each.target for each in shown}
    return Money({key: place for key, place in ordered.items() if key in touched}, shown)


def check(money: Money, accounts: Json) -> None:
    """What arrives at a place goes on, or stays there as the reconciliation says. Raises UnexpectedAnswer."""
    for key, place in money.places.items():
        into, out = money.into(key), money.out_of(key)
        if key == "budget":
            expected, found = -accounts["treasury"], out
        elif place.account:
            owed = accounts["payable"] if place.account == "order" else 0
            expected, found = accounts[place.account] + owed, into
        else:
            expected, found = into, out
        if expected != found:
            raise UnexpectedAnswer(f"the page's money does not add up at {place.english}: {expected} and {found} fen")
