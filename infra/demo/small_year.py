"""The small year before: it ends in the coming night, told up to its last posting.

Its notices run for real working days, so what it owes is still on notice when the demo is over: a year that has ended
takes no new orders, but what was ordered in time is settled later.
"""

from infra.city.document_files import yuan
from infra.city.enterprises import Enterprise
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR
from infra.client.steps import Deal, Json, UnexpectedAnswer, expect
from infra.demo.demo_year import DemoYear, print_refusal
from infra.demo.orders import KEY_CATEGORIES
from infra.demo.plan import SMALL_BATCH_FEN, SMALL_TOTAL_FEN, SMALL_VOUCHERS, owner_of
from infra.demo.printing import print_heading, print_line, print_table
from infra.demo.rush import grab
from infra.demo.scheduled import wait_until
from infra.demo.settlement import apply_for_settlement

CONTRACT_FEN, VOUCHER_FEN = 800_000, 560_000


def live_small_year(year: DemoYear) -> None:
    """Three vouchers; one pays a part of one order, which is then put on notice for five working days."""
    plan, client, number = year.plan, year.client, year.plan.small_year
    print_heading(f"Programme {number}, a small one, is in its last days (§1.4b)")
    steps.open_programme(client, number, SMALL_TOTAL_FEN, plan.small_policy, plan.document)
    draft = steps.batch_draft("尾批", SMALL_BATCH_FEN, plan.opens_at, plan.closes_at, plan.short_valid_until)
    batch = steps.open_batch(client, number, draft)
    print_line(f"{yuan(SMALL_TOTAL_FEN)} yuan in all, {yuan(SMALL_BATCH_FEN)} of them released; its last day is "
               f"{plan.short_valid_until}")  # fmt: skip
    plain = [each for each in year.approved_enterprises if not each.on_lists][-SMALL_VOUCHERS:]
    vouchers = [expect(grab(year, batch, each), 201) for each in plain]
    print_line(f"{len(vouchers)} vouchers of {yuan(vouchers[0]['face_fen'])}; one of them is used: "
               f"{yuan(VOUCHER_FEN)} toward {yuan(CONTRACT_FEN)}")  # fmt: skip
    notice = put_on_notice(year, plain[0], vouchers[0])
    print_line(f"notice {notice['notice_id']} runs for five working days, until {notice['ends_on']}")
    early = client.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close")
    print_refusal("the bureau would close it today", early, "NOTICE_RUNNING")
    year.open_things["notice"] = notice["notice_id"]


def put_on_notice(year: DemoYear, enterprise: Enterprise, voucher: Json) -> Json:
    """One order from placing to its notice."""
    client, day = year.client, year.plan.today
    product = next((each for each in year.products if each["category"] in KEY_CATEGORIES), year.products[0])
    agency = owner_of(product["agency_uscc"])
    deal = Deal(
        owner_of(enterprise.uscc),
        agency,
        product["product_id"],
        voucher["voucher_id"],
        CONTRACT_FEN,
        VOUCHER_FEN,
        f"HT-{year.plan.small_year}-1",
        day,
    )
    order = expect(steps.place_order(client, deal), 201)
    steps.complete_order(client, order["order_id"], deal)
    application = apply_for_settlement(year, product["agency_uscc"], [(order, deal)])
    steps.pass_all_lines(client, application)
    round_ = expect(client.call(OPERATOR, "POST", "/rounds", {"settlement_ids": [application["settlement_id"]]}), 201)
    path = f"/rounds/{round_['round_id']}"
    expect(client.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    return expect(client.call(OPERATOR, "POST", f"{path}/notice", {}), 201)


def close_small_year(year: DemoYear) -> None:
    """The coming night is swept: the year ends, and its surplus is told. A second night finds nothing left to do."""
    number, client, night = year.plan.small_year, year.client, year.plan.coming_night
    print_heading(f"Programme {number} ends (§1.4b, §2.2.floor)")

    def state() -> str:
        return str(expect(client.call(None, "GET", f"/programmes/{number}"), 200)["state"])

    def has_no_active_voucher() -> bool:
        year.scheduled.run("Reconcile", night)
        return bool(reconciliation(year, number)["accounts"]["voucher"] == 0)

    wait_until(has_no_active_voucher)
    if state() != "closed":
        # the first night let the vouchers lapse; the next one finds nothing left and closes the year
        year.scheduled.run("Sweep", night)
    wait_until(lambda: state() == "closed")
    year.scheduled.run("Reconcile", night)
    report = reconciliation(year, number)
    programme = expect(client.call(None, "GET", f"/programmes/{number}"), 200)
    batches = expect(client.call(None, "GET", "/batches?limit=100"), 200)["items"]
    accounts, expired_fen = report["accounts"], programme["closing"]["expired_fen"]
    unclaimed_fen = sum(each["surplus_fen"] for each in batches if each["year"] == number)
    lapsed_fen = accounts["surplus"] - expired_fen - unclaimed_fen
    rows = [
        ("never released, expired", yuan(expired_fen)),
        ("released, claimed by nobody", yuan(unclaimed_fen)),
        ("vouchers lapsed", yuan(lapsed_fen)),
        ("surplus", yuan(accounts["surplus"])),
        ("ordered in time, on notice, paid later", yuan(accounts["order"])),
        ("all", yuan(accounts["surplus"] + accounts["order"])),
    ]
    print_table(("where it went", "yuan"), rows)
    if report["residual_fen"] or accounts["surplus"] + accounts["order"] != SMALL_TOTAL_FEN:
        raise UnexpectedAnswer(f"programme {number} does not add up: {accounts}")
    print_line(f"closed by the sweep, residual {report['residual_fen']} fen; key share frozen at "
               f"{programme['key_share_percent']} %")  # fmt: skip
    year.reports[number] = report


def reconciliation(year: DemoYear, number: int) -> Json:
    """The latest reconciliation of a programme year."""
    return expect(year.client.call(FINANCE, "GET", f"/reports/{number}/reconciliation"), 200)
