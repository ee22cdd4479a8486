"""The machine's own copy of the cloud: environments, emulators, build and deployment, all under `.local/`."""

import os


def _reach_this_machine_directly() -> None:
    """No proxy knows the servers of this machine: whoever imports this calls them past it, and so do the children."""
    for name in ("NO_PROXY", "no_proxy"):
        known = os.environ.get(name) or os.environ.get(name.swapcase()) or ""
        if known != "*":
            os.environ[name] = ",".join(dict.fromkeys([*filter(None, known.split(",")), "127.0.0.1", "localhost"]))


_reach_this_machine_directly()
