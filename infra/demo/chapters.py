"""The chapters of the demo year, in order; each takes the city a step further and keeps what later ones need."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from infra.city.agencies import Agency
from infra.city.enterprises import Enterprise
from infra.city.papers import agency_papers, enterprise_papers, order_papers, summary_invoice_paper
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, HttpClient, Reply
from infra.client.steps import Deal, Json, Unexpected, expect
from infra.demo.city import FIRST_BATCH_FEN, SHORT_BATCH_FEN, TOTAL_FEN, Plan, owner_of
from infra.demo.night import Night, wait_for
from infra.demo.telling import heading, say, table, together, yuan


@dataclass
class Tale:
    """What is known so far."""

    client: HttpClient
    night: Night
    plan: Plan
    approved: list[Enterprise] = field(default_factory=list)
    admitted: list[Agency] = field(default_factory=list)
    products: list[Json] = field(default_factory=list)
    batches: list[Json] = field(default_factory=list)
    vouchers: dict[str, Json] = field(default_factory=dict)
    orders: list[tuple[Json, Deal]] = field(default_factory=list)
    rounds: list[Json] = field(default_factory=list)

    def name_of(self, uscc: str) -> str:
        """An organisation's name by its credit code."""
        known = {each.uscc: each.name for each in self.plan.enterprises}
        return known.get(uscc) or next(each.name for each in self.plan.agencies if each.uscc == uscc)


def money(tale: Tale) -> None:
    """Programme and batches."""
    heading("The year's money (§1.3, §1.4a)")
    plan, client = tale.plan, tale.client
    steps.open_programme(client, plan.year, TOTAL_FEN, plan.policy)
    say(f"programme {plan.year}: drafted by the bureau, confirmed by finance: {yuan(TOTAL_FEN)} yuan")
    over = steps.batch_draft("超额", TOTAL_FEN + 1, plan.opens_at, plan.closes_at, plan.long_valid_until)
    refused = client.call(OPERATOR, "POST", f"/programmes/{plan.year}/batches", over)
    say_refusal("a batch of one fen more than the year has", refused, "OVER_PROGRAMME_TOTAL")
    for name, amount, until in (
        ("第一批", FIRST_BATCH_FEN, plan.long_valid_until),
        ("第二批（短期）", SHORT_BATCH_FEN, plan.short_valid_until),
    ):
        draft = steps.batch_draft(name, amount, plan.opens_at, plan.closes_at, until)
        tale.batches.append(steps.open_batch(client, plan.year, draft))
        say(f"{name}: {yuan(amount)} yuan released by the bureau, vouchers valid until {until}")


def say_refusal(what: str, reply: Reply, code: str) -> None:
    """A refusal that must come, with its clause and words."""
    if reply.code != code:
        raise Unexpected(f"{what}: expected {code}, got {reply.status} {reply.body}")
    say(f"{what} → {reply.status} {code} {reply.body.get('clause', '')} {reply.body['detail']}")


def lists(tale: Tale) -> None:
    """The lists of other offices, and the violations the bureau has on record."""
    heading("Lists and violations on record (§2.1.1, §2.1.3, §2.3.1)")
    for kind, content in tale.plan.list_files.items():
        done = steps.import_list(tale.client, kind, tale.plan.year, content, wait_for)
        say(f"{kind}: {done['row_count']} rows parsed, {done['error_count']} errors; applied by the bureau")
    for enterprise in tale.plan.enterprises:
        if enterprise.has_violation:
            facts = {"uscc": enterprise.uscc, "facts": "上年度转让服务券", "order_ids": []}
            expect(tale.client.call(BUREAU, "POST", "/violations", facts), 201)
            say(f"violation recorded: {enterprise.name}")


