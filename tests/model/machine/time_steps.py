"""Rules of the machine: the clock moves on, the sweep runs at night, queues deliver late, twice or out of order."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model.machine.machine import MOSTLY, PICK, chosen
from tests.model.machine.order_steps import OrderSteps
from tests.model.reference import lists, subsidies, year_end
from tests.model.reference.records import CAP_PERCENT, KEY_CATEGORIES, Order, Year, cap_fen, end_of
from tests.support.backend import function
from voucher.store import keys

MILLISECOND = timedelta(milliseconds=1)
BESIDE = st.sampled_from([-MILLISECOND, timedelta(), MILLISECOND])


class TimeSteps(OrderSteps):
    """§4.2.2, §1.4b, §2.2.floor."""

    def move_to(self, instant: datetime) -> None:
        """Set the clock, forward only."""
        self.city.now = max(self.city.now, instant)
        self.backend.clock.instant = self.city.now

    @rule(hours=st.sampled_from([1, 1, 24, 24 * 10]))
    def time_passes(self, hours: int) -> None:
        self.move_to(self.city.now + timedelta(hours=hours))

    @precondition(lambda self: self.instants())
    @rule(pick=st.sampled_from([0, 0, 0, 1, 2]), beside=BESIDE)
    def an_instant_comes_near(self, pick: int, beside: timedelta) -> None:
        """Move to an instant at which something begins or ends, or a millisecond before or after it."""
        instants = self.instants()
        self.move_to(instants[min(pick, len(instants) - 1)] + beside)

    def instants(self) -> list[datetime]:
        """The coming instants at which something begins or ends, the nearest first."""
        marks = {mark for each in self.city.batches for mark in (each.opens_at, each.closes_at, each.ends_at)}
        marks |= {each.ends_at for each in self.city.years.values()}
        return sorted(mark for mark in marks if mark > self.city.now + MILLISECOND)

    @precondition(lambda self: any(each.state == "open" for each in self.city.years.values()))
    @rule()
    def a_night_passes(self) -> None:
        """The sweep sends messages for exactly those batches and years that have ended by the clock."""
        now = self.city.now
        released = [batch for batch in self.city.batches if batch.year.state == "open" and batch.is_released]
        ended_batches = [batch.name for batch in released if batch.ends_at <= now]
        before = len(self.backend.queue)
        result = function("sweep").handler({"time": now.isoformat()}, None)
        assert result["batches"] == len(ended_batches)
        messages = [each for each in self.backend.queue[before:] if each["task"] != "remind"]
        del self.backend.queue[before:]
        assert sorted({each["batch_id"] for each in messages if each["task"] == "lapse"}) == sorted(ended_batches)
        ended_years = [year.number for year in self.city.years.values() if year.state == "open" and year.ends_at <= now]
        assert sorted(each["year"] for each in messages if each["task"] == "close_year") == sorted(ended_years)
        buckets = {keys.bucket_of(enterprise.uscc) for enterprise in self.city.enterprises}
        self.backend.queue += [each for each in messages if each.get("bucket") in {None, *buckets}]

    @precondition(lambda self: self.backend.queue)
    @rule(pick=PICK, count=st.sampled_from([1, 3, 100, 100]), twice=st.booleans(), backwards=st.booleans())
    def messages_arrive(self, pick: int, count: int, twice: bool, backwards: bool) -> None:
        """Deliver some waiting messages in some order; with `twice` they stay in the queue."""
        start = pick % len(self.backend.queue) if count < 100 else 0
        messages = self.backend.queue[start : start + count]
        if not twice:
            del self.backend.queue[start : start + count]
        for message in reversed(messages) if backwards else messages:
            self.deliver_message(message)

    @precondition(lambda self: self.year_that_ends() is not None)
    @rule(nights=st.sampled_from([1, 2, 2, 3]), backwards=st.booleans())
    def a_year_ends(self, nights: int, backwards: bool) -> None:
        """The year ends, and the sweep runs in the nights after."""
        year = self.year_that_ends()
        assert year is not None
        for number in range(nights):
            self.move_to(year.ends_at + timedelta(days=number))
            self.a_night_passes()
            if self.backend.queue:
                self.messages_arrive(0, 100, False, backwards)

    def year_that_ends(self) -> Year | None:
        """An open year that ends within two weeks, or has ended."""
        soon = self.city.now + timedelta(days=14)
        return next((each for each in self.city.years.values() if each.state == "open" and each.ends_at <= soon), None)

    def deliver_message(self, message: dict[str, Any]) -> None:
        """Deliver one message to its worker, and let the model follow."""
        if message["task"] == "apply":
            import_id = message["import_id"]
            function("import_list").work(message)
            if import_id not in self.applied:
                self.applied.add(import_id)
                if message["kind"] == subsidies.KIND:
                    subsidies.apply_list(self.city, message["year"], frozenset(message["items"]))
                    return
                lists.apply_list(self.city, message["kind"], message["year"], frozenset(message["usccs"]))
            return
        if message["task"] in ("find_orders", "end_order", "end_application"):
            self.end_orders(message)
            return
        function("close_year" if message["task"] == "close_year" else "void_vouchers").work(message)
        cancelled, closed = self.count_ended()
        self.follow_in_model(message)
        after = self.count_ended()
        if message["task"] == "lapse":
            self.rare_events["orders cancelled at a year's end"] += after[0] - cancelled
        self.rare_events["years closed"] += after[1] - closed

    def end_orders(self, message: dict[str, Any]) -> None:
        """§4.2.1: exactly the orders that the agency did not answer in time, or not hand in for settlement, are found,
        and end."""
        instant, before = datetime.fromisoformat(message["instant"]), len(self.backend.queue)
        self.note_told_days()
        function("end_orders").work(message)
        found = sorted(each.get("settlement_id", each.get("order_id")) for each in self.backend.queue[before:])
        if message["task"] == "find_orders":
            unsettled = [each for each in self.city.orders if year_end.is_left_unsettled(each, instant)]
            expected = {each.line.application.name if each.line else each.name for each in unsettled}
            unanswered = {each.name for each in self.city.orders if year_end.is_unanswered(each, instant)}
            assert found == sorted(expected | unanswered)
            return
        named = (message.get("order_id"), message.get("settlement_id"))
        for order in self.city.orders:
            of_application = order.line is not None and order.line.application.name == named[1]
            if of_application or (order.name == named[0] and order.line is None):
                self.rare_events["orders ended unsettled"] += year_end.end_unsettled(self.city, order, instant)
        if named[0] and year_end.end_unanswered(self.city, named[0], instant):
            self.rare_events["orders ended unanswered"] += 1

    @precondition(lambda self: self.year_to_settle() is not None)
    @rule(late=MOSTLY)
    def the_last_day_for_settlement_passes(self, late: bool) -> None:
        """A night after the last day to hand in what a year has left, or the last millisecond before."""
        year = self.year_to_settle()
        assert year is not None
        self.move_to(end_of(year.settled_until) - (timedelta() if late else MILLISECOND))
        self.a_night_passes()
        self.deliver_those("find_orders", "end_order", "end_application")

    def year_to_settle(self) -> Year | None:
        """A year that is over and has orders to hand in, until a day in the next two months."""
        now = self.city.now
        waiting = {
            each.voucher.batch.year.number
            for each in self.city.orders
            if each.state in ("accepted", "delivered", "completed") or (each.line and each.line.state == "draft")
        }
        years = [each for each in self.city.years.values() if each.number in waiting and each.ends_at <= now]
        return next((each for each in years if end_of(each.settled_until) - now < timedelta(days=60)), None)

    def deliver_those(self, *tasks: str) -> None:
        """Deliver all messages of these tasks, one task after the other."""
        for task in tasks:
            messages = [each for each in self.backend.queue if each["task"] == task]
            self.backend.queue[:] = [each for each in self.backend.queue if each["task"] != task]
            for message in messages:
                self.deliver_message(message)

    @precondition(lambda self: self.city.vouchers)
    @rule(pick=PICK, late=MOSTLY)
    def an_answer_is_awaited_in_vain(self, pick: int, late: bool) -> None:
        """A night after the last day on which some order may be answered, or the night before."""
        if not self.waiting_orders():
            self.place_plain_order(chosen(self.city.vouchers, pick), self.city.products[3], "least", signed=False)
        if not self.waiting_orders():
            return
        first = min(order.answer_by for order in self.waiting_orders() if order.answer_by)
        self.move_to(end_of(first) - (timedelta() if late else MILLISECOND))
        self.a_night_passes()
        self.deliver_those("find_orders", "end_order")

    def waiting_orders(self) -> list[Order]:
        """The orders that no agency has answered."""
        return [each for each in self.city.orders if each.state == "placed" and each.answer_by]

    def count_ended(self) -> tuple[int, int]:
        """(cancelled orders, closed years)"""
        cancelled = sum(each.state == "cancelled" for each in self.city.orders)
        return cancelled, sum(each.state == "closed" for each in self.city.years.values())

    def follow_in_model(self, message: dict[str, Any]) -> None:
        """Do in the model what the worker of the void queue does."""
        if message["task"] == "void_enterprise":
            enterprise = next(each for each in self.city.enterprises if each.uscc == message["uscc"])
            year_end.void_vouchers(self.city, enterprise)
        elif message["task"] == "close_year":
            year_end.close_year(self.city, message["year"])
        else:
            batch = next(each for each in self.city.batches if each.name == message["batch_id"])
            usccs = [each.uscc for each in self.city.enterprises if keys.bucket_of(each.uscc) == message["bucket"]]
            instant = datetime.fromisoformat(message["instant"])
            year_end.lapse_vouchers(self.city, batch, usccs, instant, message["year_over"])

    applied: set[str]

    @precondition(lambda self: any(each.state != "draft" for each in self.city.years.values()))
    @rule(pick=PICK)
    def everybody_looks_at_the_year(self, pick: int) -> None:
        """The programme's public page agrees with the model."""
        year = chosen([each for each in self.city.years.values() if each.state != "draft"], pick)
        programme = self.world.call(None, "GET", f"/programmes/{year.number}").body
        figures = self.figures(year)
        assert {name: programme[name] for name in figures} == figures
        for category, each in programme["categories"].items():
            limit_fen, used_fen = cap_fen(year.total_fen, category), self.city.used_fen(year, [category])
            figures_fen = (each["cap_fen"], each["used_fen"], each["room_fen"])
            assert figures_fen == (limit_fen, used_fen, limit_fen - used_fen)
        if year.closing is not None:
            assert programme["closing"]["used_fen"] == year.closing
            assert programme["closing"]["key_share_basis_points"] == share_basis_points(year.closing)

    @rule()
    def the_books_are_reconciled(self) -> None:
        """The reconciliation raises no false alarm in any state."""
        reports = function("reconcile").handler({"time": self.city.now.isoformat()}, None)["reports"]
        for report in reports:
            assert [each for each in report["invariants"] if not each["holds"]] == []
            assert report["residual_fen"] == 0

    def figures(self, year: Year) -> dict[str, int]:
        """The figures of a year by the model, in fen."""
        batches = [each for each in self.city.batches if each.year is year and each.is_released]
        vouchers = [each for each in self.city.vouchers if each.batch.year is year]
        held_fen = sum(each.voucher_fen for each in self.city.orders if each.holds and each.voucher.batch.year is year)
        return {
            "released_fen": sum(each.amount_fen for each in batches),
            "granted_fen": sum(each.face_fen for each in vouchers),
            "held_fen": held_fen,
            "spent_fen": self.city.used_fen(year, CAP_PERCENT) - held_fen,
            "lapsed_fen": year.lapsed_fen,
            "surplus_fen": year.surplus_fen,
        }


def share_basis_points(used_fen: dict[str, int]) -> int | None:
    """§2.2.floor: the used share of the three key categories, in hundredths of a percent, rounded down."""
    all_fen = sum(used_fen.values())
    return 10_000 * sum(used_fen[each] for each in KEY_CATEGORIES) // all_fen if all_fen else None
