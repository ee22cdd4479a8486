"""Lists: which files and years are accepted, when one may be applied, and whom it touches (§2.1.1, §2.3.1, §5.2b)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from voucher.models.base import plain_number
from voucher.models.documents import FileName
from voucher.models.entitlements import Entitlement
from voucher.models.lists import ListImport, ListRow, YearChange
from voucher.policy import LIST_KINDS
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.documents import file_name

LIST_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
    ".csv": "text/csv",
}

# a list of 50,000 rows takes some minutes
LONGEST_APPLYING = timedelta(hours=1)

Change = Literal["added", "removed"]
RowsByCode = dict[str, list[ListRow]]
# §5.2b: what a row of the list of other subsidies may say of an item
ITEM_COLUMNS = ("contract_number", "invoice_code", "invoice_number", "project", "amount_fen")


def check_list_type(filename: str, content_type: str) -> None:
    """The file is a spreadsheet or CSV, and its name says so, too. Raises MALFORMED."""
    ending = filename[filename.rfind(".") :].lower()
    if LIST_TYPES.get(ending) != content_type:
        raise Refused(
            Refusal.MALFORMED, errors=[FieldError("content_type", "须为 .xlsx、.xls 或 .csv 文件。", "not_allowed")]
        )


def list_file_name(record: ListImport) -> FileName:
    """The name under which the file of a version leaves."""
    _, _, ending = record.filename.rpartition(".")  # one of LIST_TYPES
    return file_name(f"{LIST_KINDS[record.kind]}-{record.year}", record.import_id, ending.lower())


def check_list_year(kind: str, year: int, today: date) -> None:
    """§2.1.1, §2.3.1: a list speaks at most of this year, that of the nursery or of other subsidies at most of the next
    one. Raises MALFORMED.

    A D list is of a year that was rated, and the newest D list counts. So a D list with a mistyped later year would
    lift every rating there is. Only a year that has begun can have firms that rose above scale.
    """
    latest = today.year if kind in ("rated_d", "newly_above_scale") else today.year + 1
    if year > latest:
        raise Refused(
            Refusal.MALFORMED, errors=[FieldError("year", f"名单年度不能晚于{latest}年。", "too_large", max=latest)]
        )


def is_overdue(record: ListImport, now: datetime) -> bool:
    """§2.1.1: the bureau applied the version an hour ago, which is longer than any list takes, and it is not in force:
    what set the worker in motion, or kept it moving, was lost."""
    return record.state == "applying" and record.applied_at is not None and now - record.applied_at >= LONGEST_APPLYING


def check_read(record: ListImport) -> None:
    """The file of a version was read, so that there are rows to compare. Raises WRONG_STATE."""
    if record.state in ("waiting", "failed"):
        raise Refused(Refusal.WRONG_STATE, of=record)


def check_applicable(record: ListImport, skip_errors: bool, allow_empty: bool) -> None:
    """The bureau says explicitly if it means to apply a list with errors, or a list without rows.

    Raises LIST_HAS_ERRORS or LIST_EMPTY.
    """
    if record.error_count and not skip_errors:
        bad_rows = record.error_count if record.total_rows is None else record.total_rows - record.row_count
        raise Refused(Refusal.LIST_HAS_ERRORS, count=bad_rows)
    if record.row_count == 0 and not allow_empty:
        raise Refused(Refusal.LIST_EMPTY)


@dataclass(frozen=True)
class Difference:
    """What a version changes against another one: the rows that come and go, in the order of their codes, and how many
    stay. `touched` codes come onto the list that counts, or leave it, or have other items on it."""

    rows: Sequence[tuple[Change, ListRow]]
    unchanged: int
    touched: int

    def count(self, change: Change) -> int:
        """How many rows come, or go."""
        return sum(1 for each, _ in self.rows if each == change)


def difference(before: Iterable[ListRow], after: Iterable[ListRow], takes_effect: bool) -> Difference:
    """Compare two versions. §2.1.1: a D list older than the one that counts takes no effect, so it touches nobody."""
    rows_before, rows_after = ({_said(row): row for row in rows} for rows in (before, after))
    changed = sorted(rows_before.keys() ^ rows_after.keys())
    rows: list[tuple[Change, ListRow]] = [
        ("added", rows_after[said]) if said in rows_after else ("removed", rows_before[said]) for said in changed
    ]
    touched = len({code for code, *_ in changed}) if takes_effect else 0
    return Difference(rows, len(rows_before.keys() & rows_after.keys()), touched)


def _said(row: ListRow) -> tuple[str, ...]:
    """What a row says: of which code, and on the list of other subsidies of which item (§5.2b)."""
    return (row["uscc"], *(str(row.get(name, "")) for name in ITEM_COLUMNS))


def check_confirmed(found: Difference, touched: int | None) -> None:
    """The bureau has seen the difference: it names how many codes are touched. Raises MALFORMED if it names no number,
    CHANGED_MEANWHILE for another one."""
    if touched is None:
        words = "必填：请先查看该版本的 difference，核对后填写其中的 touched。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("touched", words, "missing")])
    if touched != found.touched:
        words = f"与现行名单相比，该版本涉及 {found.touched} 个代码，请重新查看 difference 并核对。"
        raise Refused(
            Refusal.CHANGED_MEANWHILE, errors=[FieldError("touched", words, "changed", allowed=(str(found.touched),))]
        )


def check_compared(compared_with: str | None, in_force: str | None, field: str) -> None:
    """What was compared is still in force. Raises CHANGED_MEANWHILE."""
    if compared_with != in_force:
        words = "现行名单已经更换，请重新查看 difference 并核对。"
        raise Refused(Refusal.CHANGED_MEANWHILE, errors=[FieldError(field, words, "changed")])


def is_same_name(listed: str, registered: str) -> bool:
    """True if a name on a list, if it has one, is that of the registered enterprise: blanks, marks, width and kinds of
    brackets make no other name."""
    return not listed or plain_number(listed) == plain_number(registered)


def year_changes(
    held: Mapping[int, Entitlement | None], following: Mapping[int, Entitlement | None]
) -> list[YearChange]:
    """§2.1.1, §2.3.1: what changes in the entitlements that an enterprise has."""
    pairs = [(before, following.get(year)) for year, before in sorted(held.items())]
    return [
        YearChange(
            year=before.year,
            qualified_before=before.qualified,
            qualified_after=after.qualified,
            quota_before_fen=before.quota_fen,
            quota_after_fen=after.quota_fen,
        )
        for before, after in pairs
        if before and after and (before.qualified, before.quota_fen) != (after.qualified, after.quota_fen)
    ]


def rows_by_code(rows: Iterable[ListRow]) -> RowsByCode:
    """The rows of each credit code, in their order."""
    found: RowsByCode = {}
    for row in rows:
        found.setdefault(row["uscc"], []).append(row)
    return found


def touched_codes(before: Iterable[ListRow], after: Iterable[ListRow], same_year: bool = False) -> list[str]:
    """The credit codes whose standing a list may change, in a fixed order: those on the list before it and those on it.

    If both lists are of the same year, a code of which both say the same stays as it is, so it is left out.
    """
    said_before, said_after = ({_said(row) for row in rows} for rows in (before, after))
    return sorted({code for code, *_ in (said_before ^ said_after if same_year else said_before | said_after)})
