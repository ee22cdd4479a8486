"""Files that are broken, hostile or only odd: read rightly, or refused as a whole, in bounded memory."""

import io
import random
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import xlsxwriter
import xlwt

from tests.rules.list_files import (
    HEADER,
    RELATIONS,
    SHEET,
    STRINGS,
    as_csv,
    as_excel,
    as_xls,
    as_xlsx,
    credit_code,
    with_part,
)
from voucher.spreadsheets.cells import BROKEN, ENCRYPTED, Limits, ListFileError, column_letters, column_number
from voucher.spreadsheets.list_file import ListRow, Parsed, parse

A, B = credit_code(1), credit_code(2)
XLSX = as_xlsx([HEADER, [A, "甲"]])
EXCEL = as_excel([HEADER, [A, "甲"]])
XLS = as_xls([HEADER, [A, "甲"]])
GOOD_ROWS = [ListRow(2, A, "甲")]
MEGABYTE = 1_000_000
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def parsed(content: bytes, filename: str = "a.xlsx", limits: Limits | None = None) -> Parsed:
    return parse("rated_d", filename, content, limits or Limits())


def refusal(content: bytes, filename: str = "a.xlsx", limits: Limits | None = None) -> str:
    with pytest.raises(ListFileError) as caught:
        parsed(content, filename, limits)
    return caught.value.message


def peak_bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def formatted_rows(first: int, last: int) -> bytes:
    return b"".join(b'<row r="%d" s="1"><c r="A%d" s="1"/></row>' % (row, row) for row in range(first, last))


def appended(rows: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(b"</sheetData>", rows + b"</sheetData>")


def test_the_first_bytes_decide_the_format_whatever_the_name_says() -> None:
    assert parsed(XLSX, "a.csv").rows == parsed(XLS, "a.xlsx").rows == GOOD_ROWS


def test_a_million_formatted_but_empty_rows_end_at_the_last_real_one() -> None:
    last = b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>%s</t></is></c></row>' % B.encode()
    found = parsed(with_part(XLSX, SHEET, appended(formatted_rows(3, 1_048_576) + last)))
    assert found.rows == [*GOOD_ROWS, ListRow(1_048_576, B, "")]
    assert found.total_rows == 2


def test_formatted_but_empty_rows_take_no_memory() -> None:
    content = with_part(XLSX, SHEET, appended(formatted_rows(3, 100_000)))
    assert peak_bytes(lambda: parsed(content)) < MEGABYTE


def test_a_sheet_that_states_a_smaller_size_than_it_has_loses_no_row() -> None:
    content = as_xlsx([HEADER, [A, "甲"], [B, "乙"]])
    content = with_part(content, SHEET, lambda data: re.sub(rb'ref="A1:[A-Z0-9]+"', b'ref="A1:B2"', data))
    assert parsed(content).rows == [*GOOD_ROWS, ListRow(3, B, "乙")]


def test_a_reading_aid_beside_a_chinese_name_is_not_part_of_it() -> None:
    aid = "<t>甲</t><rPh sb='0' eb='1'><t>jia</t></rPh><phoneticPr fontId='1'/>".encode()
    content = with_part(EXCEL, STRINGS, lambda data: data.replace("<t>甲</t>".encode(), aid))
    assert parsed(content).rows == GOOD_ROWS


def test_a_text_in_several_runs_is_one_text() -> None:
    runs = "<r><t>甲</t></r><r><rPr><b/></rPr><t>乙</t></r>".encode()
    content = with_part(EXCEL, STRINGS, lambda data: data.replace("<t>甲</t>".encode(), runs))
    assert parsed(content).rows == [ListRow(2, A, "甲乙")]


def test_prefixed_elements_and_cells_without_places_are_read() -> None:
    cells = "".join(f'<x:c t="inlineStr"><x:is><x:t>{text}</x:t></x:is></x:c>' for text in (A, "甲"))
    head = "".join(f'<x:c t="str"><x:v>{text}</x:v></x:c>' for text in HEADER)
    rows = f'<x:sheetData xmlns:x="{MAIN}"><x:row>{head}</x:row><x:row>{cells}</x:row></x:sheetData>'
    content = with_part(
        XLSX, SHEET, lambda data: re.sub(rb"<sheetData>.*</sheetData>", rows.encode(), data, flags=re.DOTALL)
    )
    assert parsed(content).rows == GOOD_ROWS


@pytest.mark.parametrize(
    ("part", "change"),
    [
        pytest.param("xl/styles.xml", lambda _: b"<a>" * MEGABYTE, id="styles are never read"),
        pytest.param("docProps/core.xml", lambda _: b"no xml", id="nor are properties"),
    ],
)
def test_parts_that_a_list_does_not_need_cannot_spoil_it(part: str, change: Callable[[bytes], bytes]) -> None:
    assert parsed(with_part(XLSX, part, change)).rows == GOOD_ROWS


LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("part", [SHEET, STRINGS, "xl/workbook.xml", "_rels/.rels"])
def test_an_xml_document_type_is_refused_in_every_part_that_is_read(part: str) -> None:
    assert "XML 文档类型声明" in refusal(with_part(EXCEL, part, lambda data: LAUGHS + data.split(b"?>")[-1]))


def test_a_document_type_in_another_encoding_is_refused_as_well() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>' + LAUGHS.decode() + "<worksheet/>"
    assert "XML 文档类型声明" in refusal(with_part(XLSX, SHEET, lambda _: text.encode("utf-16")))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(b"<a>" * 2 * MEGABYTE, id="depth"),
        pytest.param(b"".join(b"<n%d/>" % name for name in range(200_000)), id="names without number"),
        pytest.param(b'<row a="' + b"y" * 40 * MEGABYTE + b'"/>', id="an attribute without end"),
        pytest.param(b"<!--" + b"y" * 40 * MEGABYTE + b"-->", id="a comment without end"),
    ],
)
def test_xml_made_to_fill_memory_is_refused_before_it_does(rows: bytes) -> None:
    content = with_part(XLSX, SHEET, appended(rows))
    assert peak_bytes(lambda: refusal(content)) < 8 * MEGABYTE


