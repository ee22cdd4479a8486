"""The use cases that faults are tried on: how each begins, the one request it is, and the one effect it must have."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import Any
from unittest.mock import patch

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.races import stage
from tests.races.stage import QUOTA_FEN, YEAR, Firm
from tests.races.trade import Trade, open_trade
from tests.support import samples
from tests.support.backend import World, function
from voucher.models.accounts import Posting
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.pools import SURPLUS_SHARDS, surplus_pool
from voucher.models.settlements import Settlement
from voucher.models.violations import Violation
from voucher.models.vouchers import Voucher
from voucher.store import keys
from voucher.store.engine import pools

END = datetime(2026, 11, 30, 16, tzinfo=UTC)

Json = dict[str, Any]


@dataclass(frozen=True)
class Ready:
    """A prepared world: `ask` makes the request once (None: a worker that left its message in the queue);
    `check` asserts that the effect is there exactly once and that the last answer tells of it. `in_order` is false of
    books that were tampered with; `queue` is the one whose messages `check` reads."""

    ask: Callable[[], Reply | None]
    check: Callable[[Json], None]
    in_order: bool = True
    queue: str | None = None


def delivery(message: Json, worker: str = "void_vouchers") -> Callable[[], Reply | None]:
    """A message handed to a queue's worker; None when it stayed in the queue."""
    event = stage.queue_event(message)

    def ask() -> Reply | None:
        answer = function(worker).handler(event, None)
        return None if answer["batchItemFailures"] else Reply(200, answer)

    return ask


def few_buckets(ask: Callable[[], Reply | None]) -> Callable[[], Reply | None]:
    """The same over two buckets of a batch instead of sixteen, each of which is a call that may go wrong."""

    def asked() -> Reply | None:
        with patch.object(keys, "BUCKETS", 2):
            return ask()

    return asked


def posted() -> list[str]:
    """The entry of every posting in the books, sorted."""
    found = [
        posting
        for table in ("vouchers", "orders", "settlements")
        for posting in stage.stored(Posting, table, "POSTING#")
    ]
    return sorted(posting.entry for posting in found)


def balances() -> list[int]:
    """What is left on each voucher, in fen."""
    return sorted(each.balance_fen for each in stage.stored(Voucher, "vouchers", "VOUCHER#"))


def _post(world: World, person: Person, path: str, body: Any = None, key: str | None = None) -> Callable[[], Reply]:
    return lambda: world.call(person, "POST", path, body, key=key)


