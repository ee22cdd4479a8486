"""The mutants of `make soak`: each condition of the store is removed in some mutant, and some test can notice it."""

import inspect
import re
from pathlib import Path

from infra.local.state import ROOT
from infra.soak import mutation
from infra.soak.mutation import MODEL, RINGS, STORE, sites
from voucher import store
from voucher.store import conditions

NAMED = {name for name in vars(conditions) if name.isupper()}
SITES = sites()
MADE = {
    name
    for name, _ in inspect.getmembers(conditions, inspect.isfunction)
    if not name.startswith("_") and name != "all_of"
}


def test_each_condition_is_removed_somewhere() -> None:
    removed = {re.match(r"\w+", each.condition)[0] for each in SITES}  # type: ignore[index]
    assert removed == NAMED | MADE


def test_each_mutant_meets_all_tests_that_run_the_store_in_this_process() -> None:
    """A ring that the tool leaves out lets mutants live that its tests would kill."""
    rings = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    elsewhere = {"rules", "infra", "journeys"}  # without the store, about the tools, and on what is deployed
    assert {f"tests/{ring}" for ring in rings - elsewhere} == {*(f"tests/{ring}" for ring in RINGS), *MODEL}


def test_as_many_places_are_mutated_as_conditions_are_used() -> None:
    """A number of its own beside the search through the syntax trees, which would miss what it does not know."""
    texts = [path.read_text() for path in (ROOT / STORE).rglob("*.py")]
    uses = [name for text in texts for name in re.findall(r"\bconditions\.(\w+)", text) if name != "all_of"]
    assert len(SITES) == len(uses) >= 60


def test_a_mutant_replaces_exactly_the_condition(tmp_path: Path) -> None:
    for site in SITES:
        path = ROOT / STORE / site.file
        line = path.read_text().splitlines()[site.line - 1]
        start, end = site.columns
        assert line[start:end].replace('"', "'") == f"conditions.{site.condition}"
        copy = tmp_path / "mutant.py"
        copy.write_text(path.read_text())
        with mutation._mutated(copy, site):
            compile(copy.read_text(), site.file, "exec")


def test_each_mutant_has_a_function_that_tests_can_run_through() -> None:
    """The witness names a function by its module's file and its own name; so must a mutant, also of the engine."""
    modules = {path.stem: path for path in Path(store.__file__).parent.rglob("*.py") if path.stem != "__init__"}
    assert len(modules) == sum(path.stem != "__init__" for path in Path(store.__file__).parent.rglob("*.py"))
    for site in SITES:
        assert site.users, site.name
        for user in site.users:
            module, _, function = user.partition(".")
            assert re.search(rf"^def {function}\b", modules[module].read_text(), re.MULTILINE), user
