"""Rooms that many want at once: a category's cap, the room beside the key categories, the programme's own money."""

from collections.abc import Callable
from random import Random

import pytest

from infra.client import steps
from infra.client.http import BUREAU, Reply
from tests.conftest import StoppedClock
from tests.races import stage
from tests.races.stage import QUOTA_FEN, YEAR
from tests.races.turns import Turns
from tests.support.backend import World
from voucher.models.pools import SURPLUS_SHARDS, category_pool, non_key_pool, surplus_pool
from voucher.policy import Category
from voucher.store.engine import pools

BUYERS = 16


def orders(world: World, seed: int, categories: list[Category], voucher_fen: int, buyers: int = BUYERS) -> list[Reply]:
    """One order of each of the buyers, over the categories in turn, all at once."""
    batch_id = stage.open_batch(world, buyers * QUOTA_FEN)
    seller, firms = stage.agency(), stage.enterprises(buyers)
    products = [stage.product(seller, category) for category in categories]

    def one(number: int) -> Callable[[], Reply]:
        firm = firms[number]
        voucher_id = stage.voucher_of(world, batch_id, firm)
        body = stage.order_body(products[number % len(products)], voucher_id, voucher_fen)
        return lambda: stage.insist(world, firm.person, "/orders", body, key=f"order-{number}")

    return Turns(seed).run([one(number) for number in range(buyers)])


@pytest.mark.clause("§2.2.cap")
def test_of_many_buyers_exactly_as_many_find_room_under_a_category_cap_as_fit(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    buyers = 32
    steps.open_programme(world, YEAR, 72 * QUOTA_FEN, {})
    replies = orders(world, seed, [Category.TAX_AUDIT], 700_000, buyers)
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(201, "")] * 10 + [
        (409, "CATEGORY_CAP")
    ] * (buyers - 10)
    room = pools.read_total(category_pool(YEAR, Category.TAX_AUDIT), 2)
    assert (room.remaining_fen, room.held_fen) == (200_000, 7_000_000)
    stage.assert_books_hold()


@pytest.mark.clause("§2.2.floor")
def test_of_sixteen_buyers_exactly_as_many_find_room_beside_the_key_categories_as_fit(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    steps.open_programme(world, YEAR, 20 * QUOTA_FEN, {"key_floor_percent": 72})
    replies = orders(world, seed, [Category.HR, Category.LEGAL, Category.TESTING, Category.SKILLS], 700_000)
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(201, "")] * 8 + [(409, "KEY_FLOOR")] * (
        BUYERS - 8
    )
    room = pools.read_total(non_key_pool(YEAR), 2)
    assert (room.remaining_fen, room.held_fen) == (0, 5_600_000)
    stage.assert_books_hold()


@pytest.mark.clause("§1.4a")
def test_batches_published_at_once_never_release_more_than_the_year_has(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    drafts = [stage.draft_batch(world, 4 * QUOTA_FEN) for _ in range(6)]
    replies = Turns(seed).run([lambda name=name: stage.publish(world, name) for name in drafts])  # type: ignore[misc]
    assert (
        sorted((reply.status, reply.code or "") for reply in replies)
        == [(200, "")] * 2 + [(409, "OVER_PROGRAMME_TOTAL")] * 4
    )
    stage.assert_books_hold()


@pytest.mark.clause("§4.2.2")
def test_closing_a_batch_while_it_is_grabbed_from_moves_exactly_what_nobody_got(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    batch_id = stage.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    firms = stage.enterprises(12)
    actions: list[Callable[[], Reply]] = [
        lambda firm=firm: stage.grab(world, batch_id, firm)  # type: ignore[misc]
        for firm in firms
    ]
    close = f"/batches/{batch_id}/close"
    actions.insert(Random(seed).randrange(4), lambda: stage.insist(world, BUREAU, close))
    replies = Turns(seed).run(actions)
    assert {(reply.status, reply.code) for reply in replies} <= {(200, None), (201, None), (409, "BATCH_CLOSED")}
    left_fen = (20 - [reply.status for reply in replies].count(201)) * QUOTA_FEN
    [closed] = [reply.body for reply in replies if reply.status == 200]
    assert closed["surplus_fen"] == left_fen
    assert pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen == left_fen
    stage.assert_books_hold()
