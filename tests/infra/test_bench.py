"""Simulated rushes grant exactly the batch, refuse rightly and are repeatable, in every design and on a whole stack."""

import json
import re
from dataclasses import replace

import pytest

from infra.bench import cost, limits, rush, scale
from infra.bench.rush import Opening, Settings
from infra.bench.scale import Rush

DESIGNS = (scale.PLAIN, scale.SERIALISABLE, scale.VERSIONED, scale.COUNTER)
# six hundred claimants at once, more than a narrow stack takes, and what takes them easily
OPENING = Opening(claimants=600, seconds=1, quotas=60, warm=5)
NARROW = Settings(
    requests_per_second=60,
    request_burst=60,
    authorize_concurrency=25,
    grab_concurrency=25,
    warm_writes=1_000,
    warm_reads=12_000,
)
WIDE = Settings(
    requests_per_second=2_000,
    request_burst=2_000,
    authorize_concurrency=200,
    grab_concurrency=200,
    warm_writes=20_000,
    warm_reads=60_000,
)


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


@pytest.mark.parametrize("settings", [NARROW, WIDE], ids=["narrow", "wide"])
def test_a_stack_grants_exactly_the_batch_and_tells_nobody_a_wrong_no(settings: Settings) -> None:
    outcome = rush.run(OPENING, settings)
    assert (outcome.unanswered, outcome.wrong) == (0, 0)
    assert outcome.granted + outcome.refused == 600
    assert (outcome.units_granted, outcome.units_left) == (60, 0)


def test_the_same_opening_gives_the_same_outcome() -> None:
    assert rush.run(OPENING, NARROW) == rush.run(OPENING, NARROW)
    assert rush.run(replace(OPENING, seed=1), NARROW) != rush.run(OPENING, NARROW)


def test_each_stage_sends_away_what_is_more_than_its_parameter() -> None:
    for name, sent_away in (
        ("requests_per_second", "gateway_throttled"),
        ("authorize_concurrency", "authorizer_throttled"),
        ("grab_concurrency", "grab_throttled"),
        ("warm_writes", "throttled_writes"),
    ):
        changes = {"requests_per_second": 60, "request_burst": 60} if name == "requests_per_second" else {name: 10}
        narrower = replace(WIDE, **({"warm_writes": 500} if name == "warm_writes" else changes))
        few, many = rush.run(OPENING, WIDE), rush.run(OPENING, narrower)
        assert getattr(few, sent_away) < getattr(many, sent_away), name
        assert few.p99_seconds < many.p99_seconds, name
        assert many.granted + many.refused == 600, name


def test_whoever_lost_its_answer_is_shown_its_voucher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOST_ANSWERS", 1.0)
    outcome = rush.run(OPENING, WIDE)
    assert (outcome.unanswered, outcome.wrong, outcome.units_granted) == (0, 0, 60)
    assert outcome.granted > 50


def test_a_table_that_was_not_warmed_takes_what_a_new_one_takes() -> None:
    cold = replace(WIDE, warm_writes=0)
    assert (cold.write_units, cold.read_units) == (limits.COLD_WRITE_UNITS, limits.COLD_READ_UNITS)


def test_the_calculator_finds_less_than_the_largest_parameters_which_answers_all() -> None:
    advice = rush.smallest(OPENING)
    assert advice
    outcome = rush.run(OPENING, advice.settings)
    assert outcome.is_good
    assert outcome.has_few_faults >= advice.has_few_faults
    for name, ladder in rush.LADDERS.items():
        assert getattr(advice.settings, name) < ladder[-1], name


def test_the_calculator_says_that_no_parameters_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rush, "LADDERS", {name: (value,) for name, value in vars(NARROW).items()})
    assert rush.smallest(OPENING) is None
    assert rush.answer(["--claimants", "600", "--seconds", "1"])[-1].startswith("No parameters")


def test_the_defaults_are_the_template_s_and_fit_into_a_new_account() -> None:
    defaults = rush.default_settings()
    assert defaults.words.startswith("RequestsPerSecond=500 RequestBurst=1000 AuthorizeConcurrency=150")
    assert defaults.environments <= limits.ENVIRONMENTS


def test_the_page_shows_rushes_as_they_are_simulated_today() -> None:
    _, cases = rush.kept()
    case = next(each for each in cases if each.outcome.opening.seconds == 60 and each.advised)
    shown, today = case.outcome, rush.run(case.outcome.opening, case.outcome.settings)
    assert rush.rows(today) == rush.rows(shown), "run: python -m infra.bench rush"


def test_all_rushes_of_the_page_are_answered_in_time_with_the_advised_parameters() -> None:
    _, cases = rush.kept()
    assert {(each.outcome.opening.seconds, each.advised) for each in cases} == {
        (seconds, advised) for seconds in (10, 60) for advised in (False, True)
    }
    for each in cases:
        assert each.outcome.wrong == 0
        assert each.outcome.is_good or not each.advised


def test_a_rush_without_claimants_is_no_rush(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        rush.answer(["--claimants", "0", "--seconds", "10"])
    assert "--claimants" in capsys.readouterr().err
