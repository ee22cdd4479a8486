"""The format of a list file, by its first bytes; and readers of the two older formats, .xls and .csv."""

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
    Sheet,
    check_column,
    check_sheets,
)
from voucher.spreadsheets.xlsx import read_xlsx

ZIP_SIGNATURE = b"PK\x03\x04"
COMPOUND_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")

# how a spreadsheet program writes a long number into a .csv: its last digits are lost
SCIENTIFIC = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+")

# record types of the .xls stream: where substreams begin and end, and the three that hold a formula
XLS_BEGIN = (0x0009, 0x0209, 0x0409, 0x0809)
XLS_END = 0x000A
XLS_FORMULA = (0x0006, 0x0206, 0x0406)
# those that hold one cell each (number, text, truth value, error), and the one that holds many numbers
XLS_CELL = (*XLS_FORMULA, 0x0002, 0x0003, 0x0004, 0x0005, 0x0203, 0x0204, 0x0205, 0x027E, 0x00D6, 0x00FD)
XLS_NUMBERS = 0x00BD

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
    """The visible sheets; the first bytes decide the format. Raises ListFileError, also later while rows are read."""
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
        return [Sheet(filename, partial(_csv_rows, content, _encoding(content), limits))]
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
        Sheet(name, partial(_xls_rows, book, index, limits))
        for index, name in enumerate(book.sheet_names())
        if book._sheet_visibility[index] == 0
    ]


def _xls_formulas(stream: bytes, position: int, limits: Limits) -> set[tuple[int, int]]:
    """The places (row, column) of formulas, because xlrd shows only their results, as if typed by hand.

    It also counts the cells, before xlrd takes memory for each. Raises ListFileError for too many.
    """
    places: set[tuple[int, int]] = set()
    depth = cells = 0
    while True:
        record, length = struct.unpack_from("<HH", stream, position)
        if record in XLS_BEGIN:
            depth += 1
        elif record == XLS_END:
            depth -= 1
            if depth <= 0:
                return places
        elif record in XLS_FORMULA and depth == 1:
            places.add(struct.unpack_from("<HH", stream, position + 4))
        cells += max(1, length // 6) if record == XLS_NUMBERS else record in XLS_CELL
        if cells > limits.xls_cells:
            raise ListFileError(f"工作表超过 {limits.xls_cells} 个单元格，请只保留名单的行和列后再上传")
        position += 4 + length


def _xls_rows(book: Any, index: int, limits: Limits) -> Iterator[Row]:
    """One sheet's rows. xlrd keeps all cells of a sheet in memory, so each sheet is unloaded before the next."""
    try:
        formulas = _xls_formulas(book.mem, book._sh_abs_posn[index], limits)
        sheet = book.sheet_by_index(index)
    except XLS_BREAKS as e:
        raise ListFileError(BROKEN) from e
    try:
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
    finally:
        book.unload_sheet(index)


def _xls_value(cell: Any) -> tuple[Kind, str]:
    if cell.ctype == XL_CELL_ERROR:
        return Kind.FAULT, xlrd.error_text_from_code.get(cell.value, "#")
    if cell.ctype == XL_CELL_BOOLEAN:
        return Kind.TEXT, str(bool(cell.value)).upper()
    if isinstance(cell.value, float):
        return Kind.NUMBER, repr(cell.value).removesuffix(".0")
    return Kind.TEXT, cell.value if cell.ctype == XL_CELL_TEXT else ""


def _encoding(content: bytes) -> str:
    """UTF-8 if the bytes are valid UTF-8, else GB 18030, which contains GBK. Chinese Excel writes one of the two."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise ListFileError("无法识别 .csv 文件的文字编码，请另存为“CSV UTF-8”格式后再上传")


def _csv_rows(content: bytes, encoding: str, limits: Limits) -> Iterator[Row]:
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding, newline=""))
    number = 0
    try:
        for number, values in enumerate(reader, 1):
            cells = {}
            for column, text in enumerate(values):
                if text and not text.isspace():
                    check_column(column, limits)
                    kind = Kind.NUMBER if SCIENTIFIC.fullmatch(text.strip()) else Kind.TEXT
                    cells[column] = Cell(kind, text[: limits.cell_characters + 1])
            if cells:
                yield number, cells
    except csv.Error as e:
        raise ListFileError(f"第 {number + 1} 行之后无法读取，请检查引号是否成对") from e
