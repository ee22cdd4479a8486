"""Cost of the sweep: vouchers per second, calls and units per voucher at several sizes, and with a killed worker."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from time import perf_counter
from typing import Any

from infra.bench.engine import Meter
from infra.bench.speed import ResultLine
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
# so small that the largest size takes many messages for each bucket
SMALL_PARTS = 5


class WorkerKilled(BaseException):
    """The process ended between two calls. A BaseException, so that `except Exception` does not catch it."""


@dataclass(frozen=True)
class SweepResult:
    """One sweep: the number of vouchers, the seconds, and its cost."""

    vouchers: int
    seconds: float
    meter: Meter
    messages: int
    kills: int = 0


def measure(world: World, enterprises: list[Organisation]) -> list[ResultLine]:
    """The sweep at three sizes, and once with a worker that is killed at random."""
    results = [_sweep(world, enterprises[:size], None) for size in SIZES]
    with _small_parts():
        in_parts = [_sweep(world, enterprises[:size], None) for size in SIZES]
    killed = _sweep(world, enterprises[:KILLED_SIZE], Random(SEED))
    lines = [
        ResultLine(
            f"sweep: {result.vouchers:5} vouchers in {result.messages} messages",
            f"{result.vouchers / result.seconds:.0f}/s, {result.meter.round_trips / result.vouchers:.2f} calls,"
            f" {result.meter.write_units / result.vouchers:.2f} WCU,"
            f" {result.meter.read_units / result.vouchers:.2f} RCU each",
        )
        for result in (*results, *in_parts)
    ]
    survived = f"{killed.kills} kills, each of {killed.vouchers} vouchers ended exactly once"
    return [
        *lines,
        _growth("one message for each bucket", results),
        _growth(f"{SMALL_PARTS} items for each message", in_parts),
        ResultLine("sweep: worker killed before or after a call", survived, "exactly once"),
    ]


def _growth(words: str, results: list[SweepResult]) -> ResultLine:
    """The growth of calls and units, divided by the growth of vouchers."""
    first, *_, last = results
    times = last.vouchers / first.vouchers
    growth = last.meter.round_trips / first.meter.round_trips / times
    units = last.meter.write_units / first.meter.write_units / times
    label = f"sweep: growth of calls (WCU) per {times:.0f}x, {words}"
    return ResultLine(label, f"{growth:.2f}x ({units:.2f}x)", "<= 1")


@contextmanager
def _small_parts() -> Iterator[None]:
    """The worker handles few vouchers per message, so that a bucket takes several messages."""
    worker = function("void_vouchers")
    before, worker.ITEMS_PER_MESSAGE = worker.ITEMS_PER_MESSAGE, SMALL_PARTS  # type: ignore[attr-defined]
    try:
        yield
    finally:
        worker.ITEMS_PER_MESSAGE = before  # type: ignore[attr-defined]


def _sweep(world: World, enterprises: list[Organisation], kills: Random | None) -> SweepResult:
    """Grant vouchers, let them end, run the worker over every bucket, and check the result."""
    batch_id = seed_data.open_batch(world, 2 * len(enterprises) * QUOTA_FEN)
    _grant(batch_id, enterprises)
    before, end = _surplus_fen(), NOW + timedelta(days=365)
    messages = [
        {"task": "lapse", "batch_id": batch_id, "bucket": number, "instant": instant_text(end)}
        for number in range(keys.BUCKETS)
    ]
    meter, message_count, kill_count, began = Meter(), 0, 0, perf_counter()
    with meter, _queue(messages):
        while messages:
            message_count += 1
            kill_count += _deliver(messages.pop(0), kills)
    result = SweepResult(len(enterprises), perf_counter() - began, meter, message_count, kill_count)
    _each_ended_once(batch_id, len(enterprises), _surplus_fen() - before)
    return result


@contextmanager
def _queue(messages: list[dict[str, Any]]) -> Iterator[None]:
    """Messages that the worker sends are appended to the waiting messages."""

    def send(queue: str, bodies: Iterable[dict[str, Any]]) -> None:
        if queue == "void_vouchers":
            messages.extend(bodies)

    before, queues.send = queues.send, send
    try:
        yield
    finally:
        queues.send = before


def _grant(batch_id: str, enterprises: list[Organisation]) -> None:
    """Write vouchers as grabs leave them, without grabbing, because only their end is measured."""
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
    """Deliver a message to the worker until it succeeds, as the queue does; how often the worker was killed."""
    kill_count = 0
    while True:
        try:
            with _killer(kills):
                answer = deliver("void_vouchers", message)
        except WorkerKilled:
            kill_count += 1
            continue
        if not answer["batchItemFailures"]:
            return kill_count


@contextmanager
def _killer(kills: Random | None) -> Iterator[None]:
    """At random, end the process before a request is sent or after its answer arrived."""

    def strike(**_: object) -> None:
        if kills is not None and kills.random() < KILL_SHARE / 2:
            raise WorkerKilled

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
    """Check that every voucher expired with one posting and that the surplus grew by exactly their faces."""
    vouchers_kept = [each for bucket in range(keys.BUCKETS) for each in vouchers.list_in_bucket(batch_id, bucket)]
    postings = sum(len(vouchers.list_postings_in_bucket(batch_id, bucket)) for bucket in range(keys.BUCKETS))
    ended_count = sum(each.state == "expired" and each.balance_fen == 0 and each.seq == 1 for each in vouchers_kept)
    if (len(vouchers_kept), ended_count, postings, credited_fen) != (number, number, number, number * QUOTA_FEN):
        raise RuntimeError(
            f"{number} vouchers, {ended_count} ended, {postings} postings, {credited_fen} fen of surplus"
        )
