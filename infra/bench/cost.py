"""What the business of a city costs on AWS: measured on DynamoDB Local, and priced by prices.toml.

`python -m infra.bench cost` measures anew and writes cost.json; the table of infra/README.md is made from both files.
Measured are the calls of the API with their answers' bytes, units that are written (tables and indexes) and read, and
the handlers' processor time. Not measured, but taken as FOLLOWING says: what the streams bring about afterwards.
"""

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from infra.bench.engine import Meter, size_of
from infra.bench.speed import ResultLine
from infra.city.document_files import enterprise_documents
from infra.client import steps
from infra.client.http import OPERATOR_TWO, Person, Reply
from tests.races import requests, seed_data
from tests.races.order_parties import Parties
from tests.races.seed_data import QUOTA_FEN, TODAY
from tests.support import samples
from tests.support.backend import World
from tests.support.bucket import BucketInMemory
from voucher.policy import Category
from voucher.store.engine import files
from voucher.store.engine.table import INDEXES

HERE = Path(__file__).parent
MEASURED, PRICES = HERE / "cost.json", HERE / "prices.toml"
TIMES = 10
GB = 2**30
# Lambda's memory, and what a call waits for DynamoDB: it is billed while it waits
MEMORY_GB, WAIT_SECONDS = 1.0, 0.008
LOG_BYTES_PER_CALL = 1_500
# of each call that writes: relay, and workers for messages, trail and report, with their messages and writes
FOLLOWING = {"write_units": 6, "lambda_requests": 4, "lambda_seconds": 0.2, "queue_requests": 9}
# what a city of 20,000 enterprises does in a year, in thousands; and what there is whether anybody calls or not
YEAR = {
    "registration": 20.0,
    "grab, granted": 20.0,
    "grab, refused": 60.0,
    "order": 20.0,
    "settlement": 20.0,
}
IDLE = {
    "alarms": 38,
    "metrics": 40,
    "keys": 3,
    "secrets": 1,
    "table_gb": 5.0,
    "file_gb": 200.0,
    "nightly_lambda_seconds": 120.0,
}


class Counted(World):
    """A client that counts what it causes."""

    def __init__(self, bucket: BucketInMemory) -> None:
        self.bucket = bucket
        self.calls, self.writing, self.bytes_out, self.uploads, self.seconds = 0, 0, 0, 0, 0.0

    def call(self, person: Person | None, method: str, path: str, *more: Any, **named: Any) -> Reply:
        """One call, counted."""
        began = process_time()
        reply = super().call(person, method, path, *more, **named)
        self.seconds += process_time() - began
        self.calls += 1
        self.writing += method != "GET" and reply.status < 300
        self.bytes_out += len(json.dumps(reply.body, default=str)) + sum(map(len, reply.headers))
        return reply

    def upload(self, post: dict[str, Any], content: bytes) -> None:
        """Put a file into the bucket of this process."""
        self.uploads += 1
        self.bucket.put_object(Key=post["fields"]["key"], Body=content)


