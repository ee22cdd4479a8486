"""Fixtures of the store's ring."""

import pytest

from tests.support.fixtures import completed, open_year, quick, quiet, submitted, town, voucher
from voucher.store.engine import table

__all__ = ["completed", "open_year", "quick", "quiet", "submitted", "town", "voucher"]


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the writes of each transaction."""
    found: list[list[str]] = []
    monkeypatch.setenv("ORDERS_TABLE", "orders")
    monkeypatch.setattr(table, "transact", lambda writes: found.append([write.name for write in writes]))
    return found
