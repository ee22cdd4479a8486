"""The usage report of a large year: how long its handler takes, and what it costs, with few orders and with many."""

from itertools import islice
from random import Random
from statistics import median
from time import perf_counter, process_time

from infra.bench.engine import Meter
from infra.bench.speed import ResultLine
from infra.client.http import BUREAU, Reply
from tests.conftest import NOW
from tests.support.backend import api_event, function, read_reply, routes
from voucher.models.base import instant_text
from voucher.models.reports import MEASURES, NO_MONTH, STAGES, YEARLY_LETTERS, YEARLY_ROWS
from voucher.policy import Category
from voucher.service_items import SERVICE_ITEM_WORDS
from voucher.store import keys
from voucher.store.engine.table import commit, count_write

# an own year for each size, so that one does not stand beside the other
SIZES = {2024: (20, 60), 2025: (20_000, 60_000)}
AGENCIES, BATCHES, CALLS = 200, 12, 20
SEED = 2026
GOAL_MS = 300


def measure() -> list[ResultLine]:
    """The report of a small and of a large year. Rows are written as the worker leaves them: there are as many of them
    as there are agencies and service items, however many orders there are."""
    return [_measured(year, *size) for year, size in SIZES.items()]


def _measured(year: int, vouchers: int, orders: int) -> ResultLine:
    """The handler alone, by the clock and by this process's own time: a machine that has other work to do makes the
    first one longer, and hardly the second."""
    _write_rows(year, vouchers, orders)
    [route] = [each for each in routes() if each.path == "/reports/{year}/usage"]
    event = api_event(route, f"/reports/{year}/usage", "", {"year": str(year)}, None, BUREAU, None, None)
    handler, seconds, own_seconds, meter = function(route.folder).handler, [], [], Meter()
    with meter:
        for _ in range(CALLS):
            began, own_began = perf_counter(), process_time()
            answer = handler(event, None)
            seconds.append(perf_counter() - began)
            own_seconds.append(process_time() - own_began)
    reply = read_reply(answer)
    _check(reply, vouchers, orders)
    milliseconds = f"{1e3 * median(seconds):.0f} ms, {1e3 * median(own_seconds):.0f} of them its own"
    return ResultLine(
        f"usage report: {vouchers:,} vouchers, {orders:,} orders, {len(reply.body['rows'])} rows",
        f"{milliseconds}, {meter.round_trips / CALLS:.0f} call, {meter.read_units / CALLS:.0f} RCU",
        f"< {GOAL_MS} ms, 1 call",
    )


def _write_rows(year: int, vouchers: int, orders: int) -> None:
    random = Random(SEED)
    values = {
        "category": [str(category) for category in Category],
        "service_item": list(SERVICE_ITEM_WORDS),
        "district": ["city", "liandu", "development_zone"],
        "size_class": ["medium", "small", "micro"],
        "list": ["none", "newly_above_scale", "little_giant_nursery"],
        "agency": [f"91331100MA2F{number:06}" for number in range(AGENCIES)],
        "batch": [f"{year}.{number:012x}" for number in range(BATCHES)],
    }
    rows = ["total.all", *(f"{dimension}.{value}" for dimension, some in values.items() for value in some)]
    letters = [*MEASURES, *(letter for _, _, hours, count in STAGES.values() for letter in (hours, count))]
    writes = []
    for row in rows:
        months = [f"{year % 100}{month:02}" for month in range(1, 13)]
        cells = {
            f"{month}{letter}": random.randrange(1, 10_000 * orders)
            for letter in letters
            for month in ([NO_MONTH] if letter in YEARLY_LETTERS or row.split(".")[0] in YEARLY_ROWS else months)
        }
        if row == "total.all":
            cells = {name: amount for name, amount in cells.items() if name[4:] not in "vo"}
            cells |= {f"{months[0]}v": vouchers, f"{months[0]}o": orders}
        writes.append(count_write("row", keys.report_row(year, 1, row), cells, instant_text(NOW)))
    remaining = iter(writes)
    while part := list(islice(remaining, 25)):
        commit(part)


def _check(reply: Reply, vouchers: int, orders: int) -> None:
    figures = reply.body["rows"][0]["figures"]
    if (reply.status, figures["vouchers"], figures["orders"]) != (200, vouchers, orders):
        raise RuntimeError(f"{reply.status}: {figures}")
