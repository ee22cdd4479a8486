"""Each named condition at each place of the store is made always true, one at a time, and a test must fail.

A mutant lives in a private copy of the tree; the working copy is never touched. The youngest conditions come first: no
earlier run met them. A ring runs once and tells which functions of the store its tests run through; a mutant meets only
those that run through its own, the quick ones first. The store's ring, which is quick, comes first, and then the files
of a mutant's own subject: they notice nearly all. Only if some mutants are left do the other rings run once, too; what
they let live meets the model.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

from infra.local.state import LOCAL, ROOT

STORE = Path("layers/voucher/voucher/store")
ALWAYS = '"attribute_exists(#pk) OR attribute_not_exists(#pk)"'
QUICK = "store"
SLOW = ("functions", "races", "faults")
RINGS = (QUICK, *SLOW)
# tests of these rings have their subject in their file's name
NEAR = ("functions", "races")
# tests of rules and handlers
DECIDED = ("rules", "functions")
# tries each step of `hands.py` with each person who took another one
FOUR_EYES = "tests/functions/test_four_eyes.py"
# words of names that tell no subject
NO_SUBJECT = {"test", "commit", "write", "check", "unchanged", "by", "said", "free", "step", "latest", "turn", "in"}
MODEL = ["tests/model"]
LIVES = ["tests/simulation/test_simulation.py::test_whatever_aws_may_do_the_books_hold_and_nobody_is_told_a_wrong_no"]
MOST_LIVES = 300
COPIED = ("layers/voucher", "functions", "infra", "tests", "template.yaml", "pyproject.toml", "README.md")
WORKERS = 2
# no test may take this long; a mutant that makes one hang is caught as well
PATIENCE_SECONDS = 1_800
MODEL_RUNS = 60
# of the first test that fails without any mutant
MOST_SHOWN = 3_000
# tests that were seen to pass without any mutant
HOLDING = set[str]()
# the environment that the run began with
ENVIRONMENT = Path(sys.prefix).stat().st_ino


@dataclass(frozen=True)
class Site:
    """A place that a mutant changes, such as one use of a named condition: `line` is 1-based, `columns` are those of
    what is replaced, in bytes. `users` are the functions that write a condition: the one it is in, or those that use
    the constant it is part of. `file` is relative to the tree."""

    file: str
    function: str
    condition: str
    line: int
    columns: tuple[int, int]
    users: tuple[str, ...]
    instead: str = ALWAYS

    @property
    def place(self) -> str:
        """The function it is in, such as `pools.draw_writes`."""
        return f"{Path(self.file).stem}.{self.function}"

    @property
    def name(self) -> str:
        """Such as `pools.draw_writes SHARD_OPEN`, or `batches._release_writes not_by_caller('created_by')`."""
        return f"{self.place} {self.condition}"


@dataclass(frozen=True)
class Verdict:
    """Which test a mutant failed, None when it passed them all."""

    site: Site
    failed: str | None
    seconds: float


def sites() -> list[Site]:
    """Every place of the store and its engine where a named condition is used."""
    paths = sorted((ROOT / STORE).rglob("*.py"))
    modules = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in paths}
    return [site for file in modules for site in _sites_in(file, modules)]


def _sites_in(file: str, modules: dict[str, ast.Module]) -> Iterator[Site]:
    for statement in modules[file].body:
        owner = _owner(statement)
        users: tuple[str, ...] = (f"{Path(file).stem}.{owner}",)
        if isinstance(statement, ast.Assign):
            users = tuple(_users_of(owner, modules))
        for node in ast.walk(statement):
            if isinstance(node, ast.expr) and (condition := _condition_of(node)):
                if node.lineno != node.end_lineno:
                    raise ValueError(f"{file}:{node.lineno}: a condition must stand in one line to be replaced")
                columns = (node.col_offset, node.end_col_offset or 0)
                yield Site(file, owner, condition, node.lineno, columns, users)


def _condition_of(node: ast.expr) -> str | None:
    """The condition that an expression names: `conditions.SHARD_OPEN` or `conditions.not_by_caller("created_by")`. What
    only joins conditions is none."""
    if isinstance(node, ast.Attribute) and ast.unparse(node) == f"conditions.{node.attr.upper()}":
        return node.attr
    if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("conditions."):
        text = ast.unparse(node).removeprefix("conditions.")
        return None if text.startswith("all_of(") else text
    return None


def _owner(statement: ast.stmt) -> str:
    """The function, class or constant that a statement makes."""
    if isinstance(statement, ast.Assign):
        return ast.unparse(statement.targets[0])
    return getattr(statement, "name", "")


def _users_of(constant: str, modules: dict[str, ast.Module]) -> Iterator[str]:
    for file, module in modules.items():
        for function in module.body:
            if isinstance(function, ast.FunctionDef) and constant in _names_in(function):
                yield f"{Path(file).stem}.{function.name}"


def _names_in(function: ast.FunctionDef) -> set[str]:
    """The names that a function uses, those of other modules as well, such as CONSTANT in `module.CONSTANT`."""
    nodes = list(ast.walk(function))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.attr for node in nodes if isinstance(node, ast.Attribute)
    }


def run(only: str = "") -> int:
    """Try each mutant whose name contains `only`; how many survived, which none should."""
    wanted = _youngest_first(site for site in sites() if only in site.name)
    with _trees() as trees, ThreadPoolExecutor(WORKERS) as pool:
        quick = _witnesses(trees, QUICK)
        near = [(site, [_through(site, quick), *_near(site)]) for site in wanted]
        verdicts = list(pool.map(lambda each: _told(_try(each[0], each[1], trees)), near))
        left = [each.site for each in verdicts if each.failed is None]
        if left:
            witnesses = list(pool.map(lambda ring: _witnesses(trees, ring), SLOW))
            far = [(site, [*(_through(site, ring) for ring in witnesses), MODEL, LIVES]) for site in left]
            verdicts = list(pool.map(lambda each: _told(_try(each[0], each[1], trees), "SURVIVED"), far))
    return _survivors(verdicts)


def run_by_lives(only: str = "") -> int:
    """The same, but the lives in the simulated AWS alone have to notice; how many they do not."""
    wanted = _youngest_first(site for site in sites() if only in site.name)
    with _trees() as trees, ThreadPoolExecutor(WORKERS) as pool:
        return _survivors(list(pool.map(lambda site: _told(_try(site, [LIVES], trees), "LIVED"), wanted)))


def run_decisions(decisions: list[Site], most: int) -> int:
    """The same for a sample of the decisions of rules and handlers: tests of their subject first, and then all tests of
    both rings that run through them."""
    wanted = Random(most).sample(decisions, min(most, len(decisions)))
    with _trees() as trees, ThreadPoolExecutor(WORKERS) as pool:
        verdicts = list(pool.map(lambda site: _told(_try(site, _near_decision(site), trees)), wanted))
        left = [each.site for each in verdicts if each.failed is None]
        if left:
            witnesses = list(pool.map(lambda ring: _witnesses(trees, ring), DECIDED))
            far = [(site, [_through(site, ring) for ring in witnesses]) for site in left]
            verdicts = list(pool.map(lambda each: _told(_try(each[0], each[1], trees), "SURVIVED"), far))
        survivors = sum(each.failed is None for each in verdicts)
    print(f"{len(wanted) - survivors}/{len(wanted)} decisions missed when turned round", flush=True)
    return survivors


def _near_decision(site: Site) -> list[list[str]]:
    """By ring, the tests of the subject: their file shares a word with that of the decision."""
    path = Path(site.file)
    words = _words(path.parent.name if path.name == "app.py" else path.stem)
    return [
        sorted(
            f"tests/{ring}/{each.name}"
            for each in (ROOT / "tests" / ring).glob("test_*.py")
            if words & _words(each.stem)
        )
        for ring in DECIDED
    ]


def _survivors(verdicts: list[Verdict]) -> int:
    survivors = [each for each in verdicts if each.failed is None]
    print(f"{len(verdicts) - len(survivors)}/{len(verdicts)} conditions missed when removed", flush=True)
    return len(survivors)


@contextmanager
def _trees() -> Iterator["SimpleQueue[Path]"]:
    """Private copies of the tree, one for each worker."""
    trees: SimpleQueue[Path] = SimpleQueue()
    with TemporaryDirectory(dir=LOCAL, prefix="mutants-") as scratch:
        for number in range(WORKERS):
            trees.put(_copy(Path(scratch) / str(number)))
        yield trees


def _youngest_first(some: Iterable[Site]) -> list[Site]:
    """By the day on which their lines came; lines that are not committed yet are the youngest."""
    ages = {file: _written_at(ROOT / file) for file in {site.file for site in sites()}}
    return sorted(some, key=lambda site: ages[site.file][site.line - 1], reverse=True)


@cache
def _written_at(path: Path) -> list[int]:
    """For each line of a file the second in which it was committed."""
    command = ["git", "blame", "--line-porcelain", path.name]
    said = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=True).stdout
    return [int(second) for second in re.findall(r"^committer-time (\d+)$", said, re.MULTILINE)]


def _near(site: Site) -> list[list[str]]:
    """The tests of the site's subject, by ring: their file shares a word with a function that is changed."""
    words = {word for user in site.users for word in _words(user)}
    files = [sorted(f"tests/{ring}/{path.name}" for path in (ROOT / "tests" / ring).glob("test_*.py")) for ring in NEAR]
    functions, races = ([file for file in ring if words & _words(Path(file).stem)] for ring in files)
    return [functions, [FOUR_EYES] if "hands" in site.condition else [], races]


