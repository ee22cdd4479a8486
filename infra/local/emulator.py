"""Knows MiniStack, the emulator of AWS: how it is started, when it is ready, that it is still the same one.

It runs with IAM enforced, on 127.0.0.1 and a free port, if possible that of the last start. What it keeps lies in the
state folder; its memory is its database, so ending it forgets every table.
"""

import hashlib
import json
import os
import socket
import subprocess
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from infra.local.environment import python_of, requirements
from infra.local.processes import POLL_SECONDS, Server, end, start
from infra.local.state import ROOT

REGION: Final = "ap-east-1"
ROOT_KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
LAUNCHER = ROOT / "infra" / "local" / "shared_layers.py"
READY_WITHIN_SECONDS = 90.0


class EmulatorFailed(Exception):
    """The emulator ended or stayed silent; the message says where its log is."""


@dataclass(frozen=True)
class Emulator:
    """One running MiniStack: its process, its port on 127.0.0.1, and the lock file it was installed from."""

    server: Server
    port: int
    installed_from: str

    @property
    def url(self) -> str:
        """The endpoint for every AWS client."""
        return f"http://127.0.0.1:{self.port}"


def running(state: Path) -> Emulator | None:
    """The emulator recorded in `state`, if it lives and is of the present version; a stale record is none."""
    try:
        record = json.loads((state / "emulator.json").read_text())
        known = Emulator(Server(**record["server"]), record["port"], record["installed_from"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return known if known.server.alive() and known.installed_from == _installed_from() else None


def launch(state: Path, port: int | None = None) -> Emulator:
    """Start a fresh emulator for `state` and wait until it answers: on `port`, or else on the port of the last start if
    that is free. Raises EmulatorFailed."""
    stop(state)
    port = port_for(state, port)
    _discard(*(state / name for name in ("data", "tmp")))
    for name in ("data", "tmp"):
        (state / name).mkdir(parents=True)
    log = state / "ministack.log"
    log.unlink(missing_ok=True)
    command = [str(python_of("emulator")), str(LAUNCHER)]
    emulator = Emulator(start(command, log, _settings(state, port), state), port, _installed_from())
    (state / "emulator.json").write_text(json.dumps(asdict(emulator), indent=2))
    (state / "port").write_text(f"{port}\n")
    try:
        wait_until_answers(emulator.server, f"{emulator.url}/_ministack/health", log)
    except (EmulatorFailed, KeyboardInterrupt):
        stop(state)
        raise
    return emulator


def stop(state: Path) -> bool:
    """End the emulator that `state` records, with its functions; False if none of ours was running."""
    try:
        record = json.loads((state / "emulator.json").read_text())
        ended = end(Server(**record["server"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False
    (state / "emulator.json").unlink()
    _discard(state / "tmp")
    return ended


def _discard(*folders: Path) -> None:
    """Delete folders without waiting: a slow disk takes long over the files of the layers and of ninety workers. What
    an earlier deletion left behind goes, too."""
    for folder in folders:
        if folder.exists():
            folder.rename(folder.with_name(f"discarded-{uuid4().hex}"))
        left = sorted(folder.parent.glob("discarded-*"))
        if left:
            subprocess.Popen(["rm", "-rf", *map(str, left)], start_new_session=True)


def port_for(state: Path, asked: int | None) -> int:
    """The asked port, the last one, or any. Raises EmulatorFailed if the asked one is taken."""
    if asked is not None:
        if not _is_free(asked):
            raise EmulatorFailed(f"Port {asked} is taken: another one, or none, please.")
        return asked
    try:
        last = int((state / "port").read_text())
    except (FileNotFoundError, ValueError):
        return free_port()
    return last if _is_free(last) else free_port()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # a server that has just ended still has connections in TIME_WAIT; they do not hold the port
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_answers(server: Server, url: str, log: Path) -> None:
    """Return as soon as `url` answers at all. Raises EmulatorFailed if the process ends or the time is up."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if not server.alive():
            said = log.read_text(errors="replace").strip().rpartition("\n")[2] if log.is_file() else ""
            raise EmulatorFailed(f"The server ended before it was ready: {said or 'without a word'} (its log: {log})")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(POLL_SECONDS)
    raise EmulatorFailed(f"The server did not answer within {READY_WITHIN_SECONDS:.0f} s; its log: {log}")


def _installed_from() -> str:
    return hashlib.sha256(requirements("emulator").read_bytes()).hexdigest()


def _settings(state: Path, port: int) -> dict[str, str]:
    """A scrubbed environment: each function inherits it, so nothing of the caller's may leak in.

    But for where libraries are: without it some Pythons would not start.
    """
    libraries = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return libraries | {
        "PATH": f"{python_of('emulator').parent}:{os.defpath}",
        "HOME": os.environ.get("HOME", str(state)),
        "LANG": "C.UTF-8",
        "TMPDIR": str(state / "tmp"),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "S3_DATA_DIR": str(state / "data" / "s3"),
        "STATE_DIR": str(state / "data"),
        # Layers come compiled; a worker that wrote byte code into the shared copy would only lose time.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
