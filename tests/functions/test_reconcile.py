"""The nightly reconciliation: what it finds, freezes and reports, and what it leaves alone (§1.4a, §2.2, §2.3.1)."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from infra.client.http import BUREAU, FINANCE
from tests.conftest import NOW
from tests.support import scenario as towns
from tests.support.backend import function
from tests.support.scenario import NEIGHBOUR, OWNER, Json, Town
from voucher.models.accounts import Posting
from voucher.models.base import Mark
from voucher.models.batches import Batch
from voucher.models.pools import batch_pool, category_pool, non_key_pool, surplus_pool
from voucher.models.vouchers import Voucher
from voucher.store import batches, books, keys
from voucher.store.engine import pools
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Contended, Write, commit, delete_write, put_write, transact, update_write

NIGHT = "2026-06-16T18:00:00Z"


def tamper(key: keys.Key, attribute: str, change_fen: int) -> None:
    """Change an amount behind everybody's back."""
    transact(
        [update_write("tampered", key, f"SET #{attribute} = #{attribute} + :change_fen", None, change_fen=change_fen)]
    )


def reconciled(**event: Any) -> Json:
    """The report of one night."""
    run = SimpleNamespace(aws_request_id="run-1")
    [report] = function("reconcile").handler({"time": NIGHT, **event}, run)["reports"]
    return dict(report)


def broken(report: Json) -> list[str]:
    """The invariants that do not hold."""
    return [each["name"] for each in report["invariants"] if not each["holds"]]


def test_books_in_order_freeze_nothing_and_are_shown_to_bureau_and_finance(completed: tuple[Town, Json]) -> None:
    town, _ = completed
    report = reconciled()
    assert (report["balanced"], report["residual_fen"], report["frozen"], broken(report)) == (True, 0, [], [])
    assert town.shown("/reports/2026/reconciliation", BUREAU) == json.loads(json.dumps(report))
    assert town.shown("/reports/2026/reconciliation", FINANCE)["accounts"]["order"] == 700_000


def measured(printed: str) -> list[float]:
    """What an alarm hears: the metric's data points among what a function printed."""
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]
    assert {each["service"] for each in lines} == {"voucher-3"}
    assert {str(metric["Dimensions"]) for each in lines for metric in each["_aws"]["CloudWatchMetrics"]} == {
        "[['service']]"
    }
    return [each["BooksOutOfBalance"] for each in lines if "BooksOutOfBalance" in each]


def test_every_night_is_measured_and_a_breach_is_what_the_alarm_hears(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "voucher-3")
    reconciled()
    assert measured(capsys.readouterr().out) == [0]
    tamper(keys.pool(batch_pool(town.batch_id), 0), "remaining_fen", 1)
    reconciled()
    assert measured(capsys.readouterr().out) == [2]


def test_a_pool_that_is_lost_is_named(town: Town) -> None:
    name, first = batch_pool(town.batch_id), keys.pool(batch_pool(town.batch_id), 0)
    transact([delete_write("pool", first)])
    with pytest.raises(LookupError, match=name):
        reconciled()


@pytest.mark.clause("§1.4a")
def test_a_batch_with_a_fen_too_many_is_frozen_until_somebody_repairs_and_frees_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.grab()
    shard = keys.pool(batch_pool(town.batch_id), 0)
    tamper(shard, "remaining_fen", 1)

    report = reconciled()

    pool_id = batch_pool(town.batch_id)
    assert (report["balanced"], report["frozen"]) == (False, [pool_id])
    assert broken(report) == ["batch_records_agree", "pools_add_up"]
    assert town.shown("/reports/2026/reconciliation", BUREAU)["frozen"] == [pool_id]
    claim = {"enterprise_uscc": town.neighbour.uscc}
    path = f"/batches/{town.batch_id}/vouchers"
    refused = town.world.call(NEIGHBOUR, "POST", path, claim)
    assert (refused.status, refused.code) == (409, "FROZEN")

    tamper(shard, "remaining_fen", -1)
    logged = list[Json]()
    monkeypatch.setattr(function("reconcile"), "log_work", lambda what, **facts: logged.append({what: facts}))
    assert function("reconcile").handler({"free": [pool_id]}, None) == {"freed": [pool_id]}
    assert logged == [{"freed": {"pools": pool_id}}]
    assert town.world.call(NEIGHBOUR, "POST", path, claim).status == 201
    assert reconciled()["balanced"]


