"""Many grab at once (§4.1.4): exactly what fits is granted, and nobody is told no who could have had it."""

from collections.abc import Callable
from random import Random

import pytest

from infra.client.http import Reply
from tests.conftest import StoppedClock
from tests.races import stage
from tests.races.stage import QUOTA_FEN, Firm
from tests.races.turns import Turns, run_freely
from tests.support.backend import World
from voucher.models.pools import batch_pool
from voucher.models.vouchers import Voucher
from voucher.store.engine import pools

BUYERS = 32
# half of them with the quota of 20,000 yuan
MIXED = 36


def grabs(world: World, batch_id: str, firms: list[Firm], **more: int) -> list[Callable[[], Reply]]:
    """One grab of each firm."""
    return [lambda firm=firm: stage.grab(world, batch_id, firm, **more) for firm in firms]  # type: ignore[misc]


def left_in(batch_id: str) -> int:
    """What the batch still has, in fen."""
    return pools.read_total(batch_pool(batch_id), stage.SHARDS).remaining_fen


def granted_fen(batch_id: str, replies: list[Reply]) -> int:
    """What was granted, which answers and records must say alike; every other answer is SOLD_OUT."""
    granted = [reply.body for reply in replies if reply.status == 201]
    assert {(reply.status, reply.code) for reply in replies if reply.status != 201} <= {(409, "SOLD_OUT")}
    kept = [each for each in stage.stored(Voucher, "vouchers", "VOUCHER#") if each.batch_id == batch_id]
    assert sorted(each.voucher_id for each in kept) == sorted(each["voucher_id"] for each in granted)
    assert sum(each.face_fen for each in kept) == sum(each["face_fen"] for each in granted)
    return sum(each.face_fen for each in kept)


