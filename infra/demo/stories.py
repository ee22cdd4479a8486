"""What people do to each other: an agency is silent, a delivery is disputed, a breach is reported before the money goes
out, somebody complains, a colleague leaves."""

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, Person
from infra.client.steps import Deal, Json, UnexpectedAnswer, expect
from infra.demo.demo_year import DemoYear, print_refusal
from infra.demo.plan import owner_of
from infra.demo.printing import print_line


def leave_a_silent_agency(year: DemoYear) -> None:
    """§3.5.1(5): as long as its agency says nothing, the enterprise takes its order back alone."""
    order, deal = year.orders.pop()
    path = f"/orders/{order['order_id']}"
    back = expect(year.client.call(deal.owner, "POST", f"{path}/withdraw", {"reason": "机构一直未接单"}), 200)
    voucher = expect(year.client.call(deal.owner, "GET", f"/vouchers/{order['voucher_id']}"), 200)
    if voucher["balance_fen"] < deal.voucher_fen:
        raise UnexpectedAnswer(f"the voucher of a withdrawn order has {voucher['balance_fen']} fen only")
    print_line(f"one agency does not answer, so the enterprise takes its order back alone: {back['state']}")


def dispute_a_delivery(year: DemoYear, order: Json, deal: Deal) -> None:
    """§4.2.1: instead of confirming, the enterprise says what is wrong; the operator has the agency deliver anew."""
    client, path = year.client, f"/orders/{order['order_id']}"
    steps.deliver_order(client, order["order_id"], deal)
    expect(client.call(deal.owner, "POST", f"{path}/dispute", {"reason": "报告缺少两处附件"}), 200)
    decision = {"decision": "return", "reason": "附件确未交付"}
    own_case = client.call(deal.agency_person, "POST", f"{path}/decision", decision)
    print_refusal("the agency would decide on the dispute itself", own_case, "ROLE_REQUIRED")
    expect(client.call(OPERATOR, "POST", f"{path}/decision", decision), 200)
    expect(client.call(deal.agency_person, "POST", f"{path}/deliver"), 200)
    done = expect(client.call(deal.owner, "POST", f"{path}/confirm"), 200)
    print_line(f"the operator has it delivered anew, and the enterprise confirms: {done['state']}")


def report_a_breach(year: DemoYear, round_: Json) -> None:
    """§2.1.3, §5.2b: a breach that names an order holds its agency's money, until another person of the bureau lifts
    it."""
    client, line = year.client, round_["lines"][0]
    breach = {"uscc": line["agency_uscc"], "facts": "举报：合同倒签", "order_ids": [line["order_id"]]}
    violation = expect(client.call(BUREAU, "POST", "/violations", breach), 201)
    payable = expect(client.call(FINANCE, "GET", f"/rounds/{round_['round_id']}/payables/{line['agency_uscc']}"), 200)
    if payable["held_order_ids"] != [line["order_id"]]:
        raise UnexpectedAnswer(f"a breach holds {payable['held_order_ids']}")
    lifting = f"/violations/{violation['violation_id']}/lift"
    same_hand = client.call(BUREAU, "POST", lifting, {"reason": "查无实据"})
    print_refusal("whoever reported the breach would lift it", same_hand, "FOUR_EYES")
    expect(client.call(BUREAU_TWO, "POST", lifting, {"reason": "查无实据"}), 200)
    print_line("a breach held one agency's money, until it turned out to be none")


def complain_of_an_agency(year: DemoYear, round_: Json) -> None:
    """§5.3: somebody complains without a name; the agency is heard, and never learns by whom. What only 市纪委监委
    may read goes to the mailbox."""
    client, uscc = year.client, round_["lines"][0]["agency_uscc"]
    said = {"text": "培训只办了一半", "topic": "quality", "about_uscc": uscc}
    receipt = expect(client.call(None, "POST", "/complaints", said), 201)
    path = f"/complaints/{receipt['complaint_id']}"
    accept = {"decision": "accept", "reason": "属受理范围", "told": "有企业反映培训未办完，请说明。"}
    expect(client.call(OPERATOR, "POST", f"{path}/review", accept), 200)
    expect(client.call(owner_of(uscc), "POST", f"{path}/statement", {"text": "已补办"}), 200)
    answer = {"outcome": "partly", "answer": "经核实部分属实，机构已补办。"}
    expect(client.call(OPERATOR, "POST", f"{path}/reply", answer), 200)
    read = expect(client.call(None, "POST", f"{path}/answer", {"code": receipt["code"]}), 200)
    print_line(f"a complaint without a name is answered: {read['outcome']}; its agency was heard, and not told by whom")
    letter = expect(client.call(None, "POST", "/complaints", {"text": "有人索要好处", "route": "mailbox"}), 201)
    opening = client.call(OPERATOR, "GET", f"/letters/{letter['complaint_id']}")
    print_refusal("the operator would open a letter to the mailbox", opening, "ROLE_REQUIRED")


def say_goodbye_to_a_colleague(year: DemoYear) -> None:
    """§1.3: a member acts for its enterprise from the day it joins until the day it leaves, not an hour longer."""
    client, voucher = year.client, next(iter(year.vouchers.values()))
    colleague, owner = Person("u-colleague"), owner_of(voucher["enterprise_uscc"])
    path, looked_at = f"/organisations/{voucher['enterprise_uscc']}", f"/vouchers/{voucher['voucher_id']}"
    invited = expect(client.call(owner, "POST", f"{path}/invitations", {"role": "handler"}), 201)
    expect(client.call(colleague, "POST", "/invitations/accept", {"code": invited["code"]}), 200)
    expect(client.call(colleague, "GET", looked_at), 200)
    print_line("a colleague joins by an invitation and sees the enterprise's voucher")
    expect(client.call(colleague, "POST", f"{path}/leave"), 200)
    print_refusal("the same colleague, gone, looks once more", client.call(colleague, "GET", looked_at), "NOT_FOUND")
