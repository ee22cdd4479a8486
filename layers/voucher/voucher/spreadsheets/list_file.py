"""The lists of other offices (§2.1.1, §2.3.1, §5.2b): their good rows, and the errors of the others.

A list decides who may claim, and how much, so nothing is guessed. A code that Excel may have changed, or a second sheet
with a list, is an error with words that tell the operator what to do. Every bad row is reported.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from voucher.policy import LIST_KINDS
from voucher.rules.credit_code import EXACT_FORM, is_credit_code
from voucher.spreadsheets.cells import Cell, Kind, Limits, ListFileError, Row, Sheet, column_letters
from voucher.spreadsheets.formats import open_sheets

__all__ = ["Limits", "ListFileError", "ListRow", "Parsed", "RowError", "parse"]

# in order of preference; compared without spaces, upper and lower case alike
CODE_HEADERS = ("统一社会信用代码", "信用代码", "uscc")
NAME_HEADERS = ("企业名称", "单位名称", "name")
LAST_HEADER_ROW = 10
USUAL_LIMITS = Limits()


class ListRow(NamedTuple):
    """One enterprise on the list; `row` as in Excel, `name` empty if the file has no name."""

    row: int
    uscc: str
    name: str


class RowError(NamedTuple):
    """The error of one cell; `row` and `column` as in Excel, `message` in Chinese."""

    row: int
    column: str
    message: str


@dataclass(slots=True)
class Parsed:
    """The good rows; the first error of every other row, and further errors up to the limit; and both counts."""

    rows: list[ListRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    error_count: int = 0
    total_rows: int = 0


class Header(NamedTuple):
    """Where the columns are; `name_column` is None if the file has no such column."""

    row: int
    code_column: int
    name_column: int | None


def parse(kind: str, filename: str, content: bytes, limits: Limits = USUAL_LIMITS) -> Parsed:
    """Read a list of `kind` from an .xlsx, .xls or .csv file (§2.1.1, §2.3.1, §5.2b).

    Raises ListFileError if the file as a whole cannot be used, KeyError for an unknown kind.
    """
    title = LIST_KINDS[kind]
    sheet, header = _find_list(title, open_sheets(filename, content, limits))
    parsed = Parsed()
    first_rows: dict[str, int] = {}
    for row in sheet.rows():
        if row[0] > header.row:
            parsed.total_rows += 1
            if parsed.total_rows > limits.rows:
                raise ListFileError(f"{title}：名单超过 {limits.rows} 行，请核对后再上传")
            _take_row(row, header, first_rows, parsed, limits)
    return parsed


def _find_list(title: str, sheets: list[Sheet]) -> tuple[Sheet, Header]:
    """The one sheet with the list. Two such sheets are refused, because one of them would be ignored silently."""
    headers = [(sheet, _find_header(sheet)) for sheet in sheets]
    found = [(sheet, header) for sheet, header in headers if header is not None]
    if not found:
        raise ListFileError(f"{title}：前 {LAST_HEADER_ROW} 行中没有“统一社会信用代码”列标题")
    if len(found) > 1:
        names = "、".join(f"“{sheet.name}”" for sheet, _ in found[:5])
        raise ListFileError(f"{title}：工作表{names}都有名单，请合并到一个工作表后再上传")
    return found[0]


def _find_header(sheet: Sheet) -> Header | None:
    """The header: of the first ten rows, the first one with a title of the code column."""
    for row, cells in sheet.rows():
        if row > LAST_HEADER_ROW:
            return None
        titles = {column: "".join(cell.text.split()).lower() for column, cell in cells.items()}
        code_column = _find_column(titles, CODE_HEADERS)
        if code_column is not None:
            return Header(row, code_column, _find_column(titles, NAME_HEADERS))
    return None


def _find_column(titles: dict[int, str], wanted: tuple[str, ...]) -> int | None:
    for title in wanted:
        columns = [column for column, text in titles.items() if text == title]
        if len(columns) > 1:
            raise ListFileError(f"有 {len(columns)} 列的标题都是“{title}”，请只保留一列")
        if columns:
            return columns[0]
    return None


def _take_row(row: Row, header: Header, first_rows: dict[str, int], parsed: Parsed, limits: Limits) -> None:
    """Add a row to the good rows, or its errors to the errors. `first_rows` maps each good code to its row."""
    number, cells = row
    problems = [*_cell_problems(cells.items(), header, limits), *_code_problems(row, header, first_rows)]
    bad_rows_before = parsed.total_rows - 1 - len(parsed.rows)  # the first error of each is among the errors
    room = limits.errors - (len(parsed.errors) - bad_rows_before)
    for column, message in problems[: 1 + room]:
        parsed.errors.append(RowError(number, column_letters(column), message))
    parsed.error_count += len(problems)
    if not problems:
        name = cells.get(header.name_column) if header.name_column is not None else None
        code = cells[header.code_column].text.strip()
        first_rows[code] = number
        parsed.rows.append(ListRow(number, code, name.text.strip() if name else ""))


def _cell_problems(cells: Iterable[tuple[int, Cell]], header: Header, limits: Limits) -> Iterator[tuple[int, str]]:
    """The errors of cells other than the code, by column."""
    for column, cell in cells:
        if len(cell.text) > limits.cell_characters:
            yield column, f"单元格超过 {limits.cell_characters} 字"
        elif column == header.name_column:
            if len(cell.text.strip()) > limits.name_characters:
                yield column, f"名称超过 {limits.name_characters} 字"
            elif problem := _content_problem(cell):
                yield column, problem


def _code_problems(row: Row, header: Header, first_rows: dict[str, int]) -> Iterator[tuple[int, str]]:
    _, cells = row
    cell = cells.get(header.code_column)
    if cell is None:
        yield header.code_column, "该行有内容，但没有填写统一社会信用代码"
    elif problem := _code_problem(cell):
        yield header.code_column, problem
    elif first := first_rows.get(cell.text.strip()):
        yield header.code_column, f"与第 {first} 行的统一社会信用代码重复"


def _code_problem(cell: Cell) -> str | None:
    if cell.kind is Kind.NUMBER:
        return "代码被存成了数字，末几位已经丢失；请把该列设为“文本”格式，再重新填写代码"
    if problem := _content_problem(cell):
        return problem
    code = cell.text.strip()
    if EXACT_FORM.fullmatch(code) is None:
        return "应为 18 位半角数字和大写字母（不含 I、O、S、V、Z），前 8 位为数字"
    return None if is_credit_code(code) else "校验位不符，请核对代码是否录错"


def _content_problem(cell: Cell) -> str | None:
    if cell.kind is Kind.FORMULA or cell.text.lstrip().startswith("="):
        return "单元格是公式，请改为直接填写的文本"
    return "单元格是错误值，请改为直接填写的文本" if cell.kind is Kind.FAULT else None
