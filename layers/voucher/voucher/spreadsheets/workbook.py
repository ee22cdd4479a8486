"""Tables for spreadsheets: an .xlsx whose bytes depend only on its cells, and whose cells are never formulas.

A workbook is a zip of a few XML parts. We write them ourselves, because a library would add the clock and an author:
then the same cells would not be the same bytes. It would also make the cold start longer.
"""

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from unicodedata import normalize
from xml.sax.saxutils import escape

from voucher.models.base import yuan

Value = str | int
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EPOCH = (1980, 1, 1, 0, 0, 0)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


def inert(text: str) -> str:
    """The text, so that no spreadsheet takes it for a formula: with a quotation mark in front if it begins like one."""
    return f"'{text}" if text[:1] and normalize("NFKC", text[0])[:1] in "=+-@\t\r\n" else text


def workbook(title: str, rows: Iterable[Sequence[Value]]) -> bytes:
    """An .xlsx of one sheet. Texts are made inert. An integer is an amount in fen and becomes a number in yuan."""
    sheet = "".join(
        f'<row r="{number}">{"".join(_cell(number, column, cell) for column, cell in enumerate(row))}</row>'
        for number, row in enumerate(rows, 1)
    )
    parts = _PARTS | {
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            f'<sheet name="{escape(title)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    return zipped({name: (_HEAD + content).encode() for name, content in parts.items()}, zipfile.ZIP_STORED)


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of some files, by name. The same files in the same order make the same bytes."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 0  # else the bytes would depend on the system they are made on
            entry.compress_type = compression
            archive.writestr(entry, content)
    return out.getvalue()


def _cell(row: int, column: int, cell: Value) -> str:
    place = f"{_letters(column)}{row}"
    if isinstance(cell, int):
        return f'<c r="{place}"><v>{yuan(cell)}</v></c>'
    text = escape(_UNPRINTABLE.sub("", inert(cell)))
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _letters(column: int) -> str:
    return chr(ord("A") + column) if column < 26 else _letters(column // 26 - 1) + chr(ord("A") + column % 26)
