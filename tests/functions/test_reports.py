"""The usage report of a year: what is counted where, that each change counts once, and that its sums are those of the
postings (§5.1)."""

from datetime import timedelta
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.conftest import NOW, StoppedClock
from tests.support.backend import function
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, Json, Town, change_sides
from tests.support.settlement_scenario import settling, the_order
from tests.support.workers import deliver, waiting
from voucher.edge import reports as counting
from voucher.policy import SIGNALS
from voucher.store import keys, reports
from voucher.store.engine.reading import find_item, read_partition
from voucher.store.engine.table import count_write, encode, transact

NIGHT = "2026-12-30T18:00:00Z"


def count(town: Town) -> None:
    """Let the worker count the owner's enterprise."""
    assert deliver("keep_reports", {"year": 2026, "uscc": town.enterprise.uscc}) == {"batchItemFailures": []}


def usage(town: Town) -> Json:
    """The report of 2026 after the worker has counted."""
    count(town)
    return town.shown("/reports/2026/usage", BUREAU)


def row(report: Json, dimension: str, value: str) -> Json:
    """One row of a report."""
    [found] = [each for each in report["rows"] if (each["dimension"], each["value"]) == (dimension, value)]
    return dict(found)


def total(report: Json) -> Json:
    """The year's figures, those that are not 0 or null."""
    return known(row(report, "total", "all")["figures"])


def known(figures: Json) -> Json:
    """The figures that are not 0 or null."""
    return {name: value for name, value in figures.items() if value and name != "stage_days"}


def reconciled() -> Json:
    """The accounts of a reconciliation that finds nothing wrong."""
    [report] = function("reconcile").handler({"time": NIGHT}, None)["reports"]
    assert report["balanced"]
    return dict(report["accounts"])


@pytest.mark.clause("§5.1")
def test_a_report_counts_vouchers_and_orders_by_what_they_were(completed: tuple[Town, Json]) -> None:
    town, order = completed
    report = usage(town)
    granted = {"firms": 1, "vouchers": 1, "granted_fen": 1_000_000}
    ordered = {"orders": 1, "held_fen": 700_000, "contract_fen": 1_000_000, "contract_voucher_fen": 700_000}
    assert total(report) == {**granted, **ordered, "leverage": 1.42}
    assert [
        (each["dimension"], each["value"], known(each["figures"]).get("granted_fen")) for each in report["rows"]
    ] == [
        ("total", "all", 1_000_000),
        ("category", order["category"], None),
        ("service_item", order["service_item"] or "unknown", None),
        ("district", "city", 1_000_000),
        ("size_class", "small", 1_000_000),
        ("list", "none", 1_000_000),
        ("agency", town.agency.uscc, None),
        ("batch", town.batch_id, 1_000_000),
    ]
    agency = known(row(report, "agency", town.agency.uscc)["figures"])
    assert agency == {"firms": 1, **ordered, "leverage": 1.42}
    assert report["cut_off"] == town.shown(f"/orders/{order['order_id']}", BUREAU)["updated_at"]


@pytest.mark.clause("§5.1")
def test_money_that_was_paid_and_claimed_back_adds_up_to_the_accounts(submitted: tuple[Town, Json]) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    steps.expect(case.recover(order, 300_000), 201)
    report = usage(case.town)
    paid = {"held_fen": 700_000, "verified_fen": 700_000, "paid_fen": 700_000, "recovered_fen": 300_000}
    assert paid.items() <= total(report).items()
    accounts = reconciled()
    assert report["accounts"] == {family: accounts[family] for family in report["accounts"]}
    assert report["accounts"]["receivable"] == 300_000
    assert row(report, "total", "all")["figures"]["stage_days"] == dict.fromkeys(
        ("answer", "deliver", "confirm", "apply", "review", "pay"), 0.0
    )


@pytest.mark.clause("§5.1")
def test_the_report_says_whether_it_agreed_with_the_latest_reconciliation(completed: tuple[Town, Json]) -> None:
    town, _ = completed
    reconciled()  # the worker has counted nothing yet
    differing = {"voucher": -300_000, "order": -700_000}
    behind = town.shown("/reports/2026/usage", BUREAU)["reconciliation"]
    assert behind == {"cut_off": "2026-12-30T18:00:00.000Z", "agrees": False, "difference_fen": differing}
    count(town)
    reconciled()
    check = town.shown("/reports/2026/usage", BUREAU)["reconciliation"]
    assert (check["agrees"], check["difference_fen"]) == (True, {})


