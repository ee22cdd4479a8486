"""The backend on DynamoDB Local, Amazon's own engine with real conditions and transactions, shared by threads."""

import os
from collections.abc import Iterator
from functools import cache

import boto3
import pytest

from infra.local import dynamodb_local
from tests.conftest import StoppedClock
from tests.races.interleaving import give_each_thread_its_request, skip_back_off
from tests.support import backend
from tests.support.backend import World
from tests.support.bucket import BucketInMemory
from tests.support.short_cuts import ask_at_once, send_in_one_piece, speak_plainly
from voucher.store.engine import files, table


@pytest.fixture(scope="session")
def engine_url() -> Iterator[str]:
    """One engine for all tests of the session."""
    with dynamodb_local.running(*dynamodb_local.SHORT_LIVED) as url:
        yield url


@pytest.fixture
def world(engine_url: str, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The backend with empty tables; threads may call it."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "races",
        "AWS_SECRET_ACCESS_KEY": "races",
        "AWS_DEFAULT_REGION": "ap-east-1",
        "AWS_ENDPOINT_URL_DYNAMODB": engine_url,
    }.items():
        monkeypatch.setenv(name, value)
    for name, value in backend.empty_tables(boto3.client("dynamodb")).items():
        monkeypatch.setenv(name, value)
    backend.forget_clients()
    table.client()  # create it before the threads, because creating a client is not thread-safe
    speak_plainly(monkeypatch)
    send_in_one_piece(monkeypatch)
    ask_at_once(monkeypatch)
    give_each_thread_its_request(monkeypatch)
    skip_back_off(monkeypatch)
    yield World()
    backend.forget_clients()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> BucketInMemory:
    """The bucket in memory."""
    bucket_in_memory = BucketInMemory()
    monkeypatch.setenv("DOCUMENTS_BUCKET", "documents")
    monkeypatch.setattr(files, "client", cache(lambda: bucket_in_memory))
    return bucket_in_memory


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with a `seed` runs once per seed; VOUCHER_RACE_SEEDS is the number of seeds (a soak run has more)."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(int(os.environ.get("VOUCHER_RACE_SEEDS", "3"))))
