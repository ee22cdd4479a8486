"""The backend on DynamoDB Local behind a wire with faults; at the end, a table of calls and faults."""

import json
from collections.abc import Iterator

import pytest

from tests.faults import services
from tests.faults.wire import FAULTS, never_back_off, note_written_tables
from tests.races.conftest import engine_url, world
from tests.support.backend import World
from tests.support.short_cuts import ask_at_once

__all__ = ["engine_url", "world"]
TRIED: dict[str, tuple[int, int]] = {}


@pytest.fixture(autouse=True)
def bucket_queues_and_key(vault: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bucket, queues and key."""
    with services.moto_services(monkeypatch):
        yield


@pytest.fixture(autouse=True)
def quick_calls(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked beside the wire goes the short way."""
    ask_at_once(monkeypatch, lambda operation, request: note_written_tables(operation, json.dumps(request)))


@pytest.fixture(autouse=True)
def no_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between botocore's attempts take no time."""
    never_back_off(monkeypatch)


@pytest.fixture
def tried() -> dict[str, tuple[int, int]]:
    """Use case → (number of its calls, number of runs with a fault)."""
    return TRIED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many faults struck each use case."""
    if TRIED:
        terminalreporter.section("faults tried")
        for name, (calls, runs) in TRIED.items():
            terminalreporter.write_line(f"{name:<24} {calls:>3} calls {runs:>5} runs with a fault")
        total = sum(runs for _, runs in TRIED.values())
        terminalreporter.write_line(f"{len(TRIED)} use cases, {len(FAULTS)} faults {total:>7} runs with a fault")
