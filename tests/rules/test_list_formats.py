"""Files that are broken, hostile or only odd: read rightly, or refused as a whole, in bounded memory."""

import io
import random
import re
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress

import openpyxl
import pytest
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
    rows = f'<x:sheetData xmlns:x="any"><x:row>{head}</x:row><x:row>{cells}</x:row></x:sheetData>'
    content = with_part(
        XLSX, SHEET, lambda data: re.sub(rb"<sheetData>.*</sheetData>", rows.encode(), data, flags=re.DOTALL)
    )
    assert parsed(content).rows == GOOD_ROWS


def test_hidden_sheets_are_not_read() -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx([HEADER, [A, "甲"]], [HEADER, [B, "乙"]])))
    book.worksheets[1].sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    assert parsed(file.getvalue()).rows == GOOD_ROWS


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
    content = as_xlsx([["说明"]], [HEADER, *([credit_code(number), "甲"] for number in range(1000))], [["备注"]])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    # the list is read for its titles first, and then for its rows
    assert "解压后过大" in refusal(content, limits=Limits(decompressed_bytes=size))
    assert len(parsed(content, limits=Limits(decompressed_bytes=2 * size)).rows) == 1000


def test_two_sheets_of_the_same_part_are_refused() -> None:
    content = as_xlsx([["说明"]], [HEADER, [A, "甲"]])
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
    endless = as_csv([HEADER]) + b'"' + b"y" * 200_000
    assert "请检查引号" in refusal(endless, "a.csv")


def test_damaged_files_are_refused_or_read_but_never_anything_else() -> None:
    chance = random.Random(20240809)
    for content in [XLSX, EXCEL, XLS] * 200:
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 3, 20])):
            damaged[chance.randrange(8, len(damaged))] = chance.randrange(256)
        with suppress(ListFileError):
            assert {row.uscc for row in parsed(bytes(damaged)).rows} <= {A}


def test_an_xls_sheet_that_is_hidden_is_not_read_and_truth_values_are_no_codes() -> None:
    book = xlwt.Workbook()
    for name, code in (("一", A), ("二", B)):
        sheet = book.add_sheet(name)
        for column, value in enumerate(HEADER):
            sheet.write(0, column, value)
        sheet.write(1, 0, code)
        sheet.write(2, 0, True)
    sheet.visibility = 1
    file = io.BytesIO()
    book.save(file)
    found = parsed(file.getvalue(), "a.xls")
    assert found.rows == [ListRow(2, A, "")]
    assert [error.row for error in found.errors] == [3]


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_a_workbook_with_more_sheets_than_allowed_is_refused(write: Callable[..., bytes]) -> None:
    content = write([HEADER, [A, "甲"]], *([[["x"]]] * 3))
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
