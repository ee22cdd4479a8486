"""Invariants of settlement: lines, invoice and payout agree to the fen, and different people took the steps."""

from typing import Any

import pytest

from tests.rules.records import AGENCY, MADE, NOW, YEAR, programme
from tests.rules.settlement_records import line, order
from voucher.models.orders import Order, Recovery
from voucher.models.payables import Payable
from voucher.models.payouts import Payout
from voucher.models.programmes import Programme
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.rules.ledger import Invariant, different_hands, settled_agrees

OTHER = "another agency"


def settled_line(**changes: Any) -> Line:
    """A line that is payable, of 700,000 fen."""
    facts = {"state": "payable", "round_id": "r1", "verified_fen": 700_000, "submitted_by": "s", "pre_reviewed_by": "p"}
    return line(**{**facts, **changes})


def payable(**changes: Any) -> Payable:
    """What the agency is owed for it, paid."""
    facts: dict[str, Any] = {
        "state": "paid",
        "round_id": "r1",
        "year": YEAR,
        "agency_uscc": AGENCY,
        "order_ids": ("o1",),
    }
    return Payable(**{**MADE, **facts, "amount_fen": 700_000, "invoice_fen": 700_000, "attempts": 1, **changes})


def payout(**changes: Any) -> Payout:
    """The payout of that."""
    facts: dict[str, Any] = {"payout_id": f"r1.{AGENCY}.1", "round_id": "r1", "year": YEAR, "agency_uscc": AGENCY}
    steps = {**MADE, "created_by": "o", "state": "paid", "paid_by": "f", "amount_fen": 700_000}
    return Payout(**{**facts, **steps, **changes})


def round_(**changes: Any) -> Round:
    """The round of all that."""
    facts: dict[str, Any] = {"round_id": "r1", "year": YEAR, "settlement_ids": ("s1",), "state": "closed"}
    hands = {"submitters": frozenset({"s"}), "pre_reviewers": frozenset({"p"}), "approved_by": "b"}
    return Round(**{**MADE, **facts, **hands, **changes})


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize(
    ("state", "more", "payouts"),
    [
        ("awaiting_invoice", {"invoice_fen": None}, []),
        ("invoiced", {}, []),
        ("invoiced", {}, [payout(state="failed")]),
        ("invoiced", {}, [payout(state="returned")]),
        ("paying", {}, [payout(state="made")]),
        ("paid", {}, [payout()]),
        ("paid", {}, [payout(state="failed"), payout(state="returned"), payout()]),
    ],
)
def test_a_settlement_that_is_right_at_every_stage_is_no_breach(
    state: str, more: dict[str, Any], payouts: list[Payout]
) -> None:
    invariant = settled_agrees([settled_line()], [payable(state=state, **more)], payouts)
    assert (invariant.name, invariant.holds, invariant.detail) == ("lines_invoice_and_payout_agree", True, "")


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize(
    ("lines", "payables", "payouts"),
    [
        ([settled_line(verified_fen=699_999)], [payable()], [payout()]),
        ([settled_line(), settled_line(order_id="o2", verified_fen=1)], [payable()], [payout()]),
        ([], [payable()], [payout()]),
        ([settled_line()], [payable(invoice_fen=699_999)], [payout()]),
        ([settled_line()], [payable()], [payout(amount_fen=700_001)]),
        ([settled_line()], [payable()], []),
        ([settled_line()], [payable()], [payout(), payout(state="made")]),
        ([settled_line()], [payable(state="invoiced")], [payout()]),
        ([settled_line()], [payable(state="paying")], [payout(state="failed")]),
    ],
)
def test_a_fen_or_a_payout_too_many_or_too_few_names_the_agency_in_its_round(
    lines: list[Line], payables: list[Payable], payouts: list[Payout]
) -> None:
    invariant = settled_agrees(lines, payables, payouts)
    assert (invariant.holds, invariant.detail, invariant.concerned) == (False, f"r1.{AGENCY}", (f"r1.{AGENCY}",))


