"""The year at its end: what was used, the reconciliation, an inbox."""

from infra.city.document_files import yuan
from infra.client.http import BUREAU, FINANCE
from infra.client.steps import UnexpectedAnswer, expect
from infra.demo.demo_year import DemoYear, print_refusal
from infra.demo.plan import owner_of
from infra.demo.printing import print_heading, print_line, print_table
from infra.demo.scheduled import wait_until


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
    expect(client.call(BUREAU, "GET", "/enterprises?state=approved&limit=1"), 200)


def print_reconciliation(year: DemoYear) -> None:
    """Reconcile as of a coming night and print the report. Raises UnexpectedAnswer if the books do not balance."""
    year.scheduled.run("Reconcile", year.plan.coming_night)
    report = expect(year.client.call(FINANCE, "GET", f"/reports/{year.plan.year}/reconciliation"), 200)
    print_table(("account", "yuan"), [(name, yuan(fen)) for name, fen in report["accounts"].items()])
    for invariant in report["invariants"]:
        print_line(f"{'holds ' if invariant['holds'] else 'BROKEN'} {invariant['name']} {invariant['detail']}")
    print_line(f"{report['postings']} postings, residual {report['residual_fen']} fen, cut-off {report['cut_off']}")
    if report["residual_fen"] or not report["balanced"]:
        raise UnexpectedAnswer("the books do not balance")