def test_a_text_of_forty_million_characters_is_one_cell_too_long() -> None:
    cell = b'<row r="3"><c r="A3" t="inlineStr"><is><t>' + b"y" * 40 * MEGABYTE + b"</t></is></c></row>"
    content = with_part(XLSX, SHEET, appended(cell))
    found: list[Parsed] = []
    assert peak_bytes(lambda: found.append(parsed(content))) < 5 * MEGABYTE
    assert found[0].errors[0].message == "单元格超过 2000 字"


def test_a_zip_that_inflates_to_more_than_allowed_is_refused_from_its_directory() -> None:
    bomb = with_part(XLSX, "xl/theme/theme1.xml", lambda _: bytes(201 * MEGABYTE))
    assert len(bomb) < MEGABYTE
    assert peak_bytes(lambda: refusal(bomb)) < MEGABYTE
    assert "解压后过大" in refusal(bomb)


def test_a_zip_directory_that_lies_about_a_size_is_refused_by_what_comes_out() -> None:
    content = with_part(XLSX, SHEET, appended(formatted_rows(3, 60_000)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo(SHEET).file_size
    lying = content.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert refusal(lying) == BROKEN
    assert refusal(content, limits=Limits(decompressed_bytes=size)) != BROKEN


def test_more_entries_or_texts_than_allowed_are_refused() -> None:
    assert "解压后过大" in refusal(XLSX, limits=Limits(zip_entries=3))
    assert "文字内容过多" in refusal(EXCEL, limits=Limits(shared_strings=3))
    assert "文字内容过多" in refusal(EXCEL, limits=Limits(shared_characters=10))


def test_inflated_bytes_are_counted_for_the_whole_file_however_often_a_part_is_read() -> None:
    content = as_xlsx([], [HEADER, *([credit_code(number), "甲"] for number in range(1000))], [])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    # the list is read for what is hidden first, and then for its rows
    assert "解压后过大" in refusal(content, limits=Limits(decompressed_bytes=size))
    assert len(parsed(content, limits=Limits(decompressed_bytes=2 * size)).rows) == 1000


def test_two_sheets_of_the_same_part_are_refused() -> None:
    content = as_xlsx([], [HEADER, [A, "甲"]])
    assert parsed(content).rows == GOOD_ROWS
    same = with_part(content, RELATIONS, lambda data: data.replace(b"sheet1.xml", b"sheet2.xml"))
    assert refusal(same) == BROKEN


@pytest.mark.parametrize("content", [XLSX, XLS, as_csv([HEADER, [A, "甲"]])])
def test_a_file_larger_than_allowed_is_refused_unread(content: bytes) -> None:
    assert "文件超过 20 MB" in refusal(content + bytes(20 * 1024**2), "a.csv")


@pytest.mark.parametrize("content", [XLSX, EXCEL, XLS])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused(content: bytes, share: float) -> None:
    assert refusal(content[: int(len(content) * share)]) == BROKEN


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html><table>", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    assert refusal(content) == BROKEN


def test_another_kind_of_file_is_refused() -> None:
    assert refusal(b"%PDF-1.7", "a.pdf") == "只能上传 .xlsx、.xls 或 .csv 格式的名单"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("_rels/.rels", '<a><Relationship Id="1" Type="x/officeDocument" Target="b.bin"/></a>')
    assert refusal(file.getvalue()).startswith("文件不是 .xlsx 工作簿")


def test_a_workbook_with_a_password_is_refused_with_that_reason() -> None:
    container = XLS + "EncryptedPackage".encode("utf-16-le")
    assert refusal(container) == ENCRYPTED
    locked = bytearray(XLSX)
    directory = locked.rfind(b"PK\x01\x02")
    locked[directory + 8] |= 1
    assert refusal(bytes(locked)) == ENCRYPTED


def test_cells_that_point_nowhere_make_a_file_broken() -> None:
    for wrong in (
        b'<c r="A3" t="s"><v>99</v></c>',
        b'<c r="A3" t="s"><v>-1</v></c>',
        b'<c r="33"><v>1</v></c>',
    ):
        row = b'<row r="3">' + wrong + b"</row>"
        assert refusal(with_part(XLSX, SHEET, appended(row))) == BROKEN
    for number in (b"0", b"1048577", b"x"):
        row = b'<row r="' + number + b'"><c r="A1"><v>1</v></c></row>'
        assert refusal(with_part(XLSX, SHEET, appended(row))) == BROKEN


def test_a_csv_in_no_known_encoding_or_with_an_open_quote_is_refused() -> None:
    assert "文字编码" in refusal(b"uscc\n\xff\xff\xff", "a.csv")
    for endless in (b'"', b'"' + b"y" * 200_000):
        assert "从第 2 行起无法读取：引号没有成对" in refusal(as_csv([HEADER]) + endless, "a.csv")


def test_damaged_files_are_refused_or_read_but_never_anything_else() -> None:
    chance = random.Random(20240809)
    for content in [XLSX, EXCEL, XLS] * 200:
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 3, 20])):
            damaged[chance.randrange(8, len(damaged))] = chance.randrange(256)
        with suppress(ListFileError):
            assert {row.uscc for row in parsed(bytes(damaged)).rows} <= {A}


