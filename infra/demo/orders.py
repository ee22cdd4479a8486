"""Vouchers are used: orders placed, refused, declined, cancelled, and carried out to completion."""

from collections import Counter
from dataclasses import replace

from infra.client import steps
from infra.client.http import OPERATOR
from infra.client.steps import Deal, Json, UnexpectedAnswer, expect
from infra.demo import stories, supervision
from infra.demo.demo_year import DemoYear, print_refusal
from infra.demo.plan import owner_of
from infra.demo.printing import print_heading, print_line, run_together

KEY_CATEGORIES = ("tech_innovation", "ip", "digital")


def use_vouchers(year: DemoYear) -> None:
    """Most vouchers are used; a third of the short batch's vouchers are not, so that they lapse later."""
    print_heading("Vouchers are used toward services (§4.2.1, §2.3.2, §2.2.cap)")
    deals = plan_deals(year)
    too_much = replace(deals[0], voucher_fen=deals[0].contract_fen * 7 // 10 + 1, contract_number="HT-X")
    print_refusal("one fen over 70 %", steps.place_order(year.client, too_much), "OVER_RATIO")
    foreign = replace(deals[0], owner=deals[1].owner, contract_number="HT-Y")
    print_refusal("somebody else's voucher", steps.place_order(year.client, foreign), "NOT_FOUND")
    place_orders(year, deals)
    decline_one(year)
    stories.leave_a_silent_agency(year)
    cancel_one(year)
    *plain, disputed = year.orders
    client = year.client
    run_together("delivered", plain, lambda pair: steps.deliver_order(client, pair[0]["order_id"], pair[1]))
    supervision.inspect_agencies(year)
    print_heading("The enterprises confirm, or do not (§4.2.1, §4.2.3)")
    run_together("confirmed", plain, lambda pair: confirm(year, *pair))
    stories.dispute_a_delivery(year, *disputed)
    stories.say_goodbye_to_a_colleague(year)
    supervision.rate_a_service(year)
    supervision.prove_an_activity(year)


def confirm(year: DemoYear, order: Json, deal: Deal) -> Json:
    """§4.2.1: the enterprise confirms what was delivered."""
    return expect(year.client.call(deal.owner, "POST", f"/orders/{order['order_id']}/confirm"), 200)


def plan_deals(year: DemoYear) -> list[Deal]:
    """One deal for each voucher to be used. Every other is about tax_audit, so that its cap of 10 % is reached; half of
    the rest is about a key category, so that the key share keeps its floor. Who has an agency in its building goes
    there."""
    short_batch_id = year.batches[1]["batch_id"]
    unused = [each for each in year.vouchers.values() if each["batch_id"] == short_batch_id][::3]
    vouchers = [voucher for voucher in year.vouchers.values() if voucher not in unused]
    tax_audit = [product for product in year.products if product["category"] == "tax_audit"]
    key = [product for product in year.products if product["category"] in KEY_CATEGORIES] or year.products
    choices = (tax_audit, key, tax_audit, year.products)
    address = {each.uscc: each.address for each in year.plan.enterprises}
    address |= {each.uscc: each.address for each in year.plan.agencies}

    def product_for(voucher: Json, number: int) -> Json:
        own = address[voucher["enterprise_uscc"]]
        near = [product for product in key if address[product["agency_uscc"]] == own]
        product: Json = year.plan.chance.choice(near or choices[number % 4])
        return product

    pairs = [(each, product_for(each, number)) for number, each in enumerate(vouchers)]
    return [deal_of(year, voucher, product, number) for number, (voucher, product) in enumerate(pairs)]


def deal_of(year: DemoYear, voucher: Json, product: Json, number: int) -> Deal:
    """A contract near the listed price; the voucher pays as much as it may."""
    contract_fen = product["price_fen"] * year.plan.chance.randrange(70, 101) // 100
    return Deal(
        owner_of(voucher["enterprise_uscc"]),
        owner_of(product["agency_uscc"]),
        product["product_id"],
        voucher["voucher_id"],
        contract_fen,
        min(voucher["balance_fen"], contract_fen * 7 // 10),
        f"HT-{year.plan.year}-{number:04}",
        year.plan.today,
    )


def place_orders(year: DemoYear, deals: list[Deal]) -> None:
    """Place all orders; only the caps of §2.2 may refuse one."""
    replies = run_together("orders placed", deals, lambda deal: steps.place_order(year.client, deal))
    refusals: Counter[tuple[str, str, str]] = Counter()
    for deal, reply in zip(deals, replies, strict=True):
        if reply.status == 201:
            year.orders.append((reply.body, deal))
        elif reply.code in ("CATEGORY_CAP", "KEY_FLOOR"):
            refusals[reply.code, reply.body["clause"], reply.body["detail"]] += 1
        else:
            raise UnexpectedAnswer(f"{deal}: {reply.body}")
    print_line(f"placed: {len(year.orders)}; refused: {sum(refusals.values())}")
    for (code, clause, words), count in sorted(refusals.items()):
        print_line(f"{count} × {code} {clause} {words}")


def decline_one(year: DemoYear) -> None:
    """§5.2a: an agency refuses an order with a reason."""
    order, deal = year.orders.pop()
    reason = {"reason": "本月人员已排满"}
    expect(year.client.call(deal.agency_person, "POST", f"/orders/{order['order_id']}/refuse", reason), 200)
    print_line("one order declined by its agency with a reason; the voucher has its money back")


def cancel_one(year: DemoYear) -> None:
    """§3.5.1(5): both parties ask, the operator agrees."""
    order, deal = year.orders.pop()
    path = f"/orders/{order['order_id']}/cancellation"
    expect(year.client.call(deal.owner, "POST", path, {"reason": "项目调整"}), 200)
    expect(year.client.call(deal.agency_person, "POST", path, {"reason": "同意取消"}), 200)
    cancelled = expect(year.client.call(OPERATOR, "POST", f"{path}/review", {"decision": "approve"}), 200)
    print_line(f"one order cancelled by both sides and the operator: {cancelled['state']}")
