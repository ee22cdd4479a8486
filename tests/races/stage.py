"""A stage for races and faults: firms, agencies and products put straight into the tables, and what must hold after."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from infra.city.credit_codes import AGENCIES, ENTERPRISES, CreditCodes
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.races.memory import Memory
from tests.support import samples
from tests.support.backend import World, function
from voucher.models.agencies import Agency
from voucher.models.base import Record, Stateful
from voucher.models.enterprises import Enterprise
from voucher.models.entitlements import Entitlement
from voucher.models.products import Product
from voucher.models.standing import Standing
from voucher.models.vouchers import Voucher
from voucher.policy import Category, policy_on
from voucher.rules import entitlements, ledger
from voucher.store import books, keys
from voucher.store.engine import table
from voucher.store.engine.table import Item, decode, put_write, table_name, transact

YEAR = 2026

TODAY = date(2026, 6, 15)
BEGAN = datetime(2026, 1, 5, tzinfo=UTC)

QUOTA_FEN = 1_000_000
# over how many shards a batch is split here, small as it is
SHARDS = 4
NOT_YET = {"BUSY", "CHANGED_MEANWHILE"}


@dataclass(frozen=True)
class Firm:
    """An organisation and the person who acts for it."""

    uscc: str
    person: Person

    def claim(self, **more: Any) -> dict[str, Any]:
        """The body of a grab."""
        return {"enterprise_uscc": self.uscc, **more}


def keep(*records: tuple[keys.Key, Record]) -> None:
    """Put records into their tables as they are."""
    for start in range(0, len(records), 100):
        transact([put_write("stage", key, record, None) for key, record in records[start : start + 100]])


def _codes(series: str, count: int) -> list[str]:
    maker = CreditCodes(Random(1), AGENCIES if series == "agency" else ENTERPRISES)
    return [maker.next("91", "331100") for _ in range(count)]


def _made(person: Person, state: str) -> dict[str, Any]:
    return {"state": state, "created_at": BEGAN, "created_by": person.name, "members": frozenset({person.name})}


def enterprises(count: int, listed: Iterable[int] = ()) -> list[Firm]:
    """Approved enterprises with their entitlement; those numbered in `listed` are newly above scale (20,000 yuan)."""
    firms = [Firm(uscc, Person(f"owner-{number}")) for number, uscc in enumerate(_codes("enterprise", count))]
    doubled = set(listed)
    records: list[tuple[keys.Key, Record]] = []
    for number, firm in enumerate(firms):
        record = Enterprise(
            **{**samples.enterprise().registration(), "uscc": firm.uscc, "name": f"企业{number}"},
            **_made(firm.person, "approved"),
            applied_on=TODAY,
            approved_at=BEGAN,
        )
        lists = {"newly_above_scale": (YEAR,)} if number in doubled else {}
        standing = Standing(uscc=firm.uscc, version=1, listed=lists)
        entitlement = entitlements.next_entitlement(record, standing, policy_on(TODAY), YEAR, TODAY, None)
        records += [
            (keys.enterprise(firm.uscc), record),
            (keys.enterprise(firm.uscc, "STANDING"), standing),
            (keys.entitlement(YEAR, firm.uscc), entitlement),
        ]
    keep(*records)
    return firms


def agency(categories: Iterable[Category] = tuple(Category)) -> Firm:
    """An active agency."""
    firm = Firm(_codes("agency", 1)[0], Person("seller"))
    record = Agency(
        uscc=firm.uscc,
        name="服务机构",
        established_on=date(2015, 1, 1),
        is_legal_person=True,
        net_profit_last_year_fen=0,
        premises_m2=50,
        insured_staff=5,
        has_management_system=True,
        categories=tuple(categories),
        valid_until=date(2028, 1, 1),
        **_made(firm.person, "active"),
    )
    keep((keys.agency(firm.uscc), record))
    return firm


def product(seller: Firm, category: Category) -> str:
    """A published product; its id."""
    made = _made(seller.person, "published")
    del made["members"]
    record = Product(
        product_id=f"{seller.uscc}.{category.value}",
        agency_uscc=seller.uscc,
        category=category,
        name="企业服务",
        area="丽水市区",
        content="按合同约定提供服务",
        term="三个月",
        price_fen=QUOTA_FEN,
        price_unit="项",
        **made,
    )
    keep((keys.product(record.product_id), record))
    return record.product_id


def open_batch(world: World, amount_fen: int, total_fen: int | None = None, **changes: Any) -> str:
    """A programme (of `total_fen`, unless the year has one) and an open batch; the batch's id."""
    if total_fen is not None:
        steps.open_programme(world, YEAR, total_fen, {"notice_working_days": 0, "batch_shards": SHARDS})
    batch_id: str = steps.open_batch(world, YEAR, samples.batch(amount_fen=amount_fen, **changes))["batch_id"]
    return batch_id


