"""Rules of the machine: every step of an order, by people who may take it and by people who may not."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from infra.client.http import OPERATOR
from tests.model.machine.city_of_run import ARBITER, EVERYMAN
from tests.model.machine.machine import MOSTLY, PICK, RARELY, REASON, Machine, chosen
from tests.model.reference import orders
from tests.model.reference.records import Order, Product, Voucher, day_of, end_of

# numbers in City.products: categories with a low and a high cap, an enterprise's own product, one of a leaving agency
PRODUCTS = st.sampled_from([2, 2, 4, 3, 3, 0, 6, 6, 1, 7, 9, 10])
AMOUNTS = st.sampled_from(
    ["most", "most", "most", "one too many", "half", "odd", "one", "least", "too few", "balance", "a fen more"]
)
CONTRACT_NUMBERS = st.sampled_from([None, None, "HT-1", "HT-2", "HT-3", "HT-4"])
DAYS_AGO = st.sampled_from([None, 0, 0, 0, 1, -1, 40])
DECISIONS = st.sampled_from(["confirm", "return", "cancel"])
TIGHTNESS = st.sampled_from(["wide", "tight", "tight", "too tight"])


class OrderSteps(Machine):
    """§4.2.1, §2.3.2, §2.2, §3.5.1(5)."""

    attempts: list[tuple[str, str, dict[str, Any]]]

    def contract_fen(self, voucher_fen: int, tightness: str) -> int:
        """The contract's amount: far above, just at, or one fen below the least that the voucher's part needs."""
        least_fen = -(-voucher_fen * 10 // 7)
        return max(1, {"wide": 10 * voucher_fen, "tight": least_fen, "too tight": least_fen - 1}[tightness])

    def voucher_part_fen(self, part: str, voucher: Voucher, product: Product) -> int:
        """The voucher's part: an amount at or near a limit, in fen."""
        limits = orders.limits_fen(self.city, voucher, product, 10**12)
        most_fen = min(limits.values())
        choices = {
            "most": most_fen,
            "one too many": most_fen + 1,
            "half": most_fen // 2,
            "odd": 123_457,
            "one": 1,
            "least": orders.LEAST_ORDER_FEN,
            "too few": orders.LEAST_ORDER_FEN - 1,
            "balance": voucher.balance_fen,
            "a fen more": voucher.balance_fen + 1,
        }
        return max(1, choices[part])

    def day(self, days_ago: int | None) -> str | None:
        """The day of a contract, as a body has it."""
        return None if days_ago is None else (day_of(self.city.now) - timedelta(days=days_ago)).isoformat()

    def place_order(self, by: str, key: str, voucher: Voucher, product: Product, body: dict[str, Any]) -> None:
        """The enterprise places an order."""
        expected, order = orders.place(self.city, by, key, voucher, product, body)
        reply = self.ask(expected, by, "/orders", body, key)
        if order is not None:
            order.name = reply.body["order_id"]
            assert reply.body["voucher_fen"] == order.voucher_fen
            order.answer_by = date.fromisoformat(reply.body["answer_by"])
            assert 5 <= (order.answer_by - day_of(self.city.now)).days <= 20
        self.attempts.append((by, key, body))

    @precondition(lambda self: self.city.vouchers)
    @rule(
        voucher=PICK,
        product=PRODUCTS,
        part=AMOUNTS,
        tightness=TIGHTNESS,
        number=CONTRACT_NUMBERS,
        days_ago=DAYS_AGO,
        subsidised=RARELY,
        stranger=RARELY,
    )
    def an_order_is_placed(
        self,
        voucher: int,
        product: int,
        part: str,
        tightness: str,
        number: str | None,
        days_ago: int | None,
        subsidised: bool,
        stranger: bool,
    ) -> None:
        own_voucher, chosen_product = chosen(self.city.vouchers, voucher), self.city.products[product]
        voucher_fen = self.voucher_part_fen(part, own_voucher, chosen_product)
        body = {
            "product_id": chosen_product.name,
            "voucher_id": own_voucher.name,
            "contract_fen": self.contract_fen(voucher_fen, tightness),
            "voucher_fen": voucher_fen,
            "contract_number": number,
            "contract_signed_on": self.day(days_ago),
            "no_other_subsidy": not subsidised,
        }
        by = chosen_product.agency_member if stranger else own_voucher.enterprise.person
        self.place_order(by, self.fresh("order"), own_voucher, chosen_product, body)

    @precondition(lambda self: any(not each.has_ended(self.city.now) for each in self.city.vouchers))
    @rule(voucher=PICK, product=PRODUCTS, part=AMOUNTS, signed=st.booleans())
    def a_plain_order_is_placed(self, voucher: int, product: int, part: str, signed: bool) -> None:
        own_voucher = chosen([each for each in self.city.vouchers if not each.has_ended(self.city.now)], voucher)
        self.place_plain_order(own_voucher, self.city.products[product], part, signed)

    def place_plain_order(self, voucher: Voucher, product: Product, part: str, signed: bool) -> None:
        """Place an order without anything unusual."""
        voucher_fen = self.voucher_part_fen(part, voucher, product)
        body = {
            "product_id": product.name,
            "voucher_id": voucher.name,
            "contract_fen": self.contract_fen(voucher_fen, "tight"),
            "voucher_fen": voucher_fen,
            "contract_number": self.fresh("HT") if signed else None,
            "contract_signed_on": self.day(0 if signed else None),
            "no_other_subsidy": True,
        }
        self.place_order(voucher.enterprise.person, self.fresh("order"), voucher, product, body)

    def beginning_order(self, pick: int) -> Order | None:
        """An order that is not delivered; a new one if there is none; None if that was refused."""
        for _ in range(2):
            if beginning := [each for each in self.city.orders if each.state in ("placed", "accepted")]:
                return chosen(beginning, pick)
            self.place_plain_order(chosen(self.city.vouchers, pick), self.city.products[3], "least", signed=False)
        return None

    @precondition(lambda self: self.attempts)
    @rule(pick=PICK, other_body=RARELY)
    def an_order_is_placed_again(self, pick: int, other_body: bool) -> None:
        """The same key once more, with the same body or with another one."""
        by, key, body = chosen(self.attempts, pick)
        body = body | ({"contract_fen": body["contract_fen"] + 1} if other_body else {})
        vouchers = {each.name: each for each in self.city.vouchers}
        products = {each.name: each for each in self.city.products}
        self.place_order(by, key, vouchers[body["voucher_id"]], products[body["product_id"]], body)

    @precondition(lambda self: self.city.vouchers)
    @rule(voucher=PICK, product=PRODUCTS, contract_fen=st.sampled_from([1, 142_857, 1_000_000, 100_000_000]))
    def a_quote_is_requested(self, voucher: int, product: int, contract_fen: int) -> None:
        own_voucher, chosen_product = chosen(self.city.vouchers, voucher), self.city.products[product]
        limits = orders.limits_fen(self.city, own_voucher, chosen_product, contract_fen)
        body = {"product_id": chosen_product.name, "voucher_id": own_voucher.name, "contract_fen": contract_fen}
        expected = orders.quote(self.city, own_voucher, chosen_product)
        reply = self.ask(expected, own_voucher.enterprise.person, "/orders/quote", body)
        if expected.codes:
            return
        assert reply.body["limits"] == limits
        assert reply.body["max_voucher_fen"] == min(limits.values()) == limits[reply.body["binding"]]

    def some_order(self, pick: int) -> Order:
        """An order; orders that still hold money are preferred."""
        return chosen([each for each in self.city.orders if each.holds] or self.city.orders, pick)

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, stranger=RARELY)
    def the_agency_accepts(self, pick: int, stranger: bool) -> None:
        order = chosen(self.city.orders, pick)
        by = order.voucher.enterprise.person if stranger else order.product.agency_member
        self.step(orders.accept(self.city, order, by), by, order, "accept")

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, body=REASON)
    def the_agency_refuses(self, pick: int, body: dict[str, str]) -> None:
        order = chosen(self.city.orders, pick)
        by = order.product.agency_member
        self.step(orders.refuse(self.city, order, by, body), by, order, "refuse", body)

    @precondition(lambda self: self.city.orders)
    @rule(
        pick=PICK,
        by_agency=st.booleans(),
        number=st.sampled_from(["HT-1", "HT-2", "HT-3", "HT-4"]),
        days_ago=st.sampled_from([0, 0, 1, -1, 40]),
        tightness=TIGHTNESS,
    )
    def the_contract_is_signed(self, pick: int, by_agency: bool, number: str, days_ago: int, tightness: str) -> None:
        order = self.some_order(pick)
        by = order.product.agency_member if by_agency else order.voucher.enterprise.person
        body = {
            "contract_number": number,
            "contract_signed_on": self.day(days_ago),
            "contract_fen": self.contract_fen(order.voucher_fen, tightness),
        }
        self.step(orders.sign(self.city, order, by, body), by, order, "contract", body)

    @precondition(lambda self: self.city.vouchers)
    @rule(pick=PICK, by_agency=st.booleans(), own=RARELY, tightness=TIGHTNESS)
    def the_contract_is_agreed_to(self, pick: int, by_agency: bool, own: bool, tightness: str) -> None:
        """One party says what it is, unless one did before; the other one agrees, or the same one tries to."""
        order = self.beginning_order(pick)
        if order is None:
            return
        agency, owner = order.product.agency_member, order.voucher.enterprise.person
        self.step(orders.accept(self.city, order, agency), agency, order, "accept")
        if order.proposed is None:
            by = agency if by_agency else owner
            body = {
                "contract_number": self.fresh("HT"),
                "contract_signed_on": self.day(0),
                "contract_fen": self.contract_fen(order.voucher_fen, tightness),
            }
            self.step(orders.sign(self.city, order, by, body), by, order, "contract", body)
        by_other = owner if order.proposed and order.proposed["party"] == "agency" else agency
        by = {owner: agency, agency: owner}[by_other] if own else by_other
        expected = orders.acknowledge(self.city, order, by)
        self.step(expected, by, order, "contract/acknowledge")
        self.rare_events["contracts agreed on"] += expected.took_effect

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK)
    def the_agency_delivers(self, pick: int) -> None:
        self.deliver_order(self.some_order(pick))

    def deliver_order(self, order: Order) -> None:
        """The agency delivers."""
        by = order.product.agency_member
        expected = orders.deliver(order, by)
        reply = self.step(expected, by, order, "deliver")
        if expected.took_effect:
            order.confirm_by = date.fromisoformat(reply.body["confirm_by"])
            assert 15 <= (order.confirm_by - day_of(self.city.now)).days <= 25

    def bring_to_delivery(self, order: Order) -> None:
        """The agency accepts an order, signs its contract and delivers, as far as it may."""
        by = order.product.agency_member
        self.step(orders.accept(self.city, order, by), by, order, "accept")
        self.agree_on_contract(order, self.fresh("HT"), self.contract_fen(order.voucher_fen, "tight"))
        self.deliver_order(order)

    @precondition(lambda self: any(each.state == "delivered" for each in self.city.orders))
    @rule(pick=PICK, body=REASON)
    def the_enterprise_disputes(self, pick: int, body: dict[str, str]) -> None:
        order = chosen([each for each in self.city.orders if each.state == "delivered"], pick)
        by = order.voucher.enterprise.person
        self.step(orders.dispute(order, by, body), by, order, "dispute", body)

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, decision=DECISIONS, late=MOSTLY, member=RARELY)
    def the_operator_decides(self, pick: int, decision: str, late: bool, member: bool) -> None:
        """Perhaps after the term, on an order that was delivered if there is one."""
        if not any(each.state == "delivered" for each in self.city.orders) and (order := self.beginning_order(pick)):
            self.bring_to_delivery(order)
        order = chosen([each for each in self.city.orders if each.state == "delivered"] or self.city.orders, pick)
        if late and order.state == "delivered" and order.confirm_by:
            self.city.now = max(self.city.now, end_of(order.confirm_by))
            self.backend.clock.instant = self.city.now
        body, by = {"decision": decision, "reason": "核实"}, EVERYMAN.name if member else ARBITER.name
        if order.last != (f"decide.{decision}", by, body):  # whether it is known again depends on what followed
            expected = orders.decide(self.city, order, by, body)
            self.step(expected, by, order, "decision", body)
            self.rare_events["orders decided on"] += expected.took_effect

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK)
    def the_enterprise_confirms(self, pick: int) -> None:
        order = self.some_order(pick)
        by = order.voucher.enterprise.person
        self.step(orders.confirm(order, by), by, order, "confirm")

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, body=REASON, parties=st.sampled_from(["enterprise", "agency", "both", "both", "stranger"]))
    def parties_ask_to_cancel(self, pick: int, body: dict[str, str], parties: str) -> None:
        order = self.some_order(pick)
        owner, member = order.voucher.enterprise.person, order.product.agency_member
        people = {"enterprise": [owner], "agency": [member], "both": [owner, member], "stranger": [OPERATOR.name]}
        for by in people[parties]:
            reply = self.step(orders.ask_to_cancel(order, by, body), by, order, "cancellation", body)
            for party in ("enterprise", "agency"):
                if reply.status == 200 and (asked := reply.body[f"{party}_cancel"]):
                    order.cancel_answer_by[party] = date.fromisoformat(asked["answer_by"])

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, body=REASON, stranger=RARELY)
    def the_enterprise_withdraws(self, pick: int, body: dict[str, str], stranger: bool) -> None:
        order = chosen([each for each in self.city.orders if each.state == "placed"] or self.city.orders, pick)
        by = order.product.agency_member if stranger else order.voucher.enterprise.person
        self.step(orders.withdraw(self.city, order, by, body), by, order, "withdraw", body)

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, of_agency=st.booleans())
    def a_party_takes_its_request_back(self, pick: int, of_agency: bool) -> None:
        asked = [each for each in self.city.orders if each.enterprise_requested_cancel or each.agency_requested_cancel]
        order = chosen(asked or self.city.orders, pick)
        by = order.product.agency_member if of_agency else order.voucher.enterprise.person
        if order.last != ("withdraw_cancel", by, None):  # whether a repetition is known again depends on what followed
            self.step(orders.take_request_back(order, by), by, order, "cancellation/withdraw")

    @precondition(lambda self: self.city.orders)
    @rule(
        pick=PICK,
        decision=st.sampled_from(["approve", "approve", "approve", "reject"]),
        member=RARELY,
        one_sided=RARELY,
    )
    def the_operator_reviews_the_cancellation(self, pick: int, decision: str, member: bool, one_sided: bool) -> None:
        both = [each for each in self.city.orders if each.enterprise_requested_cancel and each.agency_requested_cancel]
        asked = [each for each in self.city.orders if each.enterprise_requested_cancel or each.agency_requested_cancel]
        order = chosen((asked if one_sided else both) or self.city.orders, pick)
        body = {"decision": decision, "reason": "核实"}
        by = EVERYMAN.name if member else OPERATOR.name
        self.step(orders.review_cancel(self.city, order, by, body), by, order, "cancellation/review", body)
