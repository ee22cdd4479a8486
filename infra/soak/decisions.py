"""Each decision of the rules and the handlers, turned round one at a time: a comparison, `and` and `or`, `not`, a check
that is called, a refusal that is raised."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from infra.local.state import ROOT
from infra.soak.mutation import Site

TURNED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}
UNCHECKED = "(lambda *_, **__: None)"
# within one line: its number, the columns and what stands there instead
Turn = tuple[int, tuple[int, int], str]


def decisions() -> list[Site]:
    """Every decision of rules/ and of functions/*/app.py."""
    paths = [*sorted((ROOT / "layers/voucher/voucher/rules").glob("*.py")), *sorted(ROOT.glob("functions/*/app.py"))]
    return [site for path in paths for site in _sites_in(path)]


def _sites_in(path: Path) -> Iterator[Site]:
    file, text = path.relative_to(ROOT), path.read_text()
    module, lines = ast.parse(text), text.splitlines()
    subject = f"{file.parent.name}/app" if file.name == "app.py" else f"rules/{file.stem}"
    for function in [each for each in module.body if isinstance(each, ast.FunctionDef)]:
        for node in ast.walk(function):
            for line, columns, instead in _turns(node, lines):
                said = lines[line - 1].encode()[slice(*columns)].decode().strip()
                name = f"{said} -> {instead.strip() or 'nothing'} in line {line}"
                users = (f"{subject}.{function.name}",)
                yield Site(file.as_posix(), function.name, name, line, columns, users, instead)


def _turns(node: ast.AST, lines: list[str]) -> Iterator[Turn]:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            yield from _between(left, right, r"[<>=!]+|not in|in|is not|is", TURNED[type(operator)], lines)
        case ast.BoolOp(op=operator, values=[first, second, *_]):
            old, new = ("and", "or") if isinstance(operator, ast.And) else ("or", "and")
            yield from _between(first, second, rf"\b{old}\b", new, lines)
        case ast.UnaryOp(op=ast.Not()):
            yield node.lineno, (node.col_offset, node.col_offset + len("not ")), ""
        case ast.Raise(exc=ast.Call()):
            yield node.lineno, (node.col_offset, node.col_offset + len("raise ")), ""
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) as called)) if re.match(r"_?(check|require)", name):
            yield called.lineno, (called.col_offset, called.end_col_offset or 0), UNCHECKED


def _between(left: ast.expr, right: ast.expr, operator: str, instead: str, lines: list[str]) -> Iterator[Turn]:
    """What stands between two operands, if they and it are in one line."""
    start = left.end_col_offset or 0
    if left.end_lineno == right.lineno:
        # columns are counted in bytes of UTF-8
        gap = lines[right.lineno - 1].encode()[start : right.col_offset].decode()
        if found := re.search(operator, gap):
            yield right.lineno, (start + found.start(), start + found.end()), instead
