"""Pages of lists: each item once whatever the filters, the order and the size of a page; bounded work; own cursors."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tests.support.backend import World
from voucher.refusals import Refusal, Refused
from voucher.store import keys
from voucher.store.engine import pages, reading, table
from voucher.store.engine.cursors import read_cursor, write_cursor
from voucher.store.engine.pages import Page, Party, Selection

Item = dict[str, Any]
STATES = ("placed", "accepted", "paid")
DAYS = [(pages.FIRST, pages.LAST), ("2026-06-03", pages.LAST), ("2026-06-02T12", "2026-06-04T00"), ("2027", "2028")]
AGENCY = Party("by_agency", "a1")
WAITING = Party("by_waiting", "THING#asked")


def is_even(item: Item) -> bool:
    return bool(item["number"] % 2 == 0)


def is_rare(item: Item) -> bool:
    return bool(item["number"] == 3)


@pytest.fixture
def items(world: World) -> list[Item]:
    """Fifty things in one list, some made at the same instant, and a few of another list of the same agencies."""
    dice = random.Random(7)
    made = []
    for number in range(60):
        name = "THING" if number < 50 else "OTHER"
        instant = f"2026-06-{dice.randint(1, 5):02}T{dice.choice((0, 12)):02}:00:00.000Z"
        state, agency = dice.choice(STATES), f"a{dice.randint(1, 2)}"
        waiting = "asked" if dice.random() < 0.3 else None
        entry = keys.index_entry(name, instant, f"t{number:02}", state=state, waiting=waiting)
        key = keys.order(f"t{number:02}")
        content = {"number": number, "state": state, "agency_uscc": agency}
        table.commit([table.put_write("thing", key, content, None, index=entry)])
        made.append(content | entry)
    return made


@pytest.fixture(autouse=True)
def small_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that fifty items meet every bound."""
    monkeypatch.setattr(pages, "MOST_READ", 12)
    monkeypatch.setattr(pages, "READ_AT_ONCE", 5)


def walk(read: Callable[[Selection], Page], selection: Selection) -> list[Page]:
    """Every page from the first to the last."""
    found = [read(selection)]
    while cursor := found[-1].next_cursor:
        assert len(found) < 200
        found.append(read(replace(selection, cursor=cursor)))
    return found


def numbers(read: list[Page]) -> list[int]:
    return [item["number"] for page in read for item in page.items]


@pytest.mark.parametrize("party", [None, AGENCY, WAITING], ids=["all", "agency", "waiting"])
@pytest.mark.parametrize("state", [None, *STATES])
def test_all_pages_together_have_each_item_once_in_order(
    items: list[Item], party: Party | None, state: str | None
) -> None:
    column = table.INDEXES[party.index] if party else "index_key"
    for (since, until), oldest_first, keep, limit in product(DAYS, (True, False), (None, is_even, is_rare), (1, 3, 50)):
        selection = Selection(limit, None, state, since, until, oldest_first)
        expected = [
            each
            for each in items
            if each["index_key"] == "THING"
            and (party is None or each.get(column) == party.value)
            and state in (None, each["state"])
            and since <= each["index_sort"] < until
            and (keep is None or keep(each))
        ]
        expected.sort(key=lambda each: each["index_sort"], reverse=not oldest_first)
        found = walk(lambda each, keep=keep: pages.read_page("orders", "THING", each, keep, party), selection)
        assert numbers(found) == [each["number"] for each in expected]
        assert all(len(page.items) <= limit for page in found)


def test_the_work_for_a_page_is_bounded_however_few_items_it_shows(
    items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Item] = []

    def keep(item: Item) -> bool:
        seen.append(item)
        return is_rare(item)

    first = pages.read_page("orders", "THING", Selection(4), keep)
    assert len(seen) < pages.MOST_READ + pages.READ_AT_ONCE
    assert first.next_cursor is not None
    monkeypatch.setattr(pages, "MOST_READ", 1_000)
    assert numbers([pages.read_page("orders", "THING", Selection(4), keep)]) == [3]