@pytest.mark.clause("§1.4a")
def test_of_thirty_two_who_grab_at_once_exactly_as_many_get_a_voucher_as_there_is_money_for(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    batch_id = stage.open_batch(world, 10 * QUOTA_FEN, total_fen=100_000_000)
    replies = Turns(seed).run(grabs(world, batch_id, stage.enterprises(BUYERS)))
    assert [reply.status for reply in replies].count(201) == 10
    assert granted_fen(batch_id, replies) == 10 * QUOTA_FEN
    stage.assert_books_hold()


@pytest.mark.clause("§4.1.4")
def test_threads_that_nobody_orders_are_granted_exactly_what_there_is(
    world: World, stopped_clock: StoppedClock
) -> None:
    batch_id = stage.open_batch(world, 10 * QUOTA_FEN, total_fen=100_000_000)
    firms = stage.enterprises(BUYERS)
    assert world.call(firms[0].person, "POST", "/batches/2026.none/vouchers", firms[0].claim()).status == 404
    replies = run_freely(grabs(world, batch_id, firms))
    assert [reply.status for reply in replies].count(201) == 10
    assert granted_fen(batch_id, replies) == 10 * QUOTA_FEN
    stage.assert_books_hold()


@pytest.mark.clause("§4.2.2")
def test_nobody_is_refused_whose_quota_still_fits_in_the_batch_as_a_whole(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    amount_fen = 26 * QUOTA_FEN + QUOTA_FEN // 2
    batch_id = stage.open_batch(world, amount_fen, total_fen=100_000_000)
    listed = set(Random(seed).sample(range(MIXED), MIXED // 2))
    firms, turns = stage.enterprises(MIXED, listed), Turns(seed)

    def one(number: int) -> tuple[Reply, int, int]:
        reply = stage.grab(world, batch_id, firms[number])
        with turns.watching():
            left_fen = left_in(batch_id)
        return reply, left_fen, 2 * QUOTA_FEN if number in listed else QUOTA_FEN

    outcomes = turns.run([lambda number=number: one(number) for number in range(MIXED)])  # type: ignore[misc]
    left_fen = amount_fen - granted_fen(batch_id, [reply for reply, _, _ in outcomes])
    assert left_fen == QUOTA_FEN // 2
    for reply, left_then_fen, wanted_fen in outcomes:
        assert reply.status == 201 or wanted_fen > left_then_fen >= left_fen
        assert reply.status == 409 or reply.body["face_fen"] == wanted_fen
    stage.assert_books_hold()


@pytest.mark.clause("§2.3.1")
def test_odd_amounts_that_leave_every_shard_in_pieces_are_granted_to_the_last_fen_that_fits(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    amount_fen = 7 * QUOTA_FEN + 1
    batch_id = stage.open_batch(world, amount_fen, total_fen=100_000_000, partial_allowed=True)
    random, turns = Random(seed), Turns(seed)
    wanted = [(firm, random.randrange(100_003, QUOTA_FEN)) for firm in stage.enterprises(24)]

    def one(firm: Firm, wanted_fen: int) -> tuple[Reply, int]:
        reply = stage.grab(world, batch_id, firm, amount_fen=wanted_fen)
        with turns.watching():
            return reply, left_in(batch_id)

    outcomes = turns.run([lambda each=each: one(*each) for each in wanted])  # type: ignore[misc]
    left_fen = amount_fen - granted_fen(batch_id, [reply for reply, _ in outcomes])
    for (reply, left_then_fen), (_, wanted_fen) in zip(outcomes, wanted, strict=True):
        assert reply.status == 201 or wanted_fen > left_then_fen >= left_fen
    assert left_in(batch_id) == left_fen
    stage.assert_books_hold()


@pytest.mark.clause("§4.2.2")
def test_beside_a_remainder_whatever_fits_is_granted_and_a_holder_is_shown_its_voucher_whatever_it_asks_for(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    amount_fen = 3 * QUOTA_FEN + QUOTA_FEN // 2
    batch_id = stage.open_batch(world, amount_fen, total_fen=100_000_000, partial_allowed=True)
    random, turns = Random(seed), Turns(seed)
    doubled = set(range(0, 24, 3))
    firms = stage.enterprises(24, doubled)
    asked = [None if number % 2 else random.randrange(100_003, QUOTA_FEN) for number in range(24)]

    def one(number: int) -> list[tuple[Reply, int]]:
        """Asked for three times: as the firm first wants it, for all it may have, for a little."""
        replies = []
        for wanted_fen in (asked[number], None, 50_001):
            reply = stage.grab(world, batch_id, firms[number], **({"amount_fen": wanted_fen} if wanted_fen else {}))
            with turns.watching():
                left_fen = left_in(batch_id)
            replies.append((reply, (wanted_fen or (1 + (number in doubled)) * QUOTA_FEN) - left_fen))
        return replies

    outcomes = turns.run([lambda number=number: one(number) for number in range(24)])  # type: ignore[misc]
    for replies in outcomes:
        statuses = [reply.status for reply, _ in replies]
        assert statuses in ([201, 200, 200], [409, 201, 200], [409, 409, 201], [409, 409, 409])
        assert len({reply.body["voucher_id"] for reply, _ in replies if reply.status < 300}) <= 1
        assert all(reply.status < 300 or short_fen > 0 for reply, short_fen in replies)
    first = [next((reply for reply, _ in each if reply.status == 201), each[0][0]) for each in outcomes]
    assert amount_fen - granted_fen(batch_id, first) == left_in(batch_id)
    stage.assert_books_hold()


@pytest.mark.clause("§2.3.1")
def test_one_firm_that_grabs_from_several_batches_at_once_never_passes_its_quota(
    world: World, stopped_clock: StoppedClock, seed: int
) -> None:
    batches = [stage.open_batch(world, 5 * QUOTA_FEN, total_fen=100_000_000, partial_allowed=True)]
    batches += [stage.open_batch(world, 5 * QUOTA_FEN, partial_allowed=True) for _ in range(3)]
    [firm] = stage.enterprises(1)
    replies = Turns(seed).run(
        [
            lambda batch_id=batch_id: stage.grab(world, batch_id, firm, amount_fen=400_000)  # type: ignore[misc]
            for batch_id in batches
        ]
    )
    assert sorted((reply.status, reply.code or "") for reply in replies) == [
        (201, ""),
        (201, ""),
        (422, "QUOTA_USED"),
        (422, "QUOTA_USED"),
    ]
    stage.assert_books_hold()
