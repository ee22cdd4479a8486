"""Calls that nobody foresaw: whatever is sent, by whoever it may be, is answered as the API's document says."""

import os
from collections import Counter

import pytest

from infra.client.http import FINANCE
from infra.local.stack import Stack
from tests.journeys.contract_calls import Examination, examine

ROUNDS = int(os.environ.get("VOUCHER_CALL_ROUNDS", "1"))
CALLS_PER_ROUND = 500


@pytest.fixture(scope="module")
def examination(stack: Stack, year: int) -> Examination:
    """All calls, once; this year is the other tests' and is there already."""
    return examine(stack, ROUNDS)


def test_every_answer_is_one_that_the_document_has(examination: Examination) -> None:
    assert not examination.broken, "\n\n".join(examination.broken)


def test_no_call_moved_a_fen_that_is_not_explained(examination: Examination) -> None:
    for city in examination.cities:
        deployment, year = city.deployment, city.ids["year"][0]
        deployment.scheduled.run("Reconcile", deployment.plan.coming_night)
        report = deployment.get(FINANCE, f"/reports/{year}/reconciliation")
        assert (report["residual_fen"], [each for each in report["invariants"] if not each["holds"]]) == (0, [])


def test_every_caller_made_his_share_of_the_calls(examination: Examination) -> None:
    calls = Counter(caller for _, caller, _ in examination.calls)
    assert calls.total() >= CALLS_PER_ROUND * ROUNDS
    assert min(calls.values()) >= calls.total() / 40
