"""The whole life of the money, step by step at random, beside a model of it (§1.3, §1.4, §2.2, §2.3, §4.1.4, §4.2)."""

import ast
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from tests.model.firm_steps import FirmSteps
from tests.model.order_steps import OrderSteps
from tests.model.payout_steps import AHEAD, PayoutSteps
from tests.model.place import Place
from tests.model.time_steps import TimeSteps
from tests.model.year_steps import YearSteps, batch_body

MODEL = ("records", "answers", "years", "granting", "trading", "ending", "claims", "applying", "paying")
STEPS = 52
# what 200 runs must have met at least so often
LEAST = {
    "batches released again": 40,
    "vouchers released again": 40,
    "firms kept out of what is released again": 40,
    "orders cancelled at a year's end": 20,
    "years closed": 30,
}
RUNS = int(os.environ.get("VOUCHER_MODEL_RUNS", "200"))
# without a seed every run of the test takes the same steps
SEED = os.environ.get("VOUCHER_MODEL_SEED")
# a failing run is shortened, which may take minutes; whoever only asks whether one fails says no
PHASES = (Phase.generate,) if os.environ.get("VOUCHER_MODEL_SHRINK") == "no" else (Phase.generate, Phase.shrink)


class Life(YearSteps, FirmSteps, OrderSteps, PayoutSteps, TimeSteps):
    """All rules together, from an open year with an open batch."""

    def set_up(self) -> None:
        self.attempts, self.applied = [], set()
        self.open_year(2025, 9_999_999, {"batch_shards": 3, "yearly_shards": 2, "notice_working_days": 0})
        now = self.city.now
        closes = now + timedelta(days=30)
        self.open_batch(2025, batch_body(4_500_000, now.isoformat(), closes.isoformat(), "2025-09-30"))
        for firm in self.city.firms[-2:]:
            self.grab(firm.person, self.city.batches[0], firm)
        for voucher, product in zip(self.city.vouchers, (1, 6), strict=True):
            self.place_plain_order(voucher, self.city.products[product], "half", signed=True)

    @initialize(ahead=AHEAD, nights=st.sampled_from([None, None, None, 0, 1, 2]))
    def some_are_ahead(self, ahead: int | None, nights: int | None) -> None:
        """With settlement, with the year, or with both."""
        super().some_are_ahead(ahead)
        if nights is not None:
            self.near_the_years_end(nights)

    def near_the_years_end(self, nights: int) -> None:
        """Half of the runs: an order without a contract, vouchers that ended, and money that is released again, to one
        whose own did not lapse; and a third of all so many nights after the year's end."""
        self.place_plain_order(self.city.vouchers[0], self.city.products[3], "one", signed=False)
        self.close_batch(self.city.batches[0])
        self.move_to(datetime(2025, 12, 20, 1, tzinfo=UTC))
        now, closes = self.city.now, datetime(2025, 12, 30, tzinfo=UTC)
        again = {"kind": "rerelease", "partial_allowed": True}
        self.open_batch(2025, batch_body(1_500_000, now.isoformat(), closes.isoformat(), "2025-12-31", **again))
        for firm in (self.city.firms[0], self.city.firms[-1]):
            self.grab(firm.person, self.city.batches[-1], firm)
        if nights:
            self.a_year_ends(nights, backwards=False)


@pytest.mark.clause("§1.4a")
@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
@pytest.mark.clause("§2.3.2")
@pytest.mark.clause("§2.3.3")
@pytest.mark.clause("§4.2.2")
def test_the_backend_answers_and_keeps_its_books_as_the_model_says(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    Life.place, Life.lengths, Life.met, Life.done = place, [], Counter(), Counter()
    chance = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS,
        derandomize=SEED is None,
        database=None,
        deadline=None,
        print_blob=True,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )
    # what Hypothesis tries beside fresh runs would mostly end after a step or two
    run_state_machine_as_test(seed(int(SEED))(Life) if SEED else Life, settings=chance, _min_steps=STEPS)
    with capsys.disabled():
        told = ", ".join(f"{count} {what}" for what, count in sorted((Life.done + Life.met).items()))
        full = sum(length >= STEPS for length in Life.lengths)
        print(f" {RUNS} runs, {full} of full length, {sum(Life.lengths)} steps checked; {told}", end="")
    if RUNS >= 200:
        assert {what: Life.met[what] for what, least in LEAST.items() if Life.met[what] < least} == {}
        assert full >= RUNS


def test_the_model_imports_nothing_of_the_project() -> None:
    for name in MODEL:
        tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        sources = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
        sources |= {node.module or "" for node in imports if isinstance(node, ast.ImportFrom)}
        beyond = {each.partition(".")[0] for each in sources} - {"collections", "dataclasses", "datetime", "typing"}
        assert beyond <= {"tests"}
        assert {each for each in sources if each.startswith("tests")} <= {f"tests.model.{each}" for each in MODEL}
