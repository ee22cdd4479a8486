"""The demo year of `make run` can be told on any day: its programme carries dates of its own."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import cast

import pytest

from infra.city.agencies import Agency
from infra.city.enterprises import Enterprise
from infra.city.products import Product
from infra.client.http import HttpClient
from infra.demo import __main__ as story
from infra.demo import chapters
from infra.demo.chapters import Tale
from infra.demo.city import Plan
from infra.demo.night import Night
from infra.local.stack import PLAYED
from tests.conftest import StoppedClock
from tests.support.backend import World, function
from tests.support.workers import drain

FIRMS, AGENCIES, PRODUCTS = 9, 3, 4


class SmallPlan(Plan):
    """The same plan with a few firms, so that it is told in seconds."""

    @cached_property
    def enterprises(self) -> list[Enterprise]:
        unlisted = [each for each in super().enterprises if not each.on_lists and not each.has_violation]
        welcome = [each for each in unlisted if each.expected_refusal is None]
        refused = [each for each in unlisted if each.expected_refusal]
        return [*welcome[:FIRMS], *refused[:2]]

    @cached_property
    def agencies(self) -> list[Agency]:
        return [each for each in super().agencies if each.expected_refusal is None][:AGENCIES]

    @cached_property
    def products(self) -> list[Product]:
        known = {each.uscc for each in self.agencies}
        own = [each for each in super().products if each.agency_uscc in known]
        return [each for each in own if each.category == "tax_audit"][:1] + own[:PRODUCTS]


class NightInProcess(Night):
    """The scheduled functions as they are, and their queues emptied at once."""

    def __init__(self) -> None:
        pass

    def run(self, name: str, instant: datetime) -> dict[str, object]:
        done: dict[str, object] = function(name.lower()).handler({"time": f"{instant:%Y-%m-%dT%H:%M:%SZ}"}, None)
        drain("void_vouchers")
        drain("close_year")
        return done


def one_by_one[Thing, Result](_what: str, things: Sequence[Thing], work: Callable[[Thing], Result]) -> list[Result]:
    """`together`, since moto serves one thread."""
    return [work(thing) for thing in things]


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(datetime(2026, 12, 31, 15, 58, tzinfo=UTC), id="two minutes before the year ends in Lishui"),
        pytest.param(datetime(2026, 12, 31, 16, 1, tzinfo=UTC), id="a minute after the text's own end"),
        pytest.param(datetime(2028, 2, 29, 4, 0, tzinfo=UTC), id="a leap day, in a year nobody's calendar knows"),
    ],
)
def test_the_year_is_told_to_its_end_and_its_books_balance(
    now: datetime, world: World, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_clock.instant = now
    monkeypatch.setenv("SWEEP_AHEAD", PLAYED["SweepAhead"])
    monkeypatch.setattr(chapters, "together", one_by_one)
    monkeypatch.setattr(chapters, "FIRST_BATCH_FEN", 5_000_000)  # so that some firms are left for the short batch
    # the inbox is filled by stream and queue, which this process has not
    monkeypatch.setattr(story, "wait_for", lambda _condition: None)
    tale = Tale(cast(HttpClient, world), NightInProcess(), SmallPlan(1, now))
    for chapter in (chapters.money, chapters.agencies, chapters.enterprises, chapters.grabs, chapters.orders):
        chapter(tale)
    assert len(tale.vouchers) == FIRMS
    assert len(tale.orders) >= FIRMS // 2
    chapters.settlements(tale)
    chapters.lapse(tale)
    story.account(tale)  # raises when the books do not balance
