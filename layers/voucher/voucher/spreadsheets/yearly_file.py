"""The archive of a year (§5.1): each part as a workbook and as JSON, and a cover with the sums in words.

The same facts make the same bytes: entries have one order and one date, and nothing says who asked, or when.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voucher.capitals import capitals
from voucher.models.yearly_files import COLUMNS, PARTS
from voucher.spreadsheets.report_file import Book, compliance_file, usage_file
from voucher.spreadsheets.workbook import zipped
from voucher.words import (
    ACTIVITY_KIND_WORDS,
    CHANNEL_WORDS,
    EXCEPTION_WORDS,
    FINDING_WORDS,
    INSPECTION_KIND_WORDS,
    MEASURE_WORDS,
    OUTCOME_WORDS,
    STATE_WORDS,
    TOPIC_WORDS,
)

Named = Callable[[str, str], str]
SUMS = {
    "total_fen": "年度总额",
    "granted_fen": "发放",
    "used_fen": "使用（抵用减退回）",
    "lapsed_fen": "到期作废",
    "void_fen": "取消作废",
    "verified_fen": "核定应付",
    "paid_fen": "已拨付",
    "recovered_fen": "应追回",
    "received_fen": "已追回",
}
# the accounts of the reconciliation, in the order in which money goes through them
ACCOUNTS = {
    "treasury": "财政",
    "programme": "年度预算",
    "batch": "批次",
    "voucher": "服务券余额",
    "order": "订单抵用",
    "payable": "应付",
    "paid": "已拨付",
    "receivable": "应收回",
    "surplus": "结余",
}
# part → field → the words of its values
WORDS: dict[str, dict[str, Mapping[str, str]]] = {
    "exceptions": {"kind": EXCEPTION_WORDS},
    "inspections": {"kind": INSPECTION_KIND_WORDS, "state": STATE_WORDS["inspection"]},
    "checks": {
        "kind": INSPECTION_KIND_WORDS,
        "state": STATE_WORDS["check"],
        "finding": FINDING_WORDS,
        "decision": {"dismiss": "不予处理", "violation": "认定违规", "lead": "移交线索"},
    },
    "complaints": {
        "channel": CHANNEL_WORDS,
        "topic": TOPIC_WORDS,
        "state": STATE_WORDS["complaint"],
        "outcome": OUTCOME_WORDS,
        "measure": MEASURE_WORDS,
    },
    "recoveries": {"state": STATE_WORDS["recovery"]},
    "activities": {"kind": ACTIVITY_KIND_WORDS},
}
# fields whose values have the names that the caller gives, by dimension
DIMENSIONS = {
    ("exceptions", "category"): "category",
    ("since", "value"): "agency",
    ("ratings", "value"): "agency",
}


def archive(cover: Mapping[str, Any], parts: Mapping[str, Any], named: Named) -> bytes:
    """The archive of the parts, in the order of PARTS, under a cover; `named` tells the word of a dimension's value.
    Each file's SHA-256 stands on the cover."""
    cut_off, found = cover["reconciled_at"], dict[str, bytes]()
    for number, part in enumerate((part for part in PARTS if part in parts), 1):
        name = f"{number:02}-{part}"
        found[f"{name}.xlsx"] = _workbook(part, parts[part], cut_off, named)
        found[f"{name}.json"] = _json(parts[part])
    listed = {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    words = {name: capitals(fen) for name, fen in cover["sums"].items()}
    told = {**cover, "sums_in_words": words, "files": listed}
    covers = {"00-cover.xlsx": _cover(told, cut_off), "00-cover.json": _json(told)}
    return zipped(covers | found)


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _workbook(part: str, content: Any, cut_off: str, named: Named) -> bytes:
    if part == "usage":
        return usage_file(content, named)
    if part == "compliance":
        return compliance_file(content, named)
    book = Book(cut_off)
    if part == "reconciliation":
        _add_reconciliation(book, content)
    else:
        columns = COLUMNS[part]
        rows = [[_shown(part, field, row.get(field), named) for field in columns.values()] for row in content]
        book.table(PARTS[part][:31], list(columns), rows)
    return book.done()


def _shown(part: str, field: str, value: Any, named: Named) -> Any:
    """A value as a person reads it."""
    if value is None or not isinstance(value, str):
        return value
    if dimension := DIMENSIONS.get((part, field)):
        return "全市" if value == "all" else named(dimension, value)
    return WORDS.get(part, {}).get(field, {}).get(value, value)


def _add_reconciliation(book: Book, report: Mapping[str, Any]) -> None:
    rows = [[word, report["accounts"].get(name, 0)] for name, word in ACCOUNTS.items()]
    rows += [[name, fen] for name, fen in report["accounts"].items() if name not in ACCOUNTS]
    book.table("账户余额", ["账户", "余额（元）"], [*rows, ["各账户合计", report["residual_fen"]]])
    checks = [[each["name"], "一致" if each["holds"] else "不一致", each["detail"]] for each in report["invariants"]]
    book.table("核对", ["核对事项", "结果", "说明"], checks)


def _cover(cover: Mapping[str, Any], cut_off: str) -> bytes:
    book = Book(cut_off)
    kind = f"年度文件的补充（上一份为 {cover['supplements']}）" if cover["supplements"] else "年度文件"
    facts = [
        ["文件编号", cover["yearly_file_id"]],
        ["文件", f"{cover['year']}年度服务券{kind}"],
        ["对账截止（UTC）", cover["reconciled_at"]],
        ["数据截止（UTC）", cover["counted_at"] or ""],
        ["企业信箱来信（件）", cover["letters"]],
    ]
    if cover["supplements"]:
        facts.append(["上一份文件校验（SHA-256）", cover["supplements_sha256"]])
    book.table("封面", ["项目", "内容"], facts).set_column(1, 1, 70)
    headings, rows = _sums(cover)
    book.table("金额", headings, rows).set_column(2, 2, 48)
    files = [[name, PARTS[name[3:].partition(".")[0]], sha256] for name, sha256 in cover["files"].items()]
    book.table("目录", ["文件", "内容", "校验（SHA-256）"], files).set_column(2, 2, 68)
    return book.done()


def _sums(cover: Mapping[str, Any]) -> tuple[list[str], Sequence[Sequence[Any]]]:
    """The sums with their words; on a supplement also what they were, and what has come since."""
    headings, before = ["项目", "金额（元）", "大写"], cover.get("sums_before")
    rows = [[word, cover["sums"][name], cover["sums_in_words"][name]] for name, word in SUMS.items()]
    if before is None:
        return headings, rows
    since = [[before[name], cover["sums"][name] - before[name]] for name in SUMS]
    changes = [[*more, capitals(more[1])] for more in since]
    wide = [*headings, "上一份文件（元）", "其后变动（元）", "变动大写"]
    return wide, [[*row, *more] for row, more in zip(rows, changes, strict=True)]
