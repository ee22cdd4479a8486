"""Fixtures of the functions' ring."""

from collections.abc import Iterator

import pytest

from tests.support import actions
from tests.support.fixtures import completed, everything, open_year, quick, quiet, submitted, town, two_lines, voucher

__all__ = ["completed", "everything", "open_year", "quick", "quiet", "submitted", "town", "two_lines", "voucher"]


@pytest.fixture(autouse=True)
def announced() -> Iterator[None]:
    """Whatever a test does: every step that is taken stood in `allowed_actions` before."""
    with actions.watch():
        yield