def test_truth_values_are_no_codes() -> None:
    found = parsed(as_xls([HEADER, [A, ""], [True, ""]]), "a.xls")
    assert found.rows == [ListRow(2, A, "")]
    assert [error.row for error in found.errors] == [3]


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_a_workbook_with_more_sheets_than_allowed_is_refused(write: Callable[..., bytes]) -> None:
    content = write([HEADER, [A, "甲"]], *([[]] * 3))
    assert "超过 3 个工作表" in refusal(content, limits=Limits(sheets=3))
    assert parsed(content, limits=Limits(sheets=4)).rows == GOOD_ROWS


def test_an_xls_with_more_cells_than_allowed_is_refused_before_they_are_read() -> None:
    sheet = [HEADER, [A, "甲"]]
    assert "个单元格" in refusal(as_xls(sheet), "a.xls", Limits(xls_cells=3))
    numbers = as_xls([*sheet, [B, *range(20)]])  # twenty numbers side by side are one record
    assert "个单元格" in refusal(numbers, "a.xls", Limits(xls_cells=20))
    assert parsed(as_xls(sheet), "a.xls", Limits(sheets=1, xls_cells=4)).rows == GOOD_ROWS


def test_columns_have_the_names_excel_gives_them() -> None:
    for column, letters in ((0, "A"), (25, "Z"), (26, "AA"), (39, "AN"), (16_383, "XFD")):
        assert column_letters(column) == letters
        assert column_number(letters) == column


