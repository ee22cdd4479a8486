"""The simulated AWS needs no engine but its own; what the handlers print stays out of the way."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Faults are dealt out by the thousand, and each would be logged."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)
