"""The year at its end: what was used, the reconciliation, an inbox."""

from infra.city.document_files import yuan
from infra.client.steps import UnexpectedAnswer, expect
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
