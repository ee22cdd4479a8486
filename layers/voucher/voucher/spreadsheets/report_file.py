"""The reports of a year as workbooks with charts (§5.1, §2.2): Chinese headings, numbers as numbers, amounts in yuan.

XlsxWriter takes a fifth of a second to be imported, so nobody imports this file who makes no workbook. The same report
makes the same bytes: the workbook says when the report was cut off, and not when it was asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from xlsxwriter import Workbook

from voucher.spreadsheets.workbook import inert

Row = Mapping[str, Any]
# heading → how a row's figures fill the column; what ends in 元 is made yuan of fen
FIGURES: dict[str, str] = {
    "企业数": "firms",
    "券数": "vouchers",
    "发放（元）": "granted_fen",
    "订单数": "orders",
    "抵用（元）": "held_fen",
    "退回券内（元）": "released_fen",
    "核定应付（元）": "verified_fen",
    "已拨付（元）": "paid_fen",
    "到期作废（元）": "lapsed_fen",
    "取消作废（元）": "void_fen",
    "应追回（元）": "recovered_fen",
    "已追回（元）": "received_fen",
    "合同金额（元）": "contract_fen",
    "合同与抵用之比": "leverage",
    "评价数": "rating_count",
    "平均评分": "rating_average",
}
STAGES = {
    "接单（天）": "answer",
    "交付（天）": "deliver",
    "确认（天）": "confirm",
    "申请兑付（天）": "apply",
    "审核公示（天）": "review",
    "拨付（天）": "pay",
}
SHEETS = {
    "category": "服务类别",
    "service_item": "服务事项",
    "district": "区域",
    "size_class": "企业规模",
    "list": "名单",
    "agency": "服务机构",
    "batch": "批次",
}
CHARTED = {"category", "district", "size_class"}
# number of a column → its name
CHARTED_FIGURES = {
    1 + number: word for number, word in enumerate(FIGURES) if word in ("发放（元）", "抵用（元）", "已拨付（元）")
}
BASES = {"占年度总额（%）": "of_budget", "占发放额（%）": "of_granted", "占使用额（%）": "of_used"}


class Book:
    """A workbook as it is written."""

    def __init__(self, cut_off: str | None) -> None:
        self.out = BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self.book = Workbook(self.out, options)
        at = datetime.fromisoformat(cut_off).replace(tzinfo=None) if cut_off else datetime(2026, 1, 1)  # noqa: DTZ001
        self.book.set_properties({"created": at})
        self.bold = self.book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.amount = self.book.add_format({"num_format": "#,##0.00"})

    def done(self) -> bytes:
        """The finished file."""
        self.book.close()
        return self.out.getvalue()

    def table(self, title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
        """A sheet with a table. Texts are made inert; None stays empty."""
        sheet = self.book.add_worksheet(title)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, self.bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                self.cell(sheet, number, column, value, headings[column])
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, max(1, len(headings) - 1), 13)
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)  # as wide as a page, as long as it is
        return sheet

    def cell(self, sheet: Any, row: int, column: int, value: Any, heading: str) -> None:
        """A text, or a number: an amount in fen under a heading in yuan."""
        if isinstance(value, str):
            sheet.write_string(row, column, inert(value))
        elif value is not None:
            is_yuan = heading.endswith("（元）")
            sheet.write_number(row, column, value / 100 if is_yuan else value, self.amount if is_yuan else None)

    def chart(self, sheet: Any, kind: str, title: str, series: Mapping[int, str], rows: int) -> None:
        """A chart of some columns, by number and name, of a table of so many rows; it stands below the table."""
        chart: Any = self.book.add_chart({"type": kind})
        for column, name in series.items():
            chart.add_series(
                {
                    "name": name,
                    "categories": [sheet.get_name(), 1, 0, rows, 0],
                    "values": [sheet.get_name(), 1, column, rows, column],
                }
            )
        chart.set_title({"name": title})
        chart.set_size({"width": 760, "height": 360})
        chart.set_legend({"position": "bottom"})
        if kind == "bar":
            chart.set_y_axis({"reverse": True})  # the first row on top
        sheet.insert_chart(rows + 3, 0, chart)


def usage_file(report: Row, named: Callable[[str, str], str]) -> bytes:
    """§5.1: the usage report; `named` tells the Chinese word of a dimension's value."""
    book = Book(report["cut_off"])
    rows: list[Row] = report["rows"]
    headings = list(FIGURES)
    months = next(each for each in rows if each["dimension"] == "total")["months"]
    monthly = [[each["month"], *_figures(each["figures"])] for each in months]
    total = [["全年", *_figures(rows[0]["figures"])]]
    sheet = book.table("按月", ["月份", *headings], [*monthly, *total])
    if monthly:
        book.chart(sheet, "column", f"{report['year']}年度服务券按月使用情况", CHARTED_FIGURES, len(monthly))
    for dimension, word in SHEETS.items():
        found = [each for each in rows if each["dimension"] == dimension]
        wide = [*headings, *STAGES]
        lines = [
            [named(dimension, each["value"]), *_figures(each["figures"]), *_days(each["figures"])] for each in found
        ]
        sheet = book.table(f"按{word}", [word, *wide], lines)
        if found and dimension in CHARTED:
            book.chart(sheet, "bar", f"按{word}", CHARTED_FIGURES, len(found))
    book.table("说明", ["项目", "内容"], _notes(report))
    return book.done()


