"""Each named condition at each place of the store is made always true, one at a time, and a test must fail.

A mutant lives in a private copy of the tree; the working copy is never touched. First all tests run once and tell which
functions of the store they run through; a mutant then meets only those that run through its own, the quick ones first,
and the model if they notice nothing.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from time import perf_counter

from infra.local.state import LOCAL, ROOT

STORE = Path("layers/voucher/voucher/store")
ALWAYS = '"attribute_exists(#pk) OR attribute_not_exists(#pk)"'
RINGS = ("store", "functions", "races", "faults")
MODEL = ["tests/model"]
COPIED = ("layers/voucher", "functions", "infra", "tests", "template.yaml", "pyproject.toml", "README.md")
WORKERS = 2
# no test may take this long; a mutant that makes one hang is caught as well
PATIENCE_SECONDS = 1_800
MODEL_RUNS = 60


@dataclass(frozen=True)
class Site:
    """One use of a named condition: `line` is 1-based, `columns` are those of the expression. `users` are the functions
    that write it: the one it is in, or those that use the constant it is part of. `file` is relative to the store."""

    file: str
    function: str
    condition: str
    line: int
    columns: tuple[int, int]
    users: tuple[str, ...]

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
    modules = {path.relative_to(ROOT / STORE).as_posix(): ast.parse(path.read_text()) for path in paths}
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
    wanted = [site for site in sites() if only in site.name]
    trees: SimpleQueue[Path] = SimpleQueue()
    with TemporaryDirectory(dir=LOCAL, prefix="mutants-") as scratch, ThreadPoolExecutor(WORKERS) as pool:
        copies = [_copy(Path(scratch) / ring) for ring in RINGS]
        witnesses = dict(zip(RINGS, pool.map(_witnesses, copies, RINGS), strict=True))
        for tree in copies[:WORKERS]:
            trees.put(tree)
        verdicts = list(pool.map(lambda site: _told(_try(site, trees, witnesses)), wanted))
    survivors = [each for each in verdicts if each.failed is None]
    print(f"{len(verdicts) - len(survivors)}/{len(verdicts)} conditions missed when removed", flush=True)
    return len(survivors)


def _witnesses(tree: Path, ring: str) -> dict[str, list[str]]:
    """For each function of the store the tests that run through it, the quickest first. Raises on a failing test."""
    out = tree / "witness.jsonl"
    done = _pytest(tree, ["-p", "infra.soak.witness", f"tests/{ring}"], VOUCHER_WITNESS=str(out))
    if done.returncode:
        raise RuntimeError(f"the tests fail without any mutant:\n{done.stdout[-2_000:]}")
    found: defaultdict[str, list[str]] = defaultdict(list)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    for line in sorted(lines, key=lambda each: float(each["seconds"])):
        for function in line["functions"]:
            found[function].append(line["test"])
    return found


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


def _try(site: Site, trees: "SimpleQueue[Path]", witnesses: dict[str, dict[str, list[str]]]) -> Verdict:
    tree, began = trees.get(), perf_counter()
    # in the order the tests were in, the quickest first
    groups = [
        list(dict.fromkeys(test for user in site.users for test in witnesses[ring].get(user, []))) for ring in RINGS
    ]
    try:
        with _mutated(tree / STORE / site.file, site):
            failed = next((found for tests in [*groups, MODEL] if tests and (found := _failure(tree, tests))), None)
    finally:
        trees.put(tree)
    return Verdict(site, failed, perf_counter() - began)


@contextmanager
def _mutated(path: Path, site: Site) -> Iterator[None]:
    before = path.read_text()
    lines = before.splitlines(keepends=True)
    start, end = site.columns
    lines[site.line - 1] = lines[site.line - 1][:start] + ALWAYS + lines[site.line - 1][end:]
    path.write_text("".join(lines))
    try:
        yield
    finally:
        path.write_text(before)


def _failure(tree: Path, tests: list[str]) -> str | None:
    (tree / "tests.txt").write_text("\n".join(tests))
    try:
        settings = {"VOUCHER_MODEL_SHRINK": "no", "VOUCHER_MODEL_RUNS": str(MODEL_RUNS), "VOUCHER_FAULTS": "all"}
        done = _pytest(tree, ["-x", "@tests.txt"], **settings)
    except subprocess.TimeoutExpired:
        return f"{tests[0]} or a later one never ended"
    if not done.returncode:
        return None
    found = re.search(r"^(?:FAILED|ERROR|SUBFAILED\S*) (\S+)", done.stdout, re.MULTILINE)
    return found[1] if found else done.stdout[-500:]


def _pytest(tree: Path, arguments: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": "layers/voucher:.", **settings}
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


def _told(verdict: Verdict) -> Verdict:
    word = "SURVIVED" if verdict.failed is None else "killed  "
    print(f"{word} {verdict.site.name:58} {verdict.seconds:5.0f} s  {verdict.failed or ''}", flush=True)
    return verdict
