"""One application on its way to payout, step by step, in a town; each step as whoever takes it."""

from dataclasses import dataclass
from typing import Any

from infra.city.document_files import DocumentFile, order_documents
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person, Reply
from tests.support.backend import function
from tests.support.scenario import OWNER, SELLER, Json, Town
from tests.support.snapshots import everything_kept
from voucher.models.accounts import Posting
from voucher.models.base import Record
from voucher.models.standing import Standing
from voucher.models.subsidies import Subsidy
from voucher.rules.standing import with_list
from voucher.store import keys
from voucher.store.engine.table import decode, put_write, transact
from voucher.store.standing import read_standings

HELD_FEN = 700_000


@dataclass(frozen=True)
class Settling:
    """A town and one of its applications, as its agency sees it."""

    town: Town
    settlement_id: str

    def call(self, person: Person | None, method: str, path: str, body: Any = None, key: str | None = None) -> Reply:
        """One call; a path without a slash in front is one of the application's."""
        path = path if path.startswith("/") else f"/settlements/{self.settlement_id}/{path}"
        return self.town.world.call(person, method, path.rstrip("/"), body, key=key)

    def shown(self, person: Person = OPERATOR) -> Json:
        """The application."""
        return steps.expect(self.call(person, "GET", ""), 200)

    def line(self, order: Json, person: Person = OPERATOR) -> Json:
        """One line of it."""
        return next(line for line in self.shown(person)["lines"] if line["order_id"] == order["order_id"])

    def decide(self, *orders: Json, decision: str = "pass", person: Person = OPERATOR, **more: Any) -> Reply:
        """§3.5.2: the operator's decision on some lines."""
        body = {"decision": decision, "opinion": "材料完整", **more}
        lines = [{"order_id": order["order_id"], **body} for order in orders]
        return self.call(person, "POST", "pre-review", {"lines": lines})

    def gather(self, person: Person = OPERATOR) -> Json:
        """§3.5.2: a round of what passed."""
        body = {"settlement_ids": [self.settlement_id]}
        return steps.expect(self.call(person, "POST", "/rounds", body), 201)

    def passed(self, *orders: Json) -> Json:
        """The lines passed, and their round."""
        steps.expect(self.decide(*orders), 200)
        return self.gather()

    def noticed(self, *orders: Json) -> Json:
        """Passed, approved and put on notice: the notice."""
        path = f"/rounds/{self.passed(*orders)['round_id']}"
        steps.expect(self.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
        return steps.expect(self.call(OPERATOR, "POST", f"{path}/notice", {}), 201)

    def owed(self, *orders: Json) -> str:
        """The notice closed: the id of the round in which the agency is owed."""
        notice = self.noticed(*orders)
        steps.expect(self.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
        return str(notice["round_id"])

    def invoice(self, round_id: str, number: str = "SUM-1", amount_fen: int = HELD_FEN) -> Reply:
        """§3.5.4: the summary invoice and the account."""
        body = self.town.summary_invoice(self.shown(), amount_fen, number)
        return self.call(SELLER, "POST", f"/rounds/{round_id}/invoices", body)

    def billed(self, round_id: str, number: str = "SUM-1", amount_fen: int = HELD_FEN) -> Json:
        """The summary invoice submitted, and its account confirmed if it is a new one: the payable."""
        return steps.confirm_account(self.town.world, steps.expect(self.invoice(round_id, number, amount_fen), 200))

    def invoiced(self, *orders: Json) -> str:
        """All up to the confirmed account; the round's id."""
        round_id = self.owed(*orders)
        self.billed(round_id)
        return round_id

    def payouts(self, round_id: str, person: Person = OPERATOR_TWO) -> Reply:
        """§3.5.4: payouts made."""
        return self.call(person, "POST", f"/rounds/{round_id}/payouts")

    def result(self, payout_id: str, state: str = "paid", person: Person = FINANCE, reference: str = "BK-1") -> Reply:
        """§3.5.4: the bank's answer."""
        body = {"state": state, "bank_reference": reference, "paid_on": "2026-06-15"}
        return self.call(person, "POST", f"/payouts/{payout_id}/result", body)

    def sent_back(self, payout_id: str, person: Person = FINANCE) -> Reply:
        """§3.5.4: what was paid came back."""
        body = {"bank_reference": "BK-R", "returned_on": "2026-06-15", "reason": "收款账户已销户"}
        return self.call(person, "POST", f"/payouts/{payout_id}/return", body)

    def withdrawn_payout(self, payout_id: str, person: Person = FINANCE) -> Reply:
        """§5.2b: a held payout that the bank was not told of ends."""
        return self.call(person, "POST", f"/payouts/{payout_id}/withdraw", {"reason": "订单涉及违规"})

    def paid(self, *orders: Json) -> Json:
        """Everything to the end: the payout."""
        [payout] = steps.expect(self.payouts(self.invoiced(*orders)), 201)["items"]
        return steps.expect(self.result(payout["payout_id"]), 200)

    def recover(
        self, order: Json, amount_fen: int, key: str | None = "rc", person: Person = BUREAU, **more: Any
    ) -> Reply:
        """§5.2b: money claimed back."""
        body = {"amount_fen": amount_fen, "reason": "重复享受补助", **more}
        return self.call(person, "POST", f"/orders/{order['order_id']}/recoveries", body, key=key)

    def order(self, order: Json) -> Json:
        """An order as staff sees it."""
        return self.town.shown(f"/orders/{order['order_id']}")

    def cancel(self, order: Json) -> Reply:
        """§3.5.1(5): both parties ask, the operator agrees."""
        for person in (OWNER, SELLER):
            steps.expect(self.town.act(person, order, "cancellation", {"reason": "双方协商"}), 200)
        return self.town.act(OPERATOR, order, "cancellation/review", {"decision": "approve"})

    def used_fen(self) -> int:
        """What the category of the agency has used of its cap."""
        categories = self.town.shown("/programmes/2026")["categories"]
        return sum(each["used_fen"] for each in categories.values())


def settling(scene: tuple[Town, Json]) -> Settling:
    """The application of the `submitted` stage."""
    town, settlement = scene
    return Settling(town, settlement["settlement_id"])


def the_order(scene: tuple[Town, Json]) -> Json:
    """Its only order."""
    line: Json = scene[1]["lines"][0]
    return line


def opened(town: Town, *orders: Json) -> tuple[Settling, Json]:
    """A new application of completed orders, nothing filled in."""
    settlement = town.open_settlement(*orders)
    return Settling(town, settlement["settlement_id"]), settlement


def small_orders(town: Town, count: int) -> list[Json]:
    """Completed orders of 60,000 fen, 40,000 of them by voucher."""
    return [town.complete(town.order(contract_fen=60_000, voucher_fen=40_000)) for _ in range(count)]


def own_documents(town: Town, name: str) -> list[DocumentFile]:
    """The four documents of a small order; no other order has them unless it is given the same name."""
    return order_documents(town.enterprise.name, town.agency.name, name, name, 60_000, 20_000)


def line_body(case: Settling, documents: list[DocumentFile], number: str, **changes: Any) -> Json:
    """A body for the line of a small order, its documents uploaded; `number` is that of its invoice."""
    path = f"/settlements/{case.settlement_id}"
    ids = {paper.kind: steps.announce_and_upload(case.town.world, SELLER, path, paper) for paper in documents}
    transfer = {
        "reference": f"TR-{number}",
        "amount_fen": 20_000,
        "paid_on": "2026-06-15",
        "document_id": ids["transfer"],
    }
    invoice = {"kind": "fiscal", "code": "330101", "number": number, "amount_fen": 20_000}
    invoice |= {"issued_on": "2026-06-15", "document_id": ids["invoice"]}
    return {
        "contract_fen": changes.get("contract_fen", 60_000),
        "invoice": invoice | changes.get("invoice", {}),
        "transfers": [transfer | changes.get("transfer", {})],
        "contract_document_id": ids["contract"],
        "evidence_document_ids": [ids["evidence"]],
    }


def fill_in(
    case: Settling, order: Json, number: str, documents: list[DocumentFile] | None = None, **changes: Any
) -> Json:
    """The line of a small order filled in; the answer."""
    body = line_body(case, documents or own_documents(case.town, number), number, **changes)
    return steps.expect(case.call(SELLER, "PUT", f"lines/{order['order_id']}", body), 200)


def handed_in(town: Town, count: int) -> tuple[Settling, list[Json]]:
    """An application for so many small orders, filled in and submitted."""
    orders = small_orders(town, count)
    case, settlement = opened(town, *orders)
    town.fill_in(settlement)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    return case, orders


def list_enterprise(uscc: str, kind: str, year: int) -> None:
    """A list that the bureau applied names the enterprise."""
    key = keys.enterprise(uscc, "STANDING")
    transact([put_write("standing", key, Standing(uscc=uscc, version=7, listed={kind: (year,)}), None)])


def list_subsidies(uscc: str, *named: Json, import_id: str = "i_list", year: int = 2026) -> None:
    """A list of other subsidies that the bureau applied names some items of the enterprise, and no others."""
    [before] = read_standings([uscc]).values()
    items = [
        Subsidy.model_validate({"year": year, "import_id": import_id, "row": 2 + n, **each})
        for n, each in enumerate(named)
    ]
    after = with_list(before, "other_subsidy", year, bool(named), subsidies=items)
    transact([put_write("standing", keys.enterprise(uscc, "STANDING"), after, None)])


def postings() -> list[Posting]:
    """Every posting in the tables, in the order of their time."""
    items = [decode(item) for kept in everything_kept().values() for item in kept]
    found = [Posting.model_validate(item) for item in items if str(item["sk"]).startswith("POSTING#")]
    return sorted(found, key=lambda posting: posting.at)


def balance_of(account: str) -> int:
    """An account from its postings alone."""
    into = sum(each.amount_fen for each in postings() if each.to_account == account)
    return into - sum(each.amount_fen for each in postings() if each.from_account == account)


def books() -> Json:
    """The reconciliation of the year; every invariant holds."""
    report: Json = function("reconcile").handler({"time": "2026-12-31T18:00:00Z"}, None)["reports"][0]
    assert [each for each in report["invariants"] if not each["holds"]] == []
    assert report["residual_fen"] == 0
    return report


def kept_record[Kept: Record](kind: type[Kept], sort_prefix: str) -> list[Kept]:
    """Every record of one kind in the settlements table."""
    items = [decode(item) for item in everything_kept()["settlements"]]
    return [kind.model_validate(item) for item in items if str(item["sk"]).startswith(sort_prefix)]


def object_to(case: Settling, notice: Json, person: Person | None = None, key: str | None = None, **more: Any) -> Json:
    """§3.5.3: somebody objects, to the whole notice unless `more` names an order or an agency."""
    body = {"name": "某", "contact": "0578", "reason": "服务未实际发生", **more}
    path = f"/notices/{notice['notice_id']}/objections"
    return steps.expect(case.call(person, "POST", path, body, key=key), 201)


def resolve(case: Settling, objection: Json, decision: str) -> None:
    """§3.5.3: the bureau's decision on an objection."""
    path = f"/objections/{objection['objection_id']}/resolve"
    steps.expect(case.call(BUREAU, "POST", path, {"decision": decision}), 200)


def noticed_by_gatherer(case: Settling, gatherer: Person, *orders: Json) -> Json:
    """§3.5.2, §3.5.3: a notice of some orders whose round another operator gathered: the notice."""
    steps.expect(case.decide(*orders), 200)
    path = f"/rounds/{case.gather(gatherer)['round_id']}"
    steps.expect(case.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    return steps.expect(case.call(OPERATOR, "POST", f"{path}/notice", {}), 201)
