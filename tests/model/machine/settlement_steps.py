"""Rules of the machine: orders are completed, and their agency applies for settlement."""

import hashlib
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from infra.client.http import BUREAU, OPERATOR
from tests.model.machine.city_of_run import EVERYMAN, OUTSIDER, START
from tests.model.machine.machine import PICK, RARELY, REASON, Machine, chosen
from tests.model.reference import orders, settlements, subsidies
from tests.model.reference.answers import ExpectedAnswer
from tests.model.reference.records import Order, day_of
from tests.model.reference.settlement_records import Application, Line
from tests.races import seed_data
from voucher.models.documents import Document
from voucher.store import keys

DOCUMENT_KINDS = ("contract", "invoice", "transfer", "evidence", "summary_invoice")
CONTENT = b"%PDF-1.7 a document"
INVOICES = st.sampled_from(
    [
        {},
        {},
        {},
        {},
        {"number": "FP-1"},
        {"number": "12345678"},
        {"kind": "vat", "code": "0330024001", "number": "12345678"},
        {"kind": "vat", "code": "0330024002", "number": "12345678"},
        {"kind": "fiscal", "code": "0330024001", "number": "12345678"},
        {"kind": "digital", "number": "24332000000012345678"},
    ]
)
CONTRACTS = st.sampled_from(["as ordered", "as ordered", "as ordered", "lower", "higher"])
TRANSFERS = st.sampled_from(
    [
        {},
        {},
        {"reference": "ZZ-1"},
        {"reference": "ZZ-2", "total_fen": 10**7},
        {"reference": "ZZ-2", "total_fen": 10**6},
    ]
)
SLIPS_FEN = st.sampled_from([0, 0, 0, 0, 0, 1, -1])
OPINIONS = st.sampled_from(["pass", "pass", "pass", "return", "reject"])
VERIFIED = st.sampled_from([None, None, "less", "both less", "a fen more", "contract less"])