def measure() -> list[ResultLine]:
    """Measure all kinds of business, and keep what was found."""
    bucket = BucketInMemory()
    found: dict[str, dict[str, float]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCUMENTS_BUCKET", "documents")
        patch.setattr(files, "client", lambda: bucket)
        world = Counted(bucket)
        for name, work in _business(world):
            with _counting(world, name, found):
                for number in range(TIMES):
                    work(number)
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")
    return [ResultLine(f"cost: 1,000 × {name}", f"{1_000 * cost_of(each):.2f} CNY") for name, each in found.items()]


def _business(world: Counted) -> Iterator[tuple[str, Callable[[int], object]]]:
    batch_id = seed_data.open_batch(world, 100 * QUOTA_FEN)
    enterprises = seed_data.add_enterprises(2 * TIMES + 2)
    sold_out = seed_data.open_batch(world, QUOTA_FEN)
    requests.grab(world, sold_out, enterprises[-1])

    def register(number: int) -> None:
        firm, person = samples.enterprise(number), Person(f"bench-{number}")
        steps.register_enterprise(world, person, firm.registration(), enterprise_documents(firm, TODAY))
        steps.expect(steps.review_enterprise(world, firm.uscc), 200)

    yield "registration", register
    yield "grab, granted", lambda number: requests.grab_voucher(world, batch_id, enterprises[number])
    yield "grab, refused", lambda number: requests.grab(world, sold_out, enterprises[TIMES + number])
    agency, buyer = seed_data.add_agency(), enterprises[-2]
    product_id = seed_data.add_product(agency, Category.LEGAL)
    voucher_id = requests.grab_voucher(world, batch_id, buyer)
    parties = Parties(world, batch_id, buyer, agency, voucher_id, product_id)
    orders: list[str] = []
    yield "order", lambda _number: orders.append(parties.complete_order(QUOTA_FEN // 20))

    def settle(number: int) -> None:
        round_id = parties.owe([orders[number]])
        steps.expect(world.call(OPERATOR_TWO, "POST", f"/rounds/{round_id}/payouts"), 201)

    yield "settlement", settle


@contextmanager
def _counting(world: Counted, name: str, found: dict[str, dict[str, float]]) -> Iterator[None]:
    before = {key: value for key, value in vars(world).items() if key != "bucket"}
    with Meter() as meter:
        yield
        written = [
            each["Put"]["Item"] for asked in meter.requests for each in asked.get("TransactItems", ()) if "Put" in each
        ]
        index_units = sum(
            -(-size_of(item) // 1024) * len({key for key in INDEXES.values() if key in item}) for item in written
        )
        counted = {key: getattr(world, key) - value for key, value in before.items()}
        figures = counted | {
            "round_trips": meter.round_trips,
            "write_units": meter.write_units,
            "index_units": index_units,
            "read_units": meter.read_units,
        }
    found[name] = {key: round(value / TIMES, 4) for key, value in figures.items()}


def cost_of(each: dict[str, float]) -> float:
    """What one piece of business costs, in CNY, with what follows from it."""
    price, writing = _prices(), each["writing"]
    seconds = each["seconds"] + each["round_trips"] * WAIT_SECONDS + writing * FOLLOWING["lambda_seconds"]
    return (
        (each["write_units"] + each["index_units"] + writing * FOLLOWING["write_units"]) * price["write_unit"]
        + each["read_units"] * price["read_unit"]
        + each["calls"] * price["gateway_request"]
        + (each["calls"] + writing * FOLLOWING["lambda_requests"]) * price["lambda_request"]
        + seconds * MEMORY_GB * price["lambda_gb_second"]
        + writing * FOLLOWING["queue_requests"] * price["queue_request"]
        + each["uploads"] * price["file_request"]
        + each["calls"] * LOG_BYTES_PER_CALL / GB * price["log_gb"]
        + each["bytes_out"] / GB * price["gb_out"]
    )


def idle_month() -> float:
    """What a month costs in which nobody calls, in CNY."""
    price = _prices()
    return (
        IDLE["alarms"] * price["alarm_month"]
        + IDLE["metrics"] * price["metric_month"]
        + IDLE["keys"] * price["key_month"]
        + IDLE["secrets"] * price["secret_month"]
        + IDLE["table_gb"] * price["table_gb_month"]
        + IDLE["file_gb"] * price["file_gb_month"]
        + 30 * IDLE["nightly_lambda_seconds"] * MEMORY_GB * price["lambda_gb_second"]
    )


def city_year() -> float:
    """What a year of the city costs, in CNY."""
    found = json.loads(MEASURED.read_text())
    return 12 * idle_month() + sum(1_000 * thousands * cost_of(found[name]) for name, thousands in YEAR.items())


def dated() -> str:
    """The day of the prices."""
    return str(tomllib.loads(PRICES.read_text())["dated"])


def _prices() -> dict[str, float]:
    prices: dict[str, float] = tomllib.loads(PRICES.read_text())["prices"]
    return prices
