"""What the business of a city costs, from what was measured and the prices."""

import json

from infra.bench import cost
from infra.pages.markers import table


def costs() -> str:
    """For each kind of business what one piece of it takes, and what 1,000 cost; an idle month; a city's year."""
    found = json.loads(cost.MEASURED.read_text())
    rows = [
        (
            name,
            f"{each['calls']:g}",
            f"{each['write_units']:g} + {each['index_units']:g}",
            f"{each['read_units']:g}",
            f"{1e3 * each['seconds']:.0f}",
            f"{each['bytes_out'] / 1024:.1f}",
            f"{1_000 * cost.cost_of(each):.2f}",
        )
        for name, each in found.items()
    ]
    head = "one | calls | write units: tables + indexes | read units | ms of processor | KB answered | CNY for 1,000"
    totals = f"An idle month: {cost.idle_month():.0f} CNY. A city's year: {cost.city_year():,.0f} CNY."
    return f"{table(head, rows)}\n\n{totals} Prices of {cost.dated()}."