def test_a_payout_to_an_agency_that_is_owed_nothing_is_a_breach() -> None:
    stray = payout(agency_uscc=OTHER)
    assert settled_agrees([settled_line()], [payable()], [payout(), stray]).detail == f"r1.{OTHER}"


def test_a_line_that_has_no_payable_yet_is_no_breach() -> None:
    assert settled_agrees([settled_line()], [], []).holds
    assert settled_agrees([settled_line(state="noticed"), settled_line()], [payable()], [payout()]).holds


def claim(**changes: Any) -> Recovery:
    """A claim on the money of the order."""
    facts = {"recovery_id": "rc1", "amount_fen": 100, "reason": "重复", "violation_id": None, "by": "c", "at": NOW}
    return Recovery(**{**facts, **changes})


def hands(
    lines: list[Line] | None = None,
    rounds: list[Round] | None = None,
    payouts: list[Payout] | None = None,
    *,
    payables: list[Payable] | None = None,
    orders: list[Order] | None = None,
    year: Programme | None = None,
) -> Invariant:
    """Who took the steps of a year; what is not named has no mistake."""
    found = (lines or [settled_line()], rounds or [round_()], payables or [payable()], payouts or [payout()])
    return different_hands(year or programme(), orders or [], *found)


@pytest.mark.clause("§3.5.2")
def test_steps_by_different_people_are_no_breach() -> None:
    assert hands().holds
    unpaid = payout(state="made", paid_by=None)
    assert hands(rounds=[round_(approved_by=None)], payouts=[unpaid]).holds
    assert hands(orders=[order(recoveries=(claim(withdrawn_by="w"),))]).holds


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§3.5.4")
def test_what_may_follow_is_no_breach() -> None:
    """Whoever gathered may ask to cancel; whoever made a payout that failed may send the next invoice."""
    asked = {"ask_cancel": frozenset({"p"})}
    assert hands([settled_line(hands=asked)], [round_(hands=asked)]).holds
    assert hands(payouts=[payout(state="failed")], payables=[payable(state="invoiced", invoiced_by="o")]).holds


CONFIRMED = {"confirm_order": frozenset({"x"})}


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(
    ("found", "named"),
    [
        ({"lines": [settled_line(pre_reviewed_by="s")]}, "s1.o1"),
        ({"lines": [settled_line(pre_reviewed_by="x", hands=CONFIRMED)]}, "s1.o1"),
        ({"rounds": [round_(approved_by="s")]}, "r1"),
        ({"rounds": [round_(approved_by="p")]}, "r1"),
        ({"rounds": [round_(approved_by="g", created_by="g")]}, "r1"),
        ({"rounds": [round_(created_by="x", hands=CONFIRMED)]}, "r1"),
        *(({"payouts": [payout(created_by=hand)]}, f"r1.{AGENCY}.1") for hand in "spb"),
        *(({"payouts": [payout(paid_by=hand)]}, f"r1.{AGENCY}.1") for hand in "spbo"),
        ({"rounds": [round_(created_by="f")]}, f"r1.{AGENCY}.1"),
        ({"rounds": [round_(hands={"place_order": frozenset({"o"})})]}, f"r1.{AGENCY}.1"),
        *(
            ({"payables": [payable(**{by: hand})]}, f"r1.{AGENCY}.1")
            for by in ("invoiced_by", "account_by", "account_confirmed_by")
            for hand in "of"
        ),
        ({"orders": [order(recoveries=(claim(by="x"),), hands=CONFIRMED)]}, "rc1"),
        ({"orders": [order(recoveries=(claim(withdrawn_by="c"),))]}, "rc1"),
        ({"year": programme(confirmed_by="d", drafters=frozenset({"d"}))}, str(YEAR)),
    ],
)
def test_a_step_by_a_person_of_an_earlier_step_is_named(found: dict[str, Any], named: str) -> None:
    invariant = hands(**found)
    assert (invariant.name, invariant.holds, invariant.detail) == ("different_hands", False, named)
