"""Reads of any number of items: in the order asked for, as many at one moment as a transaction holds."""

import pytest

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


def test_a_batch_over_the_most_shards_is_published_and_closed_in_one_transaction() -> None:
    """Beside its shards: the batch, the programme and a posting; the shards of the surplus, or one credit to it."""
    assert MOST_SHARDS + 3 + SURPLUS_SHARDS <= table.MOST_ITEMS
