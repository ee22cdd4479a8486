"""Under which licences the packages stand: those that are deployed, and the tools. `make lint` fails for any other one.

What a package says of itself is read from where it is installed: the expression of its licence, or else its
classifiers, or else its own words.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from infra.local.state import LOCAL, ROOT

LAYER = ROOT / "layers" / "dependencies" / "requirements.txt"
ENVIRONMENTS = ("development", "deploy", "emulator")
# they ask for a notice at most
PERMISSIVE = {
    *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-0"),
    *("MIT-CMU", "PSF-2.0", "Zlib"),
}
# tools are not handed on
OF_TOOLS = PERMISSIVE | {"MPL-2.0"}
# package → what it says, where that is none of these, and why it may stay
DECIDED = {
    # deployed as it is published, in a layer in which anybody can replace it
    "python-stdnum": "GNU Lesser General Public License v2 or later (LGPLv2+)",
}
DECIDED_TOOLS = {
    # BSD-3-Clause, as its LICENSE says; comes with aws-sam-cli
    "cookiecutter": "",
    # the one or the other, as one likes; comes with aws-sam-cli
    "text-unidecode": "Artistic License and GNU General Public License (GPL) and GNU General Public License v2 or "
    "later (GPLv2+)",
}
# how packages call a licence that has a short name
SHORT_NAMES = {
    "apache": "Apache-2.0",
    "bsd": "BSD",
    "bsd 2-clause license": "BSD-2-Clause",
    "isc": "ISC",
    "mit": "MIT",
    "mit no attribution license (mit-0)": "MIT-0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation": "PSF-2.0",
}
CLASSIFIER = "License :: "


@dataclass(frozen=True)
class Package:
    """One installed package. `licences`: each that it stands under; of an expression, the whole of it."""

    name: str
    version: str
    licences: tuple[str, ...]

    @property
    def said(self) -> str:
        """All of them, for people."""
        return " and ".join(self.licences)


def package_of(distribution: Distribution) -> Package:
    """What a package says of itself."""
    facts = distribution.metadata
    classifiers = [each for each in facts.get_all("Classifier") or [] if each.startswith(CLASSIFIER)]
    own_words = [str(facts["License"]).splitlines()[0]] if facts.get("License") else []
    expression = facts.get("License-Expression")
    said = [str(expression)] if expression else [each.rpartition(" :: ")[2] for each in classifiers] or own_words
    return Package(_plain(facts["Name"]), distribution.version, tuple(map(_short, said)))


def packages_in(environment: str) -> list[Package]:
    """Every package of an environment under `.local/`, by name."""
    folders = (LOCAL / environment / "lib").glob("python3.*/site-packages")
    found = {package_of(each) for folder in folders for each in distributions(path=[str(folder)])}
    return sorted(found, key=lambda package: package.name)


def deployed_names(lock: Path = LAYER) -> set[str]:
    """The packages of the layer."""
    return {_plain(name) for name in re.findall(r"^([\w.\-]+)==", lock.read_text(), re.MULTILINE)}


def outsiders(packages: Iterable[Package], deployed: Iterable[str]) -> list[str]:
    """A sentence for each package whose licence nobody allowed."""
    return [
        f"{each.name} {each.version}: {each.said or 'it names no licence'}"
        for each in packages
        if not _is_allowed(each, is_deployed=each.name in deployed)
    ]


def _is_allowed(package: Package, *, is_deployed: bool) -> bool:
    decided, allowed = (DECIDED, PERMISSIVE) if is_deployed else (DECIDED | DECIDED_TOOLS, OF_TOOLS)
    if package.name in decided:
        return package.said == decided[package.name]
    return bool(package.licences) and all(_is_among(each, allowed) for each in package.licences)


def _is_among(expression: str, allowed: set[str]) -> bool:
    """True if an expression leaves a choice in which each part is allowed."""
    choices = re.sub(r"[()]", " ", expression).split(" OR ")
    return any(all(part.strip() in allowed for part in choice.split(" AND ")) for choice in choices)


def _short(said: str) -> str:
    text = re.sub(r"^the |,? (software )?licen[cs]e\b.*$", "", said.strip().lower())
    return SHORT_NAMES.get(said.strip().lower(), SHORT_NAMES.get(text, said.strip()))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Print the deployed packages with their licences; 1 and the outsiders if there are any."""
    deployed = deployed_names()
    packages = {each for environment in ENVIRONMENTS for each in packages_in(environment)}
    wrong = outsiders(sorted(packages, key=lambda each: (each.name, each.version)), deployed)
    for each in packages_in("development"):
        if each.name in deployed:
            print(f"{each.name} {each.version}: {each.said}")
    for sentence in wrong:
        print(f"No licence that is allowed (infra/licences.py): {sentence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