class SettlementSteps(Machine):
    """§3.5.1, §3.5.2."""

    def call_repeatable(
        self,
        expected: ExpectedAnswer,
        by: str | None,
        path: str,
        body: Any = None,
        key: str | None = None,
        method: str = "POST",
    ) -> Any:
        """One call that the rule `the_latest_call_comes_again` may repeat, if it took effect."""
        reply = self.ask(expected, by, path, body, key, method)
        self.latest_call = (by, path, body, key, method) if expected.took_effect else None
        return reply.body

    def member_of(self, agency_member: str, other: bool) -> str:
        """The person who acts for an agency: its usual member, or the one who holds every staff role, too."""
        return EVERYMAN.name if other else agency_member

    def complete_service(self, order: Order) -> None:
        """Take all remaining steps until the order is completed."""
        owner, agency_member = order.voucher.enterprise.person, order.product.agency_member
        if order.state == "placed":
            self.step(orders.accept(self.city, order, agency_member), agency_member, order, "accept")
        if order.state == "accepted" and not order.has_contract:
            self.agree_on_contract(order, order.contract_number or self.fresh("HT"), order.contract_fen)
        if order.state == "accepted":
            self.step(orders.deliver(order, agency_member), agency_member, order, "deliver")
        if order.state == "delivered":
            self.step(orders.confirm(order, owner), owner, order, "confirm")

    @precondition(lambda self: any(each.state in ("placed", "accepted", "delivered") for each in self.city.orders))
    @rule(count=st.sampled_from([1, 2, 3]))
    def orders_are_completed(self, count: int) -> None:
        running_orders = [each for each in self.city.orders if each.state in ("placed", "accepted", "delivered")]
        for order in running_orders[-count:]:
            self.complete_service(order)

    @precondition(lambda self: any(each.state == "completed" for each in self.city.orders))
    @rule(pick=PICK, count=st.sampled_from([1, 2, 3]), odd_one=RARELY, other=RARELY, stranger=RARELY)
    def an_application_is_opened(self, pick: int, count: int, odd_one: bool, other: bool, stranger: bool) -> None:
        first = chosen([each for each in self.city.orders if each.state == "completed"], pick)
        alike = [each for each in self.city.orders if self.is_applied_for_together(each, first)]
        fits = [each for each in alike if each.state == "completed" and each is not first]
        others = alike if odd_one else fits
        order_list = list(dict.fromkeys([first, *others[: count - 1]]))
        by = "stranger" if stranger else self.member_of(first.product.agency_member, other)
        self.open_application(by, not stranger, order_list)

    def is_applied_for_together(self, order: Order, first: Order) -> bool:
        """True if both orders are of the same agency and year."""
        same_year = order.voucher.batch.year is first.voucher.batch.year
        return same_year and order.product.agency_uscc == first.product.agency_uscc

    def open_application(self, by: str, member: bool, order_list: list[Order]) -> None:
        """An application, and the documents it will need."""
        product, key = order_list[0].product, self.fresh("settlement")
        body = {"agency_uscc": product.agency_uscc, "order_ids": [each.name for each in order_list]}
        agency = (product.agency_uscc, product.agency_member)
        answer, application = settlements.open_application(self.city, by, key, member, agency, order_list, body)
        reply = self.call_repeatable(answer, by, "/settlements", body, key)
        if application is not None:
            application.name = reply["settlement_id"]
            documents = [self.examined_document(application, kind) for kind in DOCUMENT_KINDS]
            key_of_kind = partial(keys.settlement, application.name)
            seed_data.write_records(*((key_of_kind(f"DOCUMENT#{each.kind}"), each) for each in documents))

    def examined_document(self, application: Application, kind: str) -> Document:
        """A document that was uploaded and examined."""
        object_key, sha256 = f"settlements/{application.name}/{kind}", hashlib.sha256(CONTENT).hexdigest()
        self.backend.bucket.put_object(Key=object_key, Body=CONTENT)
        return Document(
            document_id=kind,
            owner=application.name,
            kind=kind,
            filename=f"{kind}.pdf",
            content_type="application/pdf",
            size_bytes=len(CONTENT),
            object_key=object_key,
            uploaded_by=application.agency_member,
            created_at=START,
            checked=True,
            sha256=sha256,
            etag=sha256,
        )

    @precondition(lambda self: self.city.applications)
    @rule(
        pick=PICK, line=PICK, contract=CONTRACTS, slip_fen=SLIPS_FEN, invoice=INVOICES, transfer=TRANSFERS, other=RARELY
    )
    def a_line_is_filled_in(
        self,
        pick: int,
        line: int,
        contract: str,
        slip_fen: int,
        invoice: dict[str, str],
        transfer: dict[str, Any],
        other: bool,
    ) -> None:
        application = chosen(self.city.applications, pick)
        chosen_line = chosen(application.lines_in("draft", "returned") or application.lines, line)
        ordered_fen = chosen_line.order.contract_fen
        contract_fen = {"as ordered": ordered_fen, "lower": max(1, ordered_fen * 9 // 10), "higher": ordered_fen + 7}
        by = self.member_of(application.agency_member, other)
        self.fill_in_line(chosen_line, by, contract_fen[contract], slip_fen, invoice, transfer)

    def fill_in_line(
        self,
        line: Line,
        by: str,
        contract_fen: int,
        slip_fen: int = 0,
        invoice: Mapping[str, str] = MappingProxyType({}),
        transfer: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """The agency fills in a line; `slip_fen` is a mistake in the invoice's amount. An `invoice` or a
        `transfer` without a number gets a new one."""
        own_share_fen, day = contract_fen - line.most_fen(contract_fen), day_of(self.city.now).isoformat()
        body = {
            "contract_fen": contract_fen,
            "invoice": {
                **(invoice or {"number": self.fresh("FP")}),
                "amount_fen": max(0, own_share_fen + slip_fen),
                "issued_on": day,
                "document_id": "invoice",
            },
            "transfers": [
                {
                    **(transfer or {"reference": self.fresh("ZZ")}),
                    "amount_fen": own_share_fen,
                    "paid_on": day,
                    "document_id": "transfer",
                }
            ],
            "contract_document_id": "contract",
            "evidence_document_ids": ["evidence"],
        }
        path = f"/settlements/{line.application.name}/lines/{line.order.name}"
        self.call_repeatable(settlements.fill_in(self.city, line, by, True, body), by, path, body, method="PUT")

    @precondition(lambda self: self.city.applications)
    @rule(pick=PICK, other=RARELY)
    def an_application_is_submitted(self, pick: int, other: bool) -> None:
        application = chosen(self.city.applications, pick)
        self.submit(application, self.member_of(application.agency_member, other))

    def submit(self, application: Application, by: str) -> None:
        """The agency submits its application."""
        self.note_told_days()
        self.call_repeatable(
            settlements.submit(self.city, application, by, True), by, f"/settlements/{application.name}/submit"
        )

    @precondition(lambda self: self.city.applications)
    @rule(
        orders=st.lists(st.tuples(PICK, st.booleans()), min_size=1, max_size=2),
        late=RARELY,
        decisions=st.lists(
            st.tuples(PICK, st.sampled_from(["other", "other", "same"]), RARELY), min_size=1, max_size=2
        ),
    )
    def another_office_names_subsidies(
        self, orders: list[tuple[int, bool]], late: bool, decisions: list[tuple[int, str, bool]]
    ) -> None:
        """§5.2b: some rows of its list name only an enterprise, others the contract of an order; the bureau decides."""
        named, settling = set[subsidies.Item](), [each for each in self.city.orders if each.line] or self.city.orders
        for pick, exact in orders:
            order = chosen(settling, pick)
            named.add((order.voucher.enterprise.uscc, order.contract_number if exact else None))
        items, year = sorted(named, key=str), self.city.now.year
        rows = [f"{uscc},{contract or ''}" for uscc, contract in [*items, (OUTSIDER, None)]]
        content = "\n".join(["统一社会信用代码,合同编号", *rows]).encode()
        touched = subsidies.touched(self.city, year, frozenset(items))
        self.put_list_in_force(subsidies.KIND, year, content, touched, items=items)
        for message in [each for each in self.backend.queue if each["task"] == "apply" and not late]:
            self.backend.queue.remove(message)
            self.deliver_message(message)
        for pick, decision, same_person in decisions:
            lines = [each for application in self.city.applications for each in application.lines]
            stopped = [each for each in lines if each.order.line is each and subsidies.stop_of(self.city, each.order)]
            by = EVERYMAN.name if same_person else BUREAU.name
            self.decide_subsidy(chosen(stopped or lines, pick), by, {"decision": decision, "reason": "经核实"})

    def decide_subsidy(self, line: Line, by: str, body: dict[str, str]) -> None:
        """§5.2b: the bureau's word on a line."""
        answer = subsidies.decide(self.city, line, by, body)
        path = f"/settlements/{line.application.name}/lines/{line.order.name}/subsidy"
        self.call_repeatable(answer, by, path, body)
        self.rare_events["other subsidies decided on"] += answer.took_effect

    @precondition(lambda self: self.city.applications)
    @rule(pick=PICK, line=PICK, whole=RARELY, body=REASON, stranger=RARELY)
    def something_is_withdrawn(self, pick: int, line: int, whole: bool, body: dict[str, str], stranger: bool) -> None:
        application = chosen(self.city.applications, pick)
        by, path = "stranger" if stranger else application.agency_member, f"/settlements/{application.name}"
        if whole:
            answer = settlements.withdraw(self.city, application, by, not stranger, body)
            self.call_repeatable(answer, by, f"{path}/withdraw", body)
            return
        withdrawn_line = chosen(application.lines, line)
        answer = settlements.withdraw_line(self.city, withdrawn_line, by, not stranger, body)
        self.call_repeatable(answer, by, f"{path}/lines/{withdrawn_line.order.name}/withdraw", body)

    @precondition(lambda self: any(each.state == "submitted" for each in self.city.applications))
    @rule(pick=PICK, opinions=st.lists(OPINIONS, min_size=1, max_size=3), verified=VERIFIED, same_person=RARELY)
    def an_application_is_pre_reviewed(
        self, pick: int, opinions: list[str], verified: str | None, same_person: bool
    ) -> None:
        submitted_applications = [each for each in self.city.applications if each.state == "submitted"]
        by = EVERYMAN.name if same_person else OPERATOR.name
        self.pre_review(chosen(submitted_applications, pick), by, opinions, verified)

    @precondition(lambda self: self.city.applications)
    @rule(pick=PICK)
    def any_application_is_pre_reviewed(self, pick: int) -> None:
        self.pre_review(chosen(self.city.applications, pick), OPERATOR.name, ["return"])

    def pre_review(self, application: Application, by: str, opinions: list[str], verified: str | None = None) -> None:
        """The operator gives opinions on the first submitted lines."""
        lines = application.lines_in("submitted") or application.lines
        opinions_by_line = [
            (line, self.opinion(line, opinion, verified)) for line, opinion in zip(lines, opinions, strict=False)
        ]
        expected = settlements.pre_review(self.city, application, by, opinions_by_line)
        body = {"lines": [opinion_body for _, opinion_body in opinions_by_line]}
        self.call_repeatable(expected, by, f"/settlements/{application.name}/pre-review", body)

    def opinion(self, line: Line, decision: str, verified: str | None) -> dict[str, Any]:
        """The operator's opinion on one line, as the body has it."""
        most_fen = line.most_fen(line.contract_fen)
        figures = {
            "less": {"verified_fen": max(1, most_fen * 3 // 4)},
            "both less": {
                "verified_fen": max(1, most_fen * 3 // 4),
                "verified_contract_fen": line.contract_fen - most_fen + max(1, most_fen * 3 // 4),
            },
            "a fen more": {"verified_fen": most_fen + 1},
            "contract less": {
                "verified_contract_fen": max(line.contract_fen - most_fen + 1, line.contract_fen * 4 // 5)
            },
        }
        opinion_body = {"order_id": line.order.name, "decision": decision, "opinion": "意见"}
        return opinion_body | (figures[verified] if verified and decision == "pass" else {})

    @precondition(lambda self: self.latest_call is not None)
    @rule()
    def the_latest_call_comes_again(self) -> None:
        """As after a lost answer: the repetition succeeds and changes nothing."""
        assert self.latest_call is not None
        by, path, body, key, method = self.latest_call
        reply = self.world.call(self.caller(by), method, path, body, key=key)
        assert (reply.status, reply.headers.get("idempotent-replay")) == (200, "true"), reply.body
