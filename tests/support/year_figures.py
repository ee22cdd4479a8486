"""The sums of a programme year, as the public sees them."""

from infra.client import steps
from tests.support.backend import World
from tests.support.scenario import Json

NAMES = ("released", "granted", "held", "spent", "lapsed", "surplus", "unreleased")


def figures(world: World) -> Json:
    """The sums of 2026, in fen."""
    shown = steps.expect(world.call(None, "GET", "/programmes/2026"), 200)
    return {name: shown[f"{name}_fen"] for name in NAMES}


def sums(**known: int) -> Json:
    """The sums of a year that has only those named."""
    return dict.fromkeys(NAMES, 0) | known
