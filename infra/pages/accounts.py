"""The money: its drawing, its entries and its accounts, from `models/accounts.py`, the chart of accounts."""

import ast
import inspect
import re

from infra.pages.markers import first_sentence, table
from voucher.models import accounts
from voucher.models.accounts import ENTRIES

# what people in Lishui call the families of accounts
CHINESE = {
    "treasury": "财政",
    "programme": "年度预算",
    "batch": "批次",
    "voucher": "服务券",
    "order": "订单",
    "payable": "应付",
    "paid": "已拨付",
    "receivable": "应追回",
    "surplus": "结余",
}


def drawing() -> str:
    """Every entry as an arrow between two families of accounts, in Mermaid; a box is named where it comes first."""
    named: set[str] = set()

    def box(family: str) -> str:
        text = family if family in named else f'{family}["{family}<br/>{CHINESE[family]}"]'
        named.add(family)
        return text

    moves = [(entry, source, target) for entry, pairs in ENTRIES.items() for source, target in pairs]
    arrows = [f"    {box(source)} -->|{entry}| {box(target)}" for entry, source, target in moves]
    return "\n".join(["```mermaid", "flowchart LR", *arrows, "```"])


def entries() -> str:
    """Every entry with what it moves from where to where, and the comment that stands beside it in the code."""
    notes = _notes()
    rows = [
        (f"`{entry}`", "<br>".join(f"{source} → {target}" for source, target in moves), notes.get(entry, ""))
        for entry, moves in ENTRIES.items()
    ]
    return table("entry | moves money | clause, why", rows)


def names() -> str:
    """Every family of accounts: what its accounts are called, and what stands on them."""
    rows = [
        (f"`{accounts.TREASURY}`", CHINESE[accounts.TREASURY], "What the city has given: the one account below zero.")
    ]
    for node in ast.parse(inspect.getsource(accounts)).body:
        if isinstance(node, ast.FunctionDef) and node.name.endswith("_account"):
            family = node.name.removesuffix("_account")
            pattern = next(ast.unparse(each)[2:-1] for each in ast.walk(node) if isinstance(each, ast.JoinedStr))
            rows.append((f"`{pattern}`", CHINESE[family], first_sentence(ast.get_docstring(node))))
    return table("account | 中文 | what stands on it", rows)


def _notes() -> dict[str, str]:
    """Entry → its comment in the source: the line above it and what stands behind it."""
    source = inspect.getsource(accounts)
    above, found = "", {}
    for line in source[source.index("ENTRIES: dict") :].splitlines()[1:]:
        code, _, comment = line.strip().partition("#")
        if entry := re.match(r'"([^"]+)":', code):
            found[entry[1]] = " ".join(each.strip() for each in (above, comment) if each.strip())
            above = ""
        elif line == "}":
            break
        else:
            above = f"{above} {comment.strip()}"
    return found
