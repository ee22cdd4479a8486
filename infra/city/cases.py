"""The cases: enterprises that the city needs so that every rule of §2.1 and every quota of §2.3.1 occurs.

A case names only the special properties of its enterprise; the rest is random. A case with a reason breaks exactly
one rule.
"""

from dataclasses import dataclass
from typing import Literal

from infra.city.trades import Sector

Reason = Literal["district", "sector", "not_legal_person", "large", "rated_d", "too_young", "violation"]

CLAUSE_OF_REASON: dict[Reason, str] = {
    "district": "§2.1",
    "sector": "§2.1",
    "not_legal_person": "§2.1",
    "large": "§2.1",
    "rated_d": "§2.1.1",
    "too_young": "§2.1.2",
    "violation": "§2.1.3",
}


@dataclass(frozen=True)
class Case:
    """One enterprise to make. `staff_and_revenue` (people, 10,000 yuan) puts it exactly on a bound."""

    sector: Sector = "industry"
    size_class: str = "small"
    reason: Reason | None = None
    on_lists: tuple[str, ...] = ()
    staff_and_revenue: tuple[int, int] | None = None
    days_short_of_12_months: int | None = None
    """0: exactly twelve months old. An enterprise to be refused is at least a week too young, because midnight may pass
    during a journey."""


def _plain_cases(sector: Sector, micro: int, small: int, medium: int) -> list[Case]:
    counts = {"micro": micro, "small": small, "medium": medium}
    return [Case(sector, size) for size, count in counts.items() for _ in range(count)]


AT_THE_BOUNDS = [
    Case(size_class="medium", staff_and_revenue=(1_500, 39_999)),
    Case(size_class="micro", staff_and_revenue=(1_200, 100)),
    Case(size_class="small", staff_and_revenue=(20, 300)),
    Case(size_class="medium", staff_and_revenue=(300, 2_000)),
    Case("software", "medium", staff_and_revenue=(299, 20_000)),
    Case("telecom", "medium", staff_and_revenue=(1_999, 120_000)),
    Case(days_short_of_12_months=0),
]

ON_LISTS = [
    *[Case(on_lists=("newly_above_scale",)) for _ in range(8)],
    *[Case(on_lists=("newly_above_scale", "little_giant_nursery")) for _ in range(2)],
    *[Case(on_lists=("little_giant_nursery",)) for _ in range(4)],
    *[Case("software", on_lists=("little_giant_nursery",)) for _ in range(2)],
    *[Case(on_lists=("other_subsidy",)) for _ in range(2)],
]

PLAIN_CASES = [
    *_plain_cases("industry", 5, 7, 3),
    *_plain_cases("telecom", 1, 2, 1),
    *_plain_cases("software", 2, 3, 1),
]

APPROVED = [*AT_THE_BOUNDS, *ON_LISTS, *PLAIN_CASES]

REFUSED = [
    Case(reason="district"),
    Case("software", reason="district"),
    Case("outside", reason="sector"),
    Case("outside", reason="sector"),
    Case(size_class="micro", reason="not_legal_person"),
    Case(reason="not_legal_person"),
    Case(size_class="large", reason="large", staff_and_revenue=(1_000, 40_000)),
    Case("software", "large", reason="large"),
    Case(size_class="large", reason="large"),
    Case(reason="rated_d", on_lists=("rated_d",)),
    Case(size_class="medium", reason="rated_d", on_lists=("rated_d",)),
    Case(size_class="micro", reason="too_young", days_short_of_12_months=14),
    Case("software", reason="too_young", days_short_of_12_months=190),
    Case(reason="violation"),
    Case("telecom", reason="violation"),
]
