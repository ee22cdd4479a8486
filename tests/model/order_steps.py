"""Rules of the machine: orders, from the quote to the end, by those who may and those who may not."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from infra.client.http import OPERATOR
from tests.model import trading
from tests.model.machine import PICK, RARELY, REASON, Machine, chosen
from tests.model.records import Order, Product, Voucher, day_of

# by number in the town: the narrow categories and the wide ones, a firm's own, and one that leaves
PRODUCTS = st.sampled_from([2, 2, 4, 3, 3, 0, 6, 6, 1, 7, 9, 10])
PARTS = st.sampled_from(["most", "most", "most", "one too many", "half", "odd", "one", "balance", "a fen more"])
NUMBERS = st.sampled_from([None, None, "HT-1", "HT-2", "HT-3", "HT-4"])
DAYS_AGO = st.sampled_from([None, 0, 0, 0, 1, -1, 40])
TIGHTNESS = st.sampled_from(["wide", "tight", "tight", "too tight"])


class OrderSteps(Machine):
    """§4.2.1, §2.3.2, §2.2, §3.5.1(5)."""

    attempts: list[tuple[str, str, dict[str, Any]]]

    def contract_fen(self, voucher_fen: int, tightness: str) -> int:
        """A contract far above, or just above, or just below what the voucher's part needs."""
        least_fen = -(-voucher_fen * 10 // 7)
        return max(1, {"wide": 10 * voucher_fen, "tight": least_fen, "too tight": least_fen - 1}[tightness])

    def part_fen(self, part: str, voucher: Voucher, product: Product) -> int:
        """A voucher part that is interesting beside the limits there are."""
        limits = trading.limits_fen(self.city, voucher, product, 10**12)
        most_fen = min(limits.values())
        choices = {
            "most": most_fen,
            "one too many": most_fen + 1,
            "half": most_fen // 2,
            "odd": 123_457,
            "one": 1,
            "balance": voucher.balance_fen,
            "a fen more": voucher.balance_fen + 1,
        }
        return max(1, choices[part])

    def day(self, days_ago: int | None) -> str | None:
        """The day of a contract."""
        return None if days_ago is None else (day_of(self.city.now) - timedelta(days=days_ago)).isoformat()

    def place_order(self, by: str, key: str, voucher: Voucher, product: Product, body: dict[str, Any]) -> None:
        """One order."""
        expected, order = trading.place(self.city, by, key, voucher, product, body)
        reply = self.ask(expected, by, "/orders", body, key)
        if order is not None:
            order.name = reply.body["order_id"]
            assert reply.body["voucher_fen"] == order.voucher_fen
        self.attempts.append((by, key, body))

    @precondition(lambda self: self.city.vouchers)
    @rule(
        voucher=PICK,
        product=PRODUCTS,
        part=PARTS,
        tightness=TIGHTNESS,
        number=NUMBERS,
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
        used, wanted = chosen(self.city.vouchers, voucher), self.city.products[product]
        voucher_fen = self.part_fen(part, used, wanted)
        body = {
            "product_id": wanted.name,
            "voucher_id": used.name,
            "contract_fen": self.contract_fen(voucher_fen, tightness),
            "voucher_fen": voucher_fen,
            "contract_number": number,
            "contract_signed_on": self.day(days_ago),
            "no_other_subsidy": not subsidised,
        }
        by = wanted.seller if stranger else used.firm.person
        self.place_order(by, self.fresh("order"), used, wanted, body)

    @precondition(lambda self: any(not each.has_ended(self.city.now) for each in self.city.vouchers))
    @rule(voucher=PICK, product=PRODUCTS, part=PARTS, signed=st.booleans())
    def a_plain_order_is_placed(self, voucher: int, product: int, part: str, signed: bool) -> None:
        used = chosen([each for each in self.city.vouchers if not each.has_ended(self.city.now)], voucher)
        self.place_plain_order(used, self.city.products[product], part, signed)

    def place_plain_order(self, voucher: Voucher, product: Product, part: str, signed: bool) -> None:
        """An order as most are."""
        voucher_fen = self.part_fen(part, voucher, product)
        body = {
            "product_id": product.name,
            "voucher_id": voucher.name,
            "contract_fen": self.contract_fen(voucher_fen, "tight"),
            "voucher_fen": voucher_fen,
            "contract_number": self.fresh("HT") if signed else None,
            "contract_signed_on": self.day(0 if signed else None),
            "no_other_subsidy": True,
        }
        self.place_order(voucher.firm.person, self.fresh("order"), voucher, product, body)

    @precondition(lambda self: self.attempts)
    @rule(pick=PICK, other_body=RARELY)
    def an_order_is_placed_again(self, pick: int, other_body: bool) -> None:
        """The same key once more: after a lost answer, or for something else."""
        by, key, body = chosen(self.attempts, pick)
        body = body | ({"contract_fen": body["contract_fen"] + 1} if other_body else {})
        vouchers = {each.name: each for each in self.city.vouchers}
        products = {each.name: each for each in self.city.products}
        self.place_order(by, key, vouchers[body["voucher_id"]], products[body["product_id"]], body)

    @precondition(lambda self: self.city.vouchers)
    @rule(voucher=PICK, product=PRODUCTS, contract_fen=st.sampled_from([1, 142_857, 1_000_000, 100_000_000]))
    def a_quote_is_asked_for(self, voucher: int, product: int, contract_fen: int) -> None:
        used, wanted = chosen(self.city.vouchers, voucher), self.city.products[product]
        limits = trading.limits_fen(self.city, used, wanted, contract_fen)
        body = {"product_id": wanted.name, "voucher_id": used.name, "contract_fen": contract_fen}
        expected = trading.quote(self.city, used, wanted)
        reply = self.ask(expected, used.firm.person, "/orders/quote", body)
        if expected.codes:
            return
        assert reply.body["limits"] == limits
        assert reply.body["max_voucher_fen"] == min(limits.values()) == limits[reply.body["binding"]]

    def some_order(self, pick: int) -> Order:
        """An order, those that still hold money before the others."""
        return chosen([each for each in self.city.orders if each.holds] or self.city.orders, pick)

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, stranger=RARELY)
    def the_agency_accepts(self, pick: int, stranger: bool) -> None:
        order = chosen(self.city.orders, pick)
        by = order.voucher.firm.person if stranger else order.product.seller
        self.step(trading.accept(self.city, order, by), by, order, "accept")

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, body=REASON)
    def the_agency_refuses(self, pick: int, body: dict[str, str]) -> None:
        order = chosen(self.city.orders, pick)
        by = order.product.seller
        self.step(trading.refuse(self.city, order, by, body), by, order, "refuse", body)

    @precondition(lambda self: self.city.orders)
    @rule(
        pick=PICK,
        seller=st.booleans(),
        number=st.sampled_from(["HT-1", "HT-2", "HT-3", "HT-4"]),
        days_ago=st.sampled_from([0, 0, 1, -1, 40]),
        tightness=TIGHTNESS,
    )
    def the_contract_is_signed(self, pick: int, seller: bool, number: str, days_ago: int, tightness: str) -> None:
        order = self.some_order(pick)
        by = order.product.seller if seller else order.voucher.firm.person
        body = {
            "contract_number": number,
            "contract_signed_on": self.day(days_ago),
            "contract_fen": self.contract_fen(order.voucher_fen, tightness),
        }
        self.step(trading.sign(self.city, order, by, body), by, order, "contract", body)

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK)
    def the_agency_delivers(self, pick: int) -> None:
        order = self.some_order(pick)
        self.step(trading.deliver(order, order.product.seller), order.product.seller, order, "deliver")

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK)
    def the_firm_confirms(self, pick: int) -> None:
        order = self.some_order(pick)
        by = order.voucher.firm.person
        self.step(trading.confirm(order, by), by, order, "confirm")

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, body=REASON, parties=st.sampled_from(["firm", "seller", "both", "both", "stranger"]))
    def they_ask_to_cancel(self, pick: int, body: dict[str, str], parties: str) -> None:
        order = self.some_order(pick)
        firm, seller = order.voucher.firm.person, order.product.seller
        who = {"firm": [firm], "seller": [seller], "both": [firm, seller], "stranger": [OPERATOR.name]}
        for by in who[parties]:
            self.step(trading.ask_to_cancel(order, by, body), by, order, "cancellation", body)

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, decision=st.sampled_from(["approve", "approve", "approve", "reject"]))
    def the_operator_reviews_the_cancellation(self, pick: int, decision: str) -> None:
        asked = [each for each in self.city.orders if each.firm_asked and each.seller_asked]
        order, body = chosen(asked or self.city.orders, pick), {"decision": decision}
        expected = trading.review_cancel(self.city, order, OPERATOR.name, body)
        self.step(expected, OPERATOR.name, order, "cancellation/review", body)