def draft_batch(world: World, amount_fen: int, **changes: Any) -> str:
    """A drafted batch; its id."""
    draft = samples.batch(amount_fen=amount_fen, **changes)
    batch_id: str = steps.expect(world.call(OPERATOR, "POST", f"/programmes/{YEAR}/batches", draft), 201)["batch_id"]
    return batch_id


def grab(world: World, batch_id: str, firm: Firm, **more: Any) -> Reply:
    """One grab."""
    return world.call(firm.person, "POST", f"/batches/{batch_id}/vouchers", firm.claim(**more))


def voucher_of(world: World, batch_id: str, firm: Firm) -> str:
    """Grab a voucher; its id."""
    voucher_id: str = steps.expect(grab(world, batch_id, firm), 201)["voucher_id"]
    return voucher_id


def order_body(product_id: str, voucher_id: str, voucher_fen: int, **more: Any) -> dict[str, Any]:
    """The body of an order whose contract is as small as the voucher's part allows."""
    return {
        "product_id": product_id,
        "voucher_id": voucher_id,
        "contract_fen": -(-voucher_fen * 10 // 7),
        "voucher_fen": voucher_fen,
        "no_other_subsidy": True,
        **more,
    }


def both_ask_to_cancel(world: World, order_id: str, buyer: Person, seller: Person) -> None:
    """§3.5.1(5): both parties' written requests."""
    for person in (buyer, seller):
        steps.expect(world.call(person, "POST", f"/orders/{order_id}/cancellation", {"reason": "双方协商"}), 200)


def insist(world: World, person: Person, path: str, body: Any = None, key: str | None = None) -> Reply:
    """A POST as a patient client makes it: again, while the answer is only that somebody else came first."""
    for _ in range(40):
        reply = world.call(person, "POST", path, body, key=key)
        if reply.code not in NOT_YET:
            return reply
    raise AssertionError(f"no definite answer: {reply.code}")


def publish(world: World, batch_id: str) -> Reply:
    """§1.4a: the bureau publishes a batch."""
    return insist(world, BUREAU, f"/batches/{batch_id}/publish")


def lapse_message(batch_id: str, voucher_id: str, instant: str) -> dict[str, Any]:
    """The sweep's message for the bucket in which a voucher stands."""
    bucket = keys.bucket_of(keys.split_voucher_id(voucher_id)[1])
    return {"task": "lapse", "batch_id": batch_id, "bucket": bucket, "instant": instant}


def items(word: str, sort_prefix: str) -> list[Item]:
    """Every item of a table whose sort key starts so."""
    found, request = [], {"TableName": table_name(word), "ConsistentRead": True}
    while True:
        answer = table.client().scan(**request)
        found += [decode(item) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return [item for item in found if item["sk"].startswith(sort_prefix)]
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def stored[Kept: Record](kind: type[Kept], table: str, sort_prefix: str) -> list[Kept]:
    """Every record of one kind."""
    return [kind.model_validate(item) for item in items(table, sort_prefix)]


def assert_books_hold(memory: Memory | None = None) -> dict[str, int]:
    """Every account agrees with its postings, and every firm was granted what its vouchers say, within its quota. The
    accounts, added up by their first word, in fen."""
    with (memory or Memory()).serving():
        return _books_hold()


def _books_hold() -> dict[str, int]:
    book = books.read_book(YEAR)
    assert [each for each in function("reconcile").invariants(book) if not each.holds] == []
    faces: dict[str, int] = {}
    for voucher in stored(Voucher, "vouchers", "VOUCHER#"):
        faces[voucher.enterprise_uscc] = faces.get(voucher.enterprise_uscc, 0) + voucher.face_fen
    for each in stored(Entitlement, "vouchers", "ENTITLEMENT"):
        assert each.granted_fen == faces.get(each.uscc, 0) <= each.quota_fen
    return ledger.by_family(ledger.balances(book.postings))


def states(kind: type[Stateful], table: str, sort_prefix: str = "RECORD") -> list[str]:
    """The states of every record of one kind, sorted."""
    return sorted(each.state for each in stored(kind, table, sort_prefix))


def queue_event(body: dict[str, Any]) -> dict[str, Any]:
    """A queue's delivery of one message."""
    record = {"messageId": "m-1", "receiptHandle": "r-1", "body": json.dumps(body), "eventSource": "aws:sqs"}
    return {"Records": [record | {"attributes": {}, "messageAttributes": {}}]}