def enterprises(tale: Tale) -> None:
    """Registration and review of every firm."""
    heading("Enterprises register and are reviewed (§2.1, §4.1)")
    client, today = tale.client, tale.plan.today

    def register(enterprise: Enterprise) -> Json:
        papers = enterprise_papers(enterprise, today)
        return steps.register_enterprise(client, owner_of(enterprise.uscc), enterprise.registration(), papers)

    together("registered, with six papers each", tale.plan.enterprises, register)
    reviews = together(
        "reviewed by the operator", tale.plan.enterprises, lambda each: steps.review_enterprise(client, each.uscc)
    )
    refused = []
    for enterprise, reply in zip(tale.plan.enterprises, reviews, strict=True):
        clause = reply.body.get("clause") if reply.status != 200 else None
        if clause != enterprise.expected_refusal:
            raise Unexpected(f"{enterprise.name}: expected {enterprise.expected_refusal}, got {reply.body}")
        if clause:
            refused.append((clause, reply.code, enterprise.name, reply.body["detail"]))
            expect(steps.review_enterprise(client, enterprise.uscc, "reject"), 200)
        else:
            tale.approved.append(enterprise)
    say(f"approved: {len(tale.approved)}; refused, though the reviewer would have approved:")
    table(("clause", "code", "enterprise", "why"), sorted(refused))


def agencies(tale: Tale) -> None:
    """Agencies and what they list."""
    heading("Agencies are admitted, products listed (§3.1–§3.3)")
    client, today = tale.client, tale.plan.today

    def admit(agency: Agency) -> Reply:
        steps.apply_agency(client, owner_of(agency.uscc), agency.application(), agency_papers(agency, today))
        return steps.admit_agency(client, agency.uscc)

    for agency, reply in zip(
        tale.plan.agencies, together("applied, with ten papers each", tale.plan.agencies, admit), strict=True
    ):
        if (reply.body.get("clause") if reply.status != 200 else None) != agency.expected_refusal:
            raise Unexpected(f"{agency.name}: expected {agency.expected_refusal}, got {reply.body}")
        if reply.status == 200:
            tale.admitted.append(agency)
        else:
            say(f"{agency.name} → {reply.body['clause']} {reply.body['detail']}")
    tale.products = together(
        "products listed",
        tale.plan.products,
        lambda each: steps.list_product(client, owner_of(each.agency_uscc), each.listing()),
    )
    counted = Counter(product["category"] for product in tale.products)
    say("by category: " + ", ".join(f"{category} {count}" for category, count in sorted(counted.items())))


def grabs(tale: Tale) -> None:
    """First come, first served: the first batch, then the second for those who got nothing."""
    heading("First come, first served (§4.1.4)")
    for batch in tale.batches:
        waiting = [each for each in tale.approved if each.uscc not in tale.vouchers]
        replies = together(f"grabs from {batch['name']}", waiting, lambda each: grab(tale, batch, each))  # noqa: B023
        ended: Counter[str] = Counter()
        for enterprise, reply in zip(waiting, replies, strict=True):
            if reply.status == 201:
                tale.vouchers[enterprise.uscc] = reply.body
                if reply.body["face_fen"] != enterprise.expected_quota_fen:
                    raise Unexpected(f"{enterprise.name} got {reply.body['face_fen']}")
            ended[f"granted {yuan(reply.body['face_fen'])}" if reply.status == 201 else f"{reply.code}"] += 1
        say(", ".join(f"{what}: {count}" for what, count in sorted(ended.items())))
    first = next(iter(tale.vouchers.values()))
    again = grab(tale, tale.batches[0], next(e for e in tale.approved if e.uscc == first["enterprise_uscc"]))
    expect(again, 200)
    say(f"asked again, the same voucher comes back: {again.body['voucher_id']}")


def grab(tale: Tale, batch: Json, enterprise: Enterprise) -> Reply:
    """One enterprise's grab."""
    claim = {"enterprise_uscc": enterprise.uscc}
    return tale.client.call(owner_of(enterprise.uscc), "POST", f"/batches/{batch['batch_id']}/vouchers", claim)


