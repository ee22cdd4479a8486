"""Lists in paths, the cursors of their rows, and a version beside the one in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from voucher.edge import clock, queues
from voucher.edge.api import Api
from voucher.edge.nights import list_message
from voucher.models.lists import ListImport, ListRow
from voucher.policy import LIST_KINDS
from voucher.refusals import FieldError, Refusal, Refused, not_found
from voucher.rules.lists import Difference, difference, is_overdue
from voucher.store import lists


def listed_year(app: Api, kind: str, year: str) -> int:
    """The year in a list's path. Raises NOT_FOUND for a kind of list that does not exist, too."""
    if kind not in LIST_KINDS:
        raise not_found("list")
    return app.year(year)


def row_offset(text: str) -> int:
    """The number of rows before a page. Raises MALFORMED."""
    return int(text) if text.isascii() and text.isdecimal() else refuse_cursor()


def refuse_cursor() -> NoReturn:
    """Refuse a cursor that no page had. Raises MALFORMED."""
    raise Refused(Refusal.MALFORMED, errors=[FieldError("cursor", "分页标记无效。", "format")])


@dataclass(frozen=True)
class Compared:
    """A version beside the one that counts; `latest` is what must not change until it is applied."""

    latest: ListImport | None
    with_: ListImport | None
    found: Difference

    @property
    def with_id(self) -> str | None:
        """The version that it is compared with."""
        return self.with_.import_id if self.with_ else None


def apply_again(record: ListImport) -> None:
    """§2.1.1: what applies a version is sent once more if it should be in force by now; twice does no harm."""
    if is_overdue(record, clock.now()):
        queues.send("import_list", [list_message(record, clock.now())])


def compare(record: ListImport) -> Compared:
    """A version beside the one that it replaces. §2.1.1: of D lists the one of the newest year counts; an older one is
    compared with that of its own year."""
    latest = lists.find_replaced(record.kind, record.year)
    takes_effect = latest is None or latest.year <= record.year
    with_ = latest if takes_effect else lists.find_in_force(record.kind, record.year)
    before: Sequence[ListRow] = lists.load_rows(with_) if with_ else ()
    return Compared(latest, with_, difference(before, lists.load_rows(record), takes_effect))
