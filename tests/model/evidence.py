"""What the tables say after a step, held against the invariants and against the model, item by item."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.model import payout_evidence
from tests.model.granting import left_fen, may_claim
from tests.model.place import Place
from tests.model.records import CAP_PERCENT, USING, City, Year, cap_fen, day_of, non_key_cap_fen, non_key_categories
from tests.model.trading import category_room_fen, non_key_room_fen

Item = dict[str, Any]
GONE = ("refused", "cancelled")


@dataclass
class Evidence:
    """The items of the money, sorted by what they are."""

    programmes: dict[int, Item]
    batches: dict[str, Item]
    shards: list[Item]
    entitlements: list[Item]
    vouchers: dict[str, Item]
    postings: list[Item]
    orders: dict[str, Item]
    settlements: dict[str, list[Item]]


def read(place: Place) -> Evidence:
    """Everything, as it stands."""
    kinds: defaultdict[str, list[Item]] = defaultdict(list)
    for word in ("vouchers", "orders", "settlements"):
        for item in place.scan(word):
            sort = item["sk"].partition("#")[0]
            kinds[item["pk"].partition("#")[0] if sort == "RECORD" else sort].append(item)
    return Evidence(
        {item["year"]: item for item in kinds["PROGRAMME"]},
        {item["batch_id"]: item for item in kinds["BATCH"] if "#" not in item["sk"]},
        kinds["POOL"],
        kinds["ENTITLEMENT"],
        {item["voucher_id"]: item for item in kinds["VOUCHER"]},
        kinds["POSTING"],
        {item["order_id"]: item for item in kinds["ORDER"]},
        {name: kinds[name] for name in ("SETTLEMENT", "LINE", "ROUND", "PAYABLE", "PAYOUT", "INVOICE")},
    )


def check(found: Evidence, city: City) -> None:
    """Every invariant, and then that nothing else differs."""
    money_is_neither_made_nor_lost(found, city)
    every_pool_adds_up(found, city)
    every_quota_holds(found, city)
    every_order_holds(found)
    every_cap_holds(found)
    nothing_happens_after_its_end(found)
    records_are_as_the_model_has_them(found, city)
    payout_evidence.check(found.settlements, found.postings, city)


def balances(found: Evidence) -> dict[str, int]:
    """1, 2: every account, from the postings alone; a voucher's creation is its own grant."""
    accounts: defaultdict[str, int] = defaultdict(int)
    for posting in found.postings:
        accounts[posting["from_account"]] -= posting["amount_fen"]
        accounts[posting["to_account"]] += posting["amount_fen"]
    for voucher in found.vouchers.values():
        accounts[f"batch:{voucher['batch_id']}"] -= voucher["face_fen"]
        accounts[f"voucher:{voucher['voucher_id']}"] += voucher["face_fen"]
    return {name: fen for name, fen in accounts.items() if fen}


def money_is_neither_made_nor_lost(found: Evidence, city: City) -> None:
    """1, 2: the accounts hold what the model has, nothing is negative, and their sum is what was appropriated."""
    accounts = balances(found)
    opened = [each for each in city.years.values() if each.state != "draft"]
    appropriated_fen = -accounts.pop("treasury", 0)
    assert appropriated_fen == sum(each.total_fen for each in opened) == sum(accounts.values())
    assert min(accounts.values(), default=0) >= 0
    expected = {f"programme:{each.number}": each.unreleased_fen for each in opened}
    expected |= {f"surplus:{each.number}": each.surplus_fen for each in opened}
    expected |= {f"batch:{each.name}": each.left_fen for each in city.batches}
    expected |= {f"voucher:{each.name}": each.balance_fen for each in city.vouchers}
    expected |= {f"order:{each.name}": each.voucher_fen for each in city.orders if each.holds}
    expected |= owed_and_paid_fen(city)
    assert accounts == {name: fen for name, fen in expected.items() if fen}


def owed_and_paid_fen(city: City) -> dict[str, int]:
    """What the model has outside the programme: owed to agencies, paid to them, and claimed back."""
    expected: defaultdict[str, int] = defaultdict(int)
    for owed in (each for found in city.rounds for each in found.payables):
        recovered_fen = sum(line.order.recovered_fen for line in owed.lines)
        if owed.state == "paid":
            expected[f"paid:{owed.lines[0].application.year.number}"] += owed.amount_fen - recovered_fen
        else:
            expected[f"payable:{owed.round.name}.{owed.seller_uscc}"] = owed.amount_fen
    return expected | {f"receivable:{each.name}": each.recovered_fen for each in city.orders}


def pool_totals(shards: Iterable[Item]) -> dict[str, dict[str, int]]:
    """The counters of every pool, added up over its shards, none of which may be negative."""
    pools: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for shard in shards:
        for name, fen in shard.items():
            if name.endswith("_fen"):
                assert fen >= 0
                pools[shard["pool_id"]][name] += fen
    return {name: dict(counters) for name, counters in pools.items()}


def every_pool_adds_up(found: Evidence, city: City) -> None:
    """3: in every pool, what remains and what was drawn make the limit; what remains is what the model has."""
    remaining, spent = {}, {}
    for name, counters in pool_totals(found.shards).items():
        limit_fen = counters.pop("limit_fen")
        assert sum(counters.values()) == limit_fen, name
        remaining[name] = counters["remaining_fen"]
        if name.startswith("category."):
            spent[name] = (counters["payable_fen"], counters["paid_fen"])
    assert {name: fen for name, fen in spent.items() if any(fen)} == spent_fen(city)
    expected = {f"batch.{each.name}": each.left_fen for each in city.batches if each.state != "draft"}
    for year in city.years.values():
        if year.state != "draft":
            expected |= yearly_rooms_fen(city, year)
    assert remaining == expected


