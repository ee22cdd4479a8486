"""Fixtures of the rings on moto: a town at several points of its year. A conftest.py takes them over by name."""

import logging
from collections.abc import Iterator

import pytest

from tests.support import scenario as towns
from tests.support.backend import World
from tests.support.calls.everything import Everything, build_everything
from tests.support.quick_moto import use_quick_engine
from tests.support.scenario import Json, Town
from tests.support.settlement_scenario import Settling, opened, small_orders
from tests.support.snapshots import staged


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short cuts of the engine."""
    use_quick_engine(monkeypatch)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The outcome lines of a thousand calls help nobody here."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def open_year(world: World) -> World:
    """The programme of 2026 is open: 1,000,000 yuan, a notice of no days."""
    return staged("year", lambda: towns.open_year(world))


@pytest.fixture
def town(world: World) -> Town:
    """A published batch, two approved enterprises, an active agency with a published product."""
    return staged("town", lambda: towns.settle(towns.open_year(world)))


@pytest.fixture
def voucher(world: World) -> tuple[Town, Json]:
    """The same, and the owner's voucher of 10,000 yuan."""

    def build() -> tuple[Town, Json]:
        town = towns.settle(towns.open_year(world))
        return town, town.grab()

    return staged("voucher", build)


@pytest.fixture
def completed(world: World) -> tuple[Town, Json]:
    """The same, and an order of 10,000 yuan, 7,000 of them by voucher, done and confirmed."""
    return staged("completed", lambda: towns.complete(towns.settle(towns.open_year(world))))


@pytest.fixture
def submitted(world: World) -> tuple[Town, Json]:
    """The same, and a settlement application for that order, submitted."""

    def build() -> tuple[Town, Json]:
        town, order = towns.complete(towns.settle(towns.open_year(world)))
        return town, town.apply_for_settlement(order)

    return staged("submitted", build)


@pytest.fixture
def two_lines(voucher: tuple[Town, Json]) -> tuple[Settling, Json, Json]:
    """An application for two small orders, nothing filled in; the orders."""
    first, second = small_orders(voucher[0], 2)
    return opened(voucher[0], first, second)[0], first, second


@pytest.fixture
def everything(world: World) -> Everything:
    """One of each thing in each state that some route starts from."""
    return staged("everything", lambda: build_everything(towns.settle(towns.open_year(world))))
