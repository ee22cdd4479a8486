"""The year at its end: what was used, the reconciliation, an inbox; what bureau and finance read, and how often the
signals of fraud show in a city in which nobody defrauds."""

from collections import Counter

from infra.city.document_files import yuan
from infra.client.http import BUREAU, OPERATOR
from infra.client.steps import Json, UnexpectedAnswer, expect
from infra.demo.demo_year import DemoYear, print_refusal
from infra.demo.plan import owner_of
from infra.demo.printing import print_heading, print_line, print_table
from infra.demo.scheduled import wait_until
from infra.demo.small_year import reconciliation


def report_year(year: DemoYear) -> None:
    """The year at its end: shares against caps, money by account, an inbox, the reconciliation."""
    print_heading("The account of the year")
    client, number = year.client, year.plan.year
    programme = expect(client.call(None, "GET", f"/programmes/{number}"), 200)
    print_table(("category", "cap, yuan", "used, yuan", "room, yuan", "of total"), [
        (category, yuan(each["cap_fen"]), yuan(each["used_fen"]), yuan(each["room_fen"]),
         f"{100 * each['used_fen'] / programme['total_fen']:.1f} %")
        for category, each in programme["categories"].items()
    ])  # fmt: skip
    print_line(f"key share (tech_innovation, ip, digital): {programme['key_share_percent']} % of what was used, "
               "floor 40 %")  # fmt: skip
    print_reconciliation(year)
    owner = owner_of(next(iter(year.vouchers)))
    wait_until(lambda: bool(expect(client.call(owner, "GET", "/inbox"), 200)["items"]))
    print_line("in one owner's inbox:")
    for message in reversed(expect(client.call(owner, "GET", "/inbox"), 200)["items"]):
        print_line(f"  {message['at']} {message['subject']}")
    denied = client.call(owner, "GET", f"/reports/{number}/reconciliation")
    print_refusal("an owner asks for the reconciliation", denied, "ROLE_REQUIRED")


def print_reconciliation(year: DemoYear) -> None:
    """Reconcile as of a coming night and print the report. Raises UnexpectedAnswer if the books do not balance."""
    year.scheduled.run("Reconcile", year.plan.coming_night)
    report = reconciliation(year, year.plan.year)
    print_table(("account", "yuan"), [(name, yuan(fen)) for name, fen in report["accounts"].items()])
    holding = [each for each in report["invariants"] if each["holds"]]
    print_line(f"{len(holding)} of {len(report['invariants'])} rules hold; {report['postings']} postings, residual "
               f"{report['residual_fen']} fen, as of the coming night")  # fmt: skip
    for broken in report["invariants"]:
        if not broken["holds"]:
            print_line(f"BROKEN {broken['name']} {broken['detail']}")
    if report["residual_fen"] or not report["balanced"]:
        raise UnexpectedAnswer("the books do not balance")
    year.reports[year.plan.year] = report


def read_reports(year: DemoYear) -> None:
    """§5.1: the bureau reads the usage report, which was counted while the year was told."""
    print_heading("What the bureau reads (§5.1)")
    client, number = year.client, year.plan.year
    accounts = year.reports[number]["accounts"]

    def usage() -> Json:
        return expect(client.call(BUREAU, "GET", f"/reports/{number}/usage"), 200)

    def is_counted() -> bool:
        counted = usage()["accounts"]
        return bool(counted == {family: accounts[family] for family in counted})

    wait_until(is_counted)
    rows = [(each["value"], each["figures"]) for each in usage()["rows"] if each["dimension"] in ("total", "district")]
    print_table(
        ("where", "firms", "granted, yuan", "orders", "used, yuan", "paid, yuan"),
        [
            (value, of["firms"], yuan(of["granted_fen"]), of["orders"], yuan(of["held_fen"]), yuan(of["paid_fen"]))
            for value, of in rows
        ],
    )
    print_line("counted with each change, not when asked; its sums are those of the reconciliation above")
    found = list[Json]()
    cursor: str | None = ""
    while cursor is not None:
        path = f"/reports/{number}/exceptions?limit=100{cursor and f'&cursor={cursor}'}"
        page = expect(client.call(BUREAU, "GET", path), 200)
        found, cursor = found + page["items"], page["next_cursor"]
    kinds = Counter(each["kind"] for each in found)
    print_line(f"to be looked at: {', '.join(f'{count} × {kind}' for kind, count in sorted(kinds.items()))}")
    for each in found[:1]:
        print_line(f"such as {each['order_id']}: {each['message']}")
    print_signals(year)


# a flag that is a signal of fraud → what it says; the other flags are about papers and days
SIGNALS = {
    "SAME_PHONE": "a phone that others have, too",
    "SAME_REPRESENTATIVE": "a legal representative that others have, too",
    "SAME_ADDRESS": "an address that others have, too",
    "SAME_PAPER": "a paper that another organisation handed in, too",
    "SAME_FILE": "a file that another order has, too",
    "SAME_TRANSFER": "a transfer that another order has, too",
    "SAME_ACCOUNT": "an account that another agency has, too",
    "PRICE_FAR_ABOVE_MEDIAN": "a contract far above the median price",
    "PRICE_FAR_BELOW_MEDIAN": "a contract far below the median price",
    "FULL_SHARE_ROW": "orders at exactly 70 % in a row",
    "CONFIRMED_FAST": "a delivery confirmed within minutes",
    "SUDDEN_VOLUME": "sudden volume of one agency",
    "ONLY_PAIR": "a pair that deals with each other only",
}


def print_signals(year: DemoYear) -> None:
    """§5.1: how many of the lines that a reviewer sees have each signal. Nobody in this city defrauds, so each is a
    false alarm."""
    listed = expect(year.client.call(OPERATOR, "GET", "/settlements?limit=100"), 200)["items"]
    paths = [f"/settlements/{each['settlement_id']}" for each in listed]
    shown = [expect(year.client.call(OPERATOR, "GET", path), 200) for path in paths]
    lines = [line for each in shown for line in each["lines"]]
    found = Counter(code for line in lines for code in {flag["code"] for flag in line["flags"]})
    print_table(
        ("signal", "lines flagged", "of", "false alarms"),
        [(words, found[code], len(lines), f"{found[code] / len(lines):.1%}") for code, words in SIGNALS.items()],
    )
    print_line("this tale takes no time: each delivery is confirmed within seconds, so that signal says nothing here")
