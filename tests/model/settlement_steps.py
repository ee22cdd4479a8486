"""Rules of the machine: orders are completed, and their agency applies to be paid for them."""

import hashlib
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from infra.client.http import OPERATOR
from tests.model import applying, trading
from tests.model.answers import Answer
from tests.model.claims import Application, Line
from tests.model.machine import PICK, RARELY, REASON, Machine, chosen
from tests.model.records import Order, day_of
from tests.model.town import EVERYMAN, made
from tests.races import stage
from voucher.models.documents import Document
from voucher.store import keys

PAPERS = ("contract", "invoice", "transfer", "evidence", "summary_invoice")
CONTENT = b"%PDF-1.7 a paper"
NUMBERS = st.sampled_from([None, None, None, "FP-1", "FP-2"])
CONTRACTS = st.sampled_from(["as ordered", "as ordered", "as ordered", "lower", "higher"])
SLIPS = st.sampled_from([0, 0, 0, 0, 0, 1, -1])
OPINIONS = st.sampled_from(["pass", "pass", "pass", "return", "reject"])
VERIFIED = st.sampled_from([None, None, "less", "a fen more", "contract less"])


class SettlementSteps(Machine):
    """§3.5.1, §3.5.2."""

    def settle(
        self,
        expected: Answer,
        by: str | None,
        path: str,
        body: Any = None,
        key: str | None = None,
        method: str = "POST",
    ) -> Any:
        """One call on the way to the money; the latest that was done may be sent again."""
        reply = self.ask(expected, by, path, body, key, method)
        self.latest = (by, path, body, key, method) if expected.done else None
        return reply.body

    def hand(self, seller: str, other: bool) -> str:
        """Who acts for an agency: its member, or the one who holds every role as well."""
        return EVERYMAN.name if other else seller

    def complete(self, order: Order) -> None:
        """What is left until the service is done."""
        firm, seller = order.voucher.firm.person, order.product.seller
        if order.state == "placed":
            self.step(trading.accept(self.city, order, seller), seller, order, "accept")
        if order.state == "accepted" and order.contract_signed_on is None:
            signed_on = day_of(self.city.now).isoformat()
            number = order.contract_number or self.fresh("HT")
            body = {"contract_number": number, "contract_signed_on": signed_on, "contract_fen": order.contract_fen}
            self.step(trading.sign(self.city, order, seller, body), seller, order, "contract", body)
        if order.state == "accepted":
            self.step(trading.deliver(order, seller), seller, order, "deliver")
        if order.state == "delivered":
            self.step(trading.confirm(order, firm), firm, order, "confirm")

    @precondition(lambda self: any(each.state in ("placed", "accepted", "delivered") for each in self.city.orders))
    @rule(count=st.sampled_from([1, 2, 3]))
    def services_are_done(self, count: int) -> None:
        running = [each for each in self.city.orders if each.state in ("placed", "accepted", "delivered")]
        for order in running[-count:]:
            self.complete(order)

    @precondition(lambda self: any(each.state == "completed" for each in self.city.orders))
    @rule(pick=PICK, count=st.sampled_from([1, 2, 3]), odd_one=RARELY, other=RARELY, stranger=RARELY)
    def an_application_is_opened(self, pick: int, count: int, odd_one: bool, other: bool, stranger: bool) -> None:
        first = chosen([each for each in self.city.orders if each.state == "completed"], pick)
        alike = [each for each in self.city.orders if self.goes_with(each, first)]
        fits = [each for each in alike if each.state == "completed" and each is not first]
        others = alike if odd_one else fits
        orders = list(dict.fromkeys([first, *others[: count - 1]]))
        by = "stranger" if stranger else self.hand(first.product.seller, other)
        self.open_application(by, not stranger, orders)

    def goes_with(self, order: Order, first: Order) -> bool:
        """Of the same agency and year."""
        same_year = order.voucher.batch.year is first.voucher.batch.year
        return same_year and order.product.seller_uscc == first.product.seller_uscc

    def open_application(self, by: str, member: bool, orders: list[Order]) -> None:
        """An application, and the papers it will need."""
        seller = orders[0].product
        body = {"agency_uscc": seller.seller_uscc, "order_ids": [each.name for each in orders]}
        key = self.fresh("settlement")
        answer, application = applying.open_application(
            self.city, by, key, member, (seller.seller_uscc, seller.seller), orders, body
        )
        reply = self.settle(answer, by, "/settlements", body, key)
        if application is not None:
            application.name = reply["settlement_id"]
            owner = keys.settlement(application.name)
            stage.keep(*((owner._replace(sk=f"DOCUMENT#{kind}"), self.paper(application, kind)) for kind in PAPERS))

    def paper(self, application: Application, kind: str) -> Document:
        """A paper that was uploaded and looked at."""
        where, sha256 = f"settlements/{application.name}/{kind}", hashlib.sha256(CONTENT).hexdigest()
        self.place.files.put_object(Key=where, Body=CONTENT)
        made_at = made(application.seller, "")["created_at"]
        return Document(
            document_id=kind,
            owner=application.name,
            kind=kind,
            filename=f"{kind}.pdf",
            content_type="application/pdf",
            size_bytes=len(CONTENT),
            object_key=where,
            uploaded_by=application.seller,
            created_at=made_at,
            checked=True,
            sha256=sha256,
            etag=sha256,
        )

    @precondition(lambda self: self.city.applications)
    @rule(pick=PICK, line=PICK, contract=CONTRACTS, slip=SLIPS, number=NUMBERS, other=RARELY)
    def a_line_is_filled_in(
        self, pick: int, line: int, contract: str, slip: int, number: str | None, other: bool
    ) -> None:
        application = chosen(self.city.applications, pick)
        filled = chosen(application.lines_in("draft", "returned") or application.lines, line)
        ordered_fen = filled.order.contract_fen
        contract_fen = {"as ordered": ordered_fen, "lower": max(1, ordered_fen * 9 // 10), "higher": ordered_fen + 7}
        by = self.hand(application.seller, other)
        self.fill(filled, by, contract_fen[contract], slip, number)

    def fill(self, line: Line, by: str, contract_fen: int, slip_fen: int = 0, number: str | None = None) -> None:
        """What one line carries; `slip_fen` is a mistake in the invoice's amount."""
        own_share_fen, day = contract_fen - line.most_fen(contract_fen), day_of(self.city.now).isoformat()
        body = {
            "contract_fen": contract_fen,
            "invoice": {
                "number": number or self.fresh("FP"),
                "amount_fen": max(0, own_share_fen + slip_fen),
                "issued_on": day,
                "document_id": "invoice",
            },
            "transfers": [
                {"reference": "ZZ-1", "amount_fen": own_share_fen, "paid_on": day, "document_id": "transfer"}
            ],
            "contract_document_id": "contract",
            "evidence_document_ids": ["evidence"],
        }
        path = f"/settlements/{line.application.name}/lines/{line.order.name}"
        self.settle(applying.fill_in(self.city, line, by, True, body), by, path, body, method="PUT")

    @precondition(lambda self: self.city.applications)
    @rule(pick=PICK, other=RARELY)
    def an_application_is_handed_in(self, pick: int, other: bool) -> None:
        application = chosen(self.city.applications, pick)
        self.hand_in(application, self.hand(application.seller, other))

    def hand_in(self, application: Application, by: str) -> None:
        """Submit."""
        self.settle(applying.submit(application, by, True), by, f"/settlements/{application.name}/submit")

    @precondition(lambda self: self.city.applications)
    @rule(pick=PICK, line=PICK, whole=RARELY, body=REASON, stranger=RARELY)
    def something_is_withdrawn(self, pick: int, line: int, whole: bool, body: dict[str, str], stranger: bool) -> None:
        application = chosen(self.city.applications, pick)
        by, path = "stranger" if stranger else application.seller, f"/settlements/{application.name}"
        if whole:
            self.settle(applying.withdraw(self.city, application, by, not stranger, body), by, f"{path}/withdraw", body)
            return
        left = chosen(application.lines, line)
        answer = applying.withdraw_line(self.city, left, by, not stranger, body)
        self.settle(answer, by, f"{path}/lines/{left.order.name}/withdraw", body)

    @precondition(lambda self: any(each.state == "submitted" for each in self.city.applications))
    @rule(pick=PICK, opinions=st.lists(OPINIONS, min_size=1, max_size=3), verified=VERIFIED, alone=RARELY)
    def an_application_is_pre_reviewed(self, pick: int, opinions: list[str], verified: str | None, alone: bool) -> None:
        submitted = [each for each in self.city.applications if each.state == "submitted"]
        by = EVERYMAN.name if alone else OPERATOR.name
        self.review(chosen(submitted, pick), by, opinions, verified)

    @precondition(lambda self: self.city.applications)
    @rule(pick=PICK)
    def any_application_is_pre_reviewed(self, pick: int) -> None:
        self.review(chosen(self.city.applications, pick), OPERATOR.name, ["return"])

    def review(self, application: Application, by: str, opinions: list[str], verified: str | None = None) -> None:
        """An opinion on each of the first lines that wait for one."""
        lines = application.lines_in("submitted") or application.lines
        decided = [
            (line, self.opinion(line, opinion, verified)) for line, opinion in zip(lines, opinions, strict=False)
        ]
        path, body = f"/settlements/{application.name}/pre-review", {"lines": [said for _, said in decided]}
        self.settle(applying.pre_review(self.city, application, by, decided), by, path, body)

    def opinion(self, line: Line, decision: str, verified: str | None) -> dict[str, Any]:
        """What the operator says of one line."""
        most_fen = line.most_fen(line.contract_fen)
        figures = {
            "less": {"verified_fen": max(1, most_fen * 3 // 4)},
            "a fen more": {"verified_fen": most_fen + 1},
            "contract less": {"verified_contract_fen": max(2, line.contract_fen // 2)},
        }
        said = {"order_id": line.order.name, "decision": decision, "opinion": "意见"}
        return said | (figures[verified] if verified and decision == "pass" else {})

    @precondition(lambda self: self.latest is not None)
    @rule()
    def the_latest_call_comes_again(self) -> None:
        """After a lost answer: it is answered as done, and nothing is done twice."""
        assert self.latest is not None
        by, path, body, key, method = self.latest
        reply = self.world.call(self.somebody(by), method, path, body, key=key)
        assert (reply.status, reply.headers.get("idempotent-replay")) == (200, "true"), reply.body
