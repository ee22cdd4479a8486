"""A pytest plugin: which functions of the store, the rules and the handlers each test runs through, and how long it
takes.

`-p infra.soak.witness` appends one JSON line per test to the file that VOUCHER_WITNESS names.
"""

import json
import os
import sys
from collections.abc import Generator
from pathlib import Path
from time import perf_counter
from types import CodeType

import pytest

TOOL = sys.monitoring.PROFILER_ID
STORE, RULES = f"{os.sep}store{os.sep}", f"{os.sep}rules{os.sep}"
SEEN: set[str] = set()


def pytest_configure() -> None:
    """Hear of every function that begins, once each until asked anew."""
    sys.monitoring.use_tool_id(TOOL, "witness")
    sys.monitoring.register_callback(TOOL, sys.monitoring.events.PY_START, _begun)
    sys.monitoring.set_events(TOOL, sys.monitoring.events.PY_START)


def _begun(code: CodeType, _offset: int) -> object:
    path = Path(code.co_filename)
    if STORE in code.co_filename:
        SEEN.add(f"{path.stem}.{code.co_name}")
    elif RULES in code.co_filename or path.name == "app.py":
        SEEN.add(f"{path.parent.name}/{path.stem}.{code.co_name}")
    return sys.monitoring.DISABLE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """One test, its set-up included."""
    SEEN.clear()
    sys.monitoring.restart_events()
    began = perf_counter()
    outcome = yield
    line = {"test": item.nodeid, "seconds": perf_counter() - began, "functions": sorted(SEEN)}
    with Path(os.environ["VOUCHER_WITNESS"]).open("a") as out:
        out.write(f"{json.dumps(line)}\n")
    return outcome
