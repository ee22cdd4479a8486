"""Reads of any number of items: in the order asked for, as many at one moment as a transaction holds."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.backend import World
from voucher.models.pools import MOST_SHARDS, SURPLUS_SHARDS
from voucher.store import keys
from voucher.store.engine import reading, table


@pytest.mark.parametrize(("count", "parts"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_any_number_of_items_is_read_in_parts_that_a_transaction_holds(
    world: World, monkeypatch: pytest.MonkeyPatch, count: int, parts: list[int]
) -> None:
    asked: list[int] = []
    together = reading.read_together

    def counted(*places: keys.Key) -> list[table.Item | None]:
        asked.append(len(places))
        return together(*places)

    monkeypatch.setattr(reading, "read_together", counted)
    there = [keys.order(f"o{number}") for number in range(0, count, 2)]
    for place in there:
        table.commit([table.put_write("order", place, {"order_id": place.pk}, None)])
    found = reading.read_many(keys.order(f"o{number}") for number in range(count))
    assert asked == parts
    assert [item and item["pk"] for item in found] == [
        f"ORDER#o{number}" if number % 2 == 0 else None for number in range(count)
    ]


def test_an_item_that_another_one_names_is_asked_for_once_more_before_it_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first read comes before its transaction has changed it."""
    key = keys.order("o1")
    table.commit([table.put_write("order", key, {"order_id": "o1"}, None)])
    monkeypatch.setattr(reading, "find_item", lambda _: None)
    assert reading.load_item(key, "the order o1")["order_id"] == "o1"
    with pytest.raises(LookupError, match="the order o2 is lost"):
        reading.load_item(keys.order("o2"), "the order o2")


def test_a_batch_over_the_most_shards_is_published_and_closed_in_one_transaction() -> None:
    """Beside its shards: the batch, the programme and a posting; the shards of the surplus, or one credit to it."""
    assert MOST_SHARDS + 3 + SURPLUS_SHARDS <= table.MOST_ITEMS


@pytest.mark.parametrize(
    "place", [("x" * 2049, "RECORD"), ("丽" * 683, "RECORD"), ("x", "x" * 1025), ("", "x"), ("x", "")]
)
@pytest.mark.parametrize(
    "ask",
    [reading.find_item, reading.read_together, lambda key: table.commit([table.delete_write("x", key)])],
    ids=["read", "read together", "write"],
)
def test_a_key_that_dynamodb_refuses_is_a_fault_in_these_rings_too(
    world: World, ask: Callable[[keys.Key], Any], place: tuple[str, str]
) -> None:
    ask(keys.Key("registry", "x", "x"))
    with pytest.raises(ClientError, match="ValidationException"):
        ask(keys.Key("registry", *place))


def test_a_partition_that_dynamodb_refuses_is_a_fault_in_these_rings_too(world: World) -> None:
    assert list(reading.read_partition(keys.Key("registry", "x", ""))) == []
    with pytest.raises(ClientError, match="ValidationException"):
        list(reading.read_partition(keys.Key("registry", "x" * 2049, "")))


def test_an_item_asked_for_twice_is_read_once_and_answered_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB refuses the same item twice in one transaction; both parties of an order may have one credit code."""
    client, asked = table.client(), list[int]()
    read = client.transact_get_items

    def counted(**request: Any) -> Any:
        asked.append(len(request["TransactItems"]))
        return read(**request)

    monkeypatch.setattr(client, "transact_get_items", counted)
    places = [keys.order(name) for name in ("a", "b", "a")]
    table.commit([table.put_write("order", places[0], {"order_id": "a"}, None)])
    found = [item and item["order_id"] for item in reading.read_together(*places)]
    assert (found, asked) == (["a", None, "a"], [2])
