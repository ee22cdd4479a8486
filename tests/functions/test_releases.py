"""A release and the one before it: what the earlier one wrote is read and stepped by today's code, and what today's
code writes is read by the earlier one's models, which is what a rollback meets."""

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from tests.releases import kept
from tests.support.backend import ROOT, World
from voucher import models

VERSIONS = kept.versions()
READ_BY_THEN = """
import importlib, inspect, json, pkgutil, sys
import voucher.models as models
modules = [importlib.import_module(f"voucher.models.{each.name}") for each in pkgutil.iter_modules(models.__path__)]
known = dict(pair for module in modules for pair in inspect.getmembers(module, inspect.isclass))
unread, count = [], 0
for name, records in json.load(sys.stdin).items():
    for record in records if name in known else ():
        count += 1
        try:
            known[name].model_validate(record)
        except ValueError as error:
            unread.append(f"{name}: {error}")
print(json.dumps([models.__file__, count, unread]))
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_release_wrote_is_stepped_by_todays_code(world: World, version: str, subtests: pytest.Subtests) -> None:
    then = kept.read(version)
    kept.load(then)
    assert len(then.calls) > 150
    now = kept.answers_to(world, kept.calls_of(then))
    for route, answer in then.answers.items():
        with subtests.test(route):
            assert now[route] == answer


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_release_wrote_is_read_by_todays_models(version: str) -> None:
    modules = [importlib.import_module(f"voucher.models.{each.name}") for each in pkgutil.iter_modules(models.__path__)]
    known = dict(pair for module in modules for pair in inspect.getmembers(module, inspect.isclass))
    records = kept.read(version).records
    assert len(records) > 30
    for name, some in records.items():
        for each in some:
            known[name].model_validate(each)


def test_what_todays_code_writes_is_read_by_the_latest_release(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    records = kept.written(monkeypatch)
    everything = kept.build(world)
    kept.answers_to(world, everything.calls)
    archive = kept.FOLDER / VERSIONS[-1] / "models.zip"
    place, count, unread = read_by(str(archive), records)
    assert place.startswith(str(archive))
    assert count > 100
    assert unread == []
    # a state that the release did not know would stop its functions
    [order, *_] = records["Order"]
    _, _, unread = read_by(str(archive), {"Order": [{**order, "state": "unheard of"}]})
    assert len(unread) == 1


def read_by(archive: str, records: dict[str, list[dict[str, Any]]]) -> list[Any]:
    """Where the models were found, how many records they were shown, and which they could not read."""
    asked = [sys.executable, "-c", READ_BY_THEN]
    done = subprocess.run(
        asked, env={"PYTHONPATH": archive}, input=json.dumps(records), capture_output=True, text=True, check=True
    )
    answer: list[Any] = json.loads(done.stdout)
    return answer


def test_the_latest_release_is_kept_and_is_the_first_of_the_changelog() -> None:
    changelog = (ROOT / "infra/CHANGELOG.md").read_text()
    named = [line.split()[1] for line in changelog.splitlines() if line.startswith("## ") and line[3].isdigit()]
    assert named == VERSIONS[::-1]
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSIONS[-1]
