"""What a sender sees in a list is what is read of it: every row is good or reported, in every format, by every writer.

The files are written by the libraries of others, as the sender's programs write them.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.rules.list_files import HEADER, Rows, credit_code
from voucher.spreadsheets.cells import ListFileError, column_letters
from voucher.spreadsheets.list_file import Parsed, parse

TITLES = [*HEADER, "备注"]
CODES = [*(credit_code(number) for number in range(8)), "9133110000000E1050"]
CODE_OF_ONE_E = CODES[-1]
UNHELD = re.compile("[\\x00-\\x08\\x0b-\\x1f]|_(?=x[0-9A-Fa-f]{4}_)")
WRITTEN_LINES = re.compile("单元格里有 ([0-9]+) 行")


class Hidden(NamedTuple):
    """What the sender's program does not show: rows from 0, columns from 0, sheets."""

    rows: frozenset[int] = frozenset()
    columns: frozenset[int] = frozenset()
    sheets: frozenset[int] = frozenset()


SHOWN = Hidden()


def escaped(match: re.Match[str]) -> str:
    """A character as OOXML escapes it."""
    return f"_x{ord(match[0]):04X}_"


def by_openpyxl(*sheets: Rows, hidden: Hidden = SHOWN) -> bytes:
    """A workbook of openpyxl, which leaves it to others to escape characters that XML does not hold."""
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        for values in rows:
            sheet.append([UNHELD.sub(escaped, value) if isinstance(value, str) else value for value in values])
        for row in hidden.rows:
            sheet.row_dimensions[row + 1].hidden = True
        for column in hidden.columns:
            sheet.column_dimensions[column_letters(column)].hidden = True
        if number in hidden.sheets:
            sheet.sheet_state = "veryHidden"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def by_xlsxwriter(*sheets: Rows, hidden: Hidden = SHOWN) -> bytes:
    """A workbook of XlsxWriter."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for number, rows in enumerate(sheets):
            sheet = book.add_worksheet()
            for row, values in enumerate(rows):
                for column, value in enumerate(values):
                    if isinstance(value, str) and not value.startswith("="):
                        sheet.write_string(row, column, value)
                    else:
                        sheet.write(row, column, value)
            for row in hidden.rows:
                sheet.set_row(row, None, None, {"hidden": True})
            for column in hidden.columns:
                sheet.set_column(column, column, None, None, {"hidden": True})
            if number in hidden.sheets:
                sheet.hide()
            elif hidden.sheets:
                sheet.activate()
    return file.getvalue()


def by_xlwt(*sheets: Rows, hidden: Hidden = SHOWN) -> bytes:
    """A workbook of the format before 2007."""
    book = xlwt.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.add_sheet(f"Sheet{number}")
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                is_formula = isinstance(value, str) and value.startswith("=")
                sheet.write(row, column, xlwt.Formula(value[1:]) if is_formula else value)
        for row in hidden.rows:
            sheet.row(row).hidden = True
        for column in hidden.columns:
            sheet.col(column).hidden = True
        sheet.visibility = 2 if number in hidden.sheets else 0
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def by_csv(encoding: str = "utf-8", **options: Any) -> Callable[[Rows], bytes]:
    """What Python's csv module writes."""

    def write(rows: Rows) -> bytes:
        file = io.StringIO()
        csv.writer(file, **options).writerows(rows)
        return file.getvalue().encode(encoding)

    return write


WORKBOOKS = {"a.xlsx": by_openpyxl, "b.xlsx": by_xlsxwriter, "c.xls": by_xlwt}
TEXTS = {
    "utf-8.csv": by_csv(),
    "mark.csv": by_csv("utf-8-sig", quoting=csv.QUOTE_ALL),
    "gb18030.csv": by_csv("gb18030", lineterminator="\n"),
    "macintosh.csv": by_csv(lineterminator="\r"),
}
WRITERS = {**WORKBOOKS, **TEXTS}

MARKS = "\u00ad\u034f\u115f\u200b\u200d\u200e\u202e\u2060\u2066\u2800\u3164\ufeff\uffa0\x00\x07\x1b\x7f\x9b\U000e0041"
SIGNS = "甲乙丙 　AZaz09·（）()＝-'\"“”,，;_xX\t\n\r𠮷𬎆\ue863" + MARKS
names = st.text(
    st.sampled_from(SIGNS) | st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff"), max_size=8
).filter(lambda name: not name.startswith("="))
right_codes = st.sampled_from(CODES)
codes = (
    right_codes
    | st.builds(
        "{}{}{}".format, st.sampled_from(["", " ", "\t", "'", "\u200b"]), right_codes, st.sampled_from(["", "\n"])
    )
    | right_codes.map(str.lower)
    | st.sampled_from(["", " ", HEADER[0], "9.13311E+17", "合计", "=A1", 913311007996550000, 5])
)
lines = st.tuples(codes, names, st.sampled_from(["", "备注", "A,B", "第一行\n第二行"]))