@pytest.mark.clause("§5.1")
def test_an_order_that_ends_in_a_later_month_leaves_the_month_before_as_it_was(
    completed: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = completed
    order = town.order(contract_fen=300_000, voucher_fen=200_000)
    before = row(usage(town), "total", "all")["months"]
    stopped_clock.instant = NOW + timedelta(days=30)
    steps.expect(town.act(OWNER, order, "withdraw", {"reason": "另有安排"}), 200)
    after = row(usage(town), "total", "all")["months"]
    assert after[0] == before[0]
    assert (after[0]["month"], known(after[0]["figures"])["held_fen"]) == ("2026-06", 900_000)
    assert [(each["month"], known(each["figures"])) for each in after[1:]] == [("2026-07", {"released_fen": 200_000})]


@pytest.mark.clause("§5.1")
@pytest.mark.parametrize("bodies", ["twice", "late", "together"])
def test_a_message_that_comes_again_or_late_counts_nothing_twice(completed: tuple[Town, Json], bodies: str) -> None:
    town, _ = completed
    first = {"year": 2026, "uscc": town.enterprise.uscc, "message_id": "a"}
    found = usage(town)
    town.order(contract_fen=300_000, voucher_fen=200_000)
    if bodies == "late":  # that of the order overtook that of the grab
        deliver("keep_reports", first | {"message_id": "b"})
    deliver("keep_reports", *[first] * (2 if bodies != "together" else 5))
    report = usage(town)
    assert total(report)["held_fen"] == total(found)["held_fen"] + 200_000
    assert report["accounts"] == {family: reconciled()[family] for family in report["accounts"]}


def test_a_poisoned_message_comes_back_alone_and_the_others_count(completed: tuple[Town, Json]) -> None:
    town, _ = completed
    good: Json = {"year": 2026, "uscc": town.enterprise.uscc}
    poisoned: list[Any] = ["这不是 JSON", {"year": "later", "uscc": "x"}, {"uscc": "x"}, [1]]
    answer = deliver("keep_reports", poisoned[0], good, *poisoned[1:], {"year": 2026, "uscc": "nobody"})
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == ["m0", "m2", "m3", "m4"]
    assert total(town.shown("/reports/2026/usage", BUREAU))["granted_fen"] == 1_000_000


def test_an_enterprise_in_more_rows_than_a_write_holds_is_counted_in_parts(
    completed: tuple[Town, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    town, _ = completed
    monkeypatch.setattr(counting, "MOST_ITEMS", 3)
    report = usage(town)
    assert len(report["rows"]) == 8
    assert report["accounts"] == {family: reconciled()[family] for family in report["accounts"]}


@pytest.mark.parametrize("counted_before", [False, True])
def test_a_worker_that_others_overtake_looks_again_and_counts_what_is_new(
    completed: tuple[Town, Json], monkeypatch: pytest.MonkeyPatch, counted_before: bool
) -> None:
    town, commit, overtaken = completed[0], counting.commit, list[bool]()
    if counted_before:
        counting.count(2026, [town.enterprise.uscc])
        town.order(contract_fen=30_000, voucher_fen=20_000)

    def overtake(steps_: Any) -> bool:
        if not overtaken:
            overtaken.append(True)
            town.order(contract_fen=300_000, voucher_fen=200_000)
            counting.count(2026, [town.enterprise.uscc])
        return bool(commit(steps_))

    monkeypatch.setattr(counting, "commit", overtake)
    monkeypatch.setattr(counting, "pause", lambda _: None)
    assert total(usage(town))["held_fen"] == 900_000 + 20_000 * counted_before


def test_a_year_in_which_nothing_is_counted_shows_zeros_and_no_year_is_not_found(open_year: Any) -> None:
    shown = steps.expect(open_year.call(BUREAU, "GET", "/reports/2026/usage"), 200)
    assert (shown["cut_off"], shown["reconciliation"], len(shown["rows"]), total(shown)) == (None, None, 1, {})
    assert shown["rows"][0]["figures"]["leverage"] is None
    assert open_year.call(BUREAU, "GET", "/reports/2031/usage").status == 404


def test_each_change_of_a_voucher_or_an_order_is_told_to_the_worker(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    order = town.order()
    for key in (keys.order(order["order_id"]), keys.voucher(town.batch_id, town.enterprise.uscc)):
        item = find_item(key)
        assert item is not None
        change = {"NewImage": encode(item), "ApproximateCreationDateTime": 0}
        function("relay").handler({"Records": [{"dynamodb": change}]}, None)
        [told] = waiting("keep_reports")
        assert (told["year"], told["uscc"]) == (2026, town.enterprise.uscc)


@pytest.mark.clause("§2.2.cap", "§2.2.floor")
def test_caps_and_floor_are_shown_on_three_bases_with_the_day_each_is_reached(completed: tuple[Town, Json]) -> None:
    town, order = completed
    nothing = town.shown("/reports/2026/compliance", BUREAU)
    assert nothing["floor"]["shares"] == {"of_budget": 0.0, "of_granted": None, "of_used": None}
    assert (nothing["four_eyes"], nothing["floor"]["trend"], nothing["budget"]["all_used_on"]) == (None, [], None)
    count(town)
    reconciled()
    shown = town.shown("/reports/2026/compliance", BUREAU)
    assert shown["budget"]["total_fen"] == 100_000_000
    assert (shown["budget"]["granted_fen"], shown["budget"]["used_fen"]) == (1_000_000, 700_000)
    [cap] = [each for each in shown["caps"] if each["used_fen"]]
    assert (cap["category"], cap["room_fen"]) == (order["category"], cap["cap_fen"] - 700_000)
    assert cap["shares"] == {"of_budget": 0.7, "of_granted": 70.0, "of_used": 100.0} == shown["floor"]["shares"]
    assert shown["floor"]["trend"] == [{"month": "2026-06", "key_share_percent": 100.0}]
    assert (shown["looser"], shown["four_eyes"], shown["settlement_days"]) == ([], [], None)


@pytest.mark.clause("§2.3.2", "§5.2a")
def test_exceptions_are_listed_as_long_as_they_are_so(completed: tuple[Town, Json]) -> None:
    town, order = completed
    dear = town.order(contract_fen=600_000, voucher_fen=100_000)

    def listed(kind: str = "") -> list[tuple[str, str]]:
        count(town)
        items = town.shown(f"/reports/2026/exceptions{kind and f'?kind={kind}'}", BUREAU)["items"]
        return [(each["kind"], each["order_id"]) for each in items]

    full = ("full_share", order["order_id"])
    price_fen = order["price_fen"]
    assert (full in listed(), listed("above_price")) == (True, [])
    above = town.order(contract_fen=price_fen + 1, voucher_fen=50_000)
    assert listed("above_price") == [("above_price", above["order_id"])]
    assert not any(order_id == dear["order_id"] for _, order_id in listed())
    steps.expect(town.act(OWNER, above, "withdraw", {"reason": "另有安排"}), 200)
    assert sorted(listed()) == [("confirmed_fast", order["order_id"]), full]


@pytest.mark.clause("§5.1")
@pytest.mark.parametrize("bodies", ["once", "twice", "late"])
def test_signals_stand_beside_the_order_and_in_both_reports(voucher: tuple[Town, Json], bodies: str) -> None:
    town = voucher[0]
    first = {"year": 2026, "uscc": town.enterprise.uscc, "message_id": "a"}
    placed = [town.order(contract_fen=100_000, voucher_fen=70_000)]
    if bodies == "late":  # this one was sent before the others were placed, and comes last once more
        deliver("keep_reports", first)
    placed += [town.order(contract_fen=100_000, voucher_fen=70_000) for _ in range(SIGNALS.pair_orders - 1)]
    town.advance(placed[0], "accept", "contract", "deliver", "confirm")
    deliver("keep_reports", *[first | {"message_id": each} for each in ("abb" if bodies == "twice" else "b")])
    if bodies == "late":
        deliver("keep_reports", first)

    def flags(order: Json, person: Any = BUREAU) -> list[str]:
        shown = town.shown(f"/orders/{order['order_id']}", person)
        return [each["code"] for each in shown.get("flags", ())]

    assert flags(placed[0]) == ["FULL_SHARE_ROW", "CONFIRMED_FAST", "ONLY_PAIR"]
    assert flags(placed[-1]) == ["FULL_SHARE_ROW", "ONLY_PAIR"]
    assert flags(placed[0], OWNER) == []
    fast = town.shown("/reports/2026/exceptions?kind=confirmed_fast", BUREAU)["items"]
    row = town.shown("/reports/2026/exceptions?kind=full_share_row", BUREAU)["items"]
    assert ([each["order_id"] for each in fast], len(row)) == ([placed[0]["order_id"]], len(placed))
    assert row[0]["message"].startswith(f"该企业在该机构连续 {len(placed)} 笔订单")
    [signal] = town.shown("/reports/2026/compliance", BUREAU)["signals"]
    assert (signal["kind"], signal["agency_uscc"], signal["orders"]) == ("only_pair", town.agency.uscc, len(placed))
    insider = Person("insider", "bureau")
    change_sides(town, SELLER, town.agency.uscc, Person(insider.name))
    assert town.shown("/reports/2026/compliance", insider)["signals"] == []
    assert town.shown("/reports/2026/exceptions", insider)["items"] == []


@pytest.mark.clause("§5.1")
def test_signals_stand_where_a_line_is_decided_on(submitted: tuple[Town, Json]) -> None:
    case, order = settling(submitted), the_order(submitted)
    count(case.town)

    def fast(line: Json) -> bool:
        return "CONFIRMED_FAST" in {flag["code"] for flag in line["flags"]}

    assert (fast(case.line(order)), fast(case.line(order, SELLER))) == (True, False)
    steps.expect(case.decide(order), 200)
    [line] = case.gather()["lines"]
    assert fast(line)


def listed_of_organisations(town: Town) -> list[Json]:
    """The exceptions that are no order's."""
    items = town.shown("/reports/2026/exceptions", BUREAU)["items"]
    return [each for each in items if each["order_id"] is None]


def relay(*images: Any) -> list[Json]:
    """What the relay asks the worker for after some changes."""
    changes = [{"NewImage": encode(each), "ApproximateCreationDateTime": 0} for each in images]
    function("relay").handler({"Records": [{"dynamodb": each} for each in changes]}, None)
    return waiting("keep_reports")


@pytest.mark.clause("§5.1", "§4.1.3", "§3.2.3")
@pytest.mark.parametrize(("happened_on", "is_late"), [("2026-05-29", False), ("2026-05-28", True)])
@pytest.mark.parametrize("thing", ["enterprise", "agency"])
def test_a_change_that_is_reported_late_is_listed_once(town: Town, thing: str, happened_on: str, is_late: bool) -> None:
    uscc, person = (town.enterprise.uscc, OWNER) if thing == "enterprise" else (town.agency.uscc, SELLER)
    path = f"/{'enterprises' if thing == 'enterprise' else 'agencies'}/{uscc}/changes"
    report = {"happened_on": happened_on, "description": "迁址"}
    change = steps.expect(town.world.call(person, "POST", path, report), 201)
    key = keys.organisation(thing, uscc, f"CHANGE#{change['change_id']}")
    reported = find_item(key)
    review = f"{path}/{change['change_id']}/review"
    steps.expect(town.world.call(OPERATOR, "POST", review, {"decision": "keep", "reason": "仍符合条件"}), 200)
    bodies = relay(find_item(key), reported)  # the later one comes first
    assert len(bodies) == 2 * is_late
    for body in [*bodies, *bodies]:
        deliver("keep_reports", body)
    listed = listed_of_organisations(town)
    assert [(each["kind"], each["change_id"]) for each in listed] == [("late_change", change["change_id"])] * is_late
    for each in listed:
        assert each[f"{thing}_uscc"] == uscc
        assert each["message"] == "重大变更最迟应于 2026-06-12 报告，实际于 2026-06-15 报告，逾期 3 天。"


@pytest.mark.clause("§5.1", "§3.1.1")
def test_an_approval_against_a_condition_is_listed_with_what_was_waived(town: Town) -> None:
    key = keys.organisation("agency", town.agency.uscc)
    plain = find_item(key)
    assert plain is not None
    assert relay(plain) == []
    waived = plain | {"waives": ["premises", "legal_person"], "override": "市局会议纪要"}
    [body] = relay(waived)
    deliver("keep_reports", body, body)
    deliver("keep_reports", *relay(waived | {"version": 9, "state": "removed"}))
    [listed] = listed_of_organisations(town)
    assert (listed["kind"], listed["agency_uscc"], listed["at"]) == (
        "overridden_approval",
        town.agency.uscc,
        plain["approved_at"],
    )
    assert listed["message"] == "该机构不具备以下条件，由市经信局破例批准：独立法人资格、固定服务场所。"


def rows_of_generation(number: int) -> list[str]:
    """The rows of one generation that are kept."""
    return [item["sk"] for item in read_partition(keys.report(2026), f"ROW#{number:04}#")]


def test_a_year_counted_anew_shows_its_old_rows_until_all_are_through(completed: tuple[Town, Json]) -> None:
    town, _ = completed
    before = usage(town)
    transact([count_write("row", keys.report_row(2026, 1, "total.all"), {"2606h": 5}, "2026-06-15T02:00:00.000Z")])
    wrong = town.shown("/reports/2026/usage", BUREAU)
    assert function("keep_reports").handler({"rebuild": 2026}, None) == {"buckets": 16}
    town.order(contract_fen=300_000, voucher_fen=200_000)  # counted in the new rows alone
    count(town)
    bodies = waiting("keep_reports")
    for body in [*bodies[1:], *bodies[1:]]:
        deliver("keep_reports", body)
    assert town.shown("/reports/2026/usage", BUREAU)["rows"] == wrong["rows"]
    deliver("keep_reports", bodies[0])
    assert total(town.shown("/reports/2026/usage", BUREAU))["held_fen"] == total(before)["held_fen"] + 200_000
    assert (rows_of_generation(1), len(rows_of_generation(2))) == ([], 8)
    reconciled()
    assert town.shown("/reports/2026/usage", BUREAU)["reconciliation"]["agrees"]


def test_a_bucket_of_a_count_that_was_begun_once_more_ends_nothing(completed: tuple[Town, Json]) -> None:
    town, worker = completed[0], function("keep_reports")
    before = usage(town)["rows"]
    worker.handler({"rebuild": 2026}, None)
    first = waiting("keep_reports")
    worker.handler({"rebuild": 2026}, None)
    second = waiting("keep_reports")
    for body in first:
        deliver("keep_reports", body)
        reports.commit_bucket_counted(2026, 2, worker.bucket_name(town.batch_id, body["bucket"]))
    reports.commit_shown(2026, 2)
    reports.commit_shown(2026, 3)
    assert (reports.find_state(2026).current, len(reports.find_state(2026).pending)) == (1, 16)
    for body in second:
        deliver("keep_reports", body)
    reports.commit_shown(2026, 2)  # whose rows are gone by now, and no bucket of the later count is pending
    assert (reports.find_state(2026).current, reports.find_state(2026).building) == (3, None)
    assert town.shown("/reports/2026/usage", BUREAU)["rows"] == before


def test_a_large_bucket_is_counted_in_parts(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = function("keep_reports")
    monkeypatch.setattr(keys, "BUCKETS", 1)
    monkeypatch.setattr(worker, "VOUCHERS_PER_MESSAGE", 1)
    town.grab()
    claim, path = {"enterprise_uscc": town.neighbour.uscc}, f"/batches/{town.batch_id}/vouchers"
    steps.expect(town.world.call(NEIGHBOUR, "POST", path, claim), 201)
    worker.handler({"rebuild": 2026}, None)
    messages = 0
    while bodies := waiting("keep_reports"):
        messages += len(bodies)
        deliver("keep_reports", *bodies)
    assert messages >= 2
    assert total(town.shown("/reports/2026/usage", BUREAU))["firms"] == 2


def test_a_year_without_a_batch_is_counted_anew_at_once(open_year: Any) -> None:
    assert function("keep_reports").handler({"rebuild": 2026}, None) == {"buckets": 0}
    assert (reports.find_state(2026).current, reports.find_state(2026).building) == (2, None)
