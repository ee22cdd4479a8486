"""Rules of the machine: from passed lines to the agency's money, and back if need be."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO
from tests.model import paying
from tests.model.claims import Application, Payable, Round
from tests.model.machine import PICK, RARELY, REASON, chosen
from tests.model.records import Order, day_of
from tests.model.settlement_steps import SettlementSteps
from tests.model.town import EVERYMAN

DECISIONS = st.sampled_from(["approve", "approve", "approve", "return", "reject"])
RESULTS = st.sampled_from(["paid", "paid", "failed"])
AHEAD = st.sampled_from([None, None, None, 0, 4, 7, 9, 10, 11])
CLAIMED = st.sampled_from(["all", "half", "one", "a fen more"])


class PayoutSteps(SettlementSteps):
    """§3.5.2-§3.5.4, §5.2b. `done` counts what was paid, sent back and recovered over all runs."""

    done: dict[str, int]

    @initialize(ahead=AHEAD)
    def some_are_ahead(self, ahead: int | None) -> None:
        """Two thirds of the runs begin with services that are done, and so many steps further."""
        if ahead is not None:
            self.services_are_done(len(self.city.orders))
            first, *others = self.city.orders
            self.open_application(first.product.seller, True, [first, *others])
            for _ in range(ahead):
                assert self.goes_on(self.city.applications[0]) or self.goes_to_the_bank(self.city.applications[0])

    def staff(self, usual: str, alone: bool) -> str:
        """Who takes a step of the staff: the one whose office it is, or one with every role."""
        return EVERYMAN.name if alone else usual

    @precondition(lambda self: any(each.lines_in("passed") for each in self.city.applications))
    @rule(pick=PICK, count=st.sampled_from([1, 1, 2, 3]), alone=RARELY)
    def what_passed_is_gathered(self, pick: int, count: int, alone: bool) -> None:
        first = chosen([each for each in self.city.applications if each.lines_in("passed")], pick)
        alike = [each for each in self.city.applications if each.year is first.year and each is not first]
        self.gather([first, *alike[: count - 1]], self.staff(OPERATOR.name, alone))

    def gather(self, applications: list[Application], by: str) -> None:
        """A round."""
        body, key = {"settlement_ids": [each.name for each in applications]}, self.fresh("round")
        answer, found = paying.gather(self.city, by, body, applications)
        reply = self.settle(answer, by, "/rounds", body, key)
        if found is not None:
            found.name = reply["round_id"]

    @precondition(lambda self: self.city.rounds)
    @rule(pick=PICK, decision=DECISIONS, other=DECISIONS, alone=RARELY)
    def a_round_is_decided(self, pick: int, decision: str, other: str, alone: bool) -> None:
        found = chosen(self.city.rounds, pick)
        own = [line.order.name for line in found.lines_in("gathered")[:1]]
        self.decide(found, self.staff(BUREAU.name, alone), decision, dict.fromkeys(own, other))

    def decide(self, found: Round, by: str, decision: str, own: dict[str, str]) -> None:
        """The bureau's decision; `own` is what it says of single orders."""
        lines = [{"order_id": order, "decision": said, "opinion": "意见"} for order, said in own.items()]
        body = {"decision": decision, "opinion": "意见", "lines": lines}
        self.settle(paying.approve(self.city, found, by, body), by, f"/rounds/{found.name}/approve", body)

    @precondition(lambda self: self.city.rounds)
    @rule(pick=PICK, alone=RARELY)
    def a_notice_is_published(self, pick: int, alone: bool) -> None:
        self.put_on_notice(chosen(self.city.rounds, pick), self.staff(OPERATOR.name, alone))

    def put_on_notice(self, found: Round, by: str) -> None:
        """The notice."""
        reply = self.settle(paying.publish(found, by, {}), by, f"/rounds/{found.name}/notice", {})
        found.notice = reply.get("notice_id", found.notice)

    @precondition(lambda self: any(each.notice for each in self.city.rounds))
    @rule(pick=PICK, line=PICK)
    def somebody_objects(self, pick: int, line: int) -> None:
        found = chosen([each for each in self.city.rounds if each.notice], pick)
        if lines := found.lines_in("noticed"):
            order, key = chosen(lines, line).order, self.fresh("objection")
            body = {"order_id": order.name, "name": "某市民", "contact": "0578-1", "reason": "服务没有做"}
            answer, objection = paying.object_to(self.city, found, order)
            reply = self.settle(answer, None, f"/notices/{found.notice}/objections", body, key)
            if objection is not None:
                objection.name = reply["objection_id"]

    @precondition(lambda self: any(each.objections for each in self.city.rounds))
    @rule(pick=PICK, objection=PICK, decision=st.sampled_from(["uphold", "reject", "reject"]))
    def an_objection_is_resolved(self, pick: int, objection: int, decision: str) -> None:
        found = chosen([each for each in self.city.rounds if each.objections], pick)
        against, by = chosen(found.objections, objection), BUREAU.name
        answer = paying.resolve(found, against, by, decision)
        self.settle(answer, by, f"/objections/{against.name}/resolve", {"decision": decision})

    @precondition(lambda self: any(each.notice for each in self.city.rounds))
    @rule(pick=PICK, alone=RARELY)
    def a_notice_is_closed(self, pick: int, alone: bool) -> None:
        found = chosen([each for each in self.city.rounds if each.notice], pick)
        self.close_notice(found, self.staff(BUREAU.name, alone))

    def close_notice(self, found: Round, by: str) -> None:
        """The notice ends."""
        self.settle(paying.close(found, by), by, f"/notices/{found.notice}/close")

    @precondition(lambda self: self.city.rounds)
    @rule(pick=PICK, line=PICK, body=REASON, bureau=RARELY)
    def a_line_is_taken_out(self, pick: int, line: int, body: dict[str, str], bureau: bool) -> None:
        found = chosen(self.city.rounds, pick)
        lines = [each for application in found.applications for each in application.lines]
        out, by = chosen(lines, line), BUREAU.name if bureau else OPERATOR.name
        answer = paying.take_out(self.city, found, out, by, bureau, body)
        self.done["taken back"] += answer.done and bureau
        self.settle(answer, by, f"/rounds/{found.name}/lines/{out.order.name}/withdraw", body)

    def some_payable(self, pick: int) -> Payable:
        """What an agency is owed."""
        return chosen([owed for each in self.city.rounds for owed in each.payables], pick)

    @precondition(lambda self: any(each.payables for each in self.city.rounds))
    @rule(pick=PICK, slip=st.sampled_from([0, 0, 0, 1]), known=RARELY, other=RARELY)
    def a_summary_invoice_is_handed_in(self, pick: int, slip: int, known: bool, other: bool) -> None:
        owed = self.some_payable(pick)
        self.invoice(owed, self.hand(owed.seller, other), slip, "FP-1" if known else self.fresh("SUM"))

    def invoice(self, owed: Payable, by: str, slip_fen: int, number: str) -> None:
        """The summary invoice and the account."""
        body = {
            "agency_uscc": owed.seller_uscc,
            "invoice_number": number,
            "amount_fen": owed.amount_fen + slip_fen,
            "bank_name": "某银行",
            "bank_account": "6200000000000000018",
            "account_name": "服务机构",
            "document_id": "summary_invoice",
        }
        answer = paying.hand_in_invoice(self.city, owed, by, True, body)
        self.settle(answer, by, f"/rounds/{owed.round.name}/invoices", body)

    @precondition(lambda self: any(each.payables for each in self.city.rounds))
    @rule(pick=PICK, alone=RARELY)
    def payouts_are_made(self, pick: int, alone: bool) -> None:
        self.pay(self.some_payable(pick).round, self.staff(OPERATOR_TWO.name, alone))

    def pay(self, found: Round, by: str) -> None:
        """Payouts of a round."""
        answer, ready = paying.make_payouts(found, by)
        reply = self.settle(answer, by, f"/rounds/{found.name}/payouts")
        items = {each["agency_uscc"]: each for each in reply.get("items", ())} if ready else {}
        assert set(items) == {each.seller_uscc for each in ready}
        for owed in ready:
            assert items[owed.seller_uscc]["amount_fen"] == owed.amount_fen
            owed.payouts[-1].name = items[owed.seller_uscc]["payout_id"]

    @precondition(lambda self: any(owed.payouts for each in self.city.rounds for owed in each.payables))
    @rule(pick=PICK, payout=PICK, state=RESULTS, alone=RARELY)
    def the_bank_answers(self, pick: int, payout: int, state: str, alone: bool) -> None:
        self.answer(self.paid_payable(pick), payout, state, self.staff(FINANCE.name, alone))

    def paid_payable(self, pick: int) -> Payable:
        """What was sent to the bank at least once."""
        return chosen([owed for each in self.city.rounds for owed in each.payables if owed.payouts], pick)

    def answer(self, owed: Payable, pick: int, state: str, by: str) -> None:
        """Finance records what the bank did."""
        payout = chosen(owed.payouts, pick)
        body = {"state": state, "bank_reference": "BK-1", "paid_on": day_of(self.city.now).isoformat()}
        expected = paying.record_result(owed, payout, by, body)
        self.settle(expected, by, f"/payouts/{payout.name}/result", body)
        self.done[state] += expected.done

    @precondition(lambda self: any(owed.payouts for each in self.city.rounds for owed in each.payables))
    @rule(pick=PICK, payout=PICK, alone=RARELY)
    def the_bank_sends_it_back(self, pick: int, payout: int, alone: bool) -> None:
        owed, by = self.paid_payable(pick), self.staff(FINANCE.name, alone)
        sent, day = chosen(owed.payouts, payout), day_of(self.city.now).isoformat()
        body = {"bank_reference": "BK-R", "returned_on": day, "reason": "账户已销户"}
        expected = paying.record_return(owed, sent, by, body)
        self.settle(expected, by, f"/payouts/{sent.name}/return", body)
        self.done["sent back"] += expected.done

    @precondition(lambda self: any(each.state == "paid" for each in self.city.orders))
    @rule(pick=PICK, claimed=CLAIMED, unpaid=RARELY)
    def money_is_recovered(self, pick: int, claimed: str, unpaid: bool) -> None:
        order: Order = chosen([each for each in self.city.orders if unpaid or each.state == "paid"], pick)
        left_fen, by, key = order.voucher_fen - order.recovered_fen, BUREAU.name, self.fresh("recovery")
        amounts = {"all": left_fen, "half": left_fen // 2, "one": 1, "a fen more": left_fen + 1}
        body = {"amount_fen": max(1, amounts[claimed]), "reason": "重复享受补助"}
        expected = paying.recover(order, by, body)
        reply = self.settle(expected, by, f"/orders/{order.name}/recoveries", body, key)
        if expected.done:
            order.claims[-1].name = reply["recovery_id"]
        self.done["recovered"] += expected.done

    @precondition(lambda self: any(each.claims for each in self.city.orders))
    @rule(pick=PICK, claim=PICK, body=REASON)
    def a_claim_is_withdrawn(self, pick: int, claim: int, body: dict[str, str]) -> None:
        order: Order = chosen([each for each in self.city.orders if each.claims], pick)
        withdrawn = chosen(order.claims, claim)
        answer = paying.withdraw_claim(order, withdrawn, BUREAU.name, body)
        self.settle(answer, BUREAU.name, f"/orders/{order.name}/recoveries/{withdrawn.name}/withdraw", body)
        self.done["claims withdrawn"] += answer.done

    @precondition(lambda self: self.city.applications)
    @rule(pick=PICK, steps=st.sampled_from([1, 2, 4, 8]))
    def an_application_goes_on(self, pick: int, steps: int) -> None:
        """Whatever comes next, taken by whom it is for."""
        application = chosen(self.city.applications, pick)
        for _ in range(steps):
            if not (self.goes_on(application) or self.goes_to_the_bank(application)):
                return

    def goes_on(self, application: Application) -> bool:
        """One step of the application, up to its round; False when there is none."""
        waiting = application.lines_in("draft", "returned")
        if empty := [line for line in waiting if line.invoice is None or not line.adds_up]:
            self.fill(empty[0], application.seller, empty[0].order.contract_fen)
        elif waiting and application.state in ("draft", "reviewed"):
            self.hand_in(application, application.seller)
        elif submitted := application.lines_in("submitted"):
            self.review(application, self.clean({line.submitted_by for line in submitted}), ["pass"] * len(submitted))
        elif application.lines_in("passed"):
            self.gather([application], OPERATOR.name)
        else:
            return False
        return True

    def clean(self, hands: set[str | None]) -> str:
        """An operator who did not hand in what is to be reviewed."""
        return OPERATOR.name if OPERATOR.name not in hands else EVERYMAN.name

    def goes_to_the_bank(self, application: Application) -> bool:
        """One step of the application's latest round; False when there is none."""
        rounds = [each for each in self.city.rounds if application in each.applications and each.state != "rejected"]
        if not rounds:
            return False
        found = rounds[-1]
        steps: dict[str, Any] = {
            "gathered": lambda: self.decide(found, BUREAU.name, "approve", {}),
            "approved": lambda: self.put_on_notice(found, OPERATOR.name),
            "noticed": lambda: self.close_notice(found, BUREAU.name),
        }
        if found.state in steps:
            steps[found.state]()
            return True
        for owed in found.payables:
            if owed.state == "awaiting_invoice":
                self.invoice(owed, owed.seller, 0, self.fresh("SUM"))
            elif owed.state == "invoiced":
                self.pay(found, OPERATOR_TWO.name)
            elif owed.state == "paying":
                self.answer(owed, 0, "paid", FINANCE.name)
            else:
                continue
            return True
        return False
