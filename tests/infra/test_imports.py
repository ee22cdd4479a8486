"""What each function imports when it starts, as far as a cold start feels it: `imports.json` is what is allowed.

The bounds are there to be lowered. Who must raise one looks first whether an import inside the handler that needs it,
or a module by itself, would do. `python -m tests.infra.test_imports` writes the file anew.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from infra.local import deployment

ROOT = Path(__file__).resolve().parents[2]
LAYER = ROOT / "layers/voucher"
ALLOWED = Path(__file__).with_name("imports.json")
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
# what takes a cold start some milliseconds: packages, parts of them, and our own rooms of records
HEAVY = {
    "aws_lambda_powertools",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities",
    "boto3",
    "botocore",
    "chinese_calendar",
    "cryptography",
    "jwt",
    "openpyxl",
    "pydantic",
    "s3transfer",
    "stdnum",
    "xlrd",
    "xlsxwriter",
}


@cache
def imported(path: Path) -> tuple[str, ...]:
    """The modules that a file imports when it is imported itself, whatever stands inside of functions left out."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


@cache
def file_of(module: str, folder: Path) -> Path | None:
    """Our own file of a module, None if it is another's."""
    place = module.replace(".", "/")
    choices = [base / name for base in (folder, LAYER) for name in (f"{place}.py", f"{place}/__init__.py")]
    return next((path for path in choices if path.is_file()), None)


def reached(name: str) -> dict[str, int | list[str]]:
    """The heavy modules that a function imports, and how many modules of records."""
    folder = ROOT / "functions" / name
    todo, seen, heavy = [folder / "app.py"], set[Path](), set[str]()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for module in imported(path):
            parts = module.split(".")
            heavy |= {part for part in (parts[0], ".".join(parts[:2])) if part in HEAVY}
            todo += [own for own in [file_of(module, folder)] if own]
    return {"records": len([path for path in seen if path.parent.name == "models"]), "heavy": sorted(heavy)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_imports_no_more_than_it_may(name: str) -> None:
    allowed, found = json.loads(ALLOWED.read_text())[name], reached(name)
    assert set(found["heavy"]) <= set(allowed["heavy"])  # type: ignore[arg-type]
    assert found["records"] <= allowed["records"]


def test_the_list_names_every_function_and_no_other() -> None:
    assert list(json.loads(ALLOWED.read_text())) == FUNCTIONS


def test_the_layer_keeps_what_functions_call_and_nothing_else() -> None:
    code = [path.read_text() for place in (LAYER, ROOT / "functions") for path in place.rglob("*.py")]
    called = {name for text in code for name in re.findall(r"make_client\(\s*\"(\w+)\"", text)}
    countries = {name for text in code for name in re.findall(r"from stdnum\.(\w+) import", text)}
    assert {"botocore/data": called, "stdnum": countries} == deployment.KEPT


if __name__ == "__main__":
    lines = ",\n".join(f'  "{name}": {json.dumps(reached(name))}' for name in FUNCTIONS)
    ALLOWED.write_text(f"{{\n{lines}\n}}\n")
