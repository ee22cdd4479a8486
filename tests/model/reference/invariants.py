"""The invariants of the money, checked on every item of the tables after each step."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.model.reference import settlement_invariants
from tests.model.reference.grabbing import may_claim, quota_left_fen
from tests.model.reference.orders import category_room_fen, non_key_room_fen
from tests.model.reference.records import (
    CAP_PERCENT,
    USING,
    City,
    Year,
    cap_fen,
    day_of,
    non_key_cap_fen,
    non_key_categories,
)

Item = dict[str, Any]
ENDED_WITHOUT_HOLD = ("refused", "withdrawn", "cancelled")


@dataclass
class MoneyItems:
    """The items of the tables, sorted by kind."""

    programmes: dict[int, Item]
    batches: dict[str, Item]
    shards: list[Item]
    entitlements: list[Item]
    vouchers: dict[str, Item]
    postings: list[Item]
    orders: dict[str, Item]
    waiting: list[Item]
    settlements: dict[str, list[Item]]


def collect(items_of: Callable[[str], Iterable[Item]]) -> MoneyItems:
    """Sort the items of the three tables that hold money; `items_of` reads a table by its word."""
    kinds: defaultdict[str, list[Item]] = defaultdict(list)
    for word in ("vouchers", "orders", "settlements"):
        for item in items_of(word):
            sort = item["sk"].partition("#")[0]
            kinds[item["pk"].partition("#")[0] if sort == "RECORD" else sort].append(item)
    return MoneyItems(
        {item["year"]: item for item in kinds["PROGRAMME"]},
        {item["batch_id"]: item for item in kinds["BATCH"] if "#" not in item["sk"]},
        kinds["POOL"],
        kinds["ENTITLEMENT"],
        {item["voucher_id"]: item for item in kinds["VOUCHER"]},
        kinds["POSTING"],
        {item["order_id"]: item for item in kinds["ORDER"]},
        [item for item in kinds["OPEN"] if item["pk"].startswith("PAIR#")],
        {name: kinds[name] for name in ("SETTLEMENT", "LINE", "ROUND", "PAYABLE", "PAYOUT", "INVOICE")},
    )


def check(items: MoneyItems, city: City) -> None:
    """Check every invariant, then that state and amounts of every record are those of the model."""
    money_is_neither_made_nor_lost(items, city)
    every_pool_adds_up(items, city)
    every_quota_holds(items, city)
    every_order_holds(items)
    every_cap_holds(items)
    every_order_that_waits_is_counted(items, city)
    nothing_happens_after_its_end(items)
    records_are_as_the_model_has_them(items, city)
    settlement_invariants.check(items.settlements, items.postings, city)


def balances(items: MoneyItems) -> dict[str, int]:
    """1, 2: every account's balance from the postings alone, in fen; a new voucher counts as its own grant posting."""
    accounts: defaultdict[str, int] = defaultdict(int)
    for posting in items.postings:
        accounts[posting["from_account"]] -= posting["amount_fen"]
        accounts[posting["to_account"]] += posting["amount_fen"]
    for voucher in items.vouchers.values():
        accounts[f"batch:{voucher['batch_id']}"] -= voucher["face_fen"]
        accounts[f"voucher:{voucher['voucher_id']}"] += voucher["face_fen"]
    return {name: fen for name, fen in accounts.items() if fen}


def money_is_neither_made_nor_lost(items: MoneyItems, city: City) -> None:
    """1, 2: every balance is that of the model, none is negative, and their sum is the appropriated money."""
    accounts = balances(items)
    open_years = [each for each in city.years.values() if each.state != "draft"]
    appropriated_fen = -accounts.pop("treasury", 0)
    back_fen = sum(claim.received_fen for order in city.orders for claim in order.recoveries)
    assert appropriated_fen == sum(each.total_fen for each in open_years) - back_fen == sum(accounts.values())
    assert min(accounts.values(), default=0) >= 0
    expected = {f"programme:{each.number}": each.unreleased_fen for each in open_years}
    expected |= {f"surplus:{each.number}": each.surplus_fen for each in open_years}
    expected |= {f"batch:{each.name}": each.remaining_fen for each in city.batches}
    expected |= {f"voucher:{each.name}": each.balance_fen for each in city.vouchers}
    expected |= {f"order:{each.name}": each.voucher_fen for each in city.orders if each.holds}
    expected |= balances_after_approval_fen(city)
    assert accounts == {name: fen for name, fen in expected.items() if fen}


