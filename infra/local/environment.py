"""Makes the Python environments under `.local/` from the hash-locked requirements, before any of them exists.

Each environment carries a stamp of what it was made from, written last: a second call is instant, an
interrupted or outdated one starts over. Standard library only; run as a script by a Python 3.13.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.local.state import LOCAL, ROOT, locked

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def requirements(name: str) -> Path:
    """The lock file of environment `name`."""
    return ROOT / "infra" / "requirements" / f"{name}.txt"


def python_of(name: str) -> Path:
    """The interpreter of environment `name`, made or not."""
    return LOCAL / name / "bin" / "python"


def make(name: str) -> None:
    """Make environment `name` unless it is there, whole and from the present lock file.

    Raises CalledProcessError when pip fails; the environment then counts as not made.
    """
    folder = LOCAL / name
    stamp = folder / "made-from.sha256"
    # The paths belong to the stamp: an environment survives neither being moved nor its Python's going away.
    facts = f"{sys.version}\n{sys.base_prefix}\n{folder}\n".encode() + requirements(name).read_bytes()
    digest = hashlib.sha256(facts).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest and python_of(name).exists():
        return
    # in one write, because the environments are made side by side
    print(f"Environment {name}: installing from {requirements(name).relative_to(ROOT)} …\n", end="", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True, symlinks=True)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes", "-r"]
    subprocess.run([python_of(name), *install, requirements(name)], check=True, env=clean)
    stamp.write_text(digest)


def main(names: list[str]) -> int:
    """Make the named environments, side by side; 1 with a plain message if one cannot be installed."""
    with locked(LOCAL), ThreadPoolExecutor() as pool:
        return max(pool.map(_made, names))


def _made(name: str) -> int:
    try:
        make(name)
    except subprocess.CalledProcessError as error:
        print(f"Environment {name}: pip ended with {error.returncode}, see above.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
