"""The demo of `make run` works on any day, because its programme has its own dates."""

import json
import re
import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property

import boto3
import pytest

from infra.city.agencies import Agency
from infra.city.enterprises import Enterprise
from infra.city.products import Product
from infra.client.http import Reply
from infra.demo import closing, hands, open_ends, orders, people, programme, report, rush, settlement, small_year
from infra.demo.demo_year import DemoYear
from infra.demo.page import city_page
from infra.demo.plan import OPEN_BATCH_FEN, SMALL_TOTAL_FEN, Plan
from infra.demo.recorder import Recorder
from infra.demo.scheduled import ScheduledFunctions
from infra.local.stack import PLAYED
from infra.operate.balances import MONEY, all_postings, compared
from tests.conftest import StoppedClock
from tests.support.backend import World, function
from tests.support.workers import deliver, drain
from voucher.store import books

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
        # one for the cap, and one of the agency that has a neighbour
        special = [each for each in products if each.category in ("tax_audit", "tech_innovation")]
        firsts = {each.category: each for each in reversed(special)}
        return [*firsts.values(), *products[:PRODUCTS]]


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


def run_in_turn[Thing, Result](things: Sequence[Thing], work: Callable[[Thing], Result]) -> list[Result]:
    """Replaces `run_at_once`, for the same reason."""
    return [work(thing) for thing in things]