def balances_after_approval_fen(city: City) -> dict[str, int]:
    """The model's balances of payable, paid and receivable accounts, in fen."""
    expected: defaultdict[str, int] = defaultdict(int)
    for payable in (each for round_ in city.rounds for each in round_.payables):
        recovered_fen = sum(line.order.recovered_fen for line in payable.lines)
        if payable.state == "paid":
            expected[f"paid:{payable.lines[0].application.year.number}"] += payable.amount_fen - recovered_fen
        else:
            expected[f"payable:{payable.round.name}.{payable.agency_uscc}"] = payable.amount_fen
    return expected | {
        f"receivable:{each.name}": each.recovered_fen - sum(claim.received_fen for claim in each.recoveries)
        for each in city.orders
    }


def pool_totals(shards: Iterable[Item]) -> dict[str, dict[str, int]]:
    """Pool → its counters added up over its shards; a negative counter fails."""
    pools: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for shard in shards:
        for name, fen in shard.items():
            if name.endswith("_fen"):
                assert fen >= 0
                pools[shard["pool_id"]][name] += fen
    return {name: dict(counters) for name, counters in pools.items()}


def every_pool_adds_up(items: MoneyItems, city: City) -> None:
    """3: in every pool, remaining + drawn = limit, and the remainder is that of the model."""
    remaining, payable_and_paid = {}, {}
    for name, counters in pool_totals(items.shards).items():
        limit_fen = counters.pop("limit_fen")
        assert sum(counters.values()) == limit_fen, name
        remaining[name] = counters["remaining_fen"]
        if name.startswith("category."):
            payable_and_paid[name] = (counters["payable_fen"], counters["paid_fen"])
    assert {name: fen for name, fen in payable_and_paid.items() if any(fen)} == payable_and_paid_fen(city)
    expected = {f"batch.{each.name}": each.remaining_fen for each in city.batches if each.is_released}
    for year in city.years.values():
        if year.state != "draft":
            expected |= yearly_remaining_fen(city, year)
    assert remaining == expected


def payable_and_paid_fen(city: City) -> dict[str, tuple[int, int]]:
    """Category pool → (payable, paid) by the model, in fen."""
    by_pool: dict[str, tuple[int, int]] = {}
    for order in city.orders:
        if order.state in ("payable", "paid"):
            name = f"category.{order.voucher.batch.year.number}.{order.product.category}"
            payable_fen, paid_fen = by_pool.get(name, (0, 0))
            is_paid = order.state == "paid"
            by_pool[name] = (payable_fen + order.voucher_fen * (not is_paid), paid_fen + order.voucher_fen * is_paid)
    return by_pool


def yearly_remaining_fen(city: City, year: Year) -> dict[str, int]:
    """Pool of the year → its remainder by the model, in fen."""
    rooms = {f"category.{year.number}.{each}": category_room_fen(city, year, each) for each in CAP_PERCENT}
    others = {f"nonkey.{year.number}": non_key_room_fen(city, year), f"surplus.{year.number}": year.surplus_fen}
    return rooms | others


def every_quota_holds(items: MoneyItems, city: City) -> None:
    """4: an enterprise may still claim its quota less its granted vouchers; its entitlement is in step."""
    granted_fen: defaultdict[tuple[int, str], int] = defaultdict(int)
    for voucher in items.vouchers.values():
        granted_fen[voucher["year"], voucher["enterprise_uscc"]] += voucher["face_fen"]
    enterprises = {enterprise.uscc: enterprise for enterprise in city.enterprises}
    entitlements = {(each["year"], each["uscc"]): each for each in items.entitlements}
    assert granted_fen.keys() <= entitlements.keys()
    for (number, uscc), each in entitlements.items():
        year, enterprise = city.years.get(number), enterprises[uscc]
        if year is not None:
            assert each["granted_fen"] == granted_fen[number, uscc]
            assert each["left_fen"] == quota_left_fen(city, year, enterprise)
            if number >= day_of(city.now).year - 1:  # of older years every voucher has ended: not kept in step
                assert each["qualified"] == may_claim(city, enterprise)


