"""Each permission of a function's policy is used while this ring runs; the fixture `permitted` holds the other half."""

from pathlib import Path

import pytest

from tests.support.backend import ROOT
from tests.support.permissions import USED, allowed

FOLDERS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
# what this ring does not come to: races and faults do, or Lambda itself asks for it
NOT_HERE: dict[str, list[tuple[str, str]]] = {
    "agencies": [("s3:GetObject", "documents/agencies"), ("s3:GetObjectVersion", "documents/agencies")],
    "findings": [
        ("dynamodb:ConditionCheckItem", "Settlements"),
        ("dynamodb:GetItem", "Settlements"),
        ("dynamodb:PutItem", "Settlements"),
    ],
    "grab": [("dynamodb:ConditionCheckItem", "Vouchers")],
    "pre_reviews": [("dynamodb:UpdateItem", "Orders")],
    "relay": [("sqs:SendMessage", "RelayDeadLetters")],
    "rounds": [("dynamodb:ConditionCheckItem", "Settlements")],
}


def test_each_permission_of_a_function_is_used(request: pytest.FixtureRequest) -> None:
    """The last test of the ring (conftest.py)."""
    if {Path(item.path) for item in request.session.items} != {*Path(__file__).parent.glob("test_*.py")}:
        pytest.skip("only a part of the ring runs")
    # keys are kept in memory here, and the journeys try each
    of_keys = {folder: {each for each in allowed(folder) if each[0].startswith("kms:")} for folder in FOLDERS}
    unused = {folder: sorted(allowed(folder) - USED[folder] - of_keys[folder]) for folder in FOLDERS}
    unused = {folder: some for folder, some in unused.items() if some}
    if unused != NOT_HERE:
        pytest.fail("\n".join(f"{folder}: {some}" for folder, some in unused.items()))
