"""More use cases for faults: an order's steps and who hears of them, unusual grabs, and a buyer's disqualification."""

from typing import Any

from infra.client import steps
from infra.client.http import Person, Reply
from tests.conftest import StoppedClock
from tests.faults.services import received
from tests.faults.use_cases import Json, Ready, balances, delivery, posted
from tests.races import stage
from tests.races.stage import QUOTA_FEN, TODAY, YEAR
from tests.races.trade import Trade, open_trade
from tests.support.backend import World, function
from voucher.models.orders import Order
from voucher.models.pools import batch_pool
from voucher.models.vouchers import Voucher
from voucher.store import keys
from voucher.store.engine import pools
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import delete_write, encode, transact

CONTRACT = {"contract_number": "HT-9", "contract_signed_on": TODAY.isoformat(), "contract_fen": QUOTA_FEN}


def uncontracted(trade: Trade) -> str:
    """An order without a contract; its id."""
    body = stage.order_body(trade.product_id, trade.voucher_id, 200_000)
    placed = trade.world.call(trade.buyer.person, "POST", "/orders", body, key="uncontracted")
    order_id: str = steps.expect(placed, 201)["order_id"]
    return order_id


def one_step(trade: Trade, person: Person, order_id: str, word: str, state: str, body: Any = None) -> Ready:
    """One step of an order that moves no money."""
    [before] = stage.stored(Order, "orders", "RECORD")

    def check(shown: Json) -> None:
        assert (shown["order_id"], shown["state"]) == (order_id, state)
        [order] = stage.stored(Order, "orders", "RECORD")
        assert (order.state, order.version) == (state, before.version + 1)
        assert posted() == ["appropriate", "hold", "release"]

    return Ready(lambda: trade.world.call(person, "POST", f"/orders/{order_id}/{word}", body), check)


def contract(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    order_id = uncontracted(trade)
    ready = one_step(trade, trade.buyer.person, order_id, "contract", "placed", CONTRACT)

    def check(shown: Json) -> None:
        ready.check(shown)
        assert shown["contract_number"] == "HT-9"
        assert [(each["pk"], each["order_id"]) for each in stage.items("orders", "CONTRACT")] == [
            ("CONTRACT#HT-9", order_id)
        ]

    return Ready(ready.ask, check)


def deliver(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    order_id, person = trade.order(700_000), trade.seller.person
    steps.expect(world.call(person, "POST", f"/orders/{order_id}/accept"), 200)
    return one_step(trade, person, order_id, "deliver", "delivered")


def confirm(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    order_id = trade.order(700_000)
    for word in ("accept", "deliver"):
        steps.expect(world.call(trade.seller.person, "POST", f"/orders/{order_id}/{word}"), 200)
    return one_step(trade, trade.buyer.person, order_id, "confirm", "completed")


def request_cancel(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    order_id = trade.order(700_000)
    return one_step(trade, trade.buyer.person, order_id, "cancellation", "placed", {"reason": "改期"})


def quote(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    body = {"product_id": trade.product_id, "voucher_id": trade.voucher_id, "contract_fen": QUOTA_FEN}

    def check(shown: Json) -> None:
        assert (shown["max_voucher_fen"], shown["binding"]) == (700_000, "ratio")
        assert (balances(), posted()) == ([QUOTA_FEN], ["appropriate", "release"])

    return Ready(lambda: world.call(trade.buyer.person, "POST", "/orders/quote", body), check)


def first_grab_of_a_year(world: World, _clock: StoppedClock) -> Ready:
    batch_id = stage.open_batch(world, QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [firm] = stage.enterprises(1)
    transact([delete_write("approved last year", keys.entitlement(YEAR, firm.uscc))])

    def check(shown: Json) -> None:
        assert (shown["face_fen"], balances()) == (QUOTA_FEN, [QUOTA_FEN])
        [entitlement] = stage.items("vouchers", "ENTITLEMENT")
        assert (entitlement["granted_fen"], entitlement["left_fen"]) == (QUOTA_FEN, 0)

    return Ready(lambda: stage.grab(world, batch_id, firm), check)


def grab_that_gathers(world: World, _clock: StoppedClock) -> Ready:
    batch_id = stage.open_batch(world, QUOTA_FEN + 400_000, total_fen=100 * QUOTA_FEN, partial_allowed=True)
    first, firm = stage.enterprises(2)
    steps.expect(stage.grab(world, batch_id, first, amount_fen=600_000), 201)

    def check(shown: Json) -> None:
        assert (shown["face_fen"], balances()) == (700_000, [600_000, 700_000])
        assert pools.read_total(batch_pool(batch_id), stage.SHARDS).remaining_fen == 100_000

    return Ready(lambda: stage.grab(world, batch_id, firm, amount_fen=700_000), check)


def void_enterprise(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    running, ended = trade.order(300_000), uncontracted(trade)
    message = {"task": "void_enterprise", "uscc": trade.buyer.uscc, "message_id": "m-1"}

    def check(_: Json) -> None:
        assert {each.order_id: each.state for each in stage.stored(Order, "orders", "RECORD")} == {
            running: "placed",
            ended: "cancelled",
        }
        assert {each["about"] for each in received("notify")} == {f"order:{running}"}
        [voucher] = stage.stored(Voucher, "vouchers", "VOUCHER#")
        assert (voucher.state, voucher.balance_fen) == ("void", 0)
        assert posted() == ["appropriate", "hold", "hold", "lapse", "lapse", "release", "release"]

    return Ready(delivery(message), check, queue="notify")


def relay(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    order_id = trade.order(300_000)
    placed = find_item(keys.order(order_id))
    assert placed is not None
    event = {"Records": [{"eventName": "INSERT", "dynamodb": {"NewImage": encode(placed)}}]}

    def ask() -> Reply:
        function("relay").handler(event, None)
        return Reply(200, {})

    def check(_: Json) -> None:
        told = {(each["message_id"], each["kind"]): each for each in received("notify")}
        assert sorted(each["uscc"] for each in told.values()) == sorted([trade.buyer.uscc, trade.seller.uscc])
        assert {each["about"] for each in told.values()} == {f"order:{order_id}"}

    return Ready(ask, check, queue="notify")


ORDER_USE_CASES = {
    "§4.2.1": [contract, deliver, confirm, relay],
    "§3.5.1(5)": [request_cancel],
    "§2.3.2": [quote],
    "§4.1.3": [first_grab_of_a_year, void_enterprise],
    "§4.2.2": [grab_that_gathers],
}
