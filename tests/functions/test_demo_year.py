"""The demo of `make run` works on any day, because its programme has its own dates."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import cast

import pytest

from infra.city.agencies import Agency
from infra.city.enterprises import Enterprise
from infra.city.products import Product
from infra.client.http import HttpClient
from infra.demo import orders, programme, report, settlement
from infra.demo.demo_year import DemoYear
from infra.demo.plan import Plan
from infra.demo.scheduled import ScheduledFunctions
from infra.local.stack import PLAYED
from tests.conftest import StoppedClock
from tests.support.backend import World, function
from tests.support.workers import drain

ENTERPRISES, AGENCIES, PRODUCTS = 9, 3, 4


class SmallPlan(Plan):
    """The same plan with a few enterprises, so that the demo takes seconds."""

    @cached_property
    def enterprises(self) -> list[Enterprise]:
        unlisted = [each for each in super().enterprises if not each.on_lists and not each.has_violation]
        to_approve = [each for each in unlisted if each.expected_refusal is None]
        to_refuse = [each for each in unlisted if each.expected_refusal]
        return [*to_approve[:ENTERPRISES], *to_refuse[:2]]

    @cached_property
    def agencies(self) -> list[Agency]:
        return [each for each in super().agencies if each.expected_refusal is None][:AGENCIES]

    @cached_property
    def products(self) -> list[Product]:
        usccs = {each.uscc for each in self.agencies}
        products = [each for each in super().products if each.agency_uscc in usccs]
        return [each for each in products if each.category == "tax_audit"][:1] + products[:PRODUCTS]


class FunctionsInProcess(ScheduledFunctions):
    """Calls the scheduled functions in this process and empties their queue at once."""

    def __init__(self) -> None:
        pass

    def run(self, name: str, instant: datetime) -> dict[str, object]:
        result: dict[str, object] = function(name.lower()).handler({"time": f"{instant:%Y-%m-%dT%H:%M:%SZ}"}, None)
        drain("void_vouchers")
        drain("close_year")
        return result


def run_one_by_one[Thing, Result](
    _label: str, things: Sequence[Thing], work: Callable[[Thing], Result]
) -> list[Result]:
    """Replaces `run_together`, because moto serves one thread."""
    return [work(thing) for thing in things]


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(datetime(2026, 12, 31, 15, 58, tzinfo=UTC), id="two minutes before the year ends in Lishui"),
        pytest.param(datetime(2026, 12, 31, 16, 1, tzinfo=UTC), id="a minute after the text's own end"),
        pytest.param(datetime(2028, 2, 29, 4, 0, tzinfo=UTC), id="a leap day, in a year nobody's calendar knows"),
    ],
)
def test_the_demo_year_runs_to_its_end_and_its_books_balance(
    now: datetime, world: World, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_clock.instant = now
    monkeypatch.setenv("SWEEP_AHEAD", PLAYED["SweepAhead"])
    for module in (programme, orders, settlement):
        monkeypatch.setattr(module, "run_together", run_one_by_one)
    # small, so that some enterprises grab from the short batch
    monkeypatch.setattr(programme, "FIRST_BATCH_FEN", 5_000_000)
    # an inbox is filled through stream and queue, which do not exist in this process
    monkeypatch.setattr(report, "wait_until", lambda _condition: None)
    year = DemoYear(cast(HttpClient, world), FunctionsInProcess(), SmallPlan(1, now))
    programme.open_year(year)
    programme.admit_agencies(year)
    programme.register_enterprises(year)
    programme.grab_vouchers(year)
    assert len(year.vouchers) == ENTERPRISES
    orders.use_vouchers(year)
    assert len(year.orders) >= ENTERPRISES // 2
    settlement.pay_agencies(year)
    settlement.lapse_vouchers(year)
    report.report_year(year)  # raises if the books do not balance
