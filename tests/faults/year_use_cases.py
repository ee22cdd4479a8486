"""Use cases for the faults: a year and its batches, the year's end, the nightly sweep, the reconciliation."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from unittest.mock import patch

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.faults.services import receive_all
from tests.faults.use_case import VOUCHER_END, Json, UseCase, deliver_to_worker, list_entries, with_few_buckets
from tests.races import requests, seed_data, tables
from tests.races.order_parties import seed_parties
from tests.races.seed_data import QUOTA_FEN, YEAR
from tests.support import samples
from tests.support.backend import World, function
from tests.support.yearly_file_scenario import past_year
from voucher.models.base import instant_text
from voucher.models.batches import Batch
from voucher.models.pools import SURPLUS_SHARDS, batch_pool, surplus_pool
from voucher.models.programmes import Programme
from voucher.models.yearly_files import YearlyFile
from voucher.refusals import Refused
from voucher.store import books, keys
from voucher.store.engine import files, pools
from voucher.store.engine.table import Contended, transact, update_write

YEAR_END = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)


def _scheduled(name: str, instant: datetime) -> Callable[[], Reply | None]:
    """Run a scheduled function; None if it failed, because then the schedule runs it again."""

    def ask() -> Reply | None:
        try:
            return Reply(200, function(name).handler({"time": instant.isoformat()}, None))
        except (Refused, Contended):
            return None

    return ask


def programme_draft(world: World, _clock: StoppedClock) -> UseCase:
    def check(answer: Json) -> None:
        assert (answer["state"], answer["total_fen"]) == ("draft", QUOTA_FEN)
        assert len(tables.list_items("vouchers", "RECORD")) == 1

    body = {"year": YEAR, "total_fen": QUOTA_FEN}
    return UseCase(lambda: world.call(BUREAU, "POST", "/programmes", body), check)


def programme_correction(world: World, _clock: StoppedClock) -> UseCase:
    programme = steps.expect(world.call(BUREAU, "POST", "/programmes", {"year": YEAR, "total_fen": QUOTA_FEN}), 201)
    body = {"version": programme["version"], "total_fen": 2 * QUOTA_FEN}

    def check(answer: Json) -> None:
        assert (answer["state"], answer["total_fen"], answer["version"]) == (
            "draft",
            2 * QUOTA_FEN,
            programme["version"] + 1,
        )

    return UseCase(lambda: world.call(BUREAU, "PATCH", f"/programmes/{YEAR}", body), check)


def batch_draft(world: World, _clock: StoppedClock) -> UseCase:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    draft, path = samples.batch(amount_fen=QUOTA_FEN), f"/programmes/{YEAR}/batches"

    def check(answer: Json) -> None:
        assert answer["state"] == "draft"
        assert {each["batch_id"] for each in tables.list_items("vouchers", "BATCH#")} == {answer["batch_id"]}
        assert tables.list_states(Batch, "vouchers", "BATCH#") == ["draft"]

    return UseCase(lambda: world.call(OPERATOR, "POST", path, draft, key="one"), check)


def propose_total(world: World, _clock: StoppedClock) -> UseCase:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    body = {"total_fen": 12 * QUOTA_FEN, "reason": "追加"}

    def check(answer: Json) -> None:
        assert (answer["total_fen"], answer["pending"]["total_fen"]) == (10 * QUOTA_FEN, 12 * QUOTA_FEN)
        assert list_entries() == ["appropriate"]

    return UseCase(lambda: world.call(BUREAU, "POST", f"/programmes/{YEAR}/total", body), check)


def close_year(world: World, clock: StoppedClock) -> UseCase:
    text = instant_text(YEAR_END)
    with patch.object(keys, "BUCKETS", 2):
        parties = seed_parties(world)
        parties.complete_order(300_000)
        clock.instant = YEAR_END
        message = requests.lapse_message(parties.batch_id, parties.voucher_id, text) | {"year_over": True}
        function("void_vouchers").work(message)

    def check(_: Json) -> None:
        [year] = [each for each in tables.list_items("vouchers", "RECORD") if each["pk"].startswith("PROGRAMME#")]
        closed = Programme.model_validate(year)
        assert closed.state == "closed" and closed.closing is not None
        assert sum(closed.closing.used_fen.values()) == 300_000
        assert list_entries() == ["appropriate", "close", "expire", "hold", "lapse", "release"]
        surplus = pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS)
        assert surplus.remaining_fen == 100 * QUOTA_FEN - 300_000

    close = {"year": YEAR, "instant": text, "message_id": "m-1"}
    return UseCase(with_few_buckets(deliver_to_worker(close, "close_year")), check)


def sweep(world: World, clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    clock.instant = VOUCHER_END

    def check(answer: Json) -> None:
        assert answer["batches"] == 1
        messages = receive_all("void_vouchers")
        assert {(each["task"], each["batch_id"], each["bucket"]) for each in messages if "batch_id" in each} == {
            ("lapse", parties.batch_id, number) for number in range(keys.BUCKETS)
        }
        assert list_entries() == ["appropriate", "release"]

    return UseCase(_scheduled("sweep", VOUCHER_END), check, queue="void_vouchers")


def reconcile_with_a_freeze(world: World, clock: StoppedClock) -> UseCase:
    """The books are read before the faults, because reading takes a hundred calls and changes nothing."""
    parties = seed_parties(world)
    pool_id = batch_pool(parties.batch_id)
    transact([update_write("lost", keys.pool(pool_id, 0), "SET #remaining_fen = :lost", None, lost=1)])

    def check(answer: Json) -> None:
        assert [(each["balanced"], each["frozen"]) for each in answer["reports"]] == [(False, [pool_id])]
        assert [each["frozen"] for each in tables.list_items("vouchers", "RECONCILIATION#")] == [[pool_id]]
        frozen = [each["frozen"] for each in tables.list_items("vouchers", "POOL") if each["pool_id"] == pool_id]
        assert frozen == [True] * seed_data.SHARDS

    book, ask = books.read_book(YEAR), _scheduled("reconcile", clock.now())

    def ask_with_book() -> Reply | None:
        with patch.object(books, "read_book", lambda _year: book):
            return ask()

    return UseCase(ask_with_book, check, books_hold=False)


def yearly_file(world: World, _clock: StoppedClock) -> UseCase:
    """Of a year that is over; whoever is struck asks again for the same number."""
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    past_year(world, YEAR - 1)
    path = f"/reports/{YEAR - 1}/yearly-files"

    def check(answer: Json) -> None:
        [file] = tables.list_records(YearlyFile, "supervision", "RECORD#YF-")
        assert answer["sha256"] == file.sha256
        stored = files.find_content(file.object_key)
        assert stored is not None and hashlib.sha256(stored).hexdigest() == file.sha256
        # delete the archive, because the next fault must start without it
        files.client().delete_object(Bucket=files.bucket(), Key=file.object_key)

    return UseCase(lambda: world.call(BUREAU, "POST", path, {"position": 1}), check)


def yearly_file_received(world: World, _clock: StoppedClock) -> UseCase:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    past_year(world, YEAR - 1)
    path = f"/reports/{YEAR - 1}/yearly-files"
    file = steps.expect(world.call(BUREAU, "POST", path, {"position": 1}), 201)
    body = {"office": "bureau", "sha256": file["sha256"]}

    def check(answer: Json) -> None:
        assert (answer["state"], answer["bureau_received_by"]) == ("confirmed", BUREAU.name)
        assert tables.list_states(YearlyFile, "supervision", "RECORD#YF-") == ["confirmed"]

    return UseCase(lambda: world.call(BUREAU, "POST", f"{path}/{file['yearly_file_id']}/receipt", body), check)


YEAR_USE_CASES = {
    "§1.3": [programme_draft, programme_correction, propose_total],
    "§1.4a": [batch_draft, reconcile_with_a_freeze],
    "§1.4b": [close_year],
    "§4.2.2": [sweep],
    "§5.1": [yearly_file, yearly_file_received],
}
