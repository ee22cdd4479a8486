"""The list files of other offices: real .xlsx workbooks, one row per enterprise, codes as text.

Like a real list, each also names enterprises that are not registered.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.styles import Font

from infra.city.credit_codes import OUTSIDERS, CreditCodes
from infra.city.enterprises import Enterprise
from infra.city.names import Names
from infra.city.trades import TRADES


class _Sheet(NamedTuple):
    title: str
    third_column: str
    outsiders: int


SHEETS = {
    "rated_d": _Sheet("亩均论英雄D类企业", "评价结果", 9),
    "newly_above_scale": _Sheet("新升规企业", "年度", 14),
    "little_giant_nursery": _Sheet("小巨人种苗库", "年度", 11),
    "other_subsidy": _Sheet("其他补助企业", "年度", 6),
}


def list_year(kind: str, year: int) -> int:
    """The year that a list speaks of which counts in a programme year: who rose above scale did so the year before."""
    return year - 1 if kind == "newly_above_scale" else year


def make_list_files(enterprises: Sequence[Enterprise], seed: int, year: int) -> dict[str, bytes]:
    """Kind of list → bytes of an .xlsx file that counts in the programme year `year`; 年度 is what the list speaks
    of."""
    random = Random(f"lists:{seed}")
    codes = CreditCodes(random, OUTSIDERS)
    names = Names(random, OUTSIDERS)
    files = {}
    for kind, sheet in SHEETS.items():
        rows = [(each.uscc, each.name) for each in enterprises if kind in each.on_lists]
        rows += [_outsider(random, codes, names) for _ in range(sheet.outsiders)]
        random.shuffle(rows)
        note = "D" if kind == "rated_d" else str(list_year(kind, year))
        files[kind] = _workbook(sheet, [(code, name, note) for code, name in rows])
    return files


def _outsider(random: Random, codes: CreditCodes, names: Names) -> tuple[str, str]:
    """Code and name of an enterprise that is on a list, but not registered."""
    code = codes.next("91", random.choice(("331100", "331102")), all_digits=random.random() < 0.3)
    return code, f"丽水市{names.brand()}{random.choice(TRADES['industry']).words}有限公司"


def _workbook(sheet: _Sheet, rows: list[tuple[str, str, str]]) -> bytes:
    workbook = Workbook()
    page = workbook.active
    page.title = sheet.title
    page.append(("统一社会信用代码", "企业名称", sheet.third_column))
    for cell in page[1]:
        cell.font = Font(bold=True)
    for row in rows:
        page.append(row)
    for cell in (cell for row in page.iter_rows() for cell in row):
        cell.number_format = "@"  # text: a code of digits alone must not turn into a number when edited
    for column, width in {"A": 24, "B": 44, "C": 12}.items():
        page.column_dimensions[column].width = width
    page.freeze_panes = "A2"
    buffer = io.BytesIO()
    workbook.save(buffer)
    return _without_clock(buffer.getvalue())


def _without_clock(xlsx: bytes) -> bytes:
    """The workbook with a fixed instant in every time stamp, so that the same seed gives the same bytes."""
    with zipfile.ZipFile(io.BytesIO(xlsx)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    core = "docProps/core.xml"
    parts[core] = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2024-08-09T00:00:00Z", parts[core])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, content in parts.items():
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
