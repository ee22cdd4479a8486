"""Makes a client in TypeScript from the API's document: types by openapi-typescript, used through openapi-fetch.

The packages come by npm, as the machine is set up for npm, and are those whose checksums stand in the lock file.

    python -m infra.generated.typescript fetch
"""

import hashlib
import shutil
import sys
from pathlib import Path

from infra.generated.python_client import DOCUMENT, FOLDER, GenerationFailed, run
from infra.local.state import locked

SOURCE = Path(__file__).with_name("typescript")
PLACE = FOLDER / "typescript"
PACKAGES = ("package.json", "package-lock.json")


def fetch() -> None:
    """Have the packages in `.local/`, fetched once for each lock file. Raises GenerationFailed."""
    with locked(PLACE):
        digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in PACKAGES)).hexdigest()
        stamp = PLACE / "made-from.sha256"
        if stamp.is_file() and stamp.read_text() == digest:
            return
        print("Fetching TypeScript and the generator of its client …", flush=True)
        stamp.unlink(missing_ok=True)
        for name in PACKAGES:
            shutil.copy(SOURCE / name, PLACE)
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], PLACE)
        stamp.write_text(digest)


def check_types() -> None:
    """Make the types anew and compile the calls of `main_calls.ts`, strictly. Raises GenerationFailed."""
    fetch()
    for name in ("tsconfig.json", "main_calls.ts"):
        shutil.copy(SOURCE / name, PLACE)
    # what a request may leave out has a default, and may be left out
    options = ["--default-non-nullable=false", "--output", "api.d.ts"]
    run([_tool("openapi-typescript"), str(DOCUMENT), *options], PLACE)
    run([_tool("tsc"), "--project", "."], PLACE)


def _tool(name: str) -> str:
    return str(PLACE / "node_modules" / ".bin" / name)


def main() -> int:
    """Fetch, for a command that wants to say early what is missing; 1 with a plain message."""
    try:
        fetch()
    except GenerationFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