def deal_of(tale: Tale, voucher: Json, product: Json, number: int) -> Deal:
    """A contract around the listed price, the voucher paying as much as it may."""
    contract_fen = product["price_fen"] * tale.plan.chance.randrange(70, 101) // 100
    return Deal(
        owner_of(voucher["enterprise_uscc"]),
        owner_of(product["agency_uscc"]),
        product["product_id"],
        voucher["voucher_id"],
        contract_fen,
        min(voucher["balance_fen"], contract_fen * 7 // 10),
        f"HT-{tale.plan.year}-{number:04}",
        tale.plan.today,
    )


def orders(tale: Tale) -> None:
    """Vouchers are used; a third of the short batch's are left to lapse."""
    heading("Vouchers are used toward services (§4.2.1, §2.3.2, §2.2.cap)")
    short = tale.batches[1]["batch_id"]
    kept = [each for each in tale.vouchers.values() if each["batch_id"] == short][::3]
    used = [voucher for voucher in tale.vouchers.values() if voucher not in kept]
    # tax_audit is in fashion, so that its cap of 10 % is met
    fashion = [product for product in tale.products if product["category"] == "tax_audit"]
    plans = []
    for number, voucher in enumerate(used):
        products = fashion if number % 3 == 0 else tale.products
        plans.append((number, voucher, tale.plan.chance.choice(products)))
    deals = [deal_of(tale, voucher, product, number) for number, voucher, product in plans]
    too_much = Deal(**{**vars(deals[0]), "voucher_fen": deals[0].contract_fen * 7 // 10 + 1, "contract_number": "HT-X"})
    say_refusal("one fen over 70 %", steps.place_order(tale.client, too_much), "OVER_RATIO")
    foreign = Deal(**{**vars(deals[0]), "buyer": deals[1].buyer, "contract_number": "HT-Y"})
    say_refusal("somebody else's voucher", steps.place_order(tale.client, foreign), "NOT_FOUND")
    replies = together("orders placed", deals, lambda deal: steps.place_order(tale.client, deal))
    refused: Counter[tuple[Any, ...]] = Counter()
    for deal, reply in zip(deals, replies, strict=True):
        if reply.status == 201:
            tale.orders.append((reply.body, deal))
        elif reply.code in ("CATEGORY_CAP", "KEY_FLOOR"):
            refused[reply.code, reply.body["clause"], reply.body["detail"]] += 1
        else:
            raise Unexpected(f"{deal}: {reply.body}")
    say(f"placed: {len(tale.orders)}; refused: {sum(refused.values())}")
    for (code, clause, words), count in sorted(refused.items()):
        say(f"{count} × {code} {clause} {words}")
    declined, deal = tale.orders.pop()
    why = {"reason": "本月人员已排满"}
    expect(tale.client.call(deal.seller, "POST", f"/orders/{declined['order_id']}/refuse", why), 200)
    say("one order declined by its agency with a reason; the voucher has its money back")
    cancel_one(tale)
    together(
        "carried out to completion",
        tale.orders,
        lambda pair: steps.carry_out(tale.client, pair[0]["order_id"], pair[1]),
    )
    order, deal = tale.orders[0]
    stars = {"score": 5, "comment": "服务及时"}
    expect(tale.client.call(deal.buyer, "POST", f"/orders/{order['order_id']}/rating", stars), 200)


def cancel_one(tale: Tale) -> None:
    """§3.5.1(5): both parties ask, the operator agrees."""
    order, deal = tale.orders.pop()
    path = f"/orders/{order['order_id']}/cancellation"
    expect(tale.client.call(deal.buyer, "POST", path, {"reason": "项目调整"}), 200)
    expect(tale.client.call(deal.seller, "POST", path, {"reason": "同意取消"}), 200)
    done = expect(tale.client.call(OPERATOR, "POST", f"{path}/review", {"decision": "approve"}), 200)
    say(f"one order cancelled by both sides and the operator: {done['state']}")


def settlements(tale: Tale) -> None:
    """From application to payout, all agencies in one round."""
    heading("Settlement: application, pre-review, round, notice, invoice, payout (§3.5)")
    by_agency: dict[str, list[tuple[Json, Deal]]] = {}
    subsidised = {each.uscc for each in tale.plan.enterprises if "other_subsidy" in each.on_lists}
    blocked = sum(order["enterprise_uscc"] in subsidised for order, _ in tale.orders)
    say(f"{blocked} orders of firms on the list of other subsidies are left out: they would be refused (§5.2b)")
    for order, deal in tale.orders:
        if order["enterprise_uscc"] in subsidised:
            continue
        by_agency.setdefault(order["agency_uscc"], []).append((order, deal))
    applications = together(
        "applications, each line with its four papers", list(by_agency.items()), lambda each: apply(tale, *each)
    )
    passed = together("pre-reviewed line by line", applications, lambda each: steps.pass_all(tale.client, each))
    round_ = steps.run_round(tale.client, [each["settlement_id"] for each in passed])
    say(f"round of {len(round_['lines'])} lines: approved by the bureau, on notice, closed by a human")
    owed = {each["agency_uscc"]: each for each in round_["payables"]}
    for application in passed:
        payable = owed[application["agency_uscc"]]
        person, name = owner_of(payable["agency_uscc"]), tale.name_of(payable["agency_uscc"])
        paper = summary_invoice_paper(name, payable["amount_fen"])
        document = steps.announce_and_upload(tale.client, person, f"/settlements/{application['settlement_id']}", paper)
        steps.hand_in_invoice(tale.client, person, payable, name, document)
    paid = steps.pay_out(tale.client, round_["round_id"], tale.plan.today)
    tale.rounds.append(round_)
    rows = [(tale.name_of(each["agency_uscc"]), each["agency_uscc"], yuan(each["amount_fen"])) for each in paid]
    table(
        ("agency", "lines", "paid, yuan"), [(name, len(by_agency[uscc]), paid_yuan) for name, uscc, paid_yuan in rows]
    )


def apply(tale: Tale, agency_uscc: str, own: list[tuple[Json, Deal]]) -> Json:
    """One agency's application, filled in and submitted."""
    person, name, client = owner_of(agency_uscc), tale.name_of(agency_uscc), tale.client
    ids = [order["order_id"] for order, _ in own]
    opened = steps.apply_for_settlement(client, person, agency_uscc, ids, f"settle-{agency_uscc}")
    numbers = {order["order_id"]: deal.contract_number for order, deal in own}
    for line in opened["lines"]:
        share_fen = line["contract_fen"] - line["voucher_fen"]
        buyer, number = tale.name_of(line["enterprise_uscc"]), numbers[line["order_id"]]
        papers = order_papers(buyer, name, line["category"], number, line["contract_fen"], share_fen)
        steps.fill_in_line(client, person, opened["settlement_id"], line, papers, tale.plan.today)
    return expect(client.call(person, "POST", f"/settlements/{opened['settlement_id']}/submit"), 200)


def lapse(tale: Tale) -> None:
    """A coming night is run by hand: the short batch's vouchers reach their end."""
    heading("A voucher reaches its end (§4.2.2, §1.4b)")
    short = tale.batches[1]["batch_id"]
    left = [each for each in tale.vouchers.values() if each["batch_id"] == short]
    tale.night.run("Sweep", tale.plan.coming_night)

    def expired(voucher: Json) -> bool:
        path = f"/vouchers/{voucher['voucher_id']}"
        return bool(expect(tale.client.call(OPERATOR, "GET", path), 200)["state"] == "expired")

    wait_for(lambda: all(expired(voucher) for voucher in left))
    voucher = next(
        each for each in left if each["enterprise_uscc"] not in {o["enterprise_uscc"] for o, _ in tale.orders}
    )
    postings = expect(tale.client.call(OPERATOR, "GET", f"/vouchers/{voucher['voucher_id']}/postings"), 200)["items"]
    say(f"{len(left)} vouchers swept as of {tale.plan.coming_night:%Y-%m-%d %H:%M} UTC; the unused one of "
        f"{tale.name_of(voucher['enterprise_uscc'])}:")  # fmt: skip
    moved = [(each["entry"], each["from_account"], each["to_account"], yuan(each["amount_fen"])) for each in postings]
    families = [
        (entry, source.partition(":")[0], target.partition(":")[0], fen) for entry, source, target, fen in moved
    ]
    table(("entry", "from", "to", "yuan"), families)
