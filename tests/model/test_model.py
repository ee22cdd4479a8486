"""Random programme years, step by step, compared with a reference model (§1.3, §1.4, §2.2, §2.3, §4.1.4, §4.2)."""

import ast
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from tests.model.machine.backend_of_run import BackendOfRun
from tests.model.machine.enterprise_steps import EnterpriseSteps
from tests.model.machine.payout_steps import HEAD_STARTS, PayoutSteps
from tests.model.machine.programme_steps import ProgrammeSteps, batch_body
from tests.model.machine.time_steps import TimeSteps

# all that the reference may import beside its own files
STANDARD_LIBRARY = {"collections", "dataclasses", "datetime", "typing"}
STEPS = 52
# how often 200 runs together must have met these rare events, at least
LEAST = {
    "batches re-released": 40,
    "vouchers of a re-release": 40,
    "enterprises excluded from a re-release": 40,
    "orders cancelled at a year's end": 20,
    "years closed": 30,
    "orders ended unanswered": 10,
    "orders ended unsettled": 10,
    "orders decided on": 10,
    "enterprises restored": 20,
    "contracts agreed on": 20,
    "years reported": 20,
}
RUNS = int(os.environ.get("VOUCHER_MODEL_RUNS", "200"))
# without a seed every run of the test takes the same steps
SEED = os.environ.get("VOUCHER_MODEL_SEED")
# a failing run is shortened, which may take minutes; whoever only asks whether one fails says no
PHASES = (Phase.generate,) if os.environ.get("VOUCHER_MODEL_SHRINK") == "no" else (Phase.generate, Phase.shrink)


class Life(ProgrammeSteps, EnterpriseSteps, PayoutSteps, TimeSteps):
    """All rules together; a run begins with an open year and an open batch."""

    def set_up(self) -> None:
        self.attempts, self.applied = [], set()
        policy = {"batch_shards": 3, "yearly_shards": 2, "notice_working_days": 0, "settlement_ends_on": "2026-01-31"}
        self.open_year(2025, 9_999_999, policy)
        now = self.city.now
        closes = now + timedelta(days=30)
        self.open_batch(2025, batch_body(4_500_000, now.isoformat(), closes.isoformat(), "2025-09-30"))
        for enterprise in self.city.enterprises[-2:]:
            self.grab(enterprise.person, self.city.batches[0], enterprise)
        for voucher, product in zip(self.city.vouchers, (1, 6), strict=True):
            self.place_plain_order(voucher, self.city.products[product], "half", signed=True)

    @initialize(head_start=HEAD_STARTS, nights=st.sampled_from([None, None, None, 0, 1, 2]))
    def some_runs_begin_later(self, head_start: int | None, nights: int | None) -> None:
        """Some runs begin later: in the middle of a settlement, near the year's end, or both."""
        super().some_runs_begin_later(head_start)
        if nights is not None:
            self.near_the_years_end(nights)

    def near_the_years_end(self, nights: int) -> None:
        """Half of the runs begin near the year's end: an order to settle, one without a contract, vouchers that ended,
        and a re-released batch, of which an enterprise without a lapsed voucher gets one. A third of all runs begin
        `nights` nights after the year's end."""
        self.orders_are_completed(1)
        self.place_plain_order(self.city.vouchers[0], self.city.products[3], "least", signed=False)
        self.the_agency_accepts(0, stranger=False)
        self.close_batch(self.city.batches[0])
        self.move_to(datetime(2025, 12, 20, 1, tzinfo=UTC))
        now, closes = self.city.now, datetime(2025, 12, 30, tzinfo=UTC)
        rerelease = {"kind": "rerelease", "partial_allowed": True}
        self.open_batch(2025, batch_body(1_500_000, now.isoformat(), closes.isoformat(), "2025-12-31", **rerelease))
        for enterprise in (self.city.enterprises[0], self.city.enterprises[-1]):
            self.grab(enterprise.person, self.city.batches[-1], enterprise)
        if nights:
            self.a_year_ends(nights, backwards=False)


@pytest.mark.clause("§1.4a")
@pytest.mark.clause("§2.2.cap")
@pytest.mark.clause("§2.2.floor")
@pytest.mark.clause("§2.3.2")
@pytest.mark.clause("§2.3.3")
@pytest.mark.clause("§4.2.2")
@pytest.mark.clause("§5.1")
def test_the_backend_answers_and_keeps_its_books_as_the_model_says(
    backend_of_run: BackendOfRun, capsys: pytest.CaptureFixture[str]
) -> None:
    Life.backend, Life.lengths = backend_of_run, []
    Life.rare_events, Life.payment_events = Counter(), Counter()
    chance = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS,
        derandomize=SEED is None,
        database=None,
        print_blob=True,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )
    # without _min_steps many runs would end after a step or two
    run_state_machine_as_test(seed(int(SEED))(Life) if SEED else Life, settings=chance, _min_steps=STEPS)
    with capsys.disabled():
        counts = ", ".join(
            f"{count} {event}" for event, count in sorted((Life.payment_events + Life.rare_events).items())
        )
        full = sum(length >= STEPS for length in Life.lengths)
        print(f" {RUNS} runs, {full} of full length, {sum(Life.lengths)} steps checked; {counts}", end="")
    if RUNS >= 200:
        events = Life.rare_events
        assert {event: events[event] for event, least in LEAST.items() if events[event] < least} == {}
        assert full >= RUNS


def test_the_model_imports_nothing_of_the_project() -> None:
    files = sorted((Path(__file__).parent / "reference").glob("*.py"))
    assert "orders" in {each.stem for each in files}
    for path in files:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        sources = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        sources |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        beyond = {each for each in sources if each.partition(".")[0] not in STANDARD_LIBRARY}
        assert {each for each in beyond if not f"{each}.".startswith("tests.model.reference.")} == set(), path.name
