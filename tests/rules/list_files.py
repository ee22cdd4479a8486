"""List files as other offices send them, and tools that damage a part of one."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import xlwt

from voucher.rules.credit_code import organisation_check

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
HEADER = ("统一社会信用代码", "企业名称")
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
STRINGS_RELATION = b'<Relationship Id="s" Type="any/sharedStrings" Target="sharedStrings.xml"/>'
INLINE_TEXT = re.compile(rb't="inlineStr"><is>(.*?)</is>', re.DOTALL)

Rows = Sequence[Sequence[Any]]


def credit_code(number: int) -> str:
    """A different credit code for each number."""
    body = f"MA{number:06}"
    code = "91331100" + body + organisation_check(body)
    total = sum(ALPHABET.index(character) * 3**place for place, character in enumerate(code))
    return code + ALPHABET[-total % 31]


def as_xlsx(*sheets: Rows) -> bytes:
    """A workbook of these sheets; a text that starts with = is a formula."""
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        for row in rows:
            sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_excel(*sheets: Rows) -> bytes:
    """The same as Excel itself writes it: the first sheet's cells refer to texts in a part of their own."""
    texts: list[bytes] = []

    def refer(match: re.Match[bytes]) -> bytes:
        texts.append(b"<si>" + match[1] + b"</si>")
        return b't="s"><v>%d</v>' % (len(texts) - 1)

    content = with_part(as_xlsx(*sheets), SHEET, lambda data: INLINE_TEXT.sub(refer, data))
    content = with_part(content, STRINGS, lambda _: b"<sst>" + b"".join(texts) + b"</sst>")
    return with_part(content, RELATIONS, lambda data: data.replace(b"</Rel", STRINGS_RELATION + b"</Rel"))


def as_xls(*sheets: Rows) -> bytes:
    """The same in the format before 2007."""
    book = xlwt.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.add_sheet(f"Sheet{number}")
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                formula = isinstance(value, str) and value.startswith("=")
                sheet.write(row, column, xlwt.Formula(value[1:]) if formula else value)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_csv(rows: Rows, encoding: str = "utf-8") -> bytes:
    """Comma-separated values."""
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode(encoding)


def with_part(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed, or added."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        parts = {entry.filename: old.read(entry) for entry in old.infolist()}
        parts[part] = change(parts.get(part, b""))
        for name, data in parts.items():
            new.writestr(name, data)
    return file.getvalue()
