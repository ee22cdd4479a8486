"""The simulated rush grants exactly the batch, refuses rightly and is repeatable, in every design."""

import json
import re

import pytest

from infra.bench import cost, scale
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


def test_every_price_is_used_and_says_where_it_is_from() -> None:
    lines = [line for line in cost.PRICES.read_text().partition("[prices]")[2].splitlines() if line]
    said = [re.fullmatch(r"(\w+) = [0-9.e-]+ +# (memory|\S+amazonaws\.cn/|amazonaws\.cn/).*", line) for line in lines]
    assert all(said)
    used = set(re.findall(r'price\["(\w+)"\]', (cost.HERE / "cost.py").read_text()))
    assert {each[1] for each in said if each} == used


def test_a_write_costs_more_than_a_refusal_and_an_idle_month_is_in_the_year() -> None:
    found = json.loads(cost.MEASURED.read_text())
    assert set(found) == set(cost.YEAR)
    assert cost.cost_of(found["grab, refused"]) < cost.cost_of(found["grab, granted"])
    thousands = sum(each * 1_000 * cost.cost_of(found[name]) for name, each in cost.YEAR.items())
    assert cost.city_year() == pytest.approx(12 * cost.idle_month() + thousands)
