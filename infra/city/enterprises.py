"""The enterprises that register: the body of POST /enterprises, and the expected decision."""

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from itertools import cycle
from random import Random

from infra.city.cases import APPROVED, CLAUSE_OF_REASON, REFUSED, Case, Reason
from infra.city.credit_codes import ENTERPRISES, CreditCodes
from infra.city.months import youngest_of_age
from infra.city.names import BUSINESS_PARK, Names
from infra.city.trades import NEWLY_ABOVE_SCALE, SIZES, TRADES, SizeRange, Trade

DEFAULT_QUOTA_FEN = 1_000_000
QUOTA_BY_LIST_FEN = {"newly_above_scale": 2_000_000, "little_giant_nursery": 1_000_000}

# which of the enterprises to be approved has its seat in the business park
PARKED = 2
FEN_PER_WAN = 1_000_000
CODES_REFORM = date(2015, 10, 1)

DISTRICTS = ("city", "liandu", "development_zone")
REGIONS = {"city": "331100", "liandu": "331102", "development_zone": "331100", "other": "331122"}
TOWNS = {
    "city": "丽水市莲都区",
    "liandu": "丽水市莲都区",
    "development_zone": "丽水经济技术开发区",
    "other": "丽水市缙云县",
}
PLACES = {"city": "丽水市", "liandu": "丽水市莲都区", "development_zone": "浙江", "other": "缙云县"}


@dataclass(frozen=True)
class Enterprise:
    """One enterprise. The first thirteen fields are declared in its registration; the rest is for the tests."""

    uscc: str
    name: str
    district: str
    established_on: date
    industry_code: str
    employees: int
    revenue_fen: int
    assets_fen: int
    is_legal_person: bool
    legal_representative: str
    contact_name: str
    contact_phone: str
    address: str
    size_class: str
    on_lists: tuple[str, ...]
    refusal_reason: Reason | None
    """The one rule that it breaks; None if it must be approved."""
    quota_year: int
    expected_quota_fen: int
    """Its quota in `quota_year` (§2.3.1, the larger list counts); 0 if it must be refused."""

    @property
    def expected_refusal(self) -> str | None:
        """The clause that must refuse it at review; None if it must be approved."""
        return CLAUSE_OF_REASON[self.refusal_reason] if self.refusal_reason else None

    @property
    def has_violation(self) -> bool:
        """True if the bureau must record a violation before the review (§2.1.3)."""
        return self.refusal_reason == "violation"

    def registration(self) -> dict[str, object]:
        """The JSON body of POST /enterprises."""
        declared = {field.name: getattr(self, field.name) for field in fields(self)[:13]}
        return {
            **declared,
            "established_on": self.established_on.isoformat(),
            "declarations": {"accurate": True, "no_violation": True},
        }


def make_enterprises(seed: int, today: date, year: int) -> list[Enterprise]:
    """The enterprises of the city, in random order; they apply on `today`, and `year` is the year of the quota."""
    random = Random(f"enterprises:{seed}")
    cases = [*APPROVED, *REFUSED]
    random.shuffle(cases)
    maker = _EnterpriseMaker(random, today, year)
    found = [maker.make(case) for case in cases]
    in_park = [each for each in found if each.refusal_reason is None and not each.on_lists][PARKED]
    return [replace(each, address=BUSINESS_PARK) if each is in_park else each for each in found]


class _EnterpriseMaker:
    """Makes enterprises of cases; no name and no code occurs twice."""

    def __init__(self, random: Random, today: date, year: int) -> None:
        self._random = random
        self._today = today
        self._year = year
        self._codes = CreditCodes(random, ENTERPRISES)
        self._names = Names(random, ENTERPRISES)
        self._districts = cycle(DISTRICTS)
        self._trades = {sector: cycle(random.sample(each, len(each))) for sector, each in TRADES.items()}

    def make(self, case: Case) -> Enterprise:
        """One enterprise with all properties of `case`; it breaks no other rule."""
        trade = next(self._trades[case.sector])
        district = "other" if case.reason == "district" else next(self._districts)
        established_on = self._established_on(case)
        employees, revenue_fen = self._employees_and_revenue_fen(case)
        return Enterprise(
            uscc=self._codes.next("91", REGIONS[district], all_digits=established_on < CODES_REFORM),
            name=self._name(case, district, trade),
            district=district,
            established_on=established_on,
            industry_code=trade.industry_code,
            employees=employees,
            revenue_fen=revenue_fen,
            assets_fen=revenue_fen * self._random.randrange(45, 180) // 100,
            is_legal_person=case.reason != "not_legal_person",
            legal_representative=self._names.person(),
            contact_name=self._names.person(),
            contact_phone=self._names.phone(),
            address=self._names.address(TOWNS[district]),
            size_class=case.size_class,
            on_lists=case.on_lists,
            refusal_reason=case.reason,
            quota_year=self._year,
            expected_quota_fen=0 if case.reason else _quota_fen(case),
        )

    def _established_on(self, case: Case) -> date:
        if case.days_short_of_12_months is not None:
            return youngest_of_age(12, self._today) + timedelta(days=case.days_short_of_12_months)
        return self._today - timedelta(days=self._random.randrange(430, 8_600))

    def _employees_and_revenue_fen(self, case: Case) -> tuple[int, int]:
        """On the bound that the case names, or else inside the size class."""
        if case.staff_and_revenue:
            employees, revenue_wan = case.staff_and_revenue
            return employees, revenue_wan * FEN_PER_WAN
        size = _size_range(case)
        fewest, too_many = size.employees
        lowest, too_much = size.revenue_wan
        employees = self._random.randrange(fewest, too_many)
        # revenue depends loosely on the staff, and small figures are more frequent
        share = 0.6 * (employees - fewest) / (too_many - fewest) + 0.4 * self._random.random()
        revenue_wan = lowest + int((too_much - lowest) * share**1.5)
        return employees, revenue_wan * FEN_PER_WAN + self._random.randrange(0, FEN_PER_WAN, 100)

    def _name(self, case: Case, district: str, trade: Trade) -> str:
        stem = self._names.brand() + trade.words
        if case.reason == "not_legal_person":
            is_branch = case.size_class == "small"
            return f"杭州{stem}有限公司丽水分公司" if is_branch else f"丽水市{stem}厂（普通合伙）"
        form = "股份有限公司" if case.size_class in ("medium", "large") else "有限公司"
        return PLACES[district] + stem + form


def _size_range(case: Case) -> SizeRange:
    if "newly_above_scale" in case.on_lists:
        return NEWLY_ABOVE_SCALE
    return SIZES[case.sector, case.size_class]


def _quota_fen(case: Case) -> int:
    return max([DEFAULT_QUOTA_FEN, *(QUOTA_BY_LIST_FEN.get(kind, 0) for kind in case.on_lists)])
