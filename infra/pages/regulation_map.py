"""Keeps the last column of README's regulation map true: the test files that carry each clause's marker.

`python -m infra.pages.regulation_map` rewrites it; a test insists that there was nothing to rewrite.
"""

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
ROW = re.compile(r"^\| (§[^ |]+) \| ([^|]*) \| ([^|]*) \|([^|]*)\|$", re.MULTILINE)


def marked() -> dict[str, list[str]]:
    """Clause → test files that prove it, by their markers."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "tests").rglob("test_*.py"):
        for arguments in re.findall(r"clause\(([^\n]*)\)", path.read_text()):
            for clause in re.findall(r'"(§[^"]+)"', arguments):
                found[clause].add(path.relative_to(ROOT / "tests").as_posix())
    return {clause: sorted(files) for clause, files in found.items()}


def rows(text: str) -> dict[str, tuple[str, str, str]]:
    """Clause → (what it says, where its rule is, tests) as the README has it."""
    return {clause: (what, rule, tests) for clause, what, rule, tests in ROW.findall(text)}


def rewritten(text: str) -> str:
    """The README with the tests of each clause as the markers say; `not built` where neither rule nor test is."""
    tests = marked()

    def row(match: re.Match[str]) -> str:
        clause, what, rule, _ = match.groups()
        shown = "not built" if rule == "not built" else "<br>".join(tests.get(clause, ["**no test**"]))
        return f"| {clause} | {what} | {rule} | {shown} |"

    return ROW.sub(row, text)


def main() -> None:
    """Rewrite the README in place."""
    README.write_text(rewritten(README.read_text()))


if __name__ == "__main__":
    main()