def test_an_open_quote_stops_a_csv_and_one_closed_later_is_reported_with_its_lines() -> None:
    lines = ["统一社会信用代码,企业名称,备注", *(f"{credit_code(number)},企业{number}," for number in range(30))]
    lines[3] += '"复核中'
    assert "从第 4 行起无法读取：引号没有成对" in refusal("\r\n".join(lines).encode("gbk"), "a.csv")
    lines[8] += '"'
    found = parsed("\n".join(lines).encode(), "a.csv")
    assert [row.uscc for row in found.rows] == [credit_code(number) for number in (0, 1, *range(8, 30))]
    assert [(each.row, each.column, each.message[:11]) for each in found.errors] == [(4, "C", "单元格里有 6 行，可")]


@pytest.mark.parametrize("swallowed", [f"{A},甲\n{B},", A, "甲,"])
def test_a_title_that_swallowed_lines_stops_a_csv(swallowed: str) -> None:
    lines = f'统一社会信用代码,企业名称,"备注\n{swallowed}"\n{B},乙,\n'
    assert "第 1 行的单元格里有多行内容" in refusal(lines.encode(), "a.csv")


def test_a_row_of_the_list_above_its_titles_stops_the_file() -> None:
    for code in (A, f" {A.lower()}\u200b"):
        assert "第 1 行有信用代码，却在列标题之前" in refusal(as_csv([[code], HEADER, [B, "乙"]]), "a.csv")


def test_a_code_of_digits_and_one_e_is_no_number_in_a_csv() -> None:
    content = as_csv([HEADER, ["9133110000000E1050", "甲"]])
    assert parsed(content, "a.csv").rows == [ListRow(2, "9133110000000E1050", "甲")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_csv_in_utf_16_is_refused_by_that_name(encoding: str) -> None:
    assert "UTF-16" in refusal(
        as_csv([HEADER, *([credit_code(number), "甲"] for number in range(3))], encoding), "a.csv"
    )


@pytest.mark.parametrize("text", [A, "甲", HEADER[0]])
@pytest.mark.parametrize("inserted", ["_x000D_\n", "_x000d_", "_x0009_"])
def test_an_escaped_line_end_beside_a_text_is_white_space(text: str, inserted: str) -> None:
    content = with_part(EXCEL, STRINGS, lambda data: data.replace(f"{text}<".encode(), f"{text}{inserted}<".encode()))
    assert parsed(content).rows == GOOD_ROWS


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("甲_x000D_\n乙", "甲 乙"),
        ("_x7532_", "甲"),
        ("_x005F_x7532_", "_x7532_"),
        ("_xD842__xDFB7_", "𠮷"),
        ("_xD842_", "�"),
        ("_x12", "_x12"),
    ],
)
def test_what_ooxml_escapes_in_a_text_is_read_as_what_it_was(name: str, read: str) -> None:
    content = with_part(EXCEL, STRINGS, lambda data: data.replace("甲".encode(), name.encode()))
    assert parsed(content).rows == [ListRow(2, A, read)]


def test_a_text_over_the_limit_is_not_made_shorter_by_its_escapes() -> None:
    name = "_x0020_" * 500
    content = with_part(EXCEL, STRINGS, lambda data: data.replace("甲".encode(), name.encode()))
    assert parsed(content).errors[0].message == "单元格超过 2000 字"


