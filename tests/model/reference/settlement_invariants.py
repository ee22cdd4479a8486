"""The invariants of settlement: sums agree, steps by different people; checked after each step as `invariants`."""

from collections import defaultdict
from typing import Any

from tests.model.reference.records import City

Item = dict[str, Any]
STATES_WITH_ROUND = ("gathered", "approved", "noticed", "payable")


def check(items: dict[str, list[Item]], postings: list[Item], city: City) -> None:
    """Check every line, round, payable and payout."""
    lines_invoice_and_payout_agree(items, postings)
    different_people_act_on_one_line(items)
    settlements_are_as_the_model_has_them(items, city)


def lines_invoice_and_payout_agree(items: dict[str, list[Item]], postings: list[Item]) -> None:
    """7: an agency's payable lines, its payable, its summary invoice and its one running payout have the same sum."""
    approved_fen: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in items["LINE"]:
        if line["state"] == "payable":
            approved_fen[line["round_id"], line["agency_uscc"]] += line["verified_fen"]
    payables = {(each["round_id"], each["agency_uscc"]): each for each in items["PAYABLE"]}
    assert {name: each["amount_fen"] for name, each in payables.items() if each["state"] != "dropped"} == approved_fen
    assert all(each["amount_fen"] == 0 for each in payables.values() if each["state"] == "dropped")
    assert all(each.get("invoice_fen") in (None, each["amount_fen"]) for each in payables.values())
    payments: defaultdict[str, int] = defaultdict(int)
    for posting in postings:
        if posting["entry"] in ("pay", "return"):
            payments[posting["posting_id"].rpartition(".")[0]] += 1 if posting["entry"] == "pay" else -1
    for payout in items["PAYOUT"]:
        payable = payables[payout["round_id"], payout["agency_uscc"]]
        if payout["state"] in ("made", "paid"):  # after a failed or returned payout, a line may leave the payable
            assert payout["amount_fen"] == payable["amount_fen"] == payable["invoice_fen"]
        assert payments[payout["payout_id"]] == (payout["state"] == "paid")
    running_payouts = [each for each in items["PAYOUT"] if each["state"] in ("made", "paid")]
    assert len({(each["round_id"], each["agency_uscc"]) for each in running_payouts}) == len(running_payouts)


def different_people_act_on_one_line(items: dict[str, list[Item]]) -> None:
    """9: submitter, pre-reviewer, approver, maker of the payout and payer of one line are different people."""
    rounds = {each["round_id"]: each for each in items["ROUND"]}
    payouts = defaultdict(list)
    for payout in items["PAYOUT"]:
        payouts[payout["round_id"], payout["agency_uscc"]].append(payout)
    for line in items["LINE"]:
        if line["state"] in STATES_WITH_ROUND:
            approver = rounds[line["round_id"]].get("approved_by")
            actors = [line["submitted_by"], line["pre_reviewed_by"], *([approver] if approver else [])]
            assert len(set(actors)) == len(actors), actors
            for payout in payouts[line["round_id"], line["agency_uscc"]]:
                assert payout["created_by"] not in actors
                assert payout.get("paid_by") not in {*actors, payout["created_by"]}


def settlements_are_as_the_model_has_them(items: dict[str, list[Item]], city: City) -> None:
    """State and amounts of every record are those of the model."""
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
    stored_lines = sorted((each["settlement_id"], each["order_id"], each["state"]) for each in items["LINE"])
    assert stored_lines == sorted(
        (each.name, line.order.name, line.state) for each in city.applications for line in each.lines
    )
    assert {(each["settlement_id"], each["order_id"]): people_of(each) for each in items["LINE"]} == {
        (each.name, line.order.name): line.hands for each in city.applications for line in each.lines
    }
    assert {each["round_id"]: people_of(each) for each in items["ROUND"]} == {
        each.name: each.hands for each in city.rounds
    }
    assert {each["round_id"]: (each["state"], each.get("notice_id")) for each in items["ROUND"]} == {
        each.name: (each.state, each.notice_id) for each in city.rounds
    }
    payables = [each for round_ in city.rounds for each in round_.payables]
    assert {
        (each["round_id"], each["agency_uscc"]): (each["state"], each["amount_fen"]) for each in items["PAYABLE"]
    } == {(each.round.name, each.agency_uscc): (each.state, each.amount_fen) for each in payables}
    assert {each["payout_id"]: each["state"] for each in items["PAYOUT"]} == {
        payout.name: payout.state for each in payables for payout in each.payouts
    }
    invoice_numbers = {each["pk"].partition("#")[2] for each in items["INVOICE"] if each.get("order_id")}
    assert invoice_numbers == set(city.invoices)


def people_of(item: Item) -> set[str]:
    """Everybody who acted for a party, or decided on a delivery, whatever they did."""
    return {person for people in item["hands"].values() for person in people}
