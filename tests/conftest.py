"""Fixtures of all rings: the backend in one process on moto, with a clock that only a test moves."""

import gc
import hashlib
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from types import FrameType

import pytest
from hypothesis import settings

from tests.support.backend import World
from tests.support.moto_world import moto_world
from tests.support.vault import Vault
from voucher.edge import clock
from voucher.store.engine import sealing

# the tests make few cycles and keep millions of objects: to look through them less often saves a fourteenth of the time
gc.set_threshold(50_000, 50, 100)
# how long an example takes tells of the machine, never of the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

scrypt = hashlib.scrypt
NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Lishui


def end_in_order(number: int, _frame: FrameType | None) -> None:
    """Who ends the tests from outside ends their engines, too."""
    pytest.exit("ended from outside", returncode=128 + number)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """From the first test on, Ctrl-C and a kind signal end the session in order."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, end_in_order)


class StoppedClock:
    """The server's clock; it stands still until a test moves it."""

    def __init__(self) -> None:
        self.instant = NOW

    def now(self) -> datetime:
        return self.instant


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> StoppedClock:
    """Every handler reads this clock."""
    stopped = StoppedClock()
    monkeypatch.setattr(clock, "now", stopped.now)
    return stopped


@pytest.fixture(autouse=True)
def vault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Account numbers are sealed without a network."""
    monkeypatch.setenv("BANK_ACCOUNTS_KEY", "key-1")
    monkeypatch.setenv("MAILBOX_KEY", "key-1")
    monkeypatch.setenv("ACCOUNT_MATCHING_KEY", "key-2")
    monkeypatch.setattr(sealing, "client", Vault)


@pytest.fixture(autouse=True)
def quick_fingerprints(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is slow to guess is slow to make: here with the least work, in the journeys with all of it."""
    monkeypatch.setattr(hashlib, "scrypt", lambda text, **how: scrypt(text, **(how | {"n": 2})))


@pytest.fixture
def world(stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The backend on moto, with empty tables, queues and bucket."""
    with moto_world(monkeypatch) as world:
        yield world
