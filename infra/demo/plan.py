"""The plan of the demo year: its enterprises and agencies, its amounts and its dates.

The programme has its own dates as policy values, so the demo runs on any day: after the regulation's end, too, and in
the last minutes of a year.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from infra.city.agencies import Agency, make_agencies
from infra.city.enterprises import Enterprise, make_enterprises
from infra.city.lists import make_list_files
from infra.city.products import Product, make_products
from infra.client.http import Person

TOTAL_FEN = 85_000_000
FIRST_BATCH_FEN = 45_000_000
SHORT_BATCH_FEN = 10_000_000
# twenty quotas, left for whoever comes after the demo
OPEN_BATCH_FEN = 20_000_000

# the small year before, which ends in the coming night: what no batch takes expires, what nobody claims is closed
SMALL_TOTAL_FEN = 6_000_000
SMALL_BATCH_FEN = 4_000_000
SMALL_VOUCHERS = 3
SMALL_NOTICE_WORKING_DAYS = 5

# The people who come after the rush are of another city, so that the first one stays as it is.
LATE_SEED = 1_000_000


@dataclass(frozen=True)
class Plan:
    """Everything that is fixed before the demo begins; the same seed on the same day gives the same plan."""

    seed: int
    now: datetime

    @cached_property
    def today(self) -> date:
        """Today in Lishui."""
        return self.now.astimezone(ZoneInfo("Asia/Shanghai")).date()

    @property
    def year(self) -> int:
        """The programme year: the calendar year of today."""
        return self.today.year

    @property
    def document(self) -> str:
        """The number of the document that decides on the dates of a played year."""
        return f"演示〔{self.year}〕1号"

    @property
    def policy(self) -> dict[str, Any]:
        """The programme's own dates, and a notice of zero working days, so that the demo need not wait."""
        return {
            "edition": "演示年度",
            "grants_from": (self.today - timedelta(days=1)).isoformat(),
            "grants_until": (self.today + timedelta(days=60)).isoformat(),
            "year_starts_on": (self.today - timedelta(days=180)).isoformat(),
            "year_ends_on": max(date(self.year, 12, 31), self.today + timedelta(days=45)).isoformat(),
            "notice_working_days": 0,
        }

    @property
    def small_year(self) -> int:
        """The programme year before, which still runs by its own dates."""
        return self.year - 1

    @property
    def small_policy(self) -> dict[str, Any]:
        """The small year ends tomorrow; its notices run for as many working days as the text says (§3.5.3)."""
        return self.policy | {
            "edition": "演示小年度",
            "grants_until": self.short_valid_until.isoformat(),
            "year_ends_on": self.short_valid_until.isoformat(),
            "notice_working_days": SMALL_NOTICE_WORKING_DAYS,
        }

    @property
    def opens_at(self) -> datetime:
        """The batches are open already."""
        return self.now.astimezone(UTC) - timedelta(minutes=5)

    @property
    def closes_at(self) -> datetime:
        """The batches stay open for three days."""
        return self.opens_at + timedelta(days=3)

    @property
    def long_valid_until(self) -> date:
        """The last day of the first batch's vouchers."""
        return self.today + timedelta(days=40)

    @property
    def short_valid_until(self) -> date:
        """The last day of the short batch's vouchers: tomorrow."""
        return self.today + timedelta(days=1)

    @property
    def coming_night(self) -> datetime:
        """The night in which the short batch's vouchers are swept, five past midnight in Lishui."""
        day = self.short_valid_until + timedelta(days=1)
        return datetime(day.year, day.month, day.day, 0, 5, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)

    @cached_property
    def enterprises(self) -> list[Enterprise]:
        """Every enterprise that registers, including those that will be refused."""
        return make_enterprises(self.seed, self.today, self.year)

    @cached_property
    def late_enterprises(self) -> list[Enterprise]:
        """Two that come after the rush: one is approved and has its quota left, one waits for its review."""
        known = {each.uscc for each in self.enterprises} | {each.name for each in self.enterprises}
        others = make_enterprises(self.seed + LATE_SEED, self.today, self.year)
        plain = [each for each in others if each.expected_refusal is None and not each.on_lists]
        return [each for each in plain if known.isdisjoint({each.uscc, each.name})][:2]

    @cached_property
    def late_agency(self) -> Agency:
        """One that waits for its review."""
        known = {each.uscc for each in self.agencies}
        others = make_agencies(self.seed + LATE_SEED, self.today)
        return next(each for each in others if each.expected_refusal is None and each.uscc not in known)

    @cached_property
    def agencies(self) -> list[Agency]:
        """Every agency that applies."""
        return make_agencies(self.seed, self.today)

    @cached_property
    def products(self) -> list[Product]:
        """The products of the admitted agencies."""
        return make_products(self.seed, self.agencies)

    @cached_property
    def list_files(self) -> dict[str, bytes]:
        """The list files of other offices, as .xlsx."""
        return make_list_files(self.enterprises, self.seed, self.year)

    @cached_property
    def chance(self) -> random.Random:
        """The random choices of products and contract amounts."""
        return random.Random(f"choices {self.seed}")


def owner_of(uscc: str) -> Person:
    """The person who registers and acts for an organisation."""
    return Person(f"u-{uscc.lower()}")