def spent_fen(city: City) -> dict[str, tuple[int, int]]:
    """What of each category's cap is owed, and what is paid."""
    spent: dict[str, tuple[int, int]] = {}
    for order in city.orders:
        if order.state in ("payable", "paid"):
            name = f"category.{order.voucher.batch.year.number}.{order.product.category}"
            owed_fen, paid_fen = spent.get(name, (0, 0))
            is_paid = order.state == "paid"
            spent[name] = (owed_fen + order.voucher_fen * (not is_paid), paid_fen + order.voucher_fen * is_paid)
    return spent


def yearly_rooms_fen(city: City, year: Year) -> dict[str, int]:
    """What each of a year's pools must have left."""
    rooms = {f"category.{year.number}.{each}": category_room_fen(city, year, each) for each in CAP_PERCENT}
    others = {f"nonkey.{year.number}": non_key_room_fen(city, year), f"surplus.{year.number}": year.surplus_fen}
    return rooms | others


def every_quota_holds(found: Evidence, city: City) -> None:
    """4: what a firm may still claim is its quota less what it was granted, and whether it may is in step."""
    granted: defaultdict[tuple[int, str], int] = defaultdict(int)
    for voucher in found.vouchers.values():
        granted[voucher["year"], voucher["enterprise_uscc"]] += voucher["face_fen"]
    firms = {firm.uscc: firm for firm in city.firms}
    known = {(each["year"], each["uscc"]): each for each in found.entitlements}
    assert granted.keys() <= known.keys()
    for (number, uscc), each in known.items():
        year, firm = city.years.get(number), firms[uscc]
        if year is not None:
            assert each["granted_fen"] == granted[number, uscc]
            assert each["left_fen"] == left_fen(city, year, firm)
            if number >= day_of(city.now).year - 1:  # by then every voucher of a year has ended: nobody asks any more
                assert each["qualified"] == may_claim(city, firm)


def every_order_holds(found: Evidence) -> None:
    """5: at most 70 %, held once, and every fen of the hold given back or owed once, or still held."""
    held: defaultdict[str, list[int]] = defaultdict(list)
    owed: defaultdict[str, list[int]] = defaultdict(list)
    released: defaultdict[str, int] = defaultdict(int)
    for posting in found.postings:
        name = posting["from_account"].partition(":")[2]
        if posting["entry"] == "hold":
            held[posting["to_account"].partition(":")[2]].append(posting["amount_fen"])
        elif posting["entry"] == "approve":
            owed[name].append(posting["amount_fen"])
        elif posting["entry"] == "take_back":
            owed[posting["to_account"].partition(":")[2]].remove(posting["amount_fen"])
        elif posting["from_account"].startswith("order:"):
            released[name] += posting["amount_fen"]
    assert held.keys() == found.orders.keys()
    for name, order in found.orders.items():
        assert order["voucher_fen"] * 10 <= order["contract_fen"] * 7
        kept_fen = 0 if order["state"] in GONE else order["voucher_fen"]
        assert held[name] == [released[name] + kept_fen]
        assert owed[name] == ([order["voucher_fen"]] if order["state"] in ("payable", "paid") else [])


def every_cap_holds(found: Evidence) -> None:
    """6: what is held, owed and paid of a category, and of all outside the key three, is within its share."""
    for number, programme in found.programmes.items():
        used = dict.fromkeys(CAP_PERCENT, 0)
        for order in found.orders.values():
            if order["year"] == number and order["state"] in USING:
                used[order["category"]] += order["voucher_fen"]
        assert all(fen <= cap_fen(programme["total_fen"], each) for each, fen in used.items())
        assert sum(used[each] for each in non_key_categories()) <= non_key_cap_fen(programme["total_fen"])


def nothing_happens_after_its_end(found: Evidence) -> None:
    """8: granted between a batch's instants, spent before the voucher's end, and never longer than the year."""
    for voucher in found.vouchers.values():
        batch = found.batches[voucher["batch_id"]]
        assert batch["opens_at"] <= voucher["granted_at"] < min(batch["closes_at"], batch["ends_at"])
        assert voucher["ends_at"] == batch["ends_at"] <= f"{voucher['year']}-12-31T16:00:00.000Z"
    for posting in found.postings:
        if posting["entry"] == "hold":
            voucher = found.vouchers[posting["from_account"].partition(":")[2]]
            assert posting["at"] < voucher["ends_at"]


def records_are_as_the_model_has_them(found: Evidence, city: City) -> None:
    """Whatever else a record says of money or state."""
    years = {each.number: (each.state, each.total_fen, each.unreleased_fen) for each in city.years.values()}
    said = {name: (each["state"], each["total_fen"], each["unreleased_fen"]) for name, each in found.programmes.items()}
    assert said == years
    batches = {each.name: (each.state, each.surplus_fen) for each in city.batches}
    assert {name: (each["state"], each["surplus_fen"]) for name, each in found.batches.items()} == batches
    vouchers = {each.name: (each.state, each.face_fen, each.balance_fen) for each in city.vouchers}
    shown = {name: (each["state"], each["face_fen"], each["balance_fen"]) for name, each in found.vouchers.items()}
    assert shown == vouchers
    orders = {
        each.name: (each.state, each.voucher_fen, each.contract_fen, each.contract_number) for each in city.orders
    }
    kept = {
        name: (each["state"], each["voucher_fen"], each["contract_fen"], each["contract_number"])
        for name, each in found.orders.items()
    }
    assert kept == orders