@pytest.mark.clause("§1.4a")
def test_a_frozen_batch_is_not_closed_before_somebody_repaired_it(town: Town) -> None:
    pool_id, path = batch_pool(town.batch_id), f"/batches/{town.batch_id}/close"
    shard = keys.pool(pool_id, 0)
    tamper(shard, "remaining_fen", 1)
    assert reconciled()["frozen"] == [pool_id]
    refused = town.world.call(BUREAU, "POST", path)
    assert (refused.status, refused.code) == (409, "FROZEN")
    assert town.shown("/programmes/2026")["surplus_fen"] == 0
    assert town.shown(f"/batches/{town.batch_id}")["state"] == "open"

    tamper(shard, "remaining_fen", -1)
    function("reconcile").handler({"free": [pool_id]}, None)
    assert town.world.call(BUREAU, "POST", path).status == 200
    assert town.shown("/programmes/2026")["surplus_fen"] == town.shown(f"/batches/{town.batch_id}")["amount_fen"]
    assert reconciled()["balanced"]


def test_a_freeze_that_broke_off_is_in_the_report_and_is_completed_by_the_next_run(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool_id = batch_pool(town.batch_id)
    tamper(keys.pool(pool_id, 0), "remaining_fen", 1)
    shards, sent, send = pools.read_shard_count(pool_id), list[int](), pools.transact

    def busy(writes: list[Write], **how: int) -> None:
        if sent:
            raise Contended
        sent.append(len(writes))
        send(writes, **how)

    with monkeypatch.context() as patch:
        patch.setattr(pools, "transact", busy)
        with pytest.raises(Contended):
            reconciled()
    assert [each.frozen for each in pools.read_shards(pool_id, shards)] == [True, *[False] * (shards - 1)]
    assert town.shown("/reports/2026/reconciliation", BUREAU)["frozen"] == [pool_id]
    assert (shards > 1, reconciled()["frozen"]) == (True, [pool_id])
    assert {each.frozen for each in pools.read_shards(pool_id, shards)} == {True}


@pytest.mark.clause("§2.2.cap")
@pytest.mark.parametrize(
    ("attribute", "invariants"),
    [("held_fen", ["yearly_pools_agree", "pools_add_up"]), ("limit_fen", ["pools_add_up", "caps_follow_total"])],
)
def test_a_category_that_counts_otherwise_than_its_orders_is_frozen_for_orders(
    completed: tuple[Town, Json], attribute: str, invariants: list[str]
) -> None:
    town, order = completed
    pool_id = category_pool(2026, order["category"])
    tamper(keys.pool(pool_id, 0), attribute, 1)
    report = reconciled()
    assert (broken(report), report["frozen"]) == (invariants, [pool_id])
    refused = town.place(contract_fen=100_000, voucher_fen=10_000)
    assert (refused.status, refused.code) == (409, "FROZEN")
    assert town.act(OWNER, order, "cancellation", {"reason": "改期"}).status == 200  # what is held goes on


@pytest.mark.clause("§2.2.cap")
@pytest.mark.parametrize(("counter", "other"), [("held_fen", "payable_fen"), ("held_fen", "paid_fen")])
def test_a_category_that_takes_what_is_held_for_owed_or_paid_is_frozen(
    completed: tuple[Town, Json], counter: str, other: str
) -> None:
    pool_id = category_pool(2026, completed[1]["category"])
    [shard] = [each.shard for each in pools.read_shards(pool_id, 2) if each.held_fen]
    tamper(keys.pool(pool_id, shard), counter, -700_000)
    tamper(keys.pool(pool_id, shard), other, 700_000)
    report = reconciled()
    assert "yearly_pools_agree" in broken(report)
    assert report["frozen"] == [pool_id]


@pytest.mark.clause("§4.2.1")
def test_an_order_that_is_lost_is_told_of_and_does_not_stop_the_reconciliation(completed: tuple[Town, Json]) -> None:
    _, order = completed
    transact([delete_write("lost", keys.order(order["order_id"]))])
    report = reconciled()
    assert not report["balanced"]
    [told] = [each["detail"] for each in report["invariants"] if each["name"] == "order_records_agree"]
    assert told == f"order:{order['order_id']}: postings 700000, record 0"
    assert report["accounts"]["order"] == 700_000


def test_the_fault_of_one_year_hides_no_other_years_report_and_is_raised_in_the_end(
    completed: tuple[Town, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    town, _ = completed
    towns.open_year(town.world, year=2025)
    towns.open_year(town.world, year=2027)
    read = books.read_book
    monkeypatch.setattr(books, "read_book", lambda year: read(year) if year != 2026 else 1 // 0)
    with pytest.raises(ZeroDivisionError):
        reconciled()
    for year in (2025, 2027):
        assert town.shown(f"/reports/{year}/reconciliation", BUREAU)["balanced"]
    assert town.world.call(BUREAU, "GET", "/reports/2026/reconciliation").status == 404


def read_years(monkeypatch: pytest.MonkeyPatch, event: Json) -> list[int]:
    """The years whose books a run reads, each once if they balance, in order."""
    found, read = list[int](), books.read_book

    def read_and_note(year: int) -> books.Book:
        found.append(year)
        return read(year)

    with monkeypatch.context() as patch:
        patch.setattr(books, "read_book", read_and_note)
        function("reconcile").handler(event, None)
    return found


def test_the_newest_year_comes_first_and_a_closed_one_at_rest_waits_for_its_day(
    completed: tuple[Town, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    town, _ = completed
    towns.open_year(town.world, year=2025)
    towns.open_year(town.world, year=2027)
    function("close_year").close_year(2025, Mark(by="sweep", at=NOW))
    night = {"source": "aws.scheduler", "time": "2026-06-16T18:00:00Z"}
    assert read_years(monkeypatch, night) == [2027, 2026, 2025], "it was closed since its last report"
    assert read_years(monkeypatch, night) == [2027, 2026]
    assert read_years(monkeypatch, {"time": night["time"]}) == [2027, 2026, 2025], "by hand"
    its_day = f"2026-06-{2025 % 28 + 1:02}T02:00:00+08:00"
    assert read_years(monkeypatch, night | {"time": its_day}) == [2027, 2026, 2025]
    # as if money of the year had moved since
    key = keys.programme(2025, "RECONCILIATION#2026-06-16T18:00:00.000Z")
    report = find_item(key)
    assert report is not None
    accounts = report["accounts"] | {"paid": report["accounts"].get("paid", 0) + 1}
    commit([put_write("report", key, report | {"accounts": accounts}, None)])
    assert read_years(monkeypatch, night) == [2027, 2026, 2025]


def test_a_breach_is_told_before_it_is_looked_at_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    tamper(keys.pool(batch_pool(town.batch_id), 0), "remaining_fen", 1)
    read, readings = books.read_book, list[int]()

    def time_ends(year: int) -> books.Book:
        readings.append(year)
        if len(readings) == 2:
            raise TimeoutError
        return read(year)

    monkeypatch.setattr(books, "read_book", time_ends)
    with pytest.raises(TimeoutError):
        reconciled()
    report = town.shown("/reports/2026/reconciliation", BUREAU)
    assert (report["balanced"], report["frozen"]) == (False, [])
    assert broken(report) != []


@pytest.mark.clause("§2.2.floor")
def test_the_room_of_all_non_key_categories_is_reckoned_from_the_orders_too(completed: tuple[Town, Json]) -> None:
    tamper(keys.pool(non_key_pool(2026), 0), "held_fen", 1)
    tamper(keys.pool(non_key_pool(2026), 0), "remaining_fen", -1)
    report = reconciled()
    assert (broken(report), report["frozen"]) == (["yearly_pools_agree"], [non_key_pool(2026)])


@pytest.mark.clause("§2.3.1")
def test_an_entitlement_that_counts_otherwise_than_its_vouchers_is_reported(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    tamper(keys.entitlement(2026, town.enterprise.uscc), "left_fen", 1_000_000)
    report = reconciled()
    assert (report["balanced"], broken(report), report["frozen"]) == (False, ["quotas_agree"], [])


def test_a_surplus_of_which_a_fen_is_gone_is_frozen(town: Town) -> None:
    tamper(keys.pool(surplus_pool(2026), 0), "remaining_fen", 1)
    assert reconciled()["frozen"] == [surplus_pool(2026)]


def test_money_that_comes_and_goes_while_the_books_are_read_freezes_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool_id, plan = batch_pool(town.batch_id), {0: 1_000_000}
    batches_of, read_vouchers = batches.list_of_year, books._vouchers
    readings: list[int] = []

    def back(year: int) -> list[Batch]:
        if readings:
            transact(pools.move_writes(pool_id, plan, "drawn_fen", "remaining_fen"))
        return batches_of(year)

    def away(released: list[Batch]) -> tuple[list[Voucher], list[Posting]]:
        found = read_vouchers(released)
        transact(pools.draw_writes(pool_id, plan, "drawn_fen"))
        readings.append(1)
        return found

    monkeypatch.setattr(batches, "list_of_year", back)
    monkeypatch.setattr(books, "_vouchers", away)
    report = reconciled()
    assert len(readings) > 2  # each found the batch short by the same amount
    assert "batch_records_agree" in broken(report)
    assert (report["balanced"], report["frozen"]) == (True, [])


def test_a_report_is_of_its_cut_off_and_later_postings_are_not_in_its_accounts(completed: tuple[Town, Json]) -> None:
    report = reconciled(time="2026-06-15T01:59:59Z")
    assert (report["cut_off"], set(report["accounts"].values())) == ("2026-06-15T01:59:59.000Z", {0})
    assert report["balanced"]
