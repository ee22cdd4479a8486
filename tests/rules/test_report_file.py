"""The reports as workbooks: Chinese headings, numbers as numbers, charts, and no cell that is a formula (§5.1)."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.rules import records
from voucher.models.reports import KeptReport, Rows
from voucher.rules.compliance import compliance_of
from voucher.rules.reports import usage_of, value_word
from voucher.spreadsheets.report_file import compliance_file, usage_file

ROWS: Rows = {
    "total.all": {"2606g": 1_000_000, "2606h": 700_000, "2607p": 700_000},
    "category.digital": {"2606h": 700_000},
    "agency.a1": {"0000h": 123_456},
    "list.none": {"2606g": 1_000_000},
    "district.unknown": {"2606g": 1_000_000},
}
KEPT = KeptReport(rows=ROWS, counted_at=records.NOW)
NAMES = {"agency": {"a1": "=HYPERLINK(1)"}, "batch": dict[str, str]()}


def named(dimension: str, value: str) -> str:
    """The word of a value."""
    return value_word(NAMES, dimension, value)


def cells(content: bytes, title: str) -> list[list[Any]]:
    """The cells of a sheet, as a spreadsheet reads them."""
    return [[cell.value for cell in row] for row in load_workbook(BytesIO(content))[title].iter_rows()]


def charts(content: bytes) -> dict[str, int]:
    """How many charts each sheet has."""
    book = load_workbook(BytesIO(content))
    return {sheet.title: len(sheet._charts) for sheet in book if sheet._charts}


@pytest.mark.clause("§5.1")
def test_the_usage_report_is_a_workbook_with_amounts_in_yuan_and_charts() -> None:
    content = usage_file(usage_of(2026, KEPT, 3), named)
    head, june, july, year = cells(content, "按月")
    assert head[:4] == ["月份", "企业数", "券数", "发放（元）"]
    assert (june[0], june[3], june[5], july[8], year[0], year[3]) == ("2026-06", 10_000, 7_000, 7_000, "全年", 10_000)
    assert cells(content, "按服务类别")[1][:6] == ["智能化数字化服务", 0, 0, 0, 0, 7_000]
    assert cells(content, "按名单")[1][0] == "不在名单"
    assert cells(content, "按区域")[1][0] == "未记录"
    assert charts(content) == {"按月": 1, "按服务类别": 1, "按区域": 1}
    notes = dict(cells(content, "说明"))
    assert (notes["最近一次对账"], notes["企业信箱来信（件，不含未满的月份）"]) == ("尚未核对", 3)


@pytest.mark.clause("§5.2b")
def test_a_name_that_begins_like_a_formula_is_a_text() -> None:
    assert cells(usage_file(usage_of(2026, KEPT, 0), named), "按服务机构")[1][:6] == [
        "'=HYPERLINK(1)",
        0,
        0,
        0,
        0,
        1_234.56,
    ]


@pytest.mark.clause("§5.1")
def test_a_year_in_which_nothing_happened_has_tables_without_charts() -> None:
    content = usage_file(usage_of(2026, KeptReport(rows={}), 0), named)
    assert charts(content) == {}
    assert cells(content, "按月")[1][:3] == ["全年", 0, 0]


@pytest.mark.clause("§2.2.cap", "§2.2.floor")
def test_the_compliance_report_shows_caps_trend_and_facts() -> None:
    report = compliance_of(records.programme(), KEPT, date(2026, 6, 30))
    content = compliance_file(report, named)
    digital = next(row for row in cells(content, "各类上限") if row[0] == "智能化数字化服务")
    assert (digital[1], digital[6]) == (7_000, 70)
    assert cells(content, "重点类别")[1] == ["2026-06", 100, 40]
    facts = dict(row[:2] for row in cells(content, "总览"))
    assert (facts["已使用（元）"], facts["违反回避规定的步骤"]) == (7_000, "尚未核对")
    assert charts(content) == {"各类上限": 1, "重点类别": 1}


def test_the_same_report_makes_the_same_bytes() -> None:
    assert usage_file(usage_of(2026, KEPT, 0), named) == usage_file(usage_of(2026, KEPT, 0), named)
