"""What is in the tables: items, records and their states, and whether the books hold."""

from tests.races.seed_data import YEAR
from tests.races.table_snapshot import TableSnapshot
from tests.support.backend import function
from voucher.models.base import Record, Stateful
from voucher.models.entitlements import Entitlement
from voucher.models.vouchers import Voucher
from voucher.rules import ledger
from voucher.store import books
from voucher.store.engine import table
from voucher.store.engine.table import Item, decode, table_name


def list_items(word: str, sort_prefix: str) -> list[Item]:
    """Every item of a table whose sort key starts with `sort_prefix`."""
    items, request = [], {"TableName": table_name(word), "ConsistentRead": True}
    while True:
        answer = table.client().scan(**request)
        items += [decode(item) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return [item for item in items if item["sk"].startswith(sort_prefix)]
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def list_records[Kind: Record](kind: type[Kind], word: str, sort_prefix: str) -> list[Kind]:
    """Every record of one kind."""
    return [kind.model_validate(item) for item in list_items(word, sort_prefix)]


def list_states(kind: type[Stateful], word: str, sort_prefix: str = "RECORD") -> list[str]:
    """The states of all records of one kind, sorted."""
    return sorted(each.state for each in list_records(kind, word, sort_prefix))


def assert_books_hold(snapshot: TableSnapshot | None = None) -> dict[str, int]:
    """Every account agrees with its postings; every enterprise was granted what its vouchers say, within its quota.

    Answers the balance of each family of accounts (`voucher`, `order`, `payable` …), in fen.
    """
    with (snapshot or TableSnapshot()).serving():
        return _balances_of_sound_books()


def _balances_of_sound_books() -> dict[str, int]:
    book = books.read_book(YEAR)
    assert [each for each in function("reconcile").invariants(book) if not each.holds] == []
    faces_fen: dict[str, int] = {}
    for voucher in list_records(Voucher, "vouchers", "VOUCHER#"):
        faces_fen[voucher.enterprise_uscc] = faces_fen.get(voucher.enterprise_uscc, 0) + voucher.face_fen
    for each in list_records(Entitlement, "vouchers", "ENTITLEMENT"):
        assert each.granted_fen == faces_fen.get(each.uscc, 0) <= each.quota_fen + each.extra_fen + each.restored_fen
    return ledger.by_family(ledger.balances(book.postings))