def _figures(figures: Row) -> list[Any]:
    return [figures[name] for name in FIGURES.values()]


def _days(figures: Row) -> list[Any]:
    return [figures["stage_days"][name] for name in STAGES.values()]


def _notes(report: Row) -> list[list[Any]]:
    check = report.get("reconciliation")
    agrees = "尚未核对" if check is None else ("一致" if check["agrees"] else "不一致，请查看对账报告")
    return [
        ["年度", report["year"]],
        ["数据截止（UTC）", report["cut_off"] or "尚无数据"],
        ["最近一次对账", agrees],
        ["对账截止（UTC）", check["cut_off"] if check else ""],
        ["企业信箱来信（件，不含未满的月份）", report["letters"]],
    ]


def compliance_file(report: Row, named: Callable[[str, str], str]) -> bytes:
    """§2.2, §2.3: the compliance report; `named` tells the Chinese word of a category."""
    book = Book(report["cut_off"])
    sheet = book.table("总览", ["项目", "数值"], [])
    for number, (word, value) in enumerate(_facts(report), 1):
        book.cell(sheet, number, 0, word, "")
        book.cell(sheet, number, 1, value, word)
    headings = ["服务类别", "已使用（元）", "上限（元）", "余额（元）", "上限（%）", *BASES, "预计达到上限日期"]
    caps = [
        [
            named("category", each["category"]),
            *(each[name] for name in ("used_fen", "cap_fen", "room_fen", "cap_percent")),
            *(each["shares"][base] for base in BASES.values()),
            each["reached_on"] or "",
        ]
        for each in report["caps"]
    ]
    sheet = book.table("各类上限", headings, caps)
    book.chart(sheet, "bar", f"{report['year']}年度各类使用额与上限", {1: "已使用（元）", 2: "上限（元）"}, len(caps))
    floor = report["floor"]
    trend = [[each["month"], each["key_share_percent"], floor["floor_percent"]] for each in floor["trend"]]
    names = ["月份", "重点类别累计占比（%）", "下限（%）"]
    sheet = book.table("重点类别", names, trend)
    if trend:
        book.chart(sheet, "line", f"{report['year']}年度重点类别占比", {1: names[1], 2: names[2]}, len(trend))
    signals = [
        [each["agency_uscc"], each["month"] or "全年", each["orders"], each["message"]] for each in report["signals"]
    ]
    book.table("服务机构预警", ["服务机构", "月份", "订单数", "说明"], signals)
    return book.done()


def _facts(report: Row) -> list[tuple[str, Any]]:
    budget, floor, found = report["budget"], report["floor"], report["four_eyes"]
    return [
        ("年度总额（元）", budget["total_fen"]),
        ("已发放（元）", budget["granted_fen"]),
        ("已使用（元）", budget["used_fen"]),
        ("预计发放完毕日期", budget["all_granted_on"]),
        ("预计使用完毕日期", budget["all_used_on"]),
        ("重点类别已使用（元）", floor["key_used_fen"]),
        ("其他类别余额（元）", floor["room_fen"]),
        *((f"重点类别{word}", floor["shares"][base]) for word, base in BASES.items()),
        ("申请兑付至拨付（天）", report["settlement_days"]),
        ("平均评分", report["rating_average"]),
        ("宽于现行办法的规定", "、".join(each["field"] for each in report["looser"]) or "无"),
        ("依据文号", report["document_number"]),
        ("违反回避规定的步骤", "尚未核对" if found is None else "、".join(found) or "无"),
        ("数据截止（UTC）", report["cut_off"] or "尚无数据"),
    ]
