"""A use case for the faults: its preparation, its one request and the one effect it must have."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from infra.client.http import Person, Reply, key_of_call
from tests.races import requests, tables
from tests.support.backend import World, function
from voucher.models.accounts import Posting
from voucher.models.vouchers import Voucher
from voucher.store import keys

VOUCHER_END = datetime(2026, 11, 30, 16, tzinfo=UTC)

Json = dict[str, Any]


@dataclass(frozen=True)
class UseCase:
    """A use case, ready to run.

    `ask` sends the request once; None if a worker left its message in the queue. `check` asserts, from the last answer
    and the tables, that the effect is there exactly once. `books_hold` is False where the preparation falsified the
    books. `queue` is the queue whose messages `check` reads.
    """

    ask: Callable[[], Reply | None]
    check: Callable[[Json], None]
    books_hold: bool = True
    queue: str | None = None


def deliver_to_worker(message: Json, worker: str = "void_vouchers") -> Callable[[], Reply | None]:
    """Hand a message to the worker of a queue; the function answers None if the message stayed in the queue."""
    event = requests.queue_event(message)

    def ask() -> Reply | None:
        answer = function(worker).handler(event, None)
        return None if answer["batchItemFailures"] else Reply(200, answer)

    return ask


def with_few_buckets(ask: Callable[[], Reply | None]) -> Callable[[], Reply | None]:
    """The same with two buckets per batch instead of sixteen, because every fault strikes each bucket's call."""

    def ask_with_few_buckets() -> Reply | None:
        with patch.object(keys, "BUCKETS", 2):
            return ask()

    return ask_with_few_buckets


def list_entries() -> list[str]:
    """The entry of every posting (`hold`, `release` …), sorted."""
    postings = [
        posting
        for table in ("vouchers", "orders", "settlements")
        for posting in tables.list_records(Posting, table, "POSTING#")
    ]
    return sorted(posting.entry for posting in postings)


def voucher_balances() -> list[int]:
    """The balance of each voucher, in fen, sorted."""
    return sorted(each.balance_fen for each in tables.list_records(Voucher, "vouchers", "VOUCHER#"))


def post(
    world: World, person: Person | None, path: str, body: Any = None, key: str | None = None
) -> Callable[[], Reply]:
    """A function that sends this POST, each time with the same Idempotency-Key."""
    key = key_of_call("POST", key)
    return lambda: world.call(person, "POST", path, body, key=key)
