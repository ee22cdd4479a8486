"""Lists of modules, each with the first sentence of its docstring: where a helper of the tests or a tool lives."""

import ast
from collections.abc import Iterable
from pathlib import Path

from infra.pages.markers import ROOT, first_sentence, table


def helpers_of_tests() -> str:
    """Every module of tests/ that holds no tests."""
    tests = ROOT / "tests"
    return _listed(tests, (path for path in tests.rglob("*.py") if not path.name.startswith("test_")))


def files_of_tests() -> str:
    """Every module of tests/ that holds tests."""
    tests = ROOT / "tests"
    return _listed(tests, tests.rglob("test_*.py"))


def tools() -> str:
    """Every package of infra/."""
    return _listed(ROOT / "infra", (ROOT / "infra").glob("*/__init__.py"))


def _listed(folder: Path, paths: Iterable[Path]) -> str:
    rows = []
    for path in sorted(paths):
        name = path.parent.relative_to(folder) if path.name == "__init__.py" else path.relative_to(folder)
        rows.append((f"[{name}]({name})", first_sentence(ast.get_docstring(ast.parse(path.read_text())))))
    return table("where | what it is", rows)
