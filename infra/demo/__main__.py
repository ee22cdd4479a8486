"""`make run`: a seeded city taken through one programme year over the deployed API, told step by step.

Ends with a non-zero exit if any step did not answer as it should. Leaves the API up.
"""

import argparse
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime

from infra.client.http import BUREAU, FINANCE, HttpClient
from infra.client.steps import Unexpected, expect
from infra.demo import chapters
from infra.demo.chapters import Tale
from infra.demo.city import Plan, owner_of
from infra.demo.night import Night, wait_for
from infra.demo.telling import heading, say, table, yuan
from infra.local import stack as local


def main() -> int:
    """Tell the tale on the running stack; a stack that has heard it is made anew first."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=1)
    seed = arguments.parse_args().seed
    stack = local.read() or local.up()
    plan = Plan(seed, datetime.now(UTC))
    if HttpClient(asdict(stack)).call(None, "GET", f"/programmes/{plan.year}").status != 404:
        say("This stack has a programme of this year already: starting with an empty one.")
        local.down()
        stack = local.up()
    started = time.monotonic()
    tale = Tale(HttpClient(asdict(stack)), Night(stack), plan)
    try:
        for chapter in (
            chapters.money,
            chapters.lists,
            chapters.agencies,
            chapters.enterprises,
            chapters.grabs,
            chapters.orders,
            chapters.settlements,
            chapters.lapse,
            account,
        ):
            chapter(tale)
    except (Unexpected, TimeoutError, RuntimeError) as trouble:
        print(f"\nThe tale broke off: {trouble}", file=sys.stderr)
        return 1
    print(f"\n{tale.client.calls} API calls in {time.monotonic() - started:.0f} s. The API is up at {stack.api_url}")
    print("`make down` ends it. Accounts and addresses: .local/stack.json")
    return 0


def account(tale: Tale) -> None:
    """What the year looks like at the end: shares against caps, money by account, inboxes, reconciliation."""
    heading("The account of the year")
    year = tale.plan.year
    shown = expect(tale.client.call(None, "GET", f"/programmes/{year}"), 200)
    table(("category", "cap, yuan", "used, yuan", "room, yuan", "of total"), [
        (category, yuan(each["cap_fen"]), yuan(each["used_fen"]), yuan(each["room_fen"]),
         f"{100 * each['used_fen'] / shown['total_fen']:.1f} %")
        for category, each in shown["categories"].items()
    ])  # fmt: skip
    say(f"key share (tech_innovation, ip, digital): {shown['key_share_percent']} % of what was used, floor 40 %")
    tale.night.run("Reconcile", tale.plan.coming_night)
    report = expect(tale.client.call(FINANCE, "GET", f"/reports/{year}/reconciliation"), 200)
    table(("account", "yuan"), [(name, yuan(fen)) for name, fen in report["accounts"].items()])
    for invariant in report["invariants"]:
        say(f"{'holds ' if invariant['holds'] else 'BROKEN'} {invariant['name']} {invariant['detail']}")
    say(f"{report['postings']} postings, residual {report['residual_fen']} fen, cut-off {report['cut_off']}")
    if report["residual_fen"] or not report["balanced"]:
        raise Unexpected("the books do not balance")
    owner = owner_of(next(iter(tale.vouchers)))
    wait_for(lambda: bool(expect(tale.client.call(owner, "GET", "/inbox"), 200)["items"]))
    say("in one owner's inbox:")
    for message in reversed(expect(tale.client.call(owner, "GET", "/inbox"), 200)["items"]):
        say(f"  {message['at']} {message['subject']}")
    denied = tale.client.call(owner, "GET", f"/reports/{year}/reconciliation")
    chapters.say_refusal("an owner asks for the reconciliation", denied, "ROLE_REQUIRED")
    expect(tale.client.call(BUREAU, "GET", "/enterprises?state=approved&limit=1"), 200)


if __name__ == "__main__":
    sys.exit(main())
