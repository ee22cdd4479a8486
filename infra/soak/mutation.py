"""Each named condition at each place of the store is made always true, one at a time, and a test must fail.

A mutant lives in a private copy of the tree; the working copy is never touched.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
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
# the quick ones first; the first that fails is enough
RINGS = ("races", "functions", "faults", "model")
COPIED = ("layers/voucher", "functions", "infra", "tests", "template.yaml", "pyproject.toml", "README.md")
WORKERS = 2
# no test may take this long; a mutant that makes one hang is caught as well
PATIENCE_SECONDS = 1_800
# why nothing can fail where these are gone: what they say is true already, by another condition of the same write
EQUIVALENT: dict[str, str] = {}


@dataclass(frozen=True)
class Site:
    """One use of a named condition: `lines` is 1-based, `columns` are those of the expression."""

    file: str
    function: str
    condition: str
    line: int
    columns: tuple[int, int]

    @property
    def name(self) -> str:
        """Such as `pools.draw SHARD_OPEN`."""
        return f"{self.file.removesuffix('.py')}.{self.function} {self.condition}"


@dataclass(frozen=True)
class Verdict:
    """Which test a mutant failed, None when it passed them all."""

    site: Site
    failed: str | None
    seconds: float


def sites() -> list[Site]:
    """Every place of the store where a named condition is used."""
    return [site for path in sorted((ROOT / STORE).glob("*.py")) for site in _sites_in(path)]


def _sites_in(path: Path) -> Iterator[Site]:
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and ast.unparse(node) == f"conditions.{node.attr.upper()}":
                    columns = (node.col_offset, node.end_col_offset or 0)
                    yield Site(path.name, function.name, node.attr, node.lineno, columns)


def run(only: str = "") -> int:
    """Try every mutant whose name contains `only`; how many survived that should not."""
    wanted = [site for site in sites() if only in site.name and site.name not in EQUIVALENT]
    trees: SimpleQueue[Path] = SimpleQueue()
    with TemporaryDirectory(dir=LOCAL, prefix="mutants-") as scratch, ThreadPoolExecutor(WORKERS) as pool:
        for number in range(WORKERS):
            trees.put(_copy(Path(scratch) / str(number)))
        verdicts = list(pool.map(lambda site: _told(_try(site, trees)), wanted))
    survivors = [each for each in verdicts if each.failed is None]
    for name, reason in EQUIVALENT.items():
        print(f"equivalent {name}: {reason}")
    print(f"{len(verdicts) - len(survivors)}/{len(verdicts)} conditions missed when removed", flush=True)
    return len(survivors)


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


def _try(site: Site, trees: "SimpleQueue[Path]") -> Verdict:
    tree, began = trees.get(), perf_counter()
    try:
        with _mutated(tree / STORE / site.file, site):
            failed = next((found for ring in RINGS if (found := _failure(tree, ring))), None)
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


def _failure(tree: Path, ring: str) -> str | None:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"tests/{ring}"]
    environment = {**os.environ, "PYTHONPATH": "layers/voucher:.", "VOUCHER_MODEL_SHRINK": "no"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"tests/{ring} (never ended)"
    if not done.returncode:
        return None
    found = re.search(r"^(?:FAILED|ERROR|SUBFAILED\S*) (\S+)", done.stdout, re.MULTILINE)
    return found[1] if found else f"tests/{ring}: {done.stdout[-500:]}"


def _told(verdict: Verdict) -> Verdict:
    word = "SURVIVED" if verdict.failed is None else "killed  "
    print(f"{word} {verdict.site.name:58} {verdict.seconds:5.0f} s  {verdict.failed or ''}", flush=True)
    return verdict