def _words(name: str) -> set[str]:
    """The words of a name, bare of their endings: `organisations.claimed_writes` and `test_claims` share one."""
    return {re.sub(r"(?<=..)(ed|s)$", "", word) for word in re.findall(r"[a-z]+", name)} - NO_SUBJECT


def _through(site: Site, witnesses: dict[str, list[str]]) -> list[str]:
    """The tests of a ring that run through what is changed, the quickest first."""
    return list(dict.fromkeys(test for user in site.users for test in witnesses.get(user, [])))


def _witnesses(trees: "SimpleQueue[Path]", ring: str) -> dict[str, list[str]]:
    """For each function of the store the tests that run through it, the quickest first. Raises on a failing test."""
    tree = trees.get()
    out = tree / "witness.jsonl"
    out.unlink(missing_ok=True)
    try:
        done = _pytest(tree, ["-p", "infra.soak.witness", "--tb=short", f"tests/{ring}"], VOUCHER_WITNESS=str(out))
        if done.returncode:
            raise RuntimeError(f"the tests fail without any mutant:\n{first_cause(done.stdout)}")
        lines = [json.loads(line) for line in out.read_text().splitlines()]
    finally:
        trees.put(tree)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in sorted(lines, key=lambda each: float(each["seconds"])):
        for function in line["functions"]:
            found[function].append(line["test"])
    return found


