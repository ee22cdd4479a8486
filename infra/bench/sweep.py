"""What the sweep costs: vouchers lapsed per second, calls and units per voucher as they grow in number, with kills."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from time import perf_counter
from typing import Any

from infra.bench.engine import Meter
from infra.bench.speed import Line
from tests.conftest import NOW
from tests.races import seed_data
from tests.races.seed_data import QUOTA_FEN, YEAR, Organisation
from tests.support.backend import World, function
from tests.support.workers import deliver
from voucher.edge import queues
from voucher.models.base import instant_text
from voucher.models.pools import SURPLUS_SHARDS, surplus_pool
from voucher.models.vouchers import Voucher
from voucher.store import keys, vouchers
from voucher.store.engine import pools, table

SIZES = (30, 300, 3_000)
KILLED_SIZE = 300
KILL_SHARE = 0.05
SEED = 2026
# so that the largest size takes many messages for each bucket, and the smallest hardly two
SMALL_PARTS = 5


class Killed(BaseException):
    """The process ended between two calls; no handler of exceptions may see it."""


@dataclass(frozen=True)
class Night:
    """One sweep: vouchers, seconds, and what it cost."""

    vouchers: int
    seconds: float
    meter: Meter
    messages: int
    kills: int = 0


def measure(world: World, enterprises: list[Organisation]) -> list[Line]:
    """The sweep at three sizes, and once with the worker killed again and again."""
    nights = [_night(world, enterprises[:size], None) for size in SIZES]
    with _small_parts():
        parted = [_night(world, enterprises[:size], None) for size in SIZES]
    killed = _night(world, enterprises[:KILLED_SIZE], Random(SEED))
    lines = [
        Line(
            f"sweep: {night.vouchers:5} vouchers in {night.messages} messages",
            f"{night.vouchers / night.seconds:.0f}/s, {night.meter.round_trips / night.vouchers:.2f} calls,"
            f" {night.meter.write_units / night.vouchers:.2f} WCU,"
            f" {night.meter.read_units / night.vouchers:.2f} RCU each",
        )
        for night in (*nights, *parted)
    ]
    survived = f"{killed.kills} kills, each of {killed.vouchers} vouchers ended exactly once"
    return [
        *lines,
        _growth("one message for each bucket", nights),
        _growth(f"{SMALL_PARTS} items for each message", parted),
        Line("sweep: worker killed before or after a call", survived, "exactly once"),
    ]


def _growth(words: str, nights: list[Night]) -> Line:
    """By how much calls and units grew, in relation to the vouchers."""
    first, *_, last = nights
    times = last.vouchers / first.vouchers
    growth = last.meter.round_trips / first.meter.round_trips / times
    units = last.meter.write_units / first.meter.write_units / times
    what = f"sweep: growth of calls (WCU) per {times:.0f}x, {words}"
    return Line(what, f"{growth:.2f}x ({units:.2f}x)", "<= 1")


@contextmanager
def _small_parts() -> Iterator[None]:
    """The worker does little for each message, so that a bucket takes several."""
    worker = function("void_vouchers")
    before, worker.ITEMS_PER_MESSAGE = worker.ITEMS_PER_MESSAGE, SMALL_PARTS  # type: ignore[attr-defined]
    try:
        yield
    finally:
        worker.ITEMS_PER_MESSAGE = before  # type: ignore[attr-defined]


def _night(world: World, enterprises: list[Organisation], kills: Random | None) -> Night:
    """Grant, let the end come, run the worker over every bucket, and look at what is there."""
    batch_id = seed_data.open_batch(world, 2 * len(enterprises) * QUOTA_FEN)
    _grant(batch_id, enterprises)
    before, ended = _surplus_fen(), NOW + timedelta(days=365)
    messages = [
        {"task": "lapse", "batch_id": batch_id, "bucket": number, "instant": instant_text(ended)}
        for number in range(keys.BUCKETS)
    ]
    meter, delivered, deaths, began = Meter(), 0, 0, perf_counter()
    with meter, _queue(messages):
        while messages:
            delivered += 1
            deaths += _deliver(messages.pop(0), kills)
    night = Night(len(enterprises), perf_counter() - began, meter, delivered, deaths)
    _each_ended_once(batch_id, len(enterprises), _surplus_fen() - before)
    return night


@contextmanager
def _queue(messages: list[dict[str, Any]]) -> Iterator[None]:
    """What the worker sends joins the messages that wait."""

    def send(queue: str, bodies: Iterable[dict[str, Any]]) -> None:
        if queue == "void_vouchers":
            messages.extend(bodies)

    before, queues.send = queues.send, send
    try:
        yield
    finally:
        queues.send = before


def _grant(batch_id: str, enterprises: list[Organisation]) -> None:
    """Vouchers as grabs leave them, put there directly: only their end is measured."""
    seed_data.write_records(
        *(
            (
                keys.voucher(batch_id, enterprise.uscc),
                Voucher(
                    voucher_id=f"{batch_id}.{enterprise.uscc}",
                    batch_id=batch_id,
                    year=YEAR,
                    enterprise_uscc=enterprise.uscc,
                    face_fen=QUOTA_FEN,
                    balance_fen=QUOTA_FEN,
                    granted_at=NOW,
                    granted_by=enterprise.person.name,
                    ends_at=NOW + timedelta(days=1),
                    valid_until=NOW.date(),
                ),
            )
            for enterprise in enterprises
        )
    )


def _deliver(message: dict[str, Any], kills: Random | None) -> int:
    """Hand a message to the worker until it is done, as its queue would; how often the worker was killed."""
    deaths = 0
    while True:
        try:
            with _killer(kills):
                answer = deliver("void_vouchers", message)
        except Killed:
            deaths += 1
            continue
        if not answer["batchItemFailures"]:
            return deaths


@contextmanager
def _killer(kills: Random | None) -> Iterator[None]:
    """End the process before a request leaves or after its answer came, at random."""

    def strike(**_: object) -> None:
        if kills is not None and kills.random() < KILL_SHARE / 2:
            raise Killed

    events = table.client().meta.events
    events.register("before-send.dynamodb", strike, unique_id="kill before")
    events.register("after-call.dynamodb", strike, unique_id="kill after")
    try:
        yield
    finally:
        events.unregister("before-send.dynamodb", unique_id="kill before")
        events.unregister("after-call.dynamodb", unique_id="kill after")


def _surplus_fen() -> int:
    return pools.read_total(surplus_pool(YEAR), SURPLUS_SHARDS).remaining_fen


def _each_ended_once(batch_id: str, number: int, credited_fen: int) -> None:
    """Every voucher expired with one posting, and the surplus grew by exactly their faces."""
    kept = [each for bucket in range(keys.BUCKETS) for each in vouchers.list_in_bucket(batch_id, bucket)]
    postings = sum(len(vouchers.list_postings_in_bucket(batch_id, bucket)) for bucket in range(keys.BUCKETS))
    ended = sum(each.state == "expired" and each.balance_fen == 0 and each.seq == 1 for each in kept)
    if (len(kept), ended, postings, credited_fen) != (number, number, number, number * QUOTA_FEN):
        raise RuntimeError(f"{number} vouchers, {ended} ended, {postings} postings, {credited_fen} fen of surplus")