def is_blank(value: object) -> bool:
    """Whether a cell has nothing that a spreadsheet shows."""
    return isinstance(value, str) and not value.strip()


def shown_rows(rows: Rows, first: int) -> set[int]:
    """The numbers, as the sender's program shows them, of the rows with content from the `first` on."""
    numbers = range(first, first + len(rows))
    return {number for number, row in zip(numbers, rows, strict=True) if not all(map(is_blank, row))}


def read_or_refused(name: str, content: bytes) -> Parsed | None:
    """What is read; None for a file that is refused as a whole."""
    try:
        return parse("rated_d", name, content)
    except ListFileError:
        return None


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(WRITERS)), st.integers(0, 9), st.lists(lines, max_size=12))
@example("b.xlsx", 0, [(f"{CODES[0]}\r", "丙\r\n", "")])
@example("utf-8.csv", 0, [(CODE_OF_ONE_E, "甲", "")])
@example(
    "c.xls", 3, [(CODES[0], "甲\x1b[2J", ""), (CODES[1], "甲\x00", ""), ("", "", ""), (*TITLES,), (CODES[2], "", "")]
)
def test_every_row_that_a_sender_sees_is_good_or_reported(name: str, above: int, rows: list[Sequence[Any]]) -> None:
    content = WRITERS[name]([["名单"]] * above + [TITLES, *rows])
    parsed = read_or_refused(name, content)
    assert parsed is not None, "nothing in these files is a reason to refuse them as a whole"
    good, bad, shown = (
        {row.row for row in parsed.rows},
        {error.row for error in parsed.errors},
        shown_rows(rows, above + 2),
    )
    assert good | bad == shown
    assert not good & bad
    assert parsed.total_rows == len(shown)
    assert (parsed.header_row, parsed.header_row + parsed.total_rows + parsed.blank_rows) == (
        above + 1,
        max(shown, default=above + 1),
    )
    for row in parsed.rows:
        code, typed, _ = rows[row.row - above - 2]
        assert row.uscc == code.strip()
        assert row.name.split() == typed.split()
        assert not set(row.name) & {*MARKS, *"\t\n\r"}


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(
        st.tuples(right_codes, st.sampled_from(["甲", '"乙', '丙"', '"丁"', '戊"己', '""'])), min_size=1, max_size=12
    ),
    st.sampled_from(TITLES),
    st.sampled_from(["", "", '"']),
)
def test_a_quote_left_open_swallows_no_line_silently(
    line_end: str, rows: list[tuple[str, str]], title: str, quote: str
) -> None:
    header = [f"{quote}{each}" if each == title else each for each in TITLES[:2]]
    parsed = read_or_refused("a.csv", line_end.join(",".join(each) for each in [header, *rows]).encode())
    if parsed is None:
        return
    swallowed = {error.row: 1 for error in parsed.errors}
    for error in parsed.errors:
        if found := WRITTEN_LINES.search(error.message):
            swallowed[error.row] += int(found[1]) - 1
    assert parsed.header_row == 1
    assert len(parsed.rows) + sum(swallowed.values()) == len(rows)
    assert {(row.uscc, row.name) for row in parsed.rows} <= {
        (code, name.replace('"', "")) for code, name in rows
    } | set(rows)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(sorted(WORKBOOKS)),
    st.frozensets(st.integers(0, 9), max_size=4),
    st.frozensets(st.integers(0, 5), max_size=2),
    st.frozensets(st.integers(1, 2), max_size=1),
    st.booleans(),
)
def test_what_is_hidden_and_has_content_stops_the_file_and_is_named(
    name: str, hidden_rows: frozenset[int], hidden_columns: frozenset[int], hidden_sheets: frozenset[int], filled: bool
) -> None:
    rows = [TITLES, *([code, "甲", ""] for code in CODES[:5])]
    other = [["说明"]] if filled else []
    hidden = Hidden(hidden_rows, hidden_columns, hidden_sheets)
    content = WORKBOOKS[name](rows, other, other, hidden=hidden)
    wanted = [
        *(f"{row + 1}" for row in hidden_rows if row < len(rows)),
        *(
            f"隐藏的 {'、'.join(column_letters(each) for each in sorted(hidden_columns & {0, 1, 2}))} 列"
            for _ in "x"
            if hidden_columns & {0, 1, 2}
        ),
        *("隐藏的工作表“Sheet" for _ in hidden_sheets if filled),
    ]
    if not wanted and not filled:
        assert len(parse("rated_d", name, content).rows) == 5
        return
    with pytest.raises(ListFileError) as refused:
        parse("rated_d", name, content)
    message = refused.value.message
    assert all(each in spelled_out(message) for each in wanted), message
    assert wanted or "都有内容" in message


def spelled_out(message: str) -> str:
    """A sentence with each of its ranges of rows told row by row."""
    return re.sub("([0-9]+)-([0-9]+)", lambda run: "、".join(map(str, range(int(run[1]), int(run[2]) + 1))), message)