def grab(world: World, _clock: StoppedClock) -> Ready:
    batch_id = stage.open_batch(world, QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [firm] = stage.enterprises(1)

    def check(shown: Json) -> None:
        assert (shown["voucher_id"], shown["balance_fen"]) == (f"{batch_id}.{firm.uscc}", QUOTA_FEN)
        assert balances() == [QUOTA_FEN]

    return Ready(lambda: stage.grab(world, batch_id, firm), check)


def grab_of_a_larger_quota(world: World, _clock: StoppedClock) -> Ready:
    batch_id = stage.open_batch(world, 3 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [firm] = stage.enterprises(1, listed=[0])

    def check(shown: Json) -> None:
        assert shown["face_fen"] == 2 * QUOTA_FEN
        assert balances() == [2 * QUOTA_FEN]

    return Ready(lambda: stage.grab(world, batch_id, firm), check)


def order(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    body = stage.order_body(trade.product_id, trade.voucher_id, 700_000, contract_number="HT-1")

    def check(shown: Json) -> None:
        assert (shown["state"], shown["voucher_fen"]) == ("placed", 700_000)
        assert [each.order_id for each in stage.stored(Order, "orders", "RECORD")] == [shown["order_id"]]
        assert balances() == [QUOTA_FEN - 700_000]
        assert posted() == ["appropriate", "hold", "release"]

    return Ready(_post(world, trade.buyer.person, "/orders", body, key="one"), check)


def accept(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    order_id = trade.order(700_000)

    def check(shown: Json) -> None:
        assert shown["state"] == "accepted"
        assert [each.version for each in stage.stored(Order, "orders", "RECORD")] == [2]

    return Ready(_post(world, trade.seller.person, f"/orders/{order_id}/accept"), check)


def _given_back(state: str) -> Callable[[Json], None]:
    def check(shown: Json) -> None:
        assert shown["state"] == state
        assert balances() == [QUOTA_FEN]
        assert posted() == ["appropriate", "hold", "release", "release"]

    return check


def refuse(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    path = f"/orders/{trade.order(700_000)}/refuse"
    return Ready(_post(world, trade.seller.person, path, {"reason": "人手不足"}), _given_back("refused"))


def cancellation_review(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    order_id = trade.order(700_000)
    stage.both_ask_to_cancel(world, order_id, trade.buyer.person, trade.seller.person)
    path = f"/orders/{order_id}/cancellation/review"
    return Ready(_post(world, OPERATOR, path, {"decision": "approve"}), _given_back("cancelled"))


def batch_publish(world: World, _clock: StoppedClock) -> Ready:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    batch_id = stage.draft_batch(world, 10 * QUOTA_FEN)

    def check(shown: Json) -> None:
        assert (shown["state"], shown["remaining_fen"]) == ("open", 10 * QUOTA_FEN)
        assert posted() == ["appropriate", "release"]

    return Ready(_post(world, BUREAU, f"/batches/{batch_id}/publish"), check)


def batch_publish_again(world: World, _clock: StoppedClock) -> Ready:
    first = stage.open_batch(world, 10 * QUOTA_FEN, total_fen=10 * QUOTA_FEN)
    steps.expect(world.call(BUREAU, "POST", f"/batches/{first}/close"), 200)
    batch_id = stage.draft_batch(world, 10 * QUOTA_FEN, kind="rerelease")

    def check(shown: Json) -> None:
        assert (shown["state"], shown["remaining_fen"]) == ("open", 10 * QUOTA_FEN)
        assert posted() == ["appropriate", "close", "re-release", "release"]

    return Ready(_post(world, BUREAU, f"/batches/{batch_id}/publish"), check)


def batch_close(world: World, _clock: StoppedClock) -> Ready:
    trade = open_trade(world)

    def check(shown: Json) -> None:
        assert (shown["state"], shown["surplus_fen"]) == ("closed", 19 * QUOTA_FEN)
        assert posted() == ["appropriate", "close", "release"]

    return Ready(_post(world, BUREAU, f"/batches/{trade.batch_id}/close"), check)


def programme_confirm(world: World, _clock: StoppedClock) -> Ready:
    steps.expect(world.call(BUREAU, "POST", "/programmes", {"year": YEAR, "total_fen": QUOTA_FEN, "policy": {}}), 201)

    def check(shown: Json) -> None:
        assert shown["state"] == "open"
        assert posted() == ["appropriate"]

    return Ready(_post(world, FINANCE, f"/programmes/{YEAR}/confirm"), check)


def total_confirm(world: World, _clock: StoppedClock) -> Ready:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    cut = {"total_fen": 4 * QUOTA_FEN, "reason": "预算调整"}
    steps.expect(world.call(BUREAU, "POST", f"/programmes/{YEAR}/total", cut), 200)

    def check(shown: Json) -> None:
        assert (shown["total_fen"], shown["unreleased_fen"]) == (4 * QUOTA_FEN, 4 * QUOTA_FEN)
        assert posted() == ["appropriate", "withdraw"]

    return Ready(_post(world, FINANCE, f"/programmes/{YEAR}/total/confirm"), check)


def _two_completed_orders(world: World) -> tuple[Trade, list[str]]:
    trade = open_trade(world)
    return trade, [trade.completed_order(300_000), trade.completed_order(400_000)]


def settlement_open(world: World, _clock: StoppedClock) -> Ready:
    trade, order_ids = _two_completed_orders(world)

    def check(shown: Json) -> None:
        assert [each.settlement_id for each in stage.stored(Settlement, "settlements", "RECORD")] == [
            shown["settlement_id"]
        ]
        assert sorted(line["order_id"] for line in shown["lines"]) == sorted(order_ids)
        assert stage.states(Order, "orders") == ["settling", "settling"]

    body = {"agency_uscc": trade.seller.uscc, "order_ids": order_ids}
    return Ready(_post(world, trade.seller.person, "/settlements", body, key="one"), check)


def notice_close(world: World, _clock: StoppedClock) -> Ready:
    trade, order_ids = _two_completed_orders(world)
    notice = trade.notice(order_ids)

    def check(shown: Json) -> None:
        assert shown["state"] == "closed"
        assert stage.states(Order, "orders") == ["payable", "payable"]
        assert [each.amount_fen for each in stage.stored(Payable, "settlements", "PAYABLE#")] == [700_000]
        assert posted().count("approve") == 2

    return Ready(_post(world, BUREAU, f"/notices/{notice['notice_id']}/close"), check)


def payout_result(world: World, _clock: StoppedClock) -> Ready:
    trade, order_ids = _two_completed_orders(world)
    path = f"/payouts/{trade.payout(order_ids)}/result"
    result = {"state": "paid", "bank_reference": "BK-1", "paid_on": stage.TODAY.isoformat()}

    def check(shown: Json) -> None:
        assert (shown["state"], shown["amount_fen"]) == ("paid", 700_000)
        assert stage.states(Order, "orders") == ["paid", "paid"]
        assert posted().count("pay") == 1

    return Ready(_post(world, FINANCE, path, result), check)


def violation(world: World, _clock: StoppedClock) -> Ready:
    stage.open_batch(world, QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    [firm] = stage.enterprises(1)

    def check(shown: Json) -> None:
        assert shown["state"] == "standing"
        assert len(stage.stored(Violation, "supervision", "RECORD")) == 1
        [entitlement] = stage.items("vouchers", "ENTITLEMENT")
        assert not entitlement["qualified"]

    body = {"uscc": firm.uscc, "facts": "转让服务券"}
    return Ready(_post(world, BUREAU, "/violations", body, key="one"), check)


def registration(world: World, _clock: StoppedClock) -> Ready:
    steps.open_programme(world, YEAR, QUOTA_FEN, {})
    owner = Person("owner")

    def check(shown: Json) -> None:
        assert shown["state"] == "draft"
        assert [item["sub"] for item in stage.items("registry", "MEMBER#")] == [owner.name]

    return Ready(_post(world, owner, "/enterprises", samples.enterprise().registration()), check)


def _neighbours(firms: list[Firm]) -> list[Firm]:
    """Two firms whose vouchers one message ends."""
    return next(list(pair) for pair in combinations(firms, 2) if len({keys.bucket_of(each.uscc) for each in pair}) == 1)


def lapse(world: World, clock: StoppedClock) -> Ready:
    batch_id = stage.open_batch(world, 2 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    ids = [stage.voucher_of(world, batch_id, firm) for firm in _neighbours(stage.enterprises(16))]
    clock.instant = END
    message = stage.lapse_message(batch_id, ids[0], "2026-11-30T16:00:00.000Z")

    def check(_: Json) -> None:
        vouchers = stage.stored(Voucher, "vouchers", "VOUCHER#")
        assert [(each.state, each.balance_fen) for each in vouchers] == [("expired", 0)] * 2
        assert posted() == ["appropriate", "lapse", "lapse", "release"]
        assert pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen == 2 * QUOTA_FEN

    return Ready(delivery(message), check)


def year_end(world: World, clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    body = stage.order_body(trade.product_id, trade.voucher_id, 700_000)
    steps.expect(world.call(trade.buyer.person, "POST", "/orders", body, key="uncontracted"), 201)
    clock.instant = END
    message = stage.lapse_message(trade.batch_id, trade.voucher_id, "2026-11-30T16:00:00.000Z")

    def check(_: Json) -> None:
        assert stage.states(Order, "orders") == ["cancelled"]
        assert posted() == ["appropriate", "hold", "lapse", "lapse", "release", "release"]
        assert pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen == QUOTA_FEN

    return Ready(delivery(message | {"year_over": True}), check)


USE_CASES = {
    "§4.1.4": [grab, grab_of_a_larger_quota],
    "§4.2.1": [order, accept],
    "§5.2a": [refuse],
    "§3.5.1(5)": [cancellation_review],
    "§1.4a": [batch_publish, batch_close],
    "§2.3.3": [batch_publish_again],
    "§1.3": [programme_confirm, total_confirm],
    "§3.5.1": [settlement_open],
    "§3.5.3": [notice_close],
    "§3.5.4": [payout_result],
    "§2.1.3": [violation],
    "§4.1.1": [registration],
    "§4.2.2": [lapse],
    "§1.4b": [year_end],
}
