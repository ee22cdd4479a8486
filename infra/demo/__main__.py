"""`make run`: a seeded city goes through one programme year over the deployed API; each step is printed.

Ends with a non-zero exit code if any step was not answered as expected. Leaves the API up, with something to do for
everybody. A stack on which a city was told already is left as it is.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from infra.client.http import HttpClient
from infra.client.steps import UnexpectedAnswer
from infra.demo import (
    closing,
    hands,
    open_ends,
    orders,
    people,
    programme,
    report,
    rush,
    settlement,
    small_year,
    yearly_file,
)
from infra.demo.demo_year import DemoYear
from infra.demo.page import city_page
from infra.demo.plan import Plan
from infra.demo.recorder import Recorder
from infra.demo.scheduled import ScheduledFunctions
from infra.local import stack as local
from infra.local.stack import Stack
from infra.local.state import LOCAL

PARTS: tuple[Callable[[DemoYear], None], ...] = (
    programme.open_year,
    programme.import_lists,
    programme.admit_agencies,
    programme.register_enterprises,
    rush.grab_vouchers,
    orders.use_vouchers,
    settlement.pay_agencies,
    small_year.live_small_year,
    settlement.lapse_vouchers,
    small_year.close_small_year,
    yearly_file.hand_in_yearly_file,
    open_ends.leave_open,
    report.report_year,
    report.read_reports,
    hands.tell_hands,
)
ANEW = "`make run AGAIN=1` starts anew (what is in it is lost)"


def main() -> int:
    """Tell the year on the running stack, unless one was told on it already."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    stack = local.read() or local.up()
    plan = Plan(parser.parse_args().seed, datetime.now(UTC))
    if HttpClient(asdict(stack)).call(None, "GET", f"/programmes/{plan.year}").status != 404:
        return tell_of_a_told_city(stack)
    try:
        return tell(stack, plan)
    except KeyboardInterrupt:
        print(f"\nInterrupted: this year is not told to its end. {ANEW}; `make down` ends what runs.", file=sys.stderr)
        return 130


def tell_of_a_told_city(stack: Stack) -> int:
    """What there is, and how to begin anew; 1 if the stack has a year that no tale has told to its end."""
    city = people.read(LOCAL)
    if city is None:
        print(f"The stack at {stack.api_url} has a programme of this year, but no tale came to its end on it. {ANEW}.",
              file=sys.stderr)  # fmt: skip
        return 1
    print(f"The city is already told; {ANEW}. What follows is as it was when it was told.")
    closing.tell_next_steps(stack, city, LOCAL)
    return 0


def tell(stack: Stack, plan: Plan) -> int:
    """Every part, then the page and the people; 1 if a part met an unexpected answer."""
    started = time.monotonic()
    client = HttpClient(asdict(stack))
    year = DemoYear(Recorder(client), ScheduledFunctions(stack), plan)
    try:
        for part in PARTS:
            part(year)
        (LOCAL / "city.html").write_text(city_page.of(year))
    except (UnexpectedAnswer, TimeoutError, RuntimeError) as trouble:
        print(f"\nThe demo stopped: {trouble}\n{ANEW}.", file=sys.stderr)
        return 1
    city = people.city_of(plan.year, year.open_things)
    for each in city.people.values():
        client.token(each.person)
    people.write(city, LOCAL)
    print(f"\n{client.calls} API calls in {time.monotonic() - started:.0f} s. The API is up at {stack.api_url}; "
          "`make down` ends it.")  # fmt: skip
    closing.tell_next_steps(stack, city, LOCAL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
