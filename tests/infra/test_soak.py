"""The mutants of `make soak`: each condition of the store is removed in some mutant, and some test can notice it."""

import inspect
import re
from pathlib import Path

import pytest

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
    # without the store, about the tools, on what is deployed, and too long for each mutant
    elsewhere = {"rules", "infra", "journeys"}
    assert {f"tests/{ring}" for ring in rings - elsewhere} == {
        *(f"tests/{ring}" for ring in RINGS),
        *MODEL,
        "tests/simulation",
    }


def test_as_many_places_are_mutated_as_conditions_are_used() -> None:
    """A number of its own beside the search through the syntax trees, which would miss what it does not know."""
    texts = [path.read_text() for path in (ROOT / STORE).rglob("*.py")]
    uses = [name for text in texts for name in re.findall(r"\bconditions\.(\w+)", text) if name != "all_of"]
    assert len(SITES) == len(uses) >= 60


def test_each_condition_is_tried_once_and_the_youngest_ones_first() -> None:
    ordered = mutation._youngest_first(SITES)
    written = [mutation._written_at(ROOT / site.file)[site.line - 1] for site in ordered]
    assert sorted(written, reverse=True) == written
    assert sorted(map(str, ordered)) == sorted(map(str, SITES))


def test_a_mutant_first_meets_the_tests_of_its_subject() -> None:
    [site] = [each for each in SITES if each.name.startswith("complaints.commit_decision ")]
    assert mutation._near(site) == [
        ["tests/functions/test_complaints.py"],
        ["tests/functions/test_four_eyes.py"],
        ["tests/races/test_complaints.py"],
    ]
    assert mutation._words("organisations.claimed_writes") & mutation._words("test_claims")
    assert all((ROOT / test).exists() for each in SITES for ring in mutation._near(each) for test in ring)


def test_a_test_that_fails_without_a_mutant_notices_none(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_it.py").write_text("def test_wrong(): assert 'always' == 'wrong'\n")
    done = mutation._pytest(tmp_path, ["tests/test_it.py"])
    test = mutation.failed_test(done.stdout)
    assert test == "tests/test_it.py::test_wrong"
    with pytest.raises(RuntimeError, match="assert 'always' == 'wrong'"):
        mutation._check_holds(tmp_path, test)


def test_the_test_that_noticed_a_mutant_is_named_whole() -> None:
    assert (
        mutation.failed_test("FAILED tests/a.py::test_it[of an hour] - assert 1\n") == "tests/a.py::test_it[of an hour]"
    )
    assert mutation.failed_test("SUBFAILED[after a step] tests/a.py::test_it[b]\n") == "tests/a.py::test_it[b]"
    assert mutation.failed_test("no tests ran\n") is None


def test_without_a_mutant_the_first_cause_of_a_failure_is_told(tmp_path: Path) -> None:
    """A list of names, of which only the last ones are shown, does not say what the private copy lacks."""
    tests = tmp_path / "test_it.py"
    tests.write_text(
        "import pytest\n\n\n@pytest.fixture\ndef file():\n    open('lacking.txt')\n\n\n"
        "def test_a(file):\n    pass\n\n\n@pytest.mark.parametrize('n', range(99))\ndef test_b(n):\n    assert n < 0\n"
    )
    done = mutation._pytest(tmp_path, ["--tb=short", str(tests)])
    told = mutation.first_cause(done.stdout)
    assert "No such file or directory: 'lacking.txt'" in told and "99 failed, 1 error" in told
    assert "assert 1 < 0" not in told


def test_a_mutant_replaces_exactly_the_condition(tmp_path: Path) -> None:
    for site in SITES:
        path = ROOT / site.file
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
