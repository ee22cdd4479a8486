"""Rules of the machine: from passed lines to the payout, and recoveries."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO
from tests.model.machine.city_of_run import EVERYMAN
from tests.model.machine.machine import PICK, RARELY, REASON, chosen
from tests.model.machine.settlement_steps import SettlementSteps
from tests.model.reference import payouts, rounds, subsidies
from tests.model.reference.answers import CREATED
from tests.model.reference.records import Order, day_of
from tests.model.reference.settlement_records import Application, Payable, Round

DECISIONS = st.sampled_from(["approve", "approve", "approve", "return", "reject"])
RESULTS = st.sampled_from(["paid", "paid", "failed"])
HEAD_STARTS = st.sampled_from([None, None, None, 0, 4, 7, 9, 10, 11, 12])
AMOUNTS = st.sampled_from(["all", "half", "one", "a fen more"])


class PayoutSteps(SettlementSteps):
    """§3.5.2-§3.5.4, §5.2b. `payment_events` counts payments, returns and recoveries over all runs."""

    payment_events: dict[str, int]

    @initialize(head_start=HEAD_STARTS)
    def some_runs_begin_later(self, head_start: int | None) -> None:
        """Two thirds of the runs begin with completed orders and an application that is `head_start` steps ahead."""
        if head_start is not None:
            self.orders_are_completed(len(self.city.orders))
            first, *others = self.city.orders
            self.open_application(first.product.agency_member, True, [first, *others])
            [application] = self.city.applications
            for _ in range(head_start):
                assert self.take_next_step(application) or self.take_next_round_step(application)

    def staff_member(self, usual: str, same_person: bool) -> str:
        """The person of staff who takes a step: usually `usual`, else the one person with every role."""
        return EVERYMAN.name if same_person else usual

    @precondition(lambda self: any(each.lines_in("passed") for each in self.city.applications))
    @rule(pick=PICK, count=st.sampled_from([1, 1, 2, 3]), same_person=RARELY)
    def passed_lines_are_gathered(self, pick: int, count: int, same_person: bool) -> None:
        first = chosen([each for each in self.city.applications if each.lines_in("passed")], pick)
        alike = [each for each in self.city.applications if each.year is first.year and each is not first]
        self.gather([first, *alike[: count - 1]], self.staff_member(OPERATOR.name, same_person))

    def gather(self, applications: list[Application], by: str) -> None:
        """The operator gathers a round."""
        body, key = {"settlement_ids": [each.name for each in applications]}, self.fresh("round")
        answer, round_ = rounds.gather(self.city, by, body, applications)
        reply = self.call_repeatable(answer, by, "/rounds", body, key)
        if round_ is not None:
            round_.name = reply["round_id"]

    @precondition(lambda self: self.city.rounds)
    @rule(pick=PICK, decision=DECISIONS, other=DECISIONS, same_person=RARELY)
    def a_round_is_decided(self, pick: int, decision: str, other: str, same_person: bool) -> None:
        round_ = chosen(self.city.rounds, pick)
        decided_alone = [line.order.name for line in round_.lines_in("gathered")[:1]]
        self.decide(round_, self.staff_member(BUREAU.name, same_person), decision, dict.fromkeys(decided_alone, other))

    def decide(self, round_: Round, by: str, decision: str, own_decisions: dict[str, str]) -> None:
        """The bureau's decision; `own_decisions` are those of single orders."""
        lines = [{"order_id": order, "decision": own, "opinion": "意见"} for order, own in own_decisions.items()]
        body = {"decision": decision, "opinion": "意见", "lines": lines}
        self.call_repeatable(rounds.approve(self.city, round_, by, body), by, f"/rounds/{round_.name}/approve", body)

    @precondition(lambda self: self.city.rounds)
    @rule(pick=PICK, same_person=RARELY)
    def a_notice_is_published(self, pick: int, same_person: bool) -> None:
        self.put_on_notice(chosen(self.city.rounds, pick), self.staff_member(OPERATOR.name, same_person))

    def put_on_notice(self, round_: Round, by: str) -> None:
        """The operator publishes the notice."""
        reply = self.call_repeatable(rounds.publish(self.city, round_, by, {}), by, f"/rounds/{round_.name}/notice", {})
        round_.notice_id = reply.get("notice_id", round_.notice_id)

    @precondition(lambda self: any(each.notice_id for each in self.city.rounds))
    @rule(pick=PICK, line=PICK)
    def somebody_objects(self, pick: int, line: int) -> None:
        round_ = chosen([each for each in self.city.rounds if each.notice_id], pick)
        if lines := round_.lines_in("noticed"):
            order, key = chosen(lines, line).order, self.fresh("objection")
            body = {"order_id": order.name, "name": "某市民", "contact": "0578-1", "reason": "服务没有做"}
            answer, objection = rounds.object_to(self.city, round_, order)
            reply = self.call_repeatable(answer, None, f"/notices/{round_.notice_id}/objections", body, key)
            if objection is not None:
                objection.name = reply["objection_id"]

    @precondition(lambda self: any(each.objections for each in self.city.rounds))
    @rule(pick=PICK, objection=PICK, decision=st.sampled_from(["uphold", "reject", "reject"]))
    def an_objection_is_resolved(self, pick: int, objection: int, decision: str) -> None:
        round_ = chosen([each for each in self.city.rounds if each.objections], pick)
        against, by = chosen(round_.objections, objection), BUREAU.name
        answer = rounds.resolve(round_, against, by, decision)
        self.call_repeatable(answer, by, f"/objections/{against.name}/resolve", {"decision": decision})

    @precondition(lambda self: any(each.notice_id for each in self.city.rounds))
    @rule(pick=PICK, same_person=RARELY)
    def a_notice_is_closed(self, pick: int, same_person: bool) -> None:
        round_ = chosen([each for each in self.city.rounds if each.notice_id], pick)
        self.close_notice(round_, self.staff_member(BUREAU.name, same_person))

    def close_notice(self, round_: Round, by: str) -> None:
        """The bureau closes the notice."""
        self.call_repeatable(rounds.close(self.city, round_, by), by, f"/notices/{round_.notice_id}/close")

    @precondition(lambda self: self.city.rounds)
    @rule(pick=PICK, line=PICK, body=REASON, bureau=RARELY)
    def a_line_is_withdrawn_from_its_round(self, pick: int, line: int, body: dict[str, str], bureau: bool) -> None:
        round_ = chosen(self.city.rounds, pick)
        lines = [each for application in round_.applications for each in application.lines]
        withdrawn_line, by = chosen(lines, line), BUREAU.name if bureau else OPERATOR.name
        answer = rounds.withdraw_line(self.city, round_, withdrawn_line, by, bureau, body)
        self.payment_events["payable lines taken back"] += answer.took_effect and bureau
        self.call_repeatable(answer, by, f"/rounds/{round_.name}/lines/{withdrawn_line.order.name}/withdraw", body)

    def some_payable(self, pick: int) -> Payable:
        """A payable of any round."""
        return chosen([payable for each in self.city.rounds for payable in each.payables], pick)

    @precondition(lambda self: any(each.payables for each in self.city.rounds))
    @rule(pick=PICK, slip_fen=st.sampled_from([0, 0, 0, 1]), used_number=RARELY, other=RARELY)
    def a_summary_invoice_is_submitted(self, pick: int, slip_fen: int, used_number: bool, other: bool) -> None:
        payable = self.some_payable(pick)
        number = "FP-1" if used_number else self.fresh("SUM")
        self.submit_summary_invoice(payable, self.member_of(payable.agency_member, other), slip_fen, number)

    def submit_summary_invoice(self, payable: Payable, by: str, slip_fen: int, number: str) -> None:
        """The agency submits its summary invoice and account; `slip_fen` is a mistake in the amount."""
        body = {
            "agency_uscc": payable.agency_uscc,
            "invoice_number": number,
            "amount_fen": max(1, payable.amount_fen + slip_fen),  # what was dropped is of nothing, and no invoice is
            "bank_name": "某银行",
            "bank_account": "6200000000000000018",
            "account_name": "服务机构",
            "document_id": "summary_invoice",
        }
        answer = payouts.submit_invoice(self.city, payable, by, True, body)
        reply = self.call_repeatable(answer, by, f"/rounds/{payable.round.name}/invoices", body)
        if answer.took_effect:
            self.learn_change(payable, reply)

    def learn_change(self, payable: Payable, reply: Any) -> None:
        """The id of the account that waits; whether one waits must be as the model says."""
        proposed = reply["proposed_account"]
        assert bool(proposed) == bool(payable.waiting)
        payable.change_id = proposed["change_id"] if proposed else payable.change_id

    @precondition(lambda self: any(each.payables for each in self.city.rounds))
    @rule(pick=PICK, number=st.sampled_from(["6200000000000000018", "6200000000000009999"]), other=RARELY)
    def another_account_is_proposed(self, pick: int, number: str, other: bool) -> None:
        payable = self.some_payable(pick)
        self.propose_account(payable, self.member_of(payable.agency_member, other), number)

    def propose_account(self, payable: Payable, by: str, number: str) -> None:
        """The agency names another account."""
        body = {
            "agency_uscc": payable.agency_uscc,
            "bank_name": "另一银行",
            "bank_account": number,
            "account_name": "服务机构",
            "reason": self.fresh("换户"),
        }
        answer = payouts.propose_account(payable, by, body)
        reply = self.call_repeatable(answer, by, f"/rounds/{payable.round.name}/bank-account", body)
        if answer.took_effect:
            self.learn_change(payable, reply)

    @precondition(lambda self: any(each.change_id for round_ in self.city.rounds for each in round_.payables))
    @rule(pick=PICK, decision=st.sampled_from(["confirm", "confirm", "reject"]), same_person=RARELY)
    def an_account_is_decided(self, pick: int, decision: str, same_person: bool) -> None:
        named = [each for round_ in self.city.rounds for each in round_.payables if each.change_id]
        self.decide_account(chosen(named, pick), decision, self.staff_member(OPERATOR.name, same_person))

    def decide_account(self, payable: Payable, decision: str, by: str) -> None:
        """A second person's word on the account that was named last."""
        body = {"agency_uscc": payable.agency_uscc, "change_id": payable.change_id, "decision": decision}
        answer = payouts.decide_account(self.city, payable, by, body)
        self.call_repeatable(answer, by, f"/rounds/{payable.round.name}/bank-account/review", body)
        self.payment_events[f"accounts {decision}ed"] += answer.took_effect

    @precondition(lambda self: any(each.payables for each in self.city.rounds))
    @rule(pick=PICK, same_person=RARELY)
    def payouts_are_made(self, pick: int, same_person: bool) -> None:
        self.make_payouts(self.some_payable(pick).round, self.staff_member(OPERATOR_TWO.name, same_person))

    def make_payouts(self, round_: Round, by: str) -> None:
        """The operator makes the payouts of a round."""
        answer, invoiced_payables = payouts.make_payouts(self.city, round_, by)
        reply = self.call_repeatable(answer, by, f"/rounds/{round_.name}/payouts")
        items = {each["agency_uscc"]: each for each in reply.get("items", ())} if invoiced_payables else {}
        assert set(items) == {each.agency_uscc for each in invoiced_payables}
        for payable in invoiced_payables:
            assert items[payable.agency_uscc]["amount_fen"] == payable.amount_fen
            payable.payouts[-1].name = items[payable.agency_uscc]["payout_id"]

    @precondition(lambda self: any(payable.payouts for each in self.city.rounds for payable in each.payables))
    @rule(pick=PICK, payout=PICK, state=RESULTS, same_person=RARELY)
    def the_bank_answers(self, pick: int, payout: int, state: str, same_person: bool) -> None:
        by = self.staff_member(FINANCE.name, same_person)
        self.record_bank_answer(self.payable_with_payout(pick), payout, state, by)

    def payable_with_payout(self, pick: int) -> Payable:
        """A payable with at least one payout."""
        return chosen([payable for each in self.city.rounds for payable in each.payables if payable.payouts], pick)

    def record_bank_answer(self, payable: Payable, pick: int, state: str, by: str) -> None:
        """Finance records the bank's answer."""
        payout = chosen(payable.payouts, pick)
        body = {"state": state, "bank_reference": "BK-1", "paid_on": day_of(self.city.now).isoformat()}
        expected = payouts.record_result(payable, payout, by, body)
        self.call_repeatable(expected, by, f"/payouts/{payout.name}/result", body)
        self.payment_events[state] += expected.took_effect

    @precondition(lambda self: any(payable.payouts for each in self.city.rounds for payable in each.payables))
    @rule(pick=PICK, payout=PICK, body=REASON, breach=st.booleans(), same_person=RARELY)
    def a_payout_is_withdrawn(
        self, pick: int, payout: int, body: dict[str, str], breach: bool, same_person: bool
    ) -> None:
        """Half of them because of a breach that has just come to be known."""
        payable, by = self.payable_with_payout(pick), self.staff_member(FINANCE.name, same_person)
        if breach and payable.state == "paying":
            self.accuse(payable.lines[0].order)
        self.withdraw_payout(payable, payout, by, body)

    def accuse(self, order: Order) -> None:
        """The bureau records a violation of the enterprise, which names an order on its way to the bank."""
        violator = order.voucher.enterprise
        named = {"uscc": violator.uscc, "facts": "虚报", "order_ids": [order.name]}
        reply = self.ask(CREATED, BUREAU.name, "/violations", named, self.fresh("violation"))
        order.violations.add(reply.body["violation_id"])
        violator.violations.add(reply.body["violation_id"])

    def withdraw_payout(self, payable: Payable, pick: int, by: str, body: dict[str, str]) -> None:
        """Finance ends a payout of which an order is held."""
        payout = chosen(payable.payouts, pick)
        expected = payouts.withdraw(payable, payout, by, body)
        self.call_repeatable(expected, by, f"/payouts/{payout.name}/withdraw", body)
        self.payment_events["withdrawn while held"] += expected.took_effect

    @precondition(lambda self: any(payable.payouts for each in self.city.rounds for payable in each.payables))
    @rule(pick=PICK, payout=PICK, same_person=RARELY)
    def the_bank_sends_it_back(self, pick: int, payout: int, same_person: bool) -> None:
        payable, by = self.payable_with_payout(pick), self.staff_member(FINANCE.name, same_person)
        returned_payout, day = chosen(payable.payouts, payout), day_of(self.city.now).isoformat()
        body = {"bank_reference": "BK-R", "returned_on": day, "reason": "账户已销户"}
        expected = payouts.record_return(payable, returned_payout, by, body)
        self.call_repeatable(expected, by, f"/payouts/{returned_payout.name}/return", body)
        self.payment_events["returned by the bank"] += expected.took_effect

    @precondition(lambda self: any(each.state == "paid" for each in self.city.orders))
    @rule(pick=PICK, amount=AMOUNTS, unpaid=RARELY, same_person=RARELY)
    def money_is_recovered(self, pick: int, amount: str, unpaid: bool, same_person: bool) -> None:
        order: Order = chosen([each for each in self.city.orders if unpaid or each.state == "paid"], pick)
        by, key = self.staff_member(BUREAU.name, same_person), self.fresh("recovery")
        most_fen = order.voucher_fen - order.recovered_fen
        amounts_fen = {"all": most_fen, "half": most_fen // 2, "one": 1, "a fen more": most_fen + 1}
        body = {"amount_fen": max(1, amounts_fen[amount]), "reason": "重复享受补助"}
        expected = payouts.recover(order, by, body)
        reply = self.call_repeatable(expected, by, f"/orders/{order.name}/recoveries", body, key)
        if expected.took_effect:
            order.recoveries[-1].name = reply["recovery_id"]
        self.payment_events["recovered"] += expected.took_effect

    @precondition(lambda self: any(each.recoveries for each in self.city.orders))
    @rule(pick=PICK, recovery=PICK, body=REASON, same_person=RARELY)
    def a_recovery_is_withdrawn(self, pick: int, recovery: int, body: dict[str, str], same_person: bool) -> None:
        order: Order = chosen([each for each in self.city.orders if each.recoveries], pick)
        mistaken, by = chosen(order.recoveries, recovery), (BUREAU if same_person else BUREAU_TWO).name
        answer = payouts.withdraw_recovery(order, mistaken, by, body)
        self.call_repeatable(answer, by, f"/orders/{order.name}/recoveries/{mistaken.name}/withdraw", body)
        self.payment_events["recoveries withdrawn"] += answer.took_effect

    @precondition(lambda self: any(each.recoveries for each in self.city.orders))
    @rule(pick=PICK, recovery=PICK, amount=AMOUNTS, same_person=RARELY)
    def money_comes_in_on_a_claim(self, pick: int, recovery: int, amount: str, same_person: bool) -> None:
        order: Order = chosen([each for each in self.city.orders if each.recoveries], pick)
        claim, by, key = (
            chosen(order.recoveries, recovery),
            self.staff_member(FINANCE.name, same_person),
            self.fresh("receipt"),
        )
        left_fen = claim.amount_fen - claim.received_fen
        amounts_fen = {"all": left_fen, "half": left_fen // 2, "one": 1, "a fen more": left_fen + 1}
        body = {
            "amount_fen": max(1, amounts_fen[amount]),
            "bank_reference": key,
            "received_on": day_of(self.city.now).isoformat(),
        }
        expected = payouts.receive(order, claim, by, body)
        self.call_repeatable(expected, by, f"/orders/{order.name}/recoveries/{claim.name}/receipts", body, key)
        self.payment_events["received on claims"] += expected.took_effect

    @precondition(lambda self: self.city.applications)
    @rule(pick=PICK, steps=st.sampled_from([1, 2, 4, 8]))
    def an_application_goes_on(self, pick: int, steps: int) -> None:
        """The next steps of an application, each by the person who usually takes it."""
        application = chosen(self.city.applications, pick)
        for _ in range(steps):
            if not (self.take_next_step(application) or self.take_next_round_step(application)):
                return

    def take_next_step(self, application: Application) -> bool:
        """Take the next step of an application before its round; False if there is none."""
        open_lines = application.lines_in("draft", "returned")
        on_their_way = [each for each in application.lines if each.order.line is each and each.order.state != "paid"]
        if stopped := [each for each in on_their_way if subsidies.stop_of(self.city, each.order)]:
            body = {"decision": "other", "reason": self.fresh("另一事项")}
            self.decide_subsidy(stopped[0], BUREAU.name, body)
        elif empty := [line for line in open_lines if line.invoice is None or not line.adds_up]:
            self.fill_in_line(empty[0], application.agency_member, empty[0].order.contract_fen)
        elif open_lines and application.state in ("draft", "reviewed"):
            self.submit(application, application.agency_member)
        elif submitted_lines := application.lines_in("submitted"):
            by = self.other_operator({line.submitted_by for line in submitted_lines})
            self.pre_review(application, by, ["pass"] * len(submitted_lines))
        elif application.lines_in("passed"):
            self.gather([application], OPERATOR.name)
        else:
            return False
        return True

    def other_operator(self, submitters: set[str | None]) -> str:
        """An operator who did not submit the lines to be reviewed."""
        return EVERYMAN.name if OPERATOR.name in submitters else OPERATOR.name

    def take_next_round_step(self, application: Application) -> bool:
        """Take the next step of the application's latest round; False if there is none."""
        running = [each for each in self.city.rounds if application in each.applications and each.state != "rejected"]
        if not running:
            return False
        round_ = running[-1]
        steps: dict[str, Any] = {
            "gathered": lambda: self.decide(round_, BUREAU.name, "approve", {}),
            "approved": lambda: self.put_on_notice(round_, OPERATOR.name),
            "noticed": lambda: self.close_notice(round_, BUREAU.name),
        }
        if round_.state in steps:
            steps[round_.state]()
            return True
        for payable in round_.payables:
            if payable.state == "awaiting_invoice":
                self.submit_summary_invoice(payable, payable.agency_member, 0, self.fresh("SUM"))
            elif payable.waiting:
                self.decide_account(payable, "confirm", self.other_operator({payable.invoiced_by, payable.waiting.by}))
            elif payable.state == "invoiced" and not payable.account:
                self.propose_account(payable, payable.agency_member, "6200000000000000018")
            elif payable.state == "invoiced":
                self.make_payouts(round_, OPERATOR_TWO.name)
            elif payable.state == "paying":
                self.record_bank_answer(payable, 0, "paid", FINANCE.name)
            else:
                continue
            return True
        return False
