"""Fixtures of the functions' ring."""

from collections.abc import Iterator

import pytest

from tests.support import actions, permissions
from tests.support.backend import World
from tests.support.fixtures import completed, everything, open_year, quick, quiet, submitted, town, two_lines, voucher
from voucher.store.engine import table

__all__ = ["completed", "everything", "open_year", "quick", "quiet", "submitted", "town", "two_lines", "voucher"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back on all others comes last."""
    items.sort(key=lambda item: item.path.name == "test_permissions.py")


@pytest.fixture
def metered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of tables take botocore's whole way, for those who listen to it."""
    monkeypatch.delitem(table.client().__dict__, "_make_api_call")


@pytest.fixture(autouse=True)
def permitted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does: each function asks AWS only for what its policy allows."""
    permissions.MISSING.clear()
    yield
    missing = sorted(set(permissions.MISSING))
    assert not missing or request.node.get_closest_marker("in_the_middle"), missing


@pytest.fixture(autouse=True)
def announced() -> Iterator[None]:
    """Whatever a test does: every step that is taken stood in `allowed_actions` before."""
    with actions.watch():
        yield
