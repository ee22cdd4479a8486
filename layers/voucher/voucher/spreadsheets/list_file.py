"""The lists of other offices (§2.1.1, §2.3.1, §5.2b): their good rows, and the errors of the others.

A list decides who may claim, and how much, so nothing is guessed. A code that Excel may have changed, or a second sheet
with content, is an error with words that tell the operator what to do. Every row that its sender sees is good or
reported, and what the sender does not see stops the file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from voucher.policy import LIST_KINDS, SUBSIDY_LIST
from voucher.rules.credit_code import EXACT_FORM, is_credit_code
from voucher.spreadsheets.cells import Cell, Kind, Limits, ListFileError, Row, column_letters
from voucher.spreadsheets.formats import open_sheets
from voucher.spreadsheets.marks import marks_in, on_one_line, without_marks
from voucher.spreadsheets.sheets import Outline, Sheet

__all__ = ["Limits", "ListFileError", "ListRow", "Parsed", "RowError", "parse"]

# in order of preference; compared without spaces, upper and lower case alike
CODE_HEADERS = ("统一社会信用代码", "信用代码", "uscc")
NAME_HEADERS = ("企业名称", "单位名称", "name")
# §5.2b: what the list of other subsidies may say of an item, each column if it is there
ITEM_HEADERS = {
    "contract_number": ("合同编号", "合同号"),
    "invoice_code": ("发票代码",),
    "invoice_number": ("发票号码", "发票号"),
    "project": ("项目名称", "补助项目", "项目"),
    "amount_fen": ("补助金额（元）", "补助金额(元)", "补助金额", "金额（元）", "金额(元)", "金额"),
}
# those that decide whether an order is the same
NUMBERS = ("contract_number", "invoice_code", "invoice_number")
# yuan as Excel or a person writes them, with at most two decimals
AMOUNT = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,2}))?")
# what a line that an open quote swallowed has, and a title has not: another column, or a code
SWALLOWED = re.compile("[\r\n].*(,|[0-9A-Za-z]{8})", re.DOTALL)
USUAL_LIMITS = Limits()


class ListRow(NamedTuple):
    """One enterprise on the list, or one item of it on that of other subsidies, where None is what the file does not
    say; `row` as in Excel, `name` empty if the file has no name."""

    row: int
    uscc: str
    name: str
    contract_number: str | None = None
    invoice_code: str | None = None
    invoice_number: str | None = None
    project: str | None = None
    amount_fen: int | None = None

    def said(self) -> dict[str, Any]:
        """What the file says, by name."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class RowError(NamedTuple):
    """The error of one cell; `row` and `column` as in Excel, `message` in Chinese."""

    row: int
    column: str
    message: str


