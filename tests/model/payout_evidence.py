"""What the tables say of settlements after a step, held against invariants 7 and 9 and against the model."""

from collections import defaultdict
from typing import Any

from tests.model.records import City

Item = dict[str, Any]
PAID_ON = ("gathered", "approved", "noticed", "payable")


def check(items: dict[str, list[Item]], postings: list[Item], city: City) -> None:
    """Every line, round, payable and payout."""
    lines_invoice_and_payout_agree(items, postings)
    nobody_takes_two_steps_of_one_thing(items)
    settlements_are_as_the_model_has_them(items, city)


def lines_invoice_and_payout_agree(items: dict[str, list[Item]], postings: list[Item]) -> None:
    """7: the sum of an agency's payable lines is what it is owed, invoices and is paid, once at a time."""
    approved: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in items["LINE"]:
        if line["state"] == "payable":
            approved[line["round_id"], line["agency_uscc"]] += line["verified_fen"]
    payables = {(each["round_id"], each["agency_uscc"]): each for each in items["PAYABLE"]}
    assert {name: each["amount_fen"] for name, each in payables.items() if each["state"] != "dropped"} == approved
    assert all(each["amount_fen"] == 0 for each in payables.values() if each["state"] == "dropped")
    assert all(each.get("invoice_fen") in (None, each["amount_fen"]) for each in payables.values())
    paid: defaultdict[str, int] = defaultdict(int)
    for posting in postings:
        if posting["entry"] in ("pay", "return"):
            paid[posting["posting_id"].rpartition(".")[0]] += 1 if posting["entry"] == "pay" else -1
    for payout in items["PAYOUT"]:
        owed = payables[payout["round_id"], payout["agency_uscc"]]
        if payout["state"] in ("made", "paid"):  # of one that came back, a line may have been taken out since
            assert payout["amount_fen"] == owed["amount_fen"] == owed["invoice_fen"]
        assert paid[payout["payout_id"]] == (payout["state"] == "paid")
    running = [each for each in items["PAYOUT"] if each["state"] in ("made", "paid")]
    assert len({(each["round_id"], each["agency_uscc"]) for each in running}) == len(running)


def nobody_takes_two_steps_of_one_thing(items: dict[str, list[Item]]) -> None:
    """9: submitter, pre-reviewer, approver and payer of one line are different people, and who sent it to the bank."""
    rounds = {each["round_id"]: each for each in items["ROUND"]}
    payouts = defaultdict(list)
    for payout in items["PAYOUT"]:
        payouts[payout["round_id"], payout["agency_uscc"]].append(payout)
    for line in items["LINE"]:
        if line["state"] in PAID_ON:
            approver = rounds[line["round_id"]].get("approved_by")
            hands = [line["submitted_by"], line["pre_reviewed_by"], *([approver] if approver else [])]
            assert len(set(hands)) == len(hands), hands
            for payout in payouts[line["round_id"], line["agency_uscc"]]:
                assert payout["created_by"] not in hands
                assert payout.get("paid_by") not in {*hands, payout["created_by"]}


def settlements_are_as_the_model_has_them(items: dict[str, list[Item]], city: City) -> None:
    """Whatever else a record says of money or state."""
    assert {each["settlement_id"]: each["state"] for each in items["SETTLEMENT"]} == {
        each.name: each.state for each in city.applications
    }
    assert {
        (each["settlement_id"], each["order_id"]): (each["state"], each["voucher_fen"], each.get("round_id"))
        for each in items["LINE"]
        if each["state"] not in ("withdrawn", "rejected")
    } == {
        (each.name, line.order.name): (line.state, line.order.voucher_fen, line.round and line.round.name)
        for each in city.applications
        for line in each.lines
        if line.state not in ("withdrawn", "rejected")
    }
    ended = sorted((each["settlement_id"], each["order_id"], each["state"]) for each in items["LINE"])
    assert ended == sorted(
        (each.name, line.order.name, line.state) for each in city.applications for line in each.lines
    )
    assert {each["round_id"]: (each["state"], each.get("notice_id")) for each in items["ROUND"]} == {
        each.name: (each.state, each.notice) for each in city.rounds
    }
    owed = [each for found in city.rounds for each in found.payables]
    assert {
        (each["round_id"], each["agency_uscc"]): (each["state"], each["amount_fen"]) for each in items["PAYABLE"]
    } == {(each.round.name, each.seller_uscc): (each.state, each.amount_fen) for each in owed}
    assert {each["payout_id"]: each["state"] for each in items["PAYOUT"]} == {
        payout.name: payout.state for each in owed for payout in each.payouts
    }
    taken = {each["pk"].partition("#")[2] for each in items["INVOICE"] if each.get("order_id")}
    assert taken == set(city.invoices)
