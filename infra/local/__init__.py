"""The machine's own copy of the cloud: environments, emulators, build and deployment, all under `.local/`.

Whoever imports it calls the servers of this machine past any proxy, and ends on Ctrl-C with one line.
"""

import os
import sys
from types import TracebackType


def _reach_this_machine_directly() -> None:
    """No proxy knows the servers of this machine; processes that are started from here learn it, too."""
    for name in ("NO_PROXY", "no_proxy"):
        known = os.environ.get(name) or os.environ.get(name.swapcase()) or ""
        if known != "*":
            os.environ[name] = ",".join(dict.fromkeys([*filter(None, known.split(",")), "127.0.0.1", "localhost"]))


def _say(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
    """Where a program was when somebody ended it is of no use to him."""
    if issubclass(kind, KeyboardInterrupt):
        print("\nInterrupted. The same command goes on from here; `make down` ends what runs.", file=sys.stderr)
    else:
        sys.__excepthook__(kind, value, trace)


_reach_this_machine_directly()
sys.excepthook = _say
