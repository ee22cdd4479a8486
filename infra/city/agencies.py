"""The service agencies that apply: the body of POST /agencies, and the expected decision (§3.1).

The minima are 24 months of operation, no loss last year, 50 square metres and 5 insured staff. Several agencies are
exactly at one minimum, the first at all four; two agencies miss one minimum each.
"""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from infra.city.credit_codes import AGENCIES, CreditCodes
from infra.city.months import youngest_of_age
from infra.city.names import BUSINESS_PARK, Names


class _Plan(NamedTuple):
    prefix: str
    """The code's first two characters: 91 company, 12 public institution, 31 law office, 51 society, 52 school."""
    name: str
    """{} is replaced by the brand."""
    categories: tuple[str, ...]
    founded_days_ago: int | None
    """None: 24 months ago to the day."""
    net_profit_yuan: int
    premises_m2: int
    insured_staff: int
    expected_refusal: str | None = None
    in_park: bool = False


_PLANS = (
    _Plan("91", "丽水{}人力资源有限公司", ("hr", "skills"), None, 0, 50, 5),
    _Plan(
        "91", "浙江{}科技创新服务有限公司", ("tech_innovation", "ip", "testing"), 2_900, 412_000, 320, 18, in_park=True
    ),
    _Plan("91", "丽水{}税务师事务所有限公司", ("tax_audit", "management"), 4_100, 0, 180, 16),
    # only a state-funded law office is a legal person; others need the bureau's override
    _Plan("31", "浙江{}律师事务所（国资所）", ("legal",), 5_200, 236_000, 50, 12),
    _Plan("91", "丽水{}企业管理咨询有限公司", ("management", "hr"), 1_450, 87_500, 96, 5),
    _Plan("12", "丽水市{}产业质量检验检测研究所", ("testing",), 6_300, 0, 2_400, 46),
    _Plan("91", "丽水{}知识产权代理有限公司", ("ip", "legal"), None, 158_300, 110, 9),
    _Plan("91", "浙江{}数字科技有限公司", ("digital", "tech_innovation"), 2_250, 903_700, 460, 37),
    _Plan("52", "丽水{}职业技能培训学校", ("skills",), 3_800, 62_400, 1_150, 14),
    _Plan("51", "丽水市{}中小企业服务协会", ("management", "digital", "tax_audit"), 3_050, 5_600, 75, 6),
    _Plan("91", "丽水{}检测技术有限公司", ("testing",), 2_600, -183_600, 210, 11, "§3.1.1"),
    _Plan("91", "丽水{}信息咨询有限公司", ("digital", "management"), 1_900, 21_900, 60, 4, "§3.1.4"),
)


@dataclass(frozen=True)
class Agency:
    """One agency. The first thirteen fields are declared in its application."""

    uscc: str
    name: str
    established_on: date
    is_legal_person: bool
    net_profit_last_year_fen: int
    premises_m2: int
    insured_staff: int
    has_management_system: bool
    categories: tuple[str, ...]
    contact_name: str
    contact_phone: str
    legal_representative: str
    address: str
    expected_refusal: str | None
    """The clause that must refuse it; None: it must be approved."""

    def application(self) -> dict[str, object]:
        """The JSON body of POST /agencies."""
        declared = {field.name: getattr(self, field.name) for field in fields(self)[:13]}
        return {
            **declared,
            "established_on": self.established_on.isoformat(),
            "categories": list(self.categories),
        }


def make_agencies(seed: int, today: date) -> list[Agency]:
    """Twelve agencies that apply on `today`: ten must be approved (all nine categories), two refused."""
    random = Random(f"agencies:{seed}")
    codes = CreditCodes(random, AGENCIES)
    names = Names(random, AGENCIES)
    return [_make(plan, codes, names, today) for plan in _PLANS]


def _make(plan: _Plan, codes: CreditCodes, names: Names, today: date) -> Agency:
    days_ago = plan.founded_days_ago
    established_on = youngest_of_age(24, today) if days_ago is None else today - timedelta(days=days_ago)
    return Agency(
        uscc=codes.next(plan.prefix, "331100"),
        name=plan.name.format(names.brand()),
        established_on=established_on,
        is_legal_person=True,
        net_profit_last_year_fen=plan.net_profit_yuan * 100,
        premises_m2=plan.premises_m2,
        insured_staff=plan.insured_staff,
        has_management_system=True,
        categories=plan.categories,
        contact_name=names.person(),
        contact_phone=names.phone(),
        legal_representative=names.person(),
        address=BUSINESS_PARK if plan.in_park else names.address("丽水市莲都区"),
        expected_refusal=plan.expected_refusal,
    )
