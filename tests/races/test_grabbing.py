"""Many grab at once (§4.1.4): exactly what fits is granted, and a request that still fits is never refused."""

from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from infra.client.http import Reply
from tests.conftest import StoppedClock
from tests.races import requests, seed_data, tables
from tests.races.interleaving import Interleaving, run_at_once
from tests.races.seed_data import QUOTA_FEN, Organisation
from tests.support.backend import World
from voucher.models.pools import batch_pool
from voucher.models.vouchers import Voucher
from voucher.store.engine import pools

ENTERPRISES = 32
# half of them with the quota of 20,000 yuan
MIXED_ENTERPRISES = 36


def grabs(world: World, batch_id: str, enterprises: list[Organisation], **body: int) -> list[Callable[[], Reply]]:
    """One grab of each enterprise."""
    return [partial(requests.grab, world, batch_id, each, **body) for each in enterprises]


def remaining_fen_of(batch_id: str) -> int:
    """The batch's remaining money, in fen."""
    return pools.read_total(batch_pool(batch_id), seed_data.SHARDS).remaining_fen


def granted_fen_of(batch_id: str, replies: list[Reply]) -> int:
    """The granted sum, in fen; replies and records must agree on it, and every other reply must be SOLD_OUT."""
    vouchers_shown = [reply.body for reply in replies if reply.status == 201]
    assert {(reply.status, reply.code) for reply in replies if reply.status != 201} <= {(409, "SOLD_OUT")}
    vouchers = [each for each in tables.list_records(Voucher, "vouchers", "VOUCHER#") if each.batch_id == batch_id]
    assert sorted(each.voucher_id for each in vouchers) == sorted(each["voucher_id"] for each in vouchers_shown)
    assert sum(each.face_fen for each in vouchers) == sum(each["face_fen"] for each in vouchers_shown)
    return sum(each.face_fen for each in vouchers)


