"""Speed and cost: the grab's handler beside the bare call and two other designs; the round trips of an order."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice, permutations
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

import boto3

from infra.bench import rivals
from infra.bench.engine import Meter
from tests.races import requests, seed_data
from tests.races.seed_data import QUOTA_FEN, Organisation
from tests.support.backend import World, api_event, function, routes
from voucher.models.pools import batch_pool, home_shard
from voucher.policy import Category
from voucher.store import keys
from voucher.store.engine import table

BLOCK = 10
WARM_UP = 60
BLOCKS = 60
COUNTED = 50
EACH = 40
ROUNDS = 5
THREADS = 8
ENTERPRISES_NEEDED = 3 * BLOCK * (WARM_UP + BLOCKS) + COUNTED + 6 * ROUNDS * EACH + 24


@dataclass(frozen=True)
class ResultLine:
    """One line of the printed table: label, figures, and goal (empty if there is no goal)."""

    label: str
    figure: str
    goal: str = ""


def measure(world: World, enterprises: Iterator[Organisation]) -> list[ResultLine]:
    """All measurements of this module."""
    batch_id = seed_data.open_batch(world, 8_000 * QUOTA_FEN)
    return [
        *_against_the_bare_call(batch_id, enterprises),
        *_cost(world, batch_id, enterprises),
        *_against_rivals(batch_id, enterprises),
        *_order(world, batch_id, enterprises),
    ]


def claim_event(batch_id: str, enterprise: Organisation) -> dict[str, Any]:
    """The event that API Gateway sends for one grab."""
    route = next(each for each in routes() if each.folder == "grab")
    path = f"/batches/{batch_id}/vouchers"
    return api_event(route, path, "", {"batch_id": batch_id}, enterprise.grab_body(), enterprise.person, None, None)


def _grab(batch_id: str, enterprise: Organisation) -> dict[str, Any]:
    answer: dict[str, Any] = function("grab").handler(claim_event(batch_id, enterprise), None)
    return answer


def _bare_requests(batch_id: str, pattern: Organisation, enterprises: list[Organisation]) -> list[str]:
    """The request that the handler sends for `pattern`, as JSON, with the codes of other enterprises in it."""
    with Meter() as meter:
        _grab(batch_id, pattern)
    [handler_requests] = meter.requests
    shards = function("grab").memory.PUBLISHED[batch_id].shards
    pool_id, text = batch_pool(batch_id), json.dumps(handler_requests)
    bodies = []
    for enterprise in enterprises:
        changed = text
        for old, new in (
            (keys.voucher(batch_id, pattern.uscc).pk, keys.voucher(batch_id, enterprise.uscc).pk),
            (
                keys.pool(pool_id, home_shard(pattern.uscc, shards)).pk,
                keys.pool(pool_id, home_shard(enterprise.uscc, shards)).pk,
            ),
            (pattern.uscc, enterprise.uscc),
            (f'"{pattern.person.name}"', f'"{enterprise.person.name}"'),
            (handler_requests["ClientRequestToken"], str(uuid4())),
        ):
            changed = changed.replace(old, new)
        bodies.append(changed)
    return bodies


def _against_the_bare_call(batch_id: str, enterprises: Iterator[Organisation]) -> list[ResultLine]:
    """Three ways to write the same three items: the handler, boto3's own client, and the store's client, which skips
    checks that the service repeats.

    They are measured in small blocks, in changing order, each call with new objects, as the runtime passes them. The
    first blocks only warm up.
    """
    number = BLOCK * (WARM_UP + BLOCKS)
    _grab(batch_id, next(enterprises))
    events = [json.dumps(claim_event(batch_id, next(enterprises))) for _ in range(number)]
    plain, lean = (
        _bare_requests(batch_id, next(enterprises), [next(enterprises) for _ in range(number)]) for _ in range(2)
    )
    handler, client = function("grab").handler, boto3.client("dynamodb")
    calls: dict[str, tuple[Callable[[Any], Any], Iterator[str]]] = {
        "handler": (lambda event: _insist(handler(event, None)["statusCode"] == 201), iter(events)),
        "plain": (lambda request: client.transact_write_items(**request), iter(plain)),
        "lean": (lambda request: table.client().transact_write_items(**request), iter(lean)),
    }
    seconds_of_call: dict[str, list[float]] = {name: [] for name in calls}
    for _, order in zip(range(WARM_UP + BLOCKS), cycle(permutations(calls)), strict=False):
        for name in order:
            call, texts = calls[name]
            for text in islice(texts, BLOCK):
                fresh = json.loads(text)
                began = perf_counter()
                call(fresh)
                seconds_of_call[name].append(perf_counter() - began)
    handler_seconds, bare_seconds, lean_seconds = (
        median(seconds[BLOCK * WARM_UP :]) for seconds in seconds_of_call.values()
    )
    return [
        ResultLine("grab: whole handler, one thread, median", f"{handler_seconds * 1e3:.2f} ms"),
        ResultLine("grab: bare TransactWriteItems of the same items, median", f"{bare_seconds * 1e3:.2f} ms"),
        ResultLine("grab: handler / bare call", f"{handler_seconds / bare_seconds:.3f}", "<= 1.10"),
        ResultLine("grab: handler / bare call by the store's own client", f"{handler_seconds / lean_seconds:.3f}"),
        ResultLine("grab: handler's own time", f"{(handler_seconds - lean_seconds) * 1e3:.2f} ms"),
    ]


def _cost(world: World, batch_id: str, enterprises: Iterator[Organisation]) -> list[ResultLine]:
    """Round trips and units of a granted grab, and of a refusal after the batch is sold out."""
    with Meter() as grants:
        for _ in range(COUNTED):
            _insist(_grab(batch_id, next(enterprises))["statusCode"] == 201)
    small = seed_data.open_batch(world, 2 * QUOTA_FEN)
    late_enterprises = [next(enterprises) for _ in range(4)]
    codes = [json.loads(_grab(small, enterprise)["body"]).get("code") for enterprise in late_enterprises[:3]]
    _insist(codes == [None, None, "SOLD_OUT"])
    with Meter() as refusals:
        for _ in range(COUNTED):
            _insist(json.loads(_grab(small, late_enterprises[3])["body"])["code"] == "SOLD_OUT")
    return [
        ResultLine("grab: round trips per grant", f"{grants.round_trips / COUNTED:g}", "1"),
        ResultLine("grab: write units per grant", f"{grants.write_units / COUNTED:g}", "<= 6"),
        # the claimant's own voucher is read before a no
        ResultLine("grab: DynamoDB calls per refusal after sell-out", f"{refusals.round_trips / COUNTED:g}", "1"),
        *_cost_beside_a_remainder(world, enterprises),
    ]


def _cost_beside_a_remainder(world: World, enterprises: Iterator[Organisation]) -> list[ResultLine]:
    """The cost of a refusal while the batch still has money, but less than the requested amount."""
    small = seed_data.open_batch(world, 2 * QUOTA_FEN + QUOTA_FEN // 2, partial_allowed=True)
    codes = [json.loads(_grab(small, next(enterprises))["body"]).get("code") for _ in range(3)]
    _insist(codes == [None, None, "SOLD_OUT"])
    lines, late_enterprise = [], next(enterprises)
    for words, changes in (("the whole quota", {}), ("an amount", {"amount_fen": QUOTA_FEN - 1})):
        with Meter() as meter:
            for _ in range(COUNTED):
                _insist(requests.grab(world, small, late_enterprise, **changes).code == "SOLD_OUT")
        figure = f"{meter.round_trips / COUNTED:g}, {meter.write_units / COUNTED:g} WCU"
        lines.append(ResultLine(f"grab: calls per refusal of {words} beside a remainder", figure, "1, 0"))
    return lines


def _against_rivals(batch_id: str, enterprises: Iterator[Organisation]) -> list[ResultLine]:
    """Each design in turn, round by round, alone and with several threads."""
    designs: list[tuple[str, Callable[[Organisation], bool]]] = [
        ("ours, whole handler", lambda enterprise: _grab(batch_id, enterprise)["statusCode"] == 201),
        ("(a) read, check, optimistic version", rivals.versioned("a", 3 * ROUNDS * EACH)),
        ("(b) one counter in a transaction", rivals.counter("b", 3 * ROUNDS * EACH)),
    ]
    rates_alone: dict[str, list[float]] = {name: [] for name, _ in designs}
    rates_together: dict[str, list[float]] = {name: [] for name, _ in designs}
    meters = {name: (Meter(), Meter()) for name, _ in designs}
    for _ in range(ROUNDS):
        for name, grab in designs:
            one_by_one, at_once = list(islice(enterprises, EACH)), list(islice(enterprises, EACH))
            with meters[name][0]:
                rates_alone[name].append(EACH / _seconds(grab, one_by_one, 1))
            with meters[name][1]:
                rates_together[name].append(EACH / _seconds(grab, at_once, THREADS))
    count = EACH * ROUNDS
    return [
        ResultLine(
            f"design: {name}",
            f"{median(rates_alone[name]):.0f}/s, {one.round_trips / count:.2f} calls, {one.write_units / count:g} WCU,"
            f" {one.read_units / count:g} RCU; {THREADS} threads: {median(rates_together[name]):.0f}/s,"
            f" {eight.round_trips / count:.2f} calls",
        )
        for name, (one, eight) in meters.items()
    ]


def _seconds(grab: Callable[[Organisation], bool], enterprises: list[Organisation], threads: int) -> float:
    """How long `threads` threads take for one grab of each enterprise, in seconds."""
    began = perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for is_granted in pool.map(grab, enterprises):
            _insist(is_granted)
    return perf_counter() - began


def _order(world: World, batch_id: str, enterprises: Iterator[Organisation]) -> list[ResultLine]:
    """Round trips of placing an order: one read of all parties, one transaction."""
    agency, enterprise = seed_data.add_agency(), next(enterprises)
    product_id = seed_data.add_product(agency, Category.LEGAL)
    body = requests.order_body(product_id, requests.grab_voucher(world, batch_id, enterprise), QUOTA_FEN // 2)
    with Meter() as meter:
        reply = world.call(enterprise.person, "POST", "/orders", body, key="bench-1")
    _insist(reply.status == 201)
    figure = f"{meter.round_trips} ({', '.join(meter.calls)}), {meter.write_units:g} WCU"
    return [ResultLine("order placement: round trips", figure, "<= 2")]


def _insist(holds: bool) -> None:
    """Raises RuntimeError if the backend did not do what is being measured."""
    if not holds:
        raise RuntimeError("the backend answered otherwise than the measurement takes for granted")
