"""Limits that many reach at once: a category's cap, the cap of all non-key categories, the programme's money."""

from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO, Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data, tables
from tests.races.interleaving import Interleaving
from tests.races.seed_data import QUOTA_FEN, YEAR
from tests.support.backend import World
from voucher.models.pools import SURPLUS_SHARDS, category_pool, non_key_pool, surplus_pool
from voucher.policy import Category
from voucher.store import vouchers
from voucher.store.engine import pools

ENTERPRISES = 16


def order_at_once(
    world: World, seed: int, categories: list[Category], voucher_fen: int, enterprise_count: int = ENTERPRISES
) -> list[Reply]:
    """One order of each enterprise, all at once; the categories take turns."""
    batch_id = seed_data.open_batch(world, enterprise_count * QUOTA_FEN)
    agency, enterprises = seed_data.add_agency(), seed_data.add_enterprises(enterprise_count)
    products = [seed_data.add_product(agency, category) for category in categories]

    def order_of(number: int) -> Callable[[], Reply]:
        enterprise = enterprises[number]
        voucher_id = requests.grab_voucher(world, batch_id, enterprise)
        body = requests.order_body(products[number % len(products)], voucher_id, voucher_fen)
        return lambda: requests.insist(world, enterprise.person, "/orders", body, key=f"order-{number}")

    return Interleaving(seed).run([order_of(number) for number in range(enterprise_count)])


@pytest.mark.clause("§2.2.cap")
def test_of_many_orders_at_once_exactly_as_many_succeed_as_fit_under_a_category_cap(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    enterprise_count = 32
    steps.open_programme(world, YEAR, 72 * QUOTA_FEN, {})
    replies = order_at_once(world, seed, [Category.TAX_AUDIT], 700_000, enterprise_count)
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(201, "")] * 10 + [
        (409, "CATEGORY_CAP")
    ] * (enterprise_count - 10)
    pool = pools.read_total(category_pool(YEAR, Category.TAX_AUDIT), 2)
    assert (pool.remaining_fen, pool.held_fen) == (200_000, 7_000_000)
    tables.assert_books_hold()


@pytest.mark.clause("§2.2.floor")
def test_of_sixteen_orders_at_once_exactly_as_many_succeed_as_the_key_floor_allows(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    steps.open_programme(world, YEAR, 20 * QUOTA_FEN, {"key_floor_percent": 72})
    replies = order_at_once(world, seed, [Category.HR, Category.LEGAL, Category.TESTING, Category.SKILLS], 700_000)
    assert sorted((reply.status, reply.code or "") for reply in replies) == [(201, "")] * 8 + [(409, "KEY_FLOOR")] * (
        ENTERPRISES - 8
    )
    pool = pools.read_total(non_key_pool(YEAR), 2)
    assert (pool.remaining_fen, pool.held_fen) == (0, 5_600_000)
    tables.assert_books_hold()


@pytest.mark.clause("§1.4a")
def test_batches_published_at_once_never_release_more_than_the_year_has(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    drafts = [seed_data.draft_batch(world, 4 * QUOTA_FEN) for _ in range(6)]
    replies = Interleaving(seed).run([partial(requests.publish_batch, world, batch_id) for batch_id in drafts])
    assert (
        sorted((reply.status, reply.code or "") for reply in replies)
        == [(200, "")] * 2 + [(409, "OVER_PROGRAMME_TOTAL")] * 4
    )
    tables.assert_books_hold()


@pytest.mark.clause("§4.2.2")
def test_closing_a_batch_during_grabs_moves_exactly_its_remainder_to_the_surplus(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    batch_id = seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    enterprises = seed_data.add_enterprises(12)
    actions = [partial(requests.grab, world, batch_id, enterprise) for enterprise in enterprises]
    actions.insert(Random(seed).randrange(4), partial(requests.insist, world, BUREAU, f"/batches/{batch_id}/close"))
    replies = Interleaving(seed).run(actions)
    assert {(reply.status, reply.code) for reply in replies} <= {(200, None), (201, None), (409, "BATCH_CLOSED")}
    remaining_fen = (20 - [reply.status for reply in replies].count(201)) * QUOTA_FEN
    [closed] = [reply.body for reply in replies if reply.status == 200]
    assert closed["surplus_fen"] == remaining_fen
    assert pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen == remaining_fen
    tables.assert_books_hold()


@pytest.mark.clause("§2.3.3")
def test_of_two_extras_claimed_at_once_with_what_is_left_the_quota_is_used_once(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    first = seed_data.open_batch(world, 20 * QUOTA_FEN, total_fen=100 * QUOTA_FEN)
    steps.expect(world.call(BUREAU, "POST", f"/batches/{first}/close"), 200)
    more = {"kind": "rerelease", "partial_allowed": True}
    extras_fen = (300_000, 500_000)
    again = [seed_data.open_batch(world, 8 * QUOTA_FEN, extra_quota_fen=extra, **more) for extra in extras_fen]
    enterprises = seed_data.add_enterprises(3)
    amount_fen = 900_000
    actions = [
        partial(requests.grab, world, batch_id, each, amount_fen=amount_fen)
        for each in enterprises
        for batch_id in again
    ]
    replies = Interleaving(seed).run(actions)
    # 600,000 of the quota for the one, 400,000 for the other: together exactly the quota of each
    assert {(reply.status, reply.code) for reply in replies} == {(201, None)}
    for each in enterprises:
        left = vouchers.find_entitlement(YEAR, each.uscc)
        assert left is not None
        assert (left.left_fen, left.granted_fen, left.extra_fen) == (0, 2 * amount_fen, sum(extras_fen))
    tables.assert_books_hold()


@pytest.mark.clause("§1.4a")
def test_a_draft_corrected_while_it_is_released_is_released_as_the_bureau_saw_it(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    steps.open_programme(world, YEAR, 10 * QUOTA_FEN, {})
    batch_id = seed_data.draft_batch(world, 4 * QUOTA_FEN)
    path = f"/batches/{batch_id}"
    actions = [
        partial(world.call, BUREAU, "POST", f"{path}/publish", {"version": 1}),
        partial(world.call, OPERATOR, "PATCH", path, {"version": 1, "amount_fen": 6 * QUOTA_FEN}),
        partial(world.call, OPERATOR_TWO, "POST", f"{path}/withdraw", {"version": 1}),
    ]
    replies = Interleaving(seed).run(actions)
    assert [reply.status for reply in replies].count(200) == 1
    released = world.call(None, "GET", path)
    if replies[0].status == 200:
        assert released.body["amount_fen"] == 4 * QUOTA_FEN
    else:
        assert released.status == 404
    tables.assert_books_hold()
