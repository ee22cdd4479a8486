"""`make run`: a seeded city goes through one programme year over the deployed API; each step is printed.

Ends with a non-zero exit code if any step was not answered as expected. Leaves the API up.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from infra.client.http import HttpClient
from infra.client.steps import UnexpectedAnswer
from infra.demo import orders, programme, report, settlement
from infra.demo.demo_year import DemoYear
from infra.demo.plan import Plan
from infra.demo.printing import print_line
from infra.demo.scheduled import ScheduledFunctions
from infra.local import stack as local

PARTS: tuple[Callable[[DemoYear], None], ...] = (
    programme.open_year,
    programme.import_lists,
    programme.admit_agencies,
    programme.register_enterprises,
    programme.grab_vouchers,
    orders.use_vouchers,
    settlement.pay_agencies,
    settlement.lapse_vouchers,
    report.report_year,
)


def main() -> int:
    """Run the demo on the running stack; a stack that has a programme of this year is replaced by a new one first."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=1)
    seed = arguments.parse_args().seed
    stack = local.read() or local.up()
    plan = Plan(seed, datetime.now(UTC))
    if HttpClient(asdict(stack)).call(None, "GET", f"/programmes/{plan.year}").status != 404:
        print_line("This stack has a programme of this year already: starting with an empty one.")
        local.down()
        stack = local.up()
    started = time.monotonic()
    year = DemoYear(HttpClient(asdict(stack)), ScheduledFunctions(stack), plan)
    try:
        for part in PARTS:
            part(year)
    except (UnexpectedAnswer, TimeoutError, RuntimeError) as trouble:
        print(f"\nThe demo stopped: {trouble}", file=sys.stderr)
        return 1
    print(f"\n{year.client.calls} API calls in {time.monotonic() - started:.0f} s. The API is up at {stack.api_url}")
    print("`make down` ends it. Accounts and addresses: .local/stack.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
