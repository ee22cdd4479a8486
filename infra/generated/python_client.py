"""Makes a client in Python from the API's document, with openapi-python-client, into a folder that is not kept."""

import subprocess
import sys
from pathlib import Path

from infra.local.state import LOCAL, ROOT

DOCUMENT = ROOT / "functions/docs/openapi.json"
SETTINGS = Path(__file__).with_name("python_client.yaml")
FOLDER = LOCAL / "generated"
PACKAGE = "voucher_client"


class GenerationFailed(Exception):
    """A generator could not make a client, or what it made does not compile; the message is its own output."""


def make() -> Path:
    """Make the client anew; the folder of its package. Raises GenerationFailed, for a mere warning, too."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    places = ["--path", str(DOCUMENT), "--output-path", str(FOLDER / PACKAGE), "--config", str(SETTINGS)]
    options = ["--meta", "none", "--overwrite", "--fail-on-warning"]
    run([sys.executable, "-m", "openapi_python_client", "generate", *places, *options])
    return FOLDER / PACKAGE


def check_types(package: Path) -> None:
    """Compile every module of the client, and check its types as strictly as our own. Raises GenerationFailed."""
    run([sys.executable, "-m", "compileall", "-q", str(package)])
    caches = ["--cache-dir", str(FOLDER / "mypy-cache")]
    run([sys.executable, "-m", "mypy", "--strict", "--config-file=", *caches, package.name])


def run(command: list[str], folder: Path = FOLDER) -> str:
    """Run a command in a folder; its output. Raises GenerationFailed if it does not end well."""
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GenerationFailed(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout
