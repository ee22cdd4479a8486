"""More use cases for faults: a year and its batches, its end, the nightly sweep, and what reconciliation does."""

from collections.abc import Callable
from datetime import UTC, datetime
from unittest.mock import patch

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.faults.services import received
from tests.faults.use_cases import END, Json, Ready, delivery, few_buckets, posted
from tests.races import stage
from tests.races.stage import QUOTA_FEN, YEAR
from tests.races.trade import open_trade
from tests.support import samples
from tests.support.backend import World, function
from voucher.models.base import instant_text
from voucher.models.batches import Batch
from voucher.models.pools import SURPLUS_SHARDS, batch_pool, surplus_pool
from voucher.models.programmes import Programme
from voucher.refusals import Refused
from voucher.store import books, keys
from voucher.store.engine import pools
from voucher.store.engine.table import Contended, transact, update_write

YEAR_END = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)


def _scheduled(name: str, instant: datetime) -> Callable[[], Reply | None]:
    """A schedule's function; None when it failed, so that the schedule tries again."""

    def ask() -> Reply | None:
        try:
            return Reply(200, function(name).handler({"time": instant.isoformat()}, None))
        except (Refused, Contended):
            return None

    return ask


def programme_draft(world: World, _clock: StoppedClock) -> Ready:
    def check(shown: Json) -> None:
        assert (shown["state"], shown["total_fen"]) == ("draft", QUOTA_FEN)
        assert len(stage.items("vouchers", "RECORD")) == 1

    body = {"year": YEAR, "total_fen": QUOTA_FEN}
    return Ready(lambda: world.call(BUREAU, "POST", "/programmes", body), check)


def programme_correction(world: World, _clock: StoppedClock) -> Ready:
    drafted = steps.expect(world.call(BUREAU, "POST", "/programmes", {"year": YEAR, "total_fen": QUOTA_FEN}), 201)
    body = {"version": drafted["version"], "total_fen": 2 * QUOTA_FEN}

    def check(shown: Json) -> None:
        assert (shown["state"], shown["total_fen"], shown["version"]) == (
            "draft",
            2 * QUOTA_FEN,
            drafted["version"] + 1,
        )

    return Ready(lambda: world.call(BUREAU, "PATCH", f"/programmes/{YEAR}", body), check)


def batch_draft(world: World, _clock: StoppedClock) -> Ready:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    draft, path = samples.batch(amount_fen=QUOTA_FEN), f"/programmes/{YEAR}/batches"

    def check(shown: Json) -> None:
        assert shown["state"] == "draft"
        assert {each["batch_id"] for each in stage.items("vouchers", "BATCH#")} == {shown["batch_id"]}
        assert stage.states(Batch, "vouchers", "BATCH#") == ["draft"]

    return Ready(lambda: world.call(OPERATOR, "POST", path, draft, key="one"), check)


def propose_total(world: World, _clock: StoppedClock) -> Ready:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    body = {"total_fen": 12 * QUOTA_FEN, "reason": "追加"}

    def check(shown: Json) -> None:
        assert (shown["total_fen"], shown["pending"]["total_fen"]) == (10 * QUOTA_FEN, 12 * QUOTA_FEN)
        assert posted() == ["appropriate"]

    return Ready(lambda: world.call(BUREAU, "POST", f"/programmes/{YEAR}/total", body), check)


def close_year(world: World, clock: StoppedClock) -> Ready:
    text = instant_text(YEAR_END)
    with patch.object(keys, "BUCKETS", 2):
        trade = open_trade(world)
        trade.completed_order(300_000)
        clock.instant = YEAR_END
        message = stage.lapse_message(trade.batch_id, trade.voucher_id, text) | {"year_over": True}
        function("void_vouchers").work(message)

    def check(_: Json) -> None:
        [year] = [each for each in stage.items("vouchers", "RECORD") if each["pk"].startswith("PROGRAMME#")]
        closed = Programme.model_validate(year)
        assert closed.state == "closed" and closed.closing is not None
        assert sum(closed.closing.used_fen.values()) == 300_000
        assert posted() == ["appropriate", "close", "expire", "hold", "lapse", "release"]
        surplus = pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS)
        assert surplus.remaining_fen == 100 * QUOTA_FEN - 300_000

    close = {"year": YEAR, "instant": text, "message_id": "m-1"}
    return Ready(few_buckets(delivery(close, "close_year")), check)


def sweep(world: World, clock: StoppedClock) -> Ready:
    trade = open_trade(world)
    clock.instant = END

    def check(shown: Json) -> None:
        assert shown["batches"] == 1
        sent = received("void_vouchers")
        assert {(each["task"], each["batch_id"], each["bucket"]) for each in sent if "batch_id" in each} == {
            ("lapse", trade.batch_id, number) for number in range(keys.BUCKETS)
        }
        assert posted() == ["appropriate", "release"]

    return Ready(_scheduled("sweep", END), check, queue="void_vouchers")


def reconcile_with_a_freeze(world: World, clock: StoppedClock) -> Ready:
    """The books are read beforehand: that is a hundred calls of which none writes."""
    trade = open_trade(world)
    pool_id = batch_pool(trade.batch_id)
    transact([update_write("lost", keys.pool(pool_id, 0), "SET #remaining_fen = :lost", None, lost=1)])

    def check(shown: Json) -> None:
        assert [(each["balanced"], each["frozen"]) for each in shown["reports"]] == [(False, [pool_id])]
        assert [each["frozen"] for each in stage.items("vouchers", "RECONCILIATION#")] == [[pool_id]]
        frozen = [each["frozen"] for each in stage.items("vouchers", "POOL") if each["pool_id"] == pool_id]
        assert frozen == [True] * stage.SHARDS

    book, ask = books.read_book(YEAR), _scheduled("reconcile", clock.now())

    def asked() -> Reply | None:
        with patch.object(books, "read_book", lambda _year: book):
            return ask()

    return Ready(asked, check, in_order=False)


YEAR_USE_CASES = {
    "§1.3": [programme_draft, programme_correction, propose_total],
    "§1.4a": [batch_draft, reconcile_with_a_freeze],
    "§1.4b": [close_year],
    "§4.2.2": [sweep],
}
