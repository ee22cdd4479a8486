"""Each permission of a function's policy is used while this ring runs; the fixture `permitted` holds the other half."""

from pathlib import Path

import pytest

from tests.support.backend import ROOT
from tests.support.permissions import USED, allowed

FOLDERS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
# what no test of this ring comes to, and why the function needs it all the same
NOT_HERE: dict[str, list[tuple[str, str]]] = {}


def test_each_permission_of_a_function_is_used(request: pytest.FixtureRequest) -> None:
    """The last test of the ring (conftest.py)."""
    if {Path(item.path) for item in request.session.items} != {*Path(__file__).parent.glob("test_*.py")}:
        pytest.skip("only a part of the ring runs")
    unused = {folder: sorted(left) for folder in FOLDERS if (left := allowed(folder) - USED[folder])}
    if unused != NOT_HERE:
        pytest.fail("\n".join(f"{folder}: {some}" for folder, some in unused.items()))
