"""The base of the state machine: a call of the backend must be answered as the model expects; after each step the
tables must be as the model has them."""

from collections import Counter
from datetime import date
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from infra.client.http import BUREAU, OPERATOR, Person, Reply
from infra.operate.balances import MONEY, all_postings, compared
from tests.model.machine import city_of_run
from tests.model.machine.backend_of_run import BackendOfRun
from tests.model.reference import invariants, lists, orders
from tests.model.reference.answers import CREATED, ExpectedAnswer
from tests.model.reference.records import Order, day_of
from tests.support.backend import World, function
from tests.support.relaying import work_after
from voucher.rules.ledger import balances, by_family
from voucher.rules.reports import account_differences, counted, united
from voucher.store import books, keys, reports

# the reports are counted in one of so many runs
REPORTED = 10
PICK = st.integers(0, 1000)
RARELY = st.sampled_from([False] * 7 + [True])
MOSTLY = st.sampled_from([True, True, True, False])
REASON = st.sampled_from(["甲", "乙"]).map(lambda text: {"reason": text})


def chosen[Thing](things: list[Thing], pick: int) -> Thing:
    """One of the things; 0 picks the latest."""
    return things[-1 - pick % len(things)]


class Machine(RuleBasedStateMachine):
    """One run: a city of its own and the model beside it. Over all runs, `lengths` has the number of steps of each run
    and `rare_events` counts what must not be too rare. `latest_call` is the last call of settlement that took effect.
    """

    backend: BackendOfRun
    lengths: list[int]
    rare_events: Counter[str]
    latest_call: tuple[Any, ...] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.city = city_of_run.make_city()
        self.backend.clock.instant = self.city.now
        self.backend.empty_tables()
        city_of_run.write_city(self.city)
        self.numbers = 0
        self.lengths.append(0)
        self.set_up()

    def set_up(self) -> None:
        """The first steps of a run."""

    def teardown(self) -> None:
        """The end of a run; some are looked at once more."""
        if len(self.lengths) % REPORTED == 0:
            self.the_reports_agree()

    def count_reports(self) -> None:
        """Let the worker count every enterprise as it is now, the latest first."""
        items = [each for each in self.backend.scan("vouchers") if each["sk"] == "ENTITLEMENT"]
        function("keep_reports").work([{"year": each["year"], "uscc": each["uscc"]} for each in reversed(items)])

    def the_reports_agree(self) -> None:
        """§5.1: what was counted in the middle of the run and at its end is what the records and postings alone make,
        and its sums are those of the postings."""
        self.count_reports()
        for year in {each["year"] for each in self.backend.scan("vouchers") if each["sk"] == "ENTITLEMENT"}:
            kept, book = reports.read(year), books.read_book(year)
            firms = {each.enterprise_uscc for each in book.vouchers}
            assert kept.rows == united(counted(reports.read_firm(year, uscc)) for uscc in firms)
            assert account_differences(kept.rows, by_family(balances(book.postings))) == {}
            rebuilt = compared(book, all_postings(self.backend.client, {word: word for word in MONEY}))
            assert (rebuilt.differing, rebuilt.lost_postings) == ([], [])
            self.rare_events["years reported"] += bool(firms)

    @invariant()
    def the_books_hold(self) -> None:
        """Check every invariant after each step."""
        self.lengths[-1] += 1
        if len(self.lengths) % REPORTED == 0 and self.lengths[-1] in (10, 30):
            self.count_reports()
        invariants.check(invariants.collect(self.backend.scan), self.city)

    def fresh(self, word: str) -> str:
        """A name that is new in this run."""
        self.numbers += 1
        return f"{word}-{self.numbers}"

    @staticmethod
    def caller(by: str | None) -> Person | None:
        """The person of this name; None for a caller without a token."""
        return city_of_run.person(by) if by else None

    def ask(
        self,
        expected: ExpectedAnswer,
        by: str | None,
        path: str,
        body: Any = None,
        key: str | None = None,
        method: str = "POST",
    ) -> Reply:
        """One call, which must be answered as the model expects."""
        self.latest_call = None
        reply = self.world.call(self.caller(by), method, path, body, key=key)
        replay = reply.headers.get("idempotent-replay") == "true"
        assert expected.fits(reply.status, reply.code, replay), f"{reply.status} {reply.body}, expected {expected}"
        return reply

    def put_list_in_force(self, kind: str, year: int, content: bytes, touched: int, **named: Any) -> None:
        """A list is uploaded and applied; what it names goes along with the message to the worker."""
        path = f"/lists/{kind}/{year}/imports"
        announcement = {"filename": "list.csv", "content_type": "text/csv", "size_bytes": len(content)}
        import_id, key = self.announce_list(path, announcement)
        self.backend.bucket.put_object(Key=key, Body=content)
        function("import_list").work({"Records": [{"s3": {"object": {"key": key}}}]})
        expected = lists.begin_list(self.city, kind, year)
        self.ask(expected, BUREAU.name, f"{path}/{import_id}/apply", {"touched": touched})
        if expected.took_effect:
            record = keys.name_list(kind, year, f"IMPORT#{import_id}")
            self.backend.queue += [{**each, **named} for each in work_after(record)]

    def announce_list(self, path: str, announcement: dict[str, Any]) -> tuple[str, str]:
        """Announce the file of a list; answers (import id, object key)."""
        reply = self.ask(CREATED, OPERATOR.name, path, announcement)
        return reply.body["import_id"], reply.body["upload"]["fields"]["key"]

    def deliver_message(self, message: dict[str, Any]) -> None:
        """Deliver one message to its worker, and let the model follow; the rules of time have all workers."""
        raise NotImplementedError

    def note_told_days(self) -> None:
        """Until when what was returned may be corrected, as the backend told it."""
        told = {
            (each["settlement_id"], each["order_id"]): each.get("correct_by")
            for each in self.backend.scan("settlements")
            if each["sk"].startswith("LINE#")
        }
        for application in self.city.applications:
            for line in application.lines_in("returned"):
                line.correct_by = date.fromisoformat(told[application.name, line.order.name])

    def step(self, expected: ExpectedAnswer, by: str, order: Order, word: str, body: Any = None) -> Reply:
        """One step of an order."""
        return self.ask(expected, by, f"/orders/{order.name}/{word}", body)

    def agree_on_contract(self, order: Order, number: str, contract_fen: int) -> None:
        """The agency says what the contract is, signed today, and the enterprise agrees, as far as they may."""
        by, owner = order.product.agency_member, order.voucher.enterprise.person
        signed_on = day_of(self.city.now).isoformat()
        terms = {"contract_number": number, "contract_signed_on": signed_on, "contract_fen": contract_fen}
        self.step(orders.sign(self.city, order, by, terms), by, order, "contract", terms)
        self.step(orders.acknowledge(self.city, order, owner), owner, order, "contract/acknowledge")
