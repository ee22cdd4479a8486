"""The regulation map: which rule and which tests stand behind each clause.

Clause, words and rule are kept by hand in the page; the last column, the tests, is read from their markers.
"""

import re
from collections import defaultdict

from infra.pages.markers import ROOT

PAGE = ROOT / "layers/voucher/voucher/rules/README.md"
ROW = re.compile(r"^\| (§[^ |]+) \| ([^|]*) \| ([^|]*) \|([^|]*)\|$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)]+)\)")
NOT_BUILT = "not built"


def marked() -> dict[str, list[str]]:
    """Clause → test files that prove it, by their markers; such as `rules/test_orders.py`."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "tests").rglob("test_*.py"):
        for arguments in re.findall(r"clause\(([^\n]*)\)", path.read_text()):
            for clause in re.findall(r'"(§[^"]+)"', arguments):
                found[clause].add(path.relative_to(ROOT / "tests").as_posix())
    return {clause: sorted(files) for clause, files in found.items()}


def rows(text: str) -> dict[str, tuple[str, str, str]]:
    """Clause → (what the software does, links to its rules, tests) as the page has it."""
    return {clause: (what, rule, tests) for clause, what, rule, tests in ROW.findall(text)}


def in_short(files: list[str]) -> str:
    """Test files by ring, in short: `rules: orders, vouchers` is tests/rules/test_orders.py and test_vouchers.py."""
    by_ring: defaultdict[str, list[str]] = defaultdict(list)
    for file in files:
        ring, _, name = file.rpartition("/")
        by_ring[ring].append(name.removeprefix("test_").removesuffix(".py"))
    return "<br>".join(f"{ring}: {', '.join(names)}" for ring, names in by_ring.items())


def rewritten(text: str) -> str:
    """The page with the tests of each clause as the markers say; `not built` where neither rule nor test is."""
    tests = marked()

    def row(match: re.Match[str]) -> str:
        clause, what, rule, _ = match.groups()
        shown = NOT_BUILT if rule == NOT_BUILT else in_short(tests.get(clause, [])) or "**no test**"
        return f"| {clause} | {what} | {rule} | {shown} |"

    return ROW.sub(row, text)
