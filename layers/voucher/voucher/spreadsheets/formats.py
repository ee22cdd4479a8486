"""The format of a list file, by its first bytes; and readers of the two older formats, .xls and .csv."""

import codecs
import csv
import io
import re
import struct
from collections.abc import Iterator
from functools import partial
from typing import Any

import xlrd
from xlrd.biffh import XL_CELL_BOOLEAN, XL_CELL_ERROR, XL_CELL_TEXT
from xlrd.compdoc import CompDocError

from voucher.spreadsheets.cells import (
    BROKEN,
    ENCRYPTED,
    Cell,
    Kind,
    Limits,
    ListFileError,
    Row,
    check_column,
)
from voucher.spreadsheets.sheets import LEAST_POINTS, LEAST_WIDTH, Area, Outline, Sheet, check_sheets
from voucher.spreadsheets.xlsx import read_xlsx

ZIP_SIGNATURE = b"PK\x03\x04"
COMPOUND_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")

# how a spreadsheet program writes a long number into a .csv: its last digits are lost. One digit stands before the
# point, so that a code of digits and one E is none.
SCIENTIFIC = re.compile(r"[+-]?[0-9](\.[0-9]*)?[eE][+-]?[0-9]+")

LINE_END = re.compile("\r\n|\r|\n")

# record types of the .xls stream: where substreams begin and end, and the three that hold a formula
XLS_BEGIN = (0x0009, 0x0209, 0x0409, 0x0809)
XLS_END = 0x000A
XLS_FORMULA = (0x0006, 0x0206, 0x0406)
# those that hold one cell each (number, text, truth value, error), and the one that holds many numbers
XLS_CELL = (*XLS_FORMULA, 0x0002, 0x0003, 0x0004, 0x0005, 0x0203, 0x0204, 0x0205, 0x027E, 0x00D6, 0x00FD)
XLS_NUMBERS = 0x00BD
# rows and columns, which may be hidden, also all that have no record of their own; and merged cells
XLS_ROW = 0x0208
XLS_COLUMNS = 0x007D
XLS_ROW_HEIGHT = 0x0225
XLS_COLUMN_WIDTH = 0x0055
XLS_STANDARD_WIDTH = 0x0099
XLS_MERGED = 0x00E5
# how the sheet is looked at: the cell at the top left, and what is frozen
XLS_VIEW, XLS_VIEW_FROZEN = 0x023E, 0x0008
XLS_PANES = 0x0041
# parts of a point and of a character, in which it counts
TWIPS, WIDTHS = 20, 256

# what xlrd raises for a damaged file
XLS_BREAKS = (
    xlrd.XLRDError,
    CompDocError,
    struct.error,
    AssertionError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    EOFError,
)


def open_sheets(filename: str, content: bytes, limits: Limits) -> list[Sheet]:
    """The sheets; the first bytes decide the format. Raises ListFileError, also later while rows are read."""
    if len(content) > limits.file_bytes:
        size = limits.file_bytes // 1024**2
        raise ListFileError(f"文件超过 {size} MB，请只保留名单所在的工作表后再上传")
    if content.startswith(ZIP_SIGNATURE):
        return read_xlsx(content, limits)
    if content.startswith(COMPOUND_SIGNATURE):
        if ENCRYPTED_STREAM in content:
            raise ListFileError(ENCRYPTED)
        return _read_xls(content, limits)
    if filename.lower().endswith(".csv"):
        return [Sheet(filename, False, partial(_csv_rows, content, _encoding(content), limits))]
    if filename.lower().endswith((".xlsx", ".xls")):
        raise ListFileError(BROKEN)
    raise ListFileError("只能上传 .xlsx、.xls 或 .csv 格式的名单")


def _read_xls(content: bytes, limits: Limits) -> list[Sheet]:
    # xlrd's warnings are dropped, because they would bring the file's content into the logs
    silent = io.StringIO()
    try:
        book = xlrd.open_workbook(file_contents=content, logfile=silent, on_demand=True, ragged_rows=True)
    except XLS_BREAKS as e:
        raise ListFileError(ENCRYPTED if "encrypted" in str(e) else BROKEN) from e
    check_sheets(book.nsheets, limits)
    return [
        Sheet(name, book._sheet_visibility[index] != 0, partial(_xls_rows, book, index, limits))
        for index, name in enumerate(book.sheet_names())
    ]


def _note_hidden(stream: bytes, position: int, outline: Outline) -> None:
    """Note hidden rows and columns, and merged cells: xlrd tells of them only together with every cell's format."""
    for record, start, length in _xls_records(stream, position):
        if record == XLS_ROW:
            row, height, hidden = struct.unpack_from("<H4xH4xH", stream, start)
            has_height = not height & 0x8000  # else its height is that of the sheet
            is_high = height >= LEAST_POINTS * TWIPS if has_height else None
            outline.note_row(row + 1, False if hidden & 0x20 else is_high)
        elif record == XLS_COLUMNS:
            first, last, width, hidden = struct.unpack_from("<HHH2xH", stream, start)
            outline.note_columns(first, last, not hidden & 0x1 and width >= LEAST_WIDTH * WIDTHS)
        elif record == XLS_ROW_HEIGHT:
            hidden, height = struct.unpack_from("<HH", stream, start)
            outline.by_default(rows_shown=not hidden & 0x2 and height >= LEAST_POINTS * TWIPS)
        elif record == XLS_COLUMN_WIDTH:
            outline.by_default(columns_shown=struct.unpack_from("<H", stream, start)[0] >= LEAST_WIDTH)
        elif record == XLS_STANDARD_WIDTH:
            outline.by_default(columns_shown=struct.unpack_from("<H", stream, start)[0] >= LEAST_WIDTH * WIDTHS)
        elif record == XLS_MERGED:
            for top, bottom, left, right in struct.iter_unpack("<HHHH", stream[start + 2 : start + length]):
                outline.merge(Area(top + 1, left, bottom + 1, right))


