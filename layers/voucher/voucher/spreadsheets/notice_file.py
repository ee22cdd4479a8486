"""The public table of a notice (§3.5.3): what the notice shows, for spreadsheets."""

import csv
import io
from collections.abc import Iterable

from voucher.models.base import yuan
from voucher.models.notices import NoticeLine
from voucher.spreadsheets.workbook import inert

TITLES = ("订单编号", "服务机构", "企业", "服务类别", "抵用金额（元）")


def notice_csv(lines: Iterable[NoticeLine]) -> str:
    """CSV with a byte order mark, because spreadsheets read Chinese only with it; no cell begins like a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(TITLES)
    for line in lines:
        texts = (line["order_id"], line["agency_name"], line["enterprise_name"], line["category_name"])
        writer.writerow([*map(inert, texts), yuan(line["amount_fen"])])
    return "\ufeff" + out.getvalue()
