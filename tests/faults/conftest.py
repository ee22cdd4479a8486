"""The backend on DynamoDB Local, with a wire that faults strike; at the end, a table of what was tried."""

from collections.abc import Iterator

import pytest

from tests.faults import services
from tests.faults.wire import FAULTS, never_back_off
from tests.races.conftest import engine_url, world

__all__ = ["engine_url", "world"]
TRIED: dict[str, tuple[int, int]] = {}


@pytest.fixture(autouse=True)
def beside_the_tables(vault: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files, queues and the key."""
    with services.running(monkeypatch):
        yield


@pytest.fixture(autouse=True)
def no_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits between botocore's attempts."""
    never_back_off(monkeypatch)


@pytest.fixture
def tried() -> dict[str, tuple[int, int]]:
    """Use case → the calls it makes, and the faults that struck them."""
    return TRIED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many calls met how many faults."""
    if TRIED:
        terminalreporter.section("faults tried")
        for name, (calls, runs) in TRIED.items():
            terminalreporter.write_line(f"{name:<24} {calls:>3} calls {runs:>5} runs with a fault")
        total = sum(runs for _, runs in TRIED.values())
        terminalreporter.write_line(f"{len(TRIED)} use cases, {len(FAULTS)} faults {total:>7} runs with a fault")
