"""Fixtures of the functions' ring."""

from collections.abc import Iterator

import pytest

from tests.support import actions
from tests.support.backend import World
from tests.support.fixtures import completed, everything, open_year, quick, quiet, submitted, town, two_lines, voucher
from voucher.store.engine import table

__all__ = ["completed", "everything", "open_year", "quick", "quiet", "submitted", "town", "two_lines", "voucher"]


@pytest.fixture
def metered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of tables take botocore's whole way, for those who listen to it."""
    monkeypatch.delitem(table.client().__dict__, "_make_api_call")


@pytest.fixture(autouse=True)
def announced() -> Iterator[None]:
    """Whatever a test does: every step that is taken stood in `allowed_actions` before."""
    with actions.watch():
        yield
