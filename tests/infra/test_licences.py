"""Licences: what a package says of itself is read, and one that nobody allowed is named."""

from email.message import Message
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest

from infra import licences
from infra.licences import Package, outsiders, package_of


class Said(Distribution):
    """A package that says this of itself."""

    def __init__(self, **facts: str | list[str]) -> None:
        self._facts = Message()
        for name, values in {"Name": "Some.Package", "Version": "1", **facts}.items():
            for value in values if isinstance(values, list) else [values]:
                self._facts[name.replace("_", "-")] = value

    @property
    def metadata(self) -> Any:
        """Its facts."""
        return self._facts

    def read_text(self, filename: str) -> None:
        """It has no files."""

    def locate_file(self, path: Any) -> Path:
        """It has no files."""
        raise FileNotFoundError(path)


GPL = "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"


@pytest.mark.parametrize(
    ("facts", "found", "is_allowed"),
    [
        ({"License_Expression": "MIT", "Classifier": GPL}, "MIT", True),
        ({"License_Expression": "Apache-2.0 OR GPL-3.0-only"}, "Apache-2.0 OR GPL-3.0-only", True),
        ({"License_Expression": "BSD-3-Clause AND GPL-3.0-only"}, "BSD-3-Clause AND GPL-3.0-only", False),
        ({"License_Expression": "AGPL-3.0-only"}, "AGPL-3.0-only", False),
        ({"Classifier": "License :: OSI Approved :: MIT License"}, "MIT", True),
        ({"Classifier": "License :: OSI Approved :: Apache Software License"}, "Apache-2.0", True),
        ({"Classifier": ["License :: OSI Approved :: BSD License", GPL]}, None, False),
        ({"Classifier": GPL, "License": "MIT"}, None, False),
        ({"License": "The MIT License (MIT)"}, "MIT", True),
        ({"License": "MPL-2.0"}, "MPL-2.0", False),
        ({"License": "proprietary"}, "proprietary", False),
        ({}, "", False),
    ],
)
def test_a_licence_is_found_wherever_a_package_says_it(
    facts: dict[str, Any], found: str | None, is_allowed: bool
) -> None:
    package = package_of(Said(**facts))
    assert found is None or package.said == found
    assert (outsiders([package], {"some-package"}) == []) == is_allowed


def test_a_tool_may_stand_under_a_licence_that_the_layer_may_not() -> None:
    package = Package("some-package", "1", ("MPL-2.0",))
    assert outsiders([package], set()) == []
    assert outsiders([package], {"some-package"}) == ["some-package 1: MPL-2.0"]


def test_what_was_decided_of_a_package_holds_for_what_it_says_now() -> None:
    said = licences.DECIDED["python-stdnum"]
    assert outsiders([Package("python-stdnum", "2", (said,))], {"python-stdnum"}) == []
    assert outsiders([Package("python-stdnum", "3", ("GPL-3.0-only",))], {"python-stdnum"}) != []


def test_every_package_of_this_project_stands_under_an_allowed_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert licences.main() == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert listed == licences.deployed_names()
    assert all(len(licences.packages_in(name)) > 10 for name in licences.ENVIRONMENTS)
