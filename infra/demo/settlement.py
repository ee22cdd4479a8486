"""Agencies are paid for completed orders, and unused vouchers lapse in the coming night."""

from infra.city.document_files import order_documents, summary_invoice_document, yuan
from infra.client import steps
from infra.client.http import OPERATOR
from infra.client.steps import Deal, Json, expect
from infra.demo import stories
from infra.demo.demo_year import DemoYear, print_refusal
from infra.demo.plan import owner_of
from infra.demo.printing import print_heading, print_line, print_table, run_together
from infra.demo.scheduled import wait_until

Orders = list[tuple[Json, Deal]]


def pay_agencies(year: DemoYear) -> None:
    """From application to payout, all agencies in one round."""
    print_heading("Settlement: application, pre-review, round, notice, invoice, payout (§3.5)")
    by_agency = orders_to_settle(year)
    applications = run_together(
        "applications, each line with its four documents",
        list(by_agency.items()),
        lambda each: apply_for_settlement(year, *each),
    )
    reviewed = run_together(
        "pre-reviewed line by line", applications, lambda each: steps.pass_all_lines(year.client, each)
    )
    round_ = steps.take_round_through_notice(year.client, [each["settlement_id"] for each in reviewed])
    print_line(f"round of {len(round_['lines'])} lines: approved by the bureau, on notice, closed by a person")
    payables = {each["agency_uscc"]: each for each in round_["payables"]}
    for application in reviewed:
        submit_summary_invoice(year, application, payables[application["agency_uscc"]])
    stories.report_a_breach(year, round_)
    stories.complain_of_an_agency(year, round_)
    same_hand = year.client.call(OPERATOR, "POST", f"/rounds/{round_['round_id']}/payouts")
    print_refusal("whoever reviewed the lines would make the payouts, too", same_hand, "FOUR_EYES")
    payouts = steps.pay_out(year.client, round_["round_id"], year.plan.today)
    year.rounds.append(round_)
    rows = [
        (year.name_of(each["agency_uscc"]), len(by_agency[each["agency_uscc"]]), yuan(each["amount_fen"]))
        for each in payouts
    ]
    paid_fen = sum(each["amount_fen"] for each in payouts)
    print_table(("agency", "lines", "paid, yuan"), [*rows, ("all", len(round_["lines"]), yuan(paid_fen))])


def orders_to_settle(year: DemoYear) -> dict[str, Orders]:
    """Agency → its completed orders, without the orders of enterprises on the list of other subsidies (§5.2b). The last
    one is held back, so that an application is left to be reviewed after the demo."""
    subsidised = {each.uscc for each in year.plan.enterprises if "other_subsidy" in each.on_lists}
    payable = [each for each in year.orders if each[0]["enterprise_uscc"] not in subsidised]
    print_line(f"{len(year.orders) - len(payable)} orders of enterprises on the list of other subsidies are left out: "
               "they would be refused (§5.2b)")  # fmt: skip
    year.held_back = payable[1:][-1:]
    by_agency: dict[str, Orders] = {}
    for order, deal in payable:
        if (order, deal) not in year.held_back:
            by_agency.setdefault(order["agency_uscc"], []).append((order, deal))
    return by_agency


def apply_for_settlement(year: DemoYear, agency_uscc: str, orders: Orders) -> Json:
    """One agency's application, filled in and submitted."""
    person, name, client = owner_of(agency_uscc), year.name_of(agency_uscc), year.client
    order_ids = [order["order_id"] for order, _ in orders]
    application = steps.apply_for_settlement(client, person, agency_uscc, order_ids, f"settle-{order_ids[0]}")
    contract_numbers = {order["order_id"]: deal.contract_number for order, deal in orders}
    for line in application["lines"]:
        share_fen = line["contract_fen"] - line["voucher_fen"]
        enterprise, number = year.name_of(line["enterprise_uscc"]), contract_numbers[line["order_id"]]
        documents = order_documents(enterprise, name, line["category"], number, line["contract_fen"], share_fen)
        steps.fill_in_line(client, person, application["settlement_id"], line, documents, year.plan.today)
    return expect(client.call(person, "POST", f"/settlements/{application['settlement_id']}/submit"), 200)


def submit_summary_invoice(year: DemoYear, application: Json, payable: Json) -> None:
    """§3.5.4: an agency's summary invoice and bank account."""
    uscc = payable["agency_uscc"]
    person, name, path = owner_of(uscc), year.name_of(uscc), f"/settlements/{application['settlement_id']}"
    invoice = summary_invoice_document(name, payable["amount_fen"])
    document_id = steps.announce_and_upload(year.client, person, path, invoice)
    steps.submit_summary_invoice(year.client, person, payable, name, document_id)


def lapse_vouchers(year: DemoYear) -> None:
    """The sweep of a coming night is run now: the short batch's vouchers reach their end."""
    print_heading("A voucher reaches its end (§4.2.2, §1.4b)")
    night = year.plan.coming_night
    print_line(f"The sweep takes its instant from its event, so the night of {night:%Y-%m-%d %H:%M} UTC need not be "
               "waited for: it is run now.")  # fmt: skip
    short_batch_id = year.batches[1]["batch_id"]
    vouchers = [each for each in year.vouchers.values() if each["batch_id"] == short_batch_id]
    year.scheduled.run("Sweep", night)

    def has_expired(voucher: Json) -> bool:
        path = f"/vouchers/{voucher['voucher_id']}"
        return bool(expect(year.client.call(OPERATOR, "GET", path), 200)["state"] == "expired")

    wait_until(lambda: all(has_expired(voucher) for voucher in vouchers))
    with_orders = {order["enterprise_uscc"] for order, _ in year.orders}
    unused = next(each for each in vouchers if each["enterprise_uscc"] not in with_orders)
    postings = expect(year.client.call(OPERATOR, "GET", f"/vouchers/{unused['voucher_id']}/postings"), 200)["items"]
    print_line(f"{len(vouchers)} vouchers ended; the unused one of {year.name_of(unused['enterprise_uscc'])}:")
    rows = [
        (each["entry"], family_of(each["from_account"]), family_of(each["to_account"]), yuan(each["amount_fen"]))
        for each in postings
    ]
    print_table(("entry", "from", "to", "yuan"), rows)


def family_of(account: str) -> str:
    """The kind of an account: `voucher` of `voucher:…`."""
    return account.partition(":")[0]