def test_a_page_of_large_items_is_shorter_than_an_answer_may_be(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice of 300 lines has 84 KB: a hundred of them are more than Lambda may answer."""
    monkeypatch.setattr(pages, "MOST_READ", 1_000)
    for number in range(50):
        entry = keys.index_entry("THING", f"2026-06-01T00:00:{number:02}.000Z", f"t{number:02}")
        content = {"number": number, "text": "x" * 90_000}
        table.commit([table.put_write("thing", keys.order(f"t{number:02}"), content, None, index=entry)])
    found = walk(lambda each: pages.read_page("orders", "THING", each), Selection(100, oldest_first=True))
    assert numbers(found) == list(range(50))
    assert max(len(json.dumps(page.items)) for page in found) < 6_000_000 // 2


def test_an_item_that_comes_meanwhile_shifts_no_page(items: list[Item]) -> None:
    first = pages.read_page("orders", "THING", Selection(20))
    new = keys.index_entry("THING", "2026-06-30T00:00:00.000Z", "t99", state="paid")
    table.commit([table.put_write("thing", keys.order("t99"), {"number": 99, "state": "paid"}, None, index=new)])
    rest = walk(lambda each: pages.read_page("orders", "THING", each), Selection(20, first.next_cursor))
    assert sorted(numbers([first, *rest])) == list(range(50))


VARIANTS: list[tuple[str, Selection, Party | None]] = [
    ("THING", Selection(2), None),
    ("OTHER", Selection(2), None),
    ("THING", Selection(2, state="paid"), None),
    ("THING", Selection(2, oldest_first=True), None),
    ("THING", Selection(2, since="2026-06-02"), None),
    ("THING", Selection(2, until="2026-06-04"), None),
    ("THING", Selection(2, filters="q"), None),
    ("THING", Selection(2), AGENCY),
    ("THING", Selection(2), WAITING),
]


@pytest.mark.parametrize("number", range(len(VARIANTS)))
def test_a_cursor_of_another_list_filter_or_order_is_refused(items: list[Item], number: int) -> None:
    name, selection, party = VARIANTS[number]
    cursor = pages.read_page("orders", name, selection, party=party).next_cursor
    assert cursor is not None
    # the size of a page may change from one to the next
    assert pages.read_page("orders", name, replace(selection, limit=3, cursor=cursor), party=party).items
    for other_name, other, other_party in VARIANTS[:number] + VARIANTS[number + 1 :]:
        with pytest.raises(Refused) as no:
            pages.read_page("orders", other_name, replace(other, cursor=cursor), party=other_party)
        assert (no.value.refusal, no.value.errors[0].field) == (Refusal.MALFORMED, "cursor")


@pytest.mark.parametrize("sort", ["2026-05-31", "2026-06-05", "\ud800"])
def test_a_cursor_from_outside_the_days_is_refused_and_no_fault(items: list[Item], sort: str) -> None:
    selection = Selection(1, since="2026-06-02", until="2026-06-04")
    real = pages.read_page("orders", "THING", selection).next_cursor or ""
    scope = pages._scope("orders", "by_newest", "THING", selection)
    assert pages.read_cursor(real, scope, 3)
    with pytest.raises(Refused):
        pages.read_page(
            "orders", "THING", replace(selection, cursor=pages.write_cursor(scope, "ORDER#t01", "RECORD", sort))
        )


def test_counts_are_by_state_of_the_days_and_say_where_they_ended(
    items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    things = [each for each in items if each["index_key"] == "THING" and each["index_sort"] >= "2026-06-02"]
    for party in (None, AGENCY):
        mine = [each["state"] for each in things if party is None or each["agency_uscc"] == "a1"]
        selection = Selection(1, state="paid", since="2026-06-02", counted=STATES)
        counts = pages.read_page("orders", "THING", selection, is_rare, party).counts
        assert counts == {state: (mine.count(state), False) for state in STATES}
    monkeypatch.setattr(pages, "MOST_COUNTED", 4)
    counts = pages.read_page("orders", "THING", Selection(1, counted=STATES)).counts
    assert counts == dict.fromkeys(STATES, (4, True))
    [total] = {sum(each.value for each in (counts or {}).values())}
    assert total == 12
    counts = pages.read_page("orders", "THING", Selection(1, counted=STATES), party=AGENCY).counts or {}
    assert sum(each.value for each in counts.values()) <= 4 and all(each.at_least for each in counts.values())
    assert pages.read_page("orders", "THING", Selection(1)).counts is None


def test_read_whole_goes_through_every_page(items: list[Item]) -> None:
    assert len(list(pages.read_whole("orders", "THING"))) == 50
    paid = [each["number"] for each in items if each["state"] == "paid" and each["index_key"] == "THING"]
    assert sorted(each["number"] for each in pages.read_whole("orders", "THING", "paid")) == sorted(paid)


@pytest.mark.parametrize("oldest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_a_short_list_is_cut_into_pages_of_which_each_thing_is_in_one(limit: int, oldest_first: bool) -> None:
    placed = [(f"2026-06-0{day}T00#{name}", day * 10 + number) for day in (3, 1, 2) for number, name in enumerate("ba")]
    selection = Selection(limit, since="2026-06-02", until="2026-06-04", oldest_first=oldest_first)
    found: list[int] = []
    cursor: str | None = None
    while True:
        part, cursor = pages.cut_page("things", placed, replace(selection, cursor=cursor))
        found += part
        assert len(found) < 20
        if cursor is None:
            break
    assert found == [21, 20, 31, 30][:: 1 if oldest_first else -1]
    _, cursor = pages.cut_page("things", placed, replace(selection, limit=1))
    with pytest.raises(Refused):
        pages.cut_page("other things", placed, replace(selection, cursor=cursor))


PLACES = [keys.bucket("b", number) for number in range(keys.BUCKETS)]


def read_bucket_page(selection: Selection, keep: Callable[[Item], bool] = bool) -> Page:
    return pages.read_partitions("b", PLACES, "VOUCHER#", selection, keep)


@pytest.mark.parametrize("limit", [1, 4, 5, 100])
@pytest.mark.parametrize("count", [0, 1, 37])
def test_pages_over_several_partitions_have_each_item_once(world: World, limit: int, count: int) -> None:
    for number in range(count):
        place = keys.voucher("b", f"u{number}")
        posting = place._replace(sk=f"POSTING#u{number}#0001")
        content = {"number": number}
        table.commit([table.put_write("voucher", place, content, None), table.put_write("p", posting, content, None)])
    found = walk(read_bucket_page, Selection(limit))
    assert sorted(numbers(found)) == list(range(count))
    assert all(len(page.items) <= limit for page in found)
    even = walk(lambda each: read_bucket_page(each, is_even), Selection(limit))
    assert sorted(numbers(even)) == list(range(0, count, 2))


@pytest.mark.parametrize("texts", [("16", "VOUCHER#"), ("-1", "VOUCHER#"), ("x", "VOUCHER#"), ("0", "POSTING#")])
def test_a_cursor_that_names_no_place_of_a_partition_is_refused(world: World, texts: tuple[str, str]) -> None:
    scope = pages._scope("vouchers", "", "b", Selection())
    with pytest.raises(Refused):
        read_bucket_page(Selection(cursor=pages.write_cursor(scope, *texts)))
    assert read_bucket_page(Selection(cursor=pages.write_cursor(scope, "0", "VOUCHER#"))).next_cursor is None


def test_a_part_of_a_partition_ends_where_it_says(world: World) -> None:
    for number in range(3):
        table.commit([table.put_write("n", keys.inbox("s", str(number)), {"number": number}, None)])
    part = reading.read_part(keys.inbox("s"), "MESSAGE#0", 1)
    assert ([item["number"] for item in part.items], part.last) == ([1], "MESSAGE#1")


@pytest.mark.parametrize("place", ["𠮷" * 75, "x" * 300, "", "\x00", "\ud800"], ids=range(5))
def test_a_cursor_names_no_place_that_a_key_cannot_have(place: str) -> None:
    with pytest.raises(Refused) as no:
        read_cursor(write_cursor("list", place), "list", 1)
    assert no.value.refusal is Refusal.MALFORMED
    assert read_cursor(write_cursor("list", "x" * 299), "list", 1) == ["x" * 299]
