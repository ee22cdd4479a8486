"""A test's name is a sentence of at most 80 characters; the clause is in its marker, the rest in its docstring."""

import ast

import pytest

from tests.support.backend import ROOT

LONGEST = 80
FOLDERS = ("faults", "infra", "journeys", "model", "races")


def names_of_tests(folder: str) -> list[str]:
    """The names of all tests in the files of a ring."""
    trees = [ast.parse(path.read_text()) for path in sorted((ROOT / "tests" / folder).rglob("test_*.py"))]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [each.name for each in functions if each.name.startswith("test_")]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_test_name_has_at_most_80_characters(folder: str) -> None:
    names = names_of_tests(folder)
    assert names
    assert [name for name in names if len(name) > LONGEST] == []
