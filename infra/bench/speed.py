"""How fast and how dear: the grab's handler against the bare call, against two other designs, and in round trips."""

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
class Line:
    """One line of the table: what was measured, the figures, and the goal (empty where there is none)."""

    what: str
    figure: str
    goal: str = ""


def measure(world: World, enterprises: Iterator[Organisation]) -> list[Line]:
    """All of it, in one run."""
    batch_id = seed_data.open_batch(world, 8_000 * QUOTA_FEN)
    return [
        *_against_the_bare_call(batch_id, enterprises),
        *_cost(world, batch_id, enterprises),
        *_against_rivals(batch_id, enterprises),
        *_order(world, batch_id, enterprises),
    ]


def claim_event(batch_id: str, enterprise: Organisation) -> dict[str, Any]:
    """What API Gateway would send for one grab."""
    route = next(each for each in routes() if each.folder == "grab")
    path = f"/batches/{batch_id}/vouchers"
    return api_event(route, path, "", {"batch_id": batch_id}, enterprise.grab_body(), enterprise.person, None, None)


def _grab(batch_id: str, enterprise: Organisation) -> dict[str, Any]:
    answer: dict[str, Any] = function("grab").handler(claim_event(batch_id, enterprise), None)
    return answer


def _bare_requests(batch_id: str, pattern: Organisation, enterprises: list[Organisation]) -> list[str]:
    """The very request that the handler sends for `pattern`, written for other firms, as JSON."""
    with Meter() as meter:
        _grab(batch_id, pattern)
    [sent] = meter.sent
    shards = function("grab").memory.PUBLISHED[batch_id].shards
    pool_id, text = batch_pool(batch_id), json.dumps(sent)
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
            (sent["ClientRequestToken"], str(uuid4())),
        ):
            changed = changed.replace(old, new)
        bodies.append(changed)
    return bodies


