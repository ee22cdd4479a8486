"""Knows which process is whose: a pid alone may long belong to somebody else, so the start time goes with it.

Servers are started as leaders of a process group of their own, so that ending one ends its children, too, and
nothing else.
"""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.1
GRACE_SECONDS = 10.0
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Server:
    """One process that this project started: its pid, which is its group's id too, and when it began."""

    pid: int
    began: str

    def alive(self) -> bool:
        """Whether this very process still runs; not a later one that was given the same pid."""
        return _began(self.pid) == self.began


def start(command: list[str], log: Path, env: dict[str, str], cwd: Path) -> Server:
    """Start `command` in a group of its own, its output appended to `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    _children[child.pid] = child
    return Server(child.pid, _began(child.pid) or "ended at once")


def end(server: Server) -> bool:
    """End `server` and its children, kindly first; False if it was not running any more."""
    if not server.alive():
        return False
    _signal_group(server, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while server.alive() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    _signal_group(server, signal.SIGKILL)
    if child := _children.pop(server.pid, None):
        child.wait()
    return True


def _signal_group(server: Server, number: signal.Signals) -> None:
    try:
        os.killpg(server.pid, number)
    except (ProcessLookupError, PermissionError):
        # Nobody of the group is left; macOS says so with EPERM when only a zombie remains.
        return


def _began(pid: int) -> str | None:
    """When process `pid` began, in words that no other process shares; None if it is gone (or a zombie)."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The command's name, in parentheses, may hold spaces and parentheses itself.
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if fields[0] in "ZX" else f"{boot} {fields[19]}"
    question = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
    answer = subprocess.run(question, capture_output=True, text=True, check=False)
    state, _, began = answer.stdout.strip().partition(" ")
    return None if not began or state.startswith("Z") else began.strip()