@dataclass(slots=True)
class Parsed:
    """The good rows; the first error of every other row, and further errors up to the limit; and the counts.

    `header_row` is the row of the titles, `total_rows` how many rows with content follow it, `blank_rows` how many
    others are among these: together they are the number of the last row that a spreadsheet shows.
    """

    rows: list[ListRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    error_count: int = 0
    header_row: int = 0
    total_rows: int = 0
    blank_rows: int = 0


# credit code → what its good rows say of items → the row; on most lists a code has one row, which says nothing of one
FirstRows = dict[str, dict[tuple[Any, ...], int]]


class Header(NamedTuple):
    """Where the columns are; `name_column` is None if the file has no such column, `item_columns` has those that a list
    of other subsidies has of an item. `rivals` are columns under another title of the same thing, each with the column
    that is read in its place."""

    row: int
    code_column: int
    name_column: int | None
    item_columns: dict[int, str]
    rivals: dict[int, int]


def parse(kind: str, filename: str, content: bytes, limits: Limits = USUAL_LIMITS) -> Parsed:
    """Read a list of `kind` from an .xlsx, .xls or .csv file (§2.1.1, §2.3.1, §5.2b).

    Raises ListFileError if the file as a whole cannot be used, KeyError for an unknown kind.
    """
    title = LIST_KINDS[kind]
    sheet, outline = _only_sheet(title, open_sheets(filename, content, limits), limits), Outline(limits)
    rows = sheet.rows(outline) if sheet else iter(())
    header = _find_header(title, rows, limits, ITEM_HEADERS if kind == SUBSIDY_LIST else {})
    parsed = Parsed(header_row=header.row)
    first_rows: FirstRows = {}
    for row in rows:
        parsed.total_rows += 1
        if parsed.total_rows > limits.rows:
            raise ListFileError(f"{title}：名单超过 {limits.rows} 行，请核对后再上传")
        _take_row(row, header, first_rows, parsed, limits)
        parsed.blank_rows = row[0] - header.row - parsed.total_rows
    _check_shown(title, [f"{sheet.title}中{each}" for each in outline.hidden()] if sheet else [])
    return parsed


def _only_sheet(title: str, sheets: list[Sheet], limits: Limits) -> Sheet | None:
    """The one sheet with content, None if all are empty. Content of others is refused: it would be ignored silently."""
    filled = [sheet for sheet in sheets if sheet.is_filled(limits)]
    if len(filled) == 1 and not filled[0].is_hidden:
        return filled[0]
    shown = [sheet for sheet in filled if not sheet.is_hidden]
    unseen = [f"隐藏的{sheet.title}" for sheet in filled if sheet.is_hidden]
    _check_shown(title, unseen + [f"{each.title}中{words}" for each in shown for words in each.hidden(limits)])
    if shown:
        names = "、".join(sheet.title for sheet in shown)
        raise ListFileError(f"{title}：{names}都有内容，请只保留名单所在的一个工作表后再上传")
    return None


def _check_shown(title: str, unseen: list[str]) -> None:
    """Raise ListFileError for what the screen does not show: it would be in force without anybody having seen it."""
    if unseen:
        words = "；".join(unseen)
        raise ListFileError(
            f"{title}：文件中有看不到的内容：{words}。请取消隐藏、筛选、冻结或合并，核对后保留或删除，再上传"
        )


def _find_header(
    title: str, rows: Iterator[Row], limits: Limits, item_headers: Mapping[str, tuple[str, ...]]
) -> Header:
    """The header: of the first ten rows, the first one with a title of the code column. The rows up to it are taken.

    Raises ListFileError if there is none, or if a row of the list stands above it or was swallowed by it.
    """
    for number, cells in rows:
        if number > limits.header_rows:
            break
        if any(_swallowed(cell, limits) for cell in cells.values()):
            raise ListFileError(f"{title}：第 {number} 行的单元格里有多行内容，请检查引号是否成对")
        titles = {column: "".join(without_marks(cell.text).split()).lower() for column, cell in cells.items()}
        code_column = _find_column(titles, CODE_HEADERS)
        if code_column is not None:
            items = {_find_column(titles, wanted): name for name, wanted in item_headers.items()}
            found = {column: name for column, name in items.items() if column is not None}
            read: dict[int, tuple[str, ...]] = {code_column: CODE_HEADERS}
            read |= {column: item_headers[name] for column, name in found.items() if name in NUMBERS}
            rivals = {
                column: taken
                for taken, wanted in read.items()
                for column, text in titles.items()
                if text in wanted and column != taken
            }
            return Header(number, code_column, _find_column(titles, NAME_HEADERS), found, rivals)
        if any(EXACT_FORM.fullmatch(text.upper()) for text in titles.values()):
            raise ListFileError(f"{title}：第 {number} 行有信用代码，却在列标题之前，请把列标题移到名单最上面")
    raise ListFileError(f"{title}：前 {limits.header_rows} 行中没有“统一社会信用代码”列标题")


def _swallowed(cell: Cell, limits: Limits) -> bool:
    """Whether a title may be several lines of a .csv that a quote left open made one."""
    return cell.lines > 1 and (len(cell.text) > limits.cell_characters or SWALLOWED.search(cell.text) is not None)


def _find_column(titles: dict[int, str], wanted: tuple[str, ...]) -> int | None:
    for title in wanted:
        columns = [column for column, text in titles.items() if text == title]
        if len(columns) > 1:
            raise ListFileError(f"有 {len(columns)} 列的标题都是“{title}”，请只保留一列")
        if columns:
            return columns[0]
    return None


def _take_row(row: Row, header: Header, first_rows: FirstRows, parsed: Parsed, limits: Limits) -> None:
    """Add a row to the good rows, or its errors to the errors. `first_rows` maps what each good row says to the row."""
    number, cells = row
    problems = [*_cell_problems(cells.items(), header, limits), *_code_problems(row, header), *_rivals(cells, header)]
    found = None if problems else _read_row(row, header)
    if found:
        problems = list(_row_problems(found, header, first_rows, limits))
    bad_rows_before = parsed.total_rows - 1 - len(parsed.rows)  # the first error of each is among the errors
    room = limits.errors - (len(parsed.errors) - bad_rows_before)
    for column, message in problems[: 1 + room]:
        parsed.errors.append(RowError(number, column_letters(column), message))
    parsed.error_count += len(problems)
    if found and not problems:
        first_rows.setdefault(found.uscc, {})[found[3:]] = number
        parsed.rows.append(found)


def _read_row(row: Row, header: Header) -> ListRow:
    number, cells = row
    name = cells.get(header.name_column) if header.name_column is not None else None
    texts = {item: on_one_line(cells[column].text) for column, item in header.item_columns.items() if column in cells}
    items: dict[str, Any] = {**texts, **({"amount_fen": _fen(texts["amount_fen"])} if "amount_fen" in texts else {})}
    return ListRow(number, cells[header.code_column].text.strip(), on_one_line(name.text) if name else "", **items)


def _fen(text: str) -> int | None:
    """An amount of yuan in fen; None if it is none."""
    found = AMOUNT.fullmatch(text.replace(",", "").replace("，", ""))
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else None


def _row_problems(found: ListRow, header: Header, first_rows: FirstRows, limits: Limits) -> Iterator[tuple[int, str]]:
    """What is wrong with a row whose cells are right each by itself."""
    rows_of_code = first_rows.get(found.uscc, {})
    if first := rows_of_code.get(found[3:]):
        what = "同一企业同一事项" if header.item_columns else "统一社会信用代码"
        yield header.code_column, f"与第 {first} 行的{what}重复"
    elif len(rows_of_code) >= limits.items_of_code:
        yield header.code_column, f"同一企业超过 {limits.items_of_code} 行，请合并后再上传"
    elif found.invoice_code and not found.invoice_number:
        yield header.code_column, "填写了发票代码，却没有填写发票号码"


def _cell_problems(cells: Iterable[tuple[int, Cell]], header: Header, limits: Limits) -> Iterator[tuple[int, str]]:
    """The errors of cells other than the code, by column."""
    for column, cell in cells:
        if cell.lines > 1:
            yield column, f"单元格里有 {cell.lines} 行，可能是引号没有成对，把下面的行并了进来；请改正引号，或去掉换行"
        elif len(cell.text) > limits.cell_characters:
            yield column, f"单元格超过 {limits.cell_characters} 字"
        elif (column == header.name_column and (problem := _name_problem(cell, limits))) or (
            (item := header.item_columns.get(column)) and (problem := _item_problem(item, cell, limits))
        ):
            yield column, problem


def _item_problem(item: str, cell: Cell, limits: Limits) -> str | None:
    if item == "amount_fen":
        if problem := _content_problem(cell):
            return problem
        return "金额应为以元为单位的数字，最多两位小数" if _fen(on_one_line(cell.text)) is None else None
    if item != "project" and cell.kind is Kind.NUMBER:
        return "号码被存成了数字，可能丢失了首尾的数字；请把该列设为“文本”格式，再重新填写"
    if problem := _name_problem(cell, limits, "内容"):
        return problem
    # "无" or "/" for a number that is not known would name a contract that there is not, and no longer the enterprise
    is_number = item == "project" or any(each.isnumeric() for each in cell.text)
    return None if is_number else "号码中没有数字；没有号码的，请把单元格留空"


def _name_problem(cell: Cell, limits: Limits, what: str = "名称") -> str | None:
    if problem := _content_problem(cell):
        return problem
    name = on_one_line(cell.text)
    if len(name) > limits.name_characters:
        return f"{what}超过 {limits.name_characters} 字"
    marks = marks_in(name)
    return f"{what}中有屏幕上看不见的字符（{marks}），请删除后再上传" if marks else None


def _code_problems(row: Row, header: Header) -> Iterator[tuple[int, str]]:
    _, cells = row
    cell = cells.get(header.code_column)
    if cell is None:
        yield header.code_column, "该行有内容，但没有填写统一社会信用代码"
    elif problem := _code_problem(cell):
        yield header.code_column, problem


def _rivals(cells: Mapping[int, Cell], header: Header) -> Iterator[tuple[int, str]]:
    """What a row says twice, and not the same: two codes beside each other are two enterprises, and one number of two
    would be passed over silently. A column beside that of the code may hold older codes, of another form."""
    for column, taken in header.rivals.items():
        is_code = taken == header.code_column
        if (column not in cells) or (is_code and not EXACT_FORM.fullmatch(cells[column].text.strip().upper())):
            continue
        if taken not in cells or on_one_line(cells[column].text) != on_one_line(cells[taken].text):
            yield column, f"与 {column_letters(taken)} 列说的是同一项，内容却不同；请核对后只保留一列"


def _code_problem(cell: Cell) -> str | None:
    if cell.kind is Kind.NUMBER:
        return "代码被存成了数字，末几位已经丢失；请把该列设为“文本”格式，再重新填写代码"
    if problem := _content_problem(cell):
        return problem
    code = cell.text.strip()
    if marks := marks_in(code):
        return f"代码中有屏幕上看不见的字符（{marks}），请删除后再上传"
    if EXACT_FORM.fullmatch(code) is None:
        return "应为 18 位半角数字和大写字母（不含 I、O、S、V、Z），前 8 位为数字"
    return None if is_credit_code(code) else "校验位不符，请核对代码是否录错"


def _content_problem(cell: Cell) -> str | None:
    if cell.kind is Kind.FORMULA or cell.text.lstrip().startswith("="):
        return "单元格是公式，请改为直接填写的文本"
    return "单元格是错误值，请改为直接填写的文本" if cell.kind is Kind.FAULT else None