def _note_frozen(stream: bytes, position: int, outline: Outline) -> None:
    """Note where the part begins to which one can scroll, if rows or columns are frozen."""
    flags = top = left = 0
    for record, start, _ in _xls_records(stream, position):
        if record == XLS_VIEW:
            flags, top, left = struct.unpack_from("<HHH", stream, start)
        elif record == XLS_PANES and flags & XLS_VIEW_FROZEN:
            columns, rows = struct.unpack_from("<HH", stream, start)
            outline.begin_at(top + 1 if rows else 1, left if columns else 0)


def _xls_records(stream: bytes, position: int) -> Iterator[tuple[int, int, int]]:
    """The records of one sheet: type, where its content starts, and its length. Charts within the sheet are left out,
    each up to its first end, as xlrd does."""
    position += 4 + struct.unpack_from("<HH", stream, position)[1]
    in_chart = False
    while True:
        record, length = struct.unpack_from("<HH", stream, position)
        if record == XLS_END:
            if not in_chart:
                return
            in_chart = False
        elif record in XLS_BEGIN:
            in_chart = True
        elif not in_chart:
            yield record, position + 4, length
        position += 4 + length


def _xls_formulas(stream: bytes, position: int, limits: Limits) -> set[tuple[int, int]]:
    """The places (row, column) of formulas, because xlrd shows only their results, as if typed by hand.

    It also counts the cells, before xlrd takes memory for each. Raises ListFileError for too many.
    """
    places: set[tuple[int, int]] = set()
    cells = 0
    for record, start, length in _xls_records(stream, position):
        if record in XLS_FORMULA:
            places.add(struct.unpack_from("<HH", stream, start))
        cells += max(1, length // 6) if record == XLS_NUMBERS else record in XLS_CELL
        if cells > limits.xls_cells:
            raise ListFileError(f"工作表超过 {limits.xls_cells} 个单元格，请只保留名单的行和列后再上传")
    return places


def _xls_rows(book: Any, index: int, limits: Limits, outline: Outline) -> Iterator[Row]:
    """One sheet's rows. xlrd keeps all cells of a sheet in memory, so each sheet is unloaded before the next."""
    try:
        _note_hidden(book.mem, book._sh_abs_posn[index], outline)
        _note_frozen(book.mem, book._sh_abs_posn[index], outline)
        formulas = _xls_formulas(book.mem, book._sh_abs_posn[index], limits)
        sheet = book.sheet_by_index(index)
    except XLS_BREAKS as e:
        raise ListFileError(BROKEN) from e
    try:
        yield from outline.noted(_xls_content(sheet, formulas, limits))
    finally:
        book.unload_sheet(index)


def _xls_content(sheet: Any, formulas: set[tuple[int, int]], limits: Limits) -> Iterator[Row]:
    for number in range(sheet.nrows):
        cells = {}
        for column, cell in enumerate(sheet.row(number)):
            kind, text = _xls_value(cell)
            kind = Kind.FORMULA if (number, column) in formulas else kind
            if kind is Kind.FORMULA or (text and not text.isspace()):
                check_column(column, limits)
                cells[column] = Cell(kind, text[: limits.cell_characters + 1])
        if cells:
            yield number + 1, cells


def _xls_value(cell: Any) -> tuple[Kind, str]:
    if cell.ctype == XL_CELL_ERROR:
        return Kind.FAULT, xlrd.error_text_from_code.get(cell.value, "#")
    if cell.ctype == XL_CELL_BOOLEAN:
        return Kind.TEXT, str(bool(cell.value)).upper()
    if isinstance(cell.value, float):
        return Kind.NUMBER, repr(cell.value).removesuffix(".0")
    return Kind.TEXT, cell.value if cell.ctype == XL_CELL_TEXT else ""


def _encoding(content: bytes) -> str:
    """UTF-8 if the bytes are valid UTF-8, else GB 18030, which contains GBK. Chinese Excel writes one of the two.

    UTF-16 is refused: Excel writes it with tabs, which others put before long numbers to keep them texts.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or content.count(0) * 10 > len(content):
        raise ListFileError("文件是 UTF-16 编码（“Unicode 文本”），请另存为“CSV UTF-8”格式后再上传")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise ListFileError("无法识别 .csv 文件的文字编码，请另存为“CSV UTF-8”格式后再上传")


def _csv_rows(content: bytes, encoding: str, limits: Limits, outline: Outline) -> Iterator[Row]:
    """The rows, strictly: a quote is closed where a cell ends. Whether one that was left open swallowed the lines up to
    the next one, nobody can tell from the file, so each cell tells over how many lines it goes."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding, newline=""), strict=True)
    number = 0

    def rows() -> Iterator[Row]:
        nonlocal number
        for number, values in enumerate(reader, 1):
            cells = {}
            for column, text in enumerate(values):
                if text and not text.isspace():
                    check_column(column, limits)
                    kind = Kind.NUMBER if SCIENTIFIC.fullmatch(text.strip()) else Kind.TEXT
                    cells[column] = Cell(kind, text[: limits.cell_characters + 1], len(LINE_END.split(text)))
            if cells:
                yield number, cells

    try:
        yield from outline.noted(rows())
    except csv.Error as e:
        raise ListFileError(f"从第 {number + 1} 行起无法读取：引号没有成对，请改正该行的引号后再上传") from e
