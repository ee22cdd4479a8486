"""Public holidays that the calendar package does not know yet, and corrections to it.

The State Council fixes a year's arrangement in the November before. When it is out, add the year here: its
rest days that fall on Monday to Friday, and its make-up working days on Saturday or Sunday. It may also name
days of the December before; they belong to the same entry. Data only; `rules.working_days` reads it.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One year's arrangement as published; `notice` names the document that it was taken from."""

    notice: str
    rest_days: frozenset[date]
    make_up_days: frozenset[date]


# By year. Empty: the package knows every year published so far; 2027 is expected in November 2026.
ARRANGEMENTS: dict[int, Arrangement] = {}

# Rest days of the holiday regulation itself (国务院令第795号, from 2025), known without an arrangement. The lunar
# festivals and 清明 move, so they are known only from the arrangement.
FIXED_REST_FROM_YEAR = 2025
FIXED_REST_DAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