def every_order_holds(items: MoneyItems) -> None:
    """5: at most 70 %; one hold per order; every fen of it is released once, approved once, or still held."""
    held_fen: defaultdict[str, list[int]] = defaultdict(list)
    approved_fen: defaultdict[str, list[int]] = defaultdict(list)
    released_fen: defaultdict[str, int] = defaultdict(int)
    for posting in items.postings:
        name = posting["from_account"].partition(":")[2]
        if posting["entry"] == "hold":
            held_fen[posting["to_account"].partition(":")[2]].append(posting["amount_fen"])
        elif posting["entry"] == "approve":
            approved_fen[name].append(posting["amount_fen"])
        elif posting["entry"] == "take_back":
            approved_fen[posting["to_account"].partition(":")[2]].remove(posting["amount_fen"])
        elif posting["from_account"].startswith("order:"):
            released_fen[name] += posting["amount_fen"]
    assert held_fen.keys() == items.orders.keys()
    for name, order in items.orders.items():
        assert order["voucher_fen"] * 10 <= order["contract_fen"] * 7
        current_hold_fen = 0 if order["state"] in ENDED_WITHOUT_HOLD else order["voucher_fen"]
        assert held_fen[name] == [released_fen[name] + current_hold_fen]
        assert approved_fen[name] == ([order["voucher_fen"]] if order["state"] in ("payable", "paid") else [])


def every_order_that_waits_is_counted(items: MoneyItems, city: City) -> None:
    """Of each pair of parties exactly the orders that were not answered are counted."""
    counted = {(item["pk"], name) for item in items.waiting for name in item.get("open", ())}
    waiting = {("#".join(["PAIR", *each.parties]), each.name) for each in city.orders if each.state == "placed"}
    assert counted == waiting


def every_cap_holds(items: MoneyItems) -> None:
    """6: held + payable + paid of a category, and of all non-key categories, is within its cap."""
    for number, programme in items.programmes.items():
        used_fen = dict.fromkeys(CAP_PERCENT, 0)
        for order in items.orders.values():
            if order["year"] == number and order["state"] in USING:
                used_fen[order["category"]] += order["voucher_fen"]
        assert all(fen <= cap_fen(programme["total_fen"], each) for each, fen in used_fen.items())
        assert sum(used_fen[each] for each in non_key_categories()) <= non_key_cap_fen(programme["total_fen"])


def nothing_happens_after_its_end(items: MoneyItems) -> None:
    """8: granted while the batch is open, held before the voucher's end, and no voucher outlives its year."""
    for voucher in items.vouchers.values():
        batch = items.batches[voucher["batch_id"]]
        assert batch["opens_at"] <= voucher["granted_at"] < min(batch["closes_at"], batch["ends_at"])
        assert voucher["ends_at"] == batch["ends_at"] <= f"{voucher['year']}-12-31T16:00:00.000Z"
    for posting in items.postings:
        if posting["entry"] == "hold":
            voucher = items.vouchers[posting["from_account"].partition(":")[2]]
            assert posting["at"] < voucher["ends_at"]


def records_are_as_the_model_has_them(items: MoneyItems, city: City) -> None:
    """State and amounts of every record are those of the model."""
    years = {each.number: (each.state, each.total_fen, each.unreleased_fen) for each in city.years.values()}
    programmes = items.programmes.items()
    assert {name: (each["state"], each["total_fen"], each["unreleased_fen"]) for name, each in programmes} == years
    batches = {each.name: (each.state, each.surplus_fen) for each in city.batches}
    assert {name: (each["state"], each["surplus_fen"]) for name, each in items.batches.items()} == batches
    vouchers = {each.name: (each.state, each.face_fen, each.balance_fen) for each in city.vouchers}
    assert {
        name: (each["state"], each["face_fen"], each["balance_fen"]) for name, each in items.vouchers.items()
    } == vouchers
    orders = {
        each.name: (each.state, each.voucher_fen, each.contract_fen, each.contract_number, each.has_contract)
        for each in city.orders
    }
    names = ("state", "voucher_fen", "contract_fen", "contract_number")
    assert orders == {
        name: (*(each[word] for word in names), each["contract_agreed_at"] is not None)
        for name, each in items.orders.items()
    }