@pytest.fixture
def told(now: datetime, world: World, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> DemoYear:
    """A small city's year, told to its end at `now`; each part raises if an answer is unexpected."""
    stopped_clock.instant = now
    for name, value in PLAYED.items():
        monkeypatch.setenv(name, value)
    for module in (programme, orders, settlement):
        monkeypatch.setattr(module, "run_together", run_one_by_one)
    monkeypatch.setattr(rush, "run_at_once", run_in_turn)
    # small, so that some enterprises grab from the short batch
    monkeypatch.setattr(programme, "FIRST_BATCH_FEN", 5_000_000)
    # an inbox is filled through stream and queue, which do not exist in this process
    monkeypatch.setattr(report, "wait_until", lambda _condition: None)
    year = DemoYear(Recorder(world), FunctionsInProcess(), SmallPlan(1, now))
    programme.open_year(year)
    programme.admit_agencies(year)
    programme.register_enterprises(year)
    rush.grab_vouchers(year)
    orders.use_vouchers(year)
    settlement.pay_agencies(year)
    small_year.live_small_year(year)
    settlement.lapse_vouchers(year)
    small_year.close_small_year(year)
    open_ends.leave_open(year)
    report.report_year(year)  # raises if the books do not balance
    for uscc in year.vouchers:  # what stream and queue would do
        deliver("keep_reports", {"year": year.plan.year, "uscc": uscc})
    report.read_reports(year)
    return year


ANY_DAY = pytest.mark.parametrize(
    "now",
    [
        pytest.param(datetime(2026, 12, 31, 15, 58, tzinfo=UTC), id="two minutes before the year ends in Lishui"),
        pytest.param(datetime(2026, 12, 31, 16, 1, tzinfo=UTC), id="a minute after the text's own end"),
        pytest.param(datetime(2028, 2, 29, 4, 0, tzinfo=UTC), id="a leap day, in a year nobody's calendar knows"),
    ],
)
TODAY = pytest.mark.parametrize("now", [datetime(2026, 11, 28, 4, 0, tzinfo=UTC)])


@ANY_DAY
def test_the_demo_years_run_to_their_end_and_their_books_balance(told: DemoYear, world: World) -> None:
    assert len(told.vouchers) == ENTERPRISES
    assert len(told.orders) >= ENTERPRISES // 2
    well_answered = {each.path.rpartition("/")[2] for each in told.client.calls if each.reply.status < 300}
    watched = {"report", "countersign", "statement", "follow-up", "conclude", "rating", "answer", "usage", "contact"}
    assert watched <= well_answered
    assert {"withdraw", "dispute", "decision", "leave", "lift"} <= well_answered  # what people do to each other
    assert [report["residual_fen"] for report in told.reports.values()] == [0, 0]
    for year in told.reports:
        postings = all_postings(boto3.client("dynamodb"), {word: word for word in MONEY})
        rebuilt = compared(books.read_book(year), postings)
        assert (rebuilt.differing, rebuilt.lost_postings) == ([], [])
    programme_ = world.call(None, "GET", f"/programmes/{told.plan.small_year}").body
    accounts = told.reports[told.plan.small_year]["accounts"]
    assert programme_["state"] == "closed"
    assert programme_["closing"]["expired_fen"] == 2_000_000
    assert {name: fen for name, fen in accounts.items() if fen and name != "treasury"} == {
        "order": small_year.VOUCHER_FEN,
        "surplus": SMALL_TOTAL_FEN - small_year.VOUCHER_FEN,
    }


def send(world: World, city: people.City, line: str) -> Reply:
    """What a printed curl line asks for, asked in this process."""
    words = shlex.split(re.sub(r"\$\(make -s token WHO=([a-z-]+)\)", r"\1", line))
    assert words[:2] == ["curl", "-s"]
    path = words[-1].removeprefix("$API")
    who = next((each.removeprefix("Authorization: Bearer ") for each in words if "Bearer" in each), None)
    body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
    return world.call(city.people[who].person if who else None, "POST" if body else "GET", path, body)


@TODAY
def test_the_demo_leaves_work_for_every_desk_and_six_lines_that_do_it(told: DemoYear, world: World) -> None:
    things = told.open_things
    bureau = people.staff()["bureau"].person

    def state(path: str) -> str:
        return str(world.call(bureau, "GET", path).body["state"])

    batch = world.call(None, "GET", f"/batches/{things['batch']}").body
    assert (batch["state"], batch["remaining_fen"]) == ("open", OPEN_BATCH_FEN)
    assert state(f"/enterprises/{things['approved_enterprise']}") == "approved"
    assert state(f"/enterprises/{things['waiting_enterprise']}") == "submitted"
    assert state(f"/agencies/{things['waiting_agency']}") == "submitted"
    assert state(f"/settlements/{things['settlement']}") == "submitted"
    assert state(f"/notices/{things['notice']}") == "running"
    city = people.city_of(told.plan.year, told.open_things)
    address, *lines = closing.lines_to_try("http://127.0.0.1:1/v1", city, {})
    assert address == "API=http://127.0.0.1:1/v1"
    assert [send(world, city, line).status for line in lines] == [200, 200, 200, 200, 201, 200]


@TODAY
def test_the_page_shows_every_amount_and_every_hand_and_calls_nobody(told: DemoYear) -> None:
    page = city_page.of(told)
    accounts = told.reports[told.plan.year]["accounts"]
    for amount_fen in (accounts["paid"], accounts["voucher"], accounts["surplus"], -accounts["treasury"]):
        assert f"{amount_fen // 100:,}.{amount_fen % 100:02}" in page
    assert told.name_of(told.rush[0].enterprise.uscc) in page
    assert "NOTICE_RUNNING" in page and "BATCH_NOT_OPEN" in page
    assert re.findall(r"https?:|//|<script|url\(|@import", page) == []
    by = {step.words: hands.hands_of(step, told.client.calls) for step in hands.STEPS}
    assert [words for words, people_ in by.items() if not people_] == []
    assert by["payouts made"] == "platform-wu"
    assert by["payment recorded"] == "finance-zhou"


@TODAY
def test_the_demo_tells_how_often_each_signal_is_a_false_alarm(
    told: DemoYear, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    report.print_signals(told)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    alarms = {line.partition("  ")[0]: line.split()[-1] for line in lines}
    # the tale confirms within seconds, and two are neighbours; nothing else is out of the ordinary
    shown = {code for code, words in report.SIGNALS.items() if alarms[words] != "0.0%"}
    assert shown == {"CONFIRMED_FAST", "SAME_ADDRESS"}
