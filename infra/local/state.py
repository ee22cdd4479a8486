"""Where everything made on this machine lies, and how two commands at once keep out of each other's way.

`LOCAL` holds what all share (environments, builds); a *state folder* holds one running stack. The developer's
own stack uses `LOCAL` itself as its state folder, the test suite a folder of its own below it.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process; a second one waits. The lock ends with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