def first_cause(said: str) -> str:
    """Of what pytest said the first test that failed and why, and the last line, which counts them."""
    blocks = re.split(r"^(?=_{3,} \S.* _{3,}$|=+ short test summary)", said, flags=re.MULTILINE)
    shown = blocks[1] if len(blocks) > 1 else said
    return f"{shown[:MOST_SHOWN].rstrip()}\n{said.rstrip().splitlines()[-1]}"


def _copy(tree: Path) -> Path:
    for name in COPIED:
        source, target = ROOT / name, tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (tree / ".local").symlink_to(LOCAL)
    return tree


def _try(site: Site, groups: list[list[str]], trees: "SimpleQueue[Path]") -> Verdict:
    tree, began = trees.get(), perf_counter()
    try:
        with _mutated(tree / site.file, site):
            failed = next((found for tests in groups if tests and (found := _failure(tree, tests))), None)
        if failed and failed.startswith("tests/"):
            _check_holds(tree, failed)
    finally:
        trees.put(tree)
    return Verdict(site, failed, perf_counter() - began)


def _check_holds(tree: Path, test: str) -> None:
    """Only a test that passes on the tree as it is can notice a mutant. Raises RuntimeError with what it says."""
    if test not in HOLDING:
        (tree / "tests.txt").write_text(test)
        done = _pytest(tree, ["--tb=short", "@tests.txt"])
        if done.returncode:
            raise RuntimeError(f"{test} fails without any mutant:\n{first_cause(done.stdout)}")
        HOLDING.add(test)


@contextmanager
def _mutated(path: Path, site: Site) -> Iterator[None]:
    before = path.read_text()
    lines = before.encode().splitlines(keepends=True)
    start, end = site.columns
    line = lines[site.line - 1]
    lines[site.line - 1] = line[:start] + site.instead.encode() + line[end:]
    path.write_bytes(b"".join(lines))
    try:
        yield
    finally:
        path.write_text(before)


def _failure(tree: Path, tests: list[str]) -> str | None:
    (tree / "tests.txt").write_text("\n".join(tests))
    try:
        settings = {"VOUCHER_MODEL_SHRINK": "no", "VOUCHER_MODEL_RUNS": str(MODEL_RUNS), "VOUCHER_FAULTS": "all"}
        settings |= {"VOUCHER_SIMULATION_SEEDS": str(MOST_LIVES), "PYTHONHASHSEED": "0"}
        done = _pytest(tree, ["-x", "@tests.txt"], **settings)
    except subprocess.TimeoutExpired:
        return f"{tests[0]} or a later one never ended"
    if not done.returncode:
        return None
    return failed_test(done.stdout) or done.stdout[-500:]


def failed_test(said: str) -> str | None:
    """The first test that failed, of what pytest said, or None."""
    found = re.search(r"^(?:FAILED|ERROR|SUBFAILED\S*.*?) (tests/.+?)(?: - .*)?$", said, re.MULTILINE)
    return found[1] if found else None


def _pytest(tree: Path, arguments: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": "layers/voucher:.", **settings}
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    # tests that then fail notice no mutant: they miss a module that is imported late
    if Path(sys.prefix).stat().st_ino != ENVIRONMENT:
        raise RuntimeError("the environment was made anew during the run, by another `make` of this tree")
    return done


def _told(verdict: Verdict, otherwise: str = "left") -> Verdict:
    word = otherwise if verdict.failed is None else "killed"
    print(f"{word:8} {verdict.site.name:58} {verdict.seconds:5.0f} s  {verdict.failed or ''}", flush=True)
    return verdict
