"""The simulated rush grants exactly the batch, refuses rightly and is repeatable, in every design."""

import pytest

from infra.bench import scale
from infra.bench.scale import Rush

DESIGNS = (scale.PLAIN, scale.SERIALISABLE, scale.VERSIONED, scale.COUNTER)


def small(design: str, seed: int = 1) -> Rush:
    """Forty quotas, eighty claimants."""
    shards = 4 if design in (scale.PLAIN, scale.SERIALISABLE) else 1
    return Rush(design, shards, per_second=200, quotas=40, claimants=80, seed=seed)


@pytest.mark.parametrize("design", DESIGNS)
def test_granted_and_remaining_units_together_are_the_batch(design: str) -> None:
    result = scale.run(small(design))
    assert result.unanswered == 0
    assert result.units_granted + result.units_left == 40


@pytest.mark.parametrize("design", DESIGNS)
def test_an_amount_that_still_fits_is_never_refused(design: str) -> None:
    assert scale.run(small(design)).wrongly_refused == 0


def test_the_same_seed_gives_the_same_rush_and_another_seed_another() -> None:
    assert scale.run(small(scale.PLAIN)) == scale.run(small(scale.PLAIN))
    assert scale.run(small(scale.PLAIN, seed=2)).p50_seconds != scale.run(small(scale.PLAIN)).p50_seconds
