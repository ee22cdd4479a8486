"""The names of the store tell what a call does: read, build a write, or write."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.backend import ROOT

STORE = ROOT / "layers/voucher/voucher/store"
BUILDERS = ("_write", "_writes", "_check", "_checks")
WRITERS = ("commit_",)
# the verbs of the engine: whatever calls one of them writes; they themselves are named for what they are
ENGINE_VERBS = {"commit", "commit_new", "commit_if_unchanged", "commit_in_parts", "transact"}
REQUESTS = {"transact_write_items", "put_object", "copy_object", "delete_object"}


def public_functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """(such as `engine/pools.draw_writes`, function) of each public function of the store."""
    for path in sorted(STORE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{path.relative_to(STORE).with_suffix('')}.{node.name}", node


FUNCTIONS = dict(public_functions())


def returns_write(function: ast.FunctionDef) -> bool:
    """True if the return annotation names the class Write."""
    nodes = ast.walk(function.returns) if function.returns else ()
    return any(isinstance(node, ast.Name) and node.id == "Write" for node in nodes)


def writes(function: ast.FunctionDef) -> bool:
    """True if the function calls a verb of the engine, a request that writes, or a function named as a writer."""
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    called = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    return any(name in ENGINE_VERBS | REQUESTS or name.lstrip("_").startswith("commit_") for name in called)


def test_a_function_is_called_write_or_check_exactly_if_it_builds_writes() -> None:
    assert len(FUNCTIONS) > 150
    assert [name for name, each in FUNCTIONS.items() if name.endswith(BUILDERS) is not returns_write(each)] == []


def test_a_function_that_writes_is_called_commit() -> None:
    others = {name: each for name, each in FUNCTIONS.items() if each.name not in ENGINE_VERBS}
    assert [name for name, each in others.items() if writes(each) and not each.name.startswith(WRITERS)] == []
    assert [name for name, each in others.items() if each.name.startswith("commit_") and not writes(each)] == []


def test_a_handler_meets_refusals_and_no_false_condition() -> None:
    """`Unmet` stays in the store, which alone knows what its writes are called."""

    def names(path: Path) -> set[str]:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        imported = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
        return imported | {node.attr for node in nodes if isinstance(node, ast.Attribute)}

    handlers = sorted((ROOT / "functions").glob("*/*.py"))
    assert len(handlers) > 30
    assert [str(path) for path in handlers if "Unmet" in names(path)] == []
