"""Lists: which files and years are accepted, when one may be applied, and whom it touches (§2.1.1, §2.3.1, §5.2b)."""

from collections.abc import Iterable
from datetime import date

from voucher.models.lists import ListImport
from voucher.refusals import FieldError, Refusal, Refused

LIST_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
    ".csv": "text/csv",
}


def check_list_type(filename: str, content_type: str) -> None:
    """The file is a spreadsheet or CSV, and its name says so, too. Raises MALFORMED."""
    ending = filename[filename.rfind(".") :].lower()
    if LIST_TYPES.get(ending) != content_type:
        raise Refused(
            Refusal.MALFORMED, errors=[FieldError("content_type", "须为 .xlsx、.xls 或 .csv 文件。", "not_allowed")]
        )


def check_list_year(kind: str, year: int, today: date) -> None:
    """§2.1.1, §2.3.1: a D list is at most of this year, any other list at most of next year. Raises MALFORMED.

    A D list is of a year that was rated, and the newest D list counts. So a D list with a mistyped later year would
    lift every rating there is.
    """
    latest = today.year if kind == "rated_d" else today.year + 1
    if year > latest:
        raise Refused(
            Refusal.MALFORMED, errors=[FieldError("year", f"名单年度不能晚于{latest}年。", "too_large", max=latest)]
        )


def check_applicable(record: ListImport, skip_errors: bool, allow_empty: bool) -> None:
    """The bureau says explicitly if it means to apply a list with errors, or a list without rows.

    Raises LIST_HAS_ERRORS or LIST_EMPTY.
    """
    if record.error_count and not skip_errors:
        raise Refused(Refusal.LIST_HAS_ERRORS, count=record.error_count)
    if record.row_count == 0 and not allow_empty:
        raise Refused(Refusal.LIST_EMPTY)


def touched_codes(before: Iterable[str], after: Iterable[str], same_year: bool = False) -> list[str]:
    """The credit codes whose standing a list may change, in a fixed order: those on the list before it and those on it.

    If both lists are of the same year, a code on both stays as it is, so it is left out.
    """
    return sorted(set(before) ^ set(after) if same_year else set(before) | set(after))