def _against_the_bare_call(batch_id: str, enterprises: Iterator[Organisation]) -> list[Line]:
    """The same three items: through the handler, by boto3's client as it comes, and by the store's client, which
    leaves out what the service does anyway.

    A few of each at a time, as a warm process does them, in changing order, and each from fresh objects, as the
    runtime hands them over. The first blocks only warm up.
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
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _, order in zip(range(WARM_UP + BLOCKS), cycle(permutations(calls)), strict=False):
        for name in order:
            call, texts = calls[name]
            for text in islice(texts, BLOCK):
                fresh = json.loads(text)
                began = perf_counter()
                call(fresh)
                taken[name].append(perf_counter() - began)
    handled, sent, sent_lean = (median(seconds[BLOCK * WARM_UP :]) for seconds in taken.values())
    return [
        Line("grab: whole handler, one thread, median", f"{handled * 1e3:.2f} ms"),
        Line("grab: bare TransactWriteItems of the same items, median", f"{sent * 1e3:.2f} ms"),
        Line("grab: handler / bare call", f"{handled / sent:.3f}", "<= 1.10"),
        Line("grab: handler / bare call by the store's own client", f"{handled / sent_lean:.3f}"),
        Line("grab: handler's own time", f"{(handled - sent_lean) * 1e3:.2f} ms"),
    ]


def _cost(world: World, batch_id: str, enterprises: Iterator[Organisation]) -> list[Line]:
    """Round trips and units of a granted grab, and of a refusal once a batch is sold out."""
    with Meter() as granted:
        for _ in range(COUNTED):
            _insist(_grab(batch_id, next(enterprises))["statusCode"] == 201)
    small = seed_data.open_batch(world, 2 * QUOTA_FEN)
    late = [next(enterprises) for _ in range(4)]
    codes = [json.loads(_grab(small, enterprise)["body"]).get("code") for enterprise in late[:3]]
    _insist(codes == [None, None, "SOLD_OUT"])
    with Meter() as refused:
        for _ in range(COUNTED):
            _insist(json.loads(_grab(small, late[3])["body"])["code"] == "SOLD_OUT")
    return [
        Line("grab: round trips per grant", f"{granted.round_trips / COUNTED:g}", "1"),
        Line("grab: write units per grant", f"{granted.write_units / COUNTED:g}", "<= 6"),
        Line("grab: DynamoDB calls per refusal after sell-out", f"{refused.round_trips / COUNTED:g}", "0"),
        *_cost_beside_a_remainder(world, enterprises),
    ]


def _cost_beside_a_remainder(world: World, enterprises: Iterator[Organisation]) -> list[Line]:
    """What a refusal costs while a batch still has something, but less than is asked for."""
    small = seed_data.open_batch(world, 2 * QUOTA_FEN + QUOTA_FEN // 2, partial_allowed=True)
    codes = [json.loads(_grab(small, next(enterprises))["body"]).get("code") for _ in range(3)]
    _insist(codes == [None, None, "SOLD_OUT"])
    lines, late = [], next(enterprises)
    for words, more in (("the whole quota", {}), ("an amount", {"amount_fen": QUOTA_FEN - 1})):
        with Meter() as meter:
            for _ in range(COUNTED):
                _insist(requests.grab(world, small, late, **more).code == "SOLD_OUT")
        figure = f"{meter.round_trips / COUNTED:g}, {meter.write_units / COUNTED:g} WCU"
        lines.append(Line(f"grab: calls per refusal of {words} beside a remainder", figure, "1, 0"))
    return lines


def _against_rivals(batch_id: str, enterprises: Iterator[Organisation]) -> list[Line]:
    """Each design in turn, round by round, alone and with several threads."""
    designs: list[tuple[str, Callable[[Organisation], bool]]] = [
        ("ours, whole handler", lambda enterprise: _grab(batch_id, enterprise)["statusCode"] == 201),
        ("(a) read, check, optimistic version", rivals.versioned("a", 3 * ROUNDS * EACH)),
        ("(b) one counter in a transaction", rivals.counter("b", 3 * ROUNDS * EACH)),
    ]
    alone: dict[str, list[float]] = {name: [] for name, _ in designs}
    crowd: dict[str, list[float]] = {name: [] for name, _ in designs}
    meters = {name: (Meter(), Meter()) for name, _ in designs}
    for _ in range(ROUNDS):
        for name, grab in designs:
            few, many = [next(enterprises) for _ in range(EACH)], [next(enterprises) for _ in range(EACH)]
            with meters[name][0]:
                alone[name].append(EACH / _seconds(grab, few, 1))
            with meters[name][1]:
                crowd[name].append(EACH / _seconds(grab, many, THREADS))
    return [
        Line(
            f"design: {name}",
            f"{median(alone[name]):.0f}/s, {one.round_trips / made:.2f} calls, {one.write_units / made:g} WCU,"
            f" {one.read_units / made:g} RCU; {THREADS} threads: {median(crowd[name]):.0f}/s,"
            f" {eight.round_trips / made:.2f} calls",
        )
        for name, (one, eight) in meters.items()
        for made in (EACH * ROUNDS,)
    ]


def _seconds(grab: Callable[[Organisation], bool], enterprises: list[Organisation], threads: int) -> float:
    """How long so many threads take for one grab of each firm."""
    began = perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for granted in pool.map(grab, enterprises):
            _insist(granted)
    return perf_counter() - began


def _order(world: World, batch_id: str, enterprises: Iterator[Organisation]) -> list[Line]:
    """Round trips of placing an order: one read of all parties, one transaction."""
    seller, buyer = seed_data.add_agency(), next(enterprises)
    product_id = seed_data.add_product(seller, Category.LEGAL)
    body = requests.order_body(product_id, requests.grab_voucher(world, batch_id, buyer), QUOTA_FEN // 2)
    with Meter() as meter:
        placed = world.call(buyer.person, "POST", "/orders", body, key="bench-1")
    _insist(placed.status == 201)
    figure = f"{meter.round_trips} ({', '.join(meter.calls)}), {meter.write_units:g} WCU"
    return [Line("order placement: round trips", figure, "<= 2")]


def _insist(holds: bool) -> None:
    """A measurement of something that did not happen is none."""
    if not holds:
        raise RuntimeError("the backend answered otherwise than the measurement takes for granted")