@pytest.mark.clause("§1.4a")
def test_when_thirty_two_grab_at_once_exactly_as_many_get_a_voucher_as_fit(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    batch_id = seed_data.open_batch(world, 10 * QUOTA_FEN, total_fen=100_000_000)
    replies = Interleaving(seed).run(grabs(world, batch_id, seed_data.add_enterprises(ENTERPRISES)))
    assert [reply.status for reply in replies].count(201) == 10
    assert granted_fen_of(batch_id, replies) == 10 * QUOTA_FEN
    tables.assert_books_hold()


@pytest.mark.clause("§4.1.4")
def test_without_interleaving_exactly_as_many_get_a_voucher_as_fit(world: World, stopped_clock: StoppedClock) -> None:
    batch_id = seed_data.open_batch(world, 10 * QUOTA_FEN, total_fen=100_000_000)
    enterprises = seed_data.add_enterprises(ENTERPRISES)
    assert requests.grab(world, "2026.none", enterprises[0]).status == 404
    replies = run_at_once(grabs(world, batch_id, enterprises))
    assert [reply.status for reply in replies].count(201) == 10
    assert granted_fen_of(batch_id, replies) == 10 * QUOTA_FEN
    tables.assert_books_hold()


@pytest.mark.clause("§4.2.2")
def test_a_quota_that_still_fits_in_the_batch_as_a_whole_is_never_refused(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    amount_fen = 26 * QUOTA_FEN + QUOTA_FEN // 2
    batch_id = seed_data.open_batch(world, amount_fen, total_fen=100_000_000)
    double_quota = set(Random(seed).sample(range(MIXED_ENTERPRISES), MIXED_ENTERPRISES // 2))
    enterprises, threads = seed_data.add_enterprises(MIXED_ENTERPRISES, double_quota), Interleaving(seed)

    def grab_and_look(number: int) -> tuple[Reply, int, int]:
        reply = requests.grab(world, batch_id, enterprises[number])
        with threads.without_turns():
            remaining_fen = remaining_fen_of(batch_id)
        return reply, remaining_fen, 2 * QUOTA_FEN if number in double_quota else QUOTA_FEN

    outcomes = threads.run([partial(grab_and_look, number) for number in range(MIXED_ENTERPRISES)])
    remaining_fen = amount_fen - granted_fen_of(batch_id, [reply for reply, _, _ in outcomes])
    assert remaining_fen == QUOTA_FEN // 2
    for reply, remaining_then_fen, request_fen in outcomes:
        assert reply.status == 201 or request_fen > remaining_then_fen >= remaining_fen
        assert reply.status == 409 or reply.body["face_fen"] == request_fen
    tables.assert_books_hold()


@pytest.mark.clause("§2.3.1")
def test_odd_amounts_are_granted_up_to_the_last_one_that_fits(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    amount_fen = 7 * QUOTA_FEN + 1
    batch_id = seed_data.open_batch(world, amount_fen, total_fen=100_000_000, partial_allowed=True)
    random, threads = Random(seed), Interleaving(seed)
    requests_fen = [(enterprise, random.randrange(100_003, QUOTA_FEN)) for enterprise in seed_data.add_enterprises(24)]

    def grab_and_look(enterprise: Organisation, request_fen: int) -> tuple[Reply, int]:
        reply = requests.grab(world, batch_id, enterprise, amount_fen=request_fen)
        with threads.without_turns():
            return reply, remaining_fen_of(batch_id)

    outcomes = threads.run([partial(grab_and_look, *each) for each in requests_fen])
    remaining_fen = amount_fen - granted_fen_of(batch_id, [reply for reply, _ in outcomes])
    for (reply, remaining_then_fen), (_, request_fen) in zip(outcomes, requests_fen, strict=True):
        assert reply.status == 201 or request_fen > remaining_then_fen >= remaining_fen
    assert remaining_fen_of(batch_id) == remaining_fen
    tables.assert_books_hold()


@pytest.mark.clause("§4.2.2")
def test_a_remainder_is_granted_to_whoever_it_fits_and_holders_see_their_voucher(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    """A holder is shown its own voucher whatever amount it asks for."""
    amount_fen = 3 * QUOTA_FEN + QUOTA_FEN // 2
    batch_id = seed_data.open_batch(world, amount_fen, total_fen=100_000_000, partial_allowed=True)
    random, threads = Random(seed), Interleaving(seed)
    doubled = set(range(0, 24, 3))
    enterprises = seed_data.add_enterprises(24, doubled)
    amounts_fen = [None if number % 2 else random.randrange(100_003, QUOTA_FEN) for number in range(24)]

    def grab_and_look(number: int) -> list[tuple[Reply, int]]:
        """Three grabs of one enterprise: an odd amount or its whole quota, its whole quota, a small amount."""
        replies = []
        for request_fen in (amounts_fen[number], None, 50_001):
            reply = requests.grab(
                world, batch_id, enterprises[number], **({"amount_fen": request_fen} if request_fen else {})
            )
            with threads.without_turns():
                remaining_fen = remaining_fen_of(batch_id)
            replies.append((reply, (request_fen or (1 + (number in doubled)) * QUOTA_FEN) - remaining_fen))
        return replies

    outcomes = threads.run([partial(grab_and_look, number) for number in range(24)])
    for replies in outcomes:
        statuses = [reply.status for reply, _ in replies]
        assert statuses in ([201, 200, 200], [409, 201, 200], [409, 409, 201], [409, 409, 409])
        assert len({reply.body["voucher_id"] for reply, _ in replies if reply.status < 300}) <= 1
        assert all(reply.status < 300 or short_fen > 0 for reply, short_fen in replies)
    first = [next((reply for reply, _ in each if reply.status == 201), each[0][0]) for each in outcomes]
    assert amount_fen - granted_fen_of(batch_id, first) == remaining_fen_of(batch_id)
    tables.assert_books_hold()


@pytest.mark.clause("§2.3.1")
def test_an_enterprise_that_grabs_from_several_batches_at_once_keeps_its_quota(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    batches = [seed_data.open_batch(world, 5 * QUOTA_FEN, total_fen=100_000_000, partial_allowed=True)]
    batches += [seed_data.open_batch(world, 5 * QUOTA_FEN, partial_allowed=True) for _ in range(3)]
    [enterprise] = seed_data.add_enterprises(1)
    grab = partial(requests.grab, world, enterprise=enterprise, amount_fen=400_000)
    replies = Interleaving(seed).run([partial(grab, batch_id) for batch_id in batches])
    assert sorted((reply.status, reply.code or "") for reply in replies) == [
        (201, ""),
        (201, ""),
        (422, "QUOTA_USED"),
        (422, "QUOTA_USED"),
    ]
    tables.assert_books_hold()