def renamed(old: str, new: str) -> bytes:
    """The workbook with its parts named as other programs do; they all open in Excel."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(EXCEL)) as source, zipfile.ZipFile(file, "w") as target:
        for entry in source.infolist():
            part = zipfile.ZipInfo("x")
            part.filename = entry.filename.replace(old, new)  # ZipInfo() itself would put slashes into it
            target.writestr(part, source.read(entry))
    return file.getvalue()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/", "\\"),
        ("sharedStrings.xml", "SharedStrings.xml"),
        ("worksheets/sheet1", "Worksheets/Sheet1"),
        ("xl/", "/xl/"),
        ("_rels/.rels", "_Rels/.Rels"),
    ],
)
def test_parts_are_found_however_their_names_are_spelled(old: str, new: str) -> None:
    assert parsed(renamed(old, new)).rows == GOOD_ROWS


def test_relations_may_have_backslashes_but_two_parts_of_one_name_are_refused() -> None:
    content = with_part(EXCEL, RELATIONS, lambda data: data.replace(b"worksheets/sheet1", b"worksheets\\sheet1"))
    assert parsed(content).rows == GOOD_ROWS
    sheet = zipfile.ZipFile(io.BytesIO(EXCEL)).read(SHEET)
    assert refusal(with_part(EXCEL, SHEET.upper(), lambda _: sheet)) == BROKEN


def cell(place: str, text: str) -> bytes:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'.encode()


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(b'<row r="2">' + cell("A2", B) + b"</row>", id="a row twice"),
        pytest.param(b'<row r="1">' + cell("A1", B) + b"</row>", id="a row behind a later one"),
        pytest.param(b'<row r="3">' + cell("A3", B) + cell("A3", A) + b"</row>", id="a cell twice"),
        pytest.param(b'<row r="3">' + cell("B3", "") + cell("A3", B) + b"</row>", id="a cell behind a later one"),
        pytest.param(b'<row r="3">' + cell("A4", B) + b"</row>", id="a cell of another row"),
        pytest.param(cell("A3", B), id="a cell of no row"),
        pytest.param(b'<row r="3"/><c t="inlineStr"><is><t>A</t></is></c>', id="a cell of no row and no place"),
        pytest.param(b'<row r="3"><row r="4">' + cell("A4", B) + b"</row></row>", id="a row within a row"),
    ],
)
def test_rows_and_cells_out_of_their_order_make_a_file_broken(rows: bytes) -> None:
    assert parsed(with_part(XLSX, SHEET, appended(b'<row r="3">' + cell("A3", B) + b"</row>"))).rows[1:]
    assert refusal(with_part(XLSX, SHEET, appended(rows))) == BROKEN


def sheet_with(old: bytes, new: bytes) -> bytes:
    changed = with_part(as_xlsx([HEADER, [A, "甲"], [B, "乙"]]), SHEET, lambda data: data.replace(old, new))
    assert old in zipfile.ZipFile(io.BytesIO(as_xlsx([HEADER, [A, "甲"], [B, "乙"]]))).read(SHEET)
    return changed


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'<row r="2"', b'<row r="2" hidden="true"', "隐藏或筛选掉的第 2 行"),
        (b'<row r="3"', b'<row r="3" ht="0" customHeight="1"', "隐藏或筛选掉的第 3 行"),
        (b"<sheetData>", b'<cols><col min="2" max="9" hidden="1"/></cols><sheetData>', "隐藏的 B 列"),
        (b'<row r="3"', b'<row r="3" ht="0.3" customHeight="1"', "隐藏或筛选掉的第 3 行"),
        (b'<row r="3"', b'<row r="3" hidden=" 1 "', "隐藏或筛选掉的第 3 行"),
        (b"</sheetData>", b'<row hidden="1">' + cell("", A) + b"</row></sheetData>", "隐藏或筛选掉的第 4 行"),
        (b"</sheetData>", b'<row ht="0">' + cell("", A) + b"</row></sheetData>", "隐藏或筛选掉的第 4 行"),
        (b"<sheetData>", b'<cols><col min="1" max="2" width="0"/></cols><sheetData>', "隐藏的 A、B 列"),
        (b"<sheetData>", b'<cols><col min="1" max="1" width="0.1"/></cols><sheetData>', "隐藏的 A 列"),
        (b'baseColWidth="8"', b'defaultColWidth="0"', "隐藏的 A、B 列"),
        (b'defaultRowHeight="15"', b'defaultRowHeight="0"', "隐藏或筛选掉的第 1-3 行"),
        (
            b"</sheetData>",
            b'</sheetData><mergeCells><mergeCell ref="A2:B3"/></mergeCells>',
            "合并单元格盖住的单元格 B2、A3、B3",
        ),
    ],
)
def test_what_is_hidden_in_a_sheet_is_named(old: bytes, new: bytes, words: str) -> None:
    assert f"文件中有看不到的内容：工作表“Sheet”中{words}。请取消隐藏" in refusal(sheet_with(old, new))


def frozen(view: bytes, pane: bytes) -> bytes:
    """A sheet of two rows, looked at and frozen in this way."""
    panes = b'<sheetViews><sheetView workbookViewId="0"%s><pane%s/></sheetView></sheetViews><sheetFormatPr'
    return sheet_with(b"<sheetFormatPr", panes % (view, pane))


def test_what_nobody_can_scroll_to_above_or_left_of_a_frozen_part_is_named() -> None:
    rows_and_columns = frozen(b' topLeftCell="B3"', b' xSplit="1" ySplit="1" state="frozen"')
    assert "中冻结窗格后滚动不到的第 1-2 行；" in refusal(rows_and_columns) + "；"
    assert "冻结窗格后滚动不到的 A 列" in refusal(frozen(b' topLeftCell="B1"', b' xSplit="1" state="frozenSplit"'))
    for view, pane in (
        (b"", b' ySplit="1" topLeftCell="A3" state="frozen"'),  # scrolled below what is frozen
        (b' topLeftCell="B3"', b' ySplit="1" state="split"'),  # a split that scrolls
        (b' topLeftCell="A3"', b' xSplit="1" state="frozen"'),  # columns are frozen, rows scroll
    ):
        assert len(parsed(frozen(view, pane)).rows) == 2


def test_rows_and_columns_that_are_shown_in_a_sheet_of_hidden_ones_are_read() -> None:
    content = with_part(
        sheet_with(
            b'<sheetFormatPr baseColWidth="8" defaultRowHeight="15" />',
            b'<sheetFormatPr defaultColWidth="0" defaultRowHeight="0" zeroHeight="1"/>'
            b'<cols><col min="1" max="2" width="20"/><col min="3" max="16384" width="0" hidden="1"/></cols>',
        ),
        SHEET,
        lambda data: data.replace(b"<row ", b'<row ht="15" hidden="0" '),
    )
    assert len(parsed(content).rows) == 2


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(b'<z:row xmlns:z="any" r="4">' + cell("A4", A) + b"</z:row>", id="a row of another namespace"),
        pytest.param(b'<z:x xmlns:z="any"><row r="4">' + cell("A4", A) + b"</row></z:x>", id="a row within one"),
        pytest.param(
            b'<row r="4"><c r="A4" t="inlineStr"><extLst><ext><t>%s</t></ext></extLst></c></row>' % A.encode(),
            id="a text in an extension",
        ),
        pytest.param(
            b'<row r="4"><c r="A4" t="inlineStr"><is><z:t xmlns:z="any">%s</z:t></is></c></row>' % A.encode(),
            id="a text of another namespace",
        ),
        pytest.param(b'<row r="4"><c r="A4" t="inlineStr"><v>%s</v></c></row>' % A.encode(), id="v in an inline text"),
        pytest.param(b'<row r="4"><c r="A4" t="str"><is><t>%s</t></is></c></row>' % A.encode(), id="is in another"),
        pytest.param(b'<row r="4"><c r="A4" t="any"><v>%s</v></c></row>' % A.encode(), id="an unknown type"),
        pytest.param(
            b'<row r="4"><c r="A4" t="str"><v>%s</v><v>%s</v></c></row>' % (A[:9].encode(), A[9:].encode()),
            id="a value in two pieces",
        ),
        pytest.param(b'</sheetData><sheetData><row r="4">' + cell("A4", A) + b"</row>", id="a second table"),
    ],
)
def test_what_no_spreadsheet_program_shows_makes_a_file_broken(more: bytes) -> None:
    assert refusal(with_part(XLSX, SHEET, lambda data: data.replace(b"</sheetData>", more + b"</sheetData>"))) == BROKEN


def test_what_programs_keep_beside_the_table_is_no_row() -> None:
    table = b"<sheetData><row><c/></row><row>" + cell("", B) + b"</row></sheetData>"
    for beside in (b"<extLst><ext>%s</ext></extLst>", b'<z:x xmlns:z="any">%s</z:x>'):
        content = with_part(
            XLSX, SHEET, lambda data, more=beside: data.replace(b"</worksheet>", more % table + b"</worksheet>")
        )
        assert parsed(content).rows == GOOD_ROWS


def test_shared_texts_of_another_namespace_make_a_file_broken() -> None:
    texts = b'<z:t xmlns:z="any">' + B.encode() + b"</z:t></si>"
    assert refusal(with_part(EXCEL, STRINGS, lambda data: data.replace(b"</si>", texts, 1))) == BROKEN


def test_a_part_that_begins_nowhere_makes_a_file_broken() -> None:
    begin = XLSX.rindex(b"PK\x05\x06")
    size, start = struct.unpack_from("<II", XLSX, begin + 12)
    directory = b""
    for entry in zipfile.ZipFile(io.BytesIO(XLSX)).infolist():
        place = XLSX.index(b"PK\x01\x02", start)
        start = place + 46 + len(entry.filename)
        extra = struct.pack("<HHQ", 1, 8, 2**63 + 5)
        head = XLSX[place : place + 30] + struct.pack("<H", len(extra)) + XLSX[place + 32 : place + 42]
        directory += head + b"\xff" * 4 + entry.filename.encode() + extra
    end = XLSX[begin : begin + 12] + struct.pack("<I", len(directory)) + XLSX[begin + 16 :]
    assert refusal(XLSX[: begin - size] + directory + end) == BROKEN


def test_a_sentence_names_a_sheet_by_no_more_than_its_name_may_be() -> None:
    name = b'name="\xe2\x80\xae' + b"y" * 500_000 + b'"'
    content = with_part(
        sheet_with(b'<row r="2"', b'<row r="2" hidden="1"'),
        "xl/workbook.xml",
        lambda data: data.replace(b'name="Sheet"', name),
    )
    assert f"工作表“{'y' * 31}”中" in refusal(content)


def test_hidden_rows_columns_and_merged_cells_without_content_do_no_harm() -> None:
    harmless = b'<cols><col min="3" max="16384" hidden="1"/></cols><sheetData>'
    assert len(parsed(sheet_with(b"<sheetData>", harmless)).rows) == 2
    merged = (
        b'<row r="4" hidden="1"/></sheetData><mergeCells><mergeCell ref="B2"/><mergeCell ref="C2:D9"/></mergeCells>'
    )
    assert len(parsed(sheet_with(b"</sheetData>", merged)).rows) == 2


def test_merged_cells_without_end_are_refused() -> None:
    areas = b'<mergeCell ref="A1:XFD1048576"/>'
    content = sheet_with(b"</sheetData>", b"</sheetData><mergeCells>" + areas * 100_001 + b"</mergeCells>")
    assert "合并单元格过多" in refusal(content)
    overlapping = sheet_with(b"</sheetData>", b"</sheetData><mergeCells>" + areas * 99 + b"</mergeCells>")
    assert refusal(overlapping, limits=Limits(rows=10, merged_areas=100)) == BROKEN
    assert refusal(sheet_with(b"</sheetData>", b'</sheetData><mergeCell ref="A1:B"/>')) == BROKEN


def test_many_hidden_places_are_named_up_to_a_hundred_and_counted() -> None:
    rows = [HEADER, *([credit_code(number), "甲"] for number in range(300))]
    content = with_part(
        as_xlsx(rows), SHEET, lambda data: re.sub(rb'<row r="([0-9]*[02468])"', rb'<row hidden="1" r="\1"', data)
    )
    assert "、198、200 等（另有 50 处） 行" in refusal(content)


def xls_with(hide: Callable[[Any], None]) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    for row, values in enumerate([HEADER, [A, "甲"], [B, "乙"]]):
        for column, value in enumerate(values):
            sheet.write(row, column, value)
    hide(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def without_height(sheet: Any) -> None:
    sheet.row(2).height, sheet.row(2).height_mismatch = 0, True


def scrolled_and_frozen(sheet: Any) -> None:
    sheet.first_visible_row, sheet.first_visible_col = 2, 0
    sheet.panes_frozen, sheet.horz_split_pos = True, 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"<sheetData>", b'<cols><col min="1" max="1" hidden="1"/></cols><sheetData>', "隐藏的 A 列"),
        (b'defaultRowHeight="15"', b'defaultRowHeight="0"', "隐藏或筛选掉的第 1-3 行"),
    ],
)
def test_what_is_hidden_is_not_shown_by_a_place_where_no_program_looks(old: bytes, new: bytes, words: str) -> None:
    beside = b'<extLst><ext><sheetFormatPr defaultRowHeight="15"/><col min="1" max="9" hidden="0"/></ext></extLst>'
    content = with_part(
        sheet_with(old, new), SHEET, lambda data: data.replace(b"</worksheet>", beside + b"</worksheet>")
    )
    assert words in refusal(content)


def test_the_results_that_one_formula_writes_into_many_cells_are_formulas() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_dynamic_array_formula("A2:A3", "=UNIQUE(D2:D3)", None, A)
        for row, code in ((1, A), (2, B), (3, credit_code(3))):
            if row > 1:
                sheet.write_string(row, 0, code)
            sheet.write_string(row, 1, "甲")
    found = parsed(file.getvalue())
    assert [row.row for row in found.rows] == [4]
    assert [(error.row, error.column) for error in found.errors] == [(2, "A"), (3, "A")]


def test_a_truth_value_is_read_as_it_is_shown() -> None:
    assert parsed(as_xlsx([HEADER, [A, True]])).rows == parsed(as_xls([HEADER, [A, True]]), "a.xls").rows
    assert parsed(as_xlsx([HEADER, [A, False]])).rows == [ListRow(2, A, "FALSE")]


def test_a_sheet_of_a_type_that_shows_cells_is_not_passed_over() -> None:
    def as_type(kind: bytes) -> Callable[[bytes], bytes]:
        return lambda data: re.sub(rb'(relationships/)worksheet("[^>]*sheet2)', rb"\1" + kind + rb"\2", data)

    content = as_xlsx([HEADER, [A, "甲"]], [["说明"]])
    assert parsed(with_part(content, RELATIONS, as_type(b"chartsheet"))).rows == GOOD_ROWS
    assert "都有内容" in refusal(with_part(content, RELATIONS, as_type(b"xlMacrosheet")))


@pytest.mark.parametrize(
    ("hide", "words"),
    [
        (lambda sheet: setattr(sheet.row(1), "hidden", True), "隐藏或筛选掉的第 2 行"),
        (without_height, "隐藏或筛选掉的第 3 行"),
        (lambda sheet: setattr(sheet.col(1), "hidden", True), "隐藏的 B 列"),
        (lambda sheet: setattr(sheet.col(0), "width", 0), "隐藏的 A 列"),
        (lambda sheet: sheet.merged_ranges.append((1, 2, 0, 0)), "合并单元格盖住的单元格 A3"),
        (scrolled_and_frozen, "冻结窗格后滚动不到的第 1-2 行"),
    ],
)
def test_what_is_hidden_in_a_sheet_of_an_xls_is_named(hide: Callable[[Any], None], words: str) -> None:
    assert len(parsed(xls_with(lambda _: None)).rows) == 2
    assert f"工作表“名单”中{words}。请取消隐藏" in refusal(xls_with(hide))


def record(kind: int, content: bytes) -> bytes:
    """A record of an .xls."""
    return struct.pack("<HH", kind, len(content)) + content


@pytest.mark.parametrize(
    ("default", "words"),
    [
        (record(0x0225, b"\2\0\xff\0"), "隐藏或筛选掉的第 1-2 行"),
        (record(0x0225, b"\0\0\0\0"), "隐藏或筛选掉的第 1-2 行"),
        (record(0x0055, b"\0\0\0\0"), "隐藏的 A、B 列"),
        (record(0x0099, b"\1\0\0\0"), "隐藏的 A、B 列"),
    ],
)
def test_what_an_xls_hides_by_default_is_named(default: bytes, words: str) -> None:
    without_rows = re.sub(rb"\x08\x02\x10\0.{16}", lambda each: b"\x99\1\x10\0" + each[0][4:], XLS, flags=re.DOTALL)
    assert parsed(without_rows, "a.xls").rows == GOOD_ROWS
    assert words in refusal(without_rows.replace(record(0x0225, b"\0\0\xff\0"), default), "a.xls")


def test_a_chart_in_an_xls_is_no_part_of_its_sheet() -> None:
    begin = XLS.rindex(b"\x09\x08\x10\x00")
    end = begin
    while not XLS.startswith(b"\x0a\x00\x00\x00", end):
        end += 4 + int.from_bytes(XLS[end + 2 : end + 4], "little")
    hidden_row = b"\x08\x02\x10\x00\x01\x00" + bytes(10) + b"\x20\x00\x00\x00"
    chart = XLS[begin : begin + 20] + hidden_row + b"\x0a\x00\x00\x00"

    def with_records(more: bytes) -> bytes:  # in the place of the zeros behind the sheet
        return XLS[:end] + more + XLS[end : end + 4] + XLS[end + 4 + len(more) :]

    assert parsed(with_records(chart), "a.xls").rows == GOOD_ROWS
    assert "隐藏或筛选掉的第 2 行" in refusal(with_records(hidden_row), "a.xls")
