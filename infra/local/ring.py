"""Runs one ring of the tests, as pytest does; a Ctrl-C while it still imports ends it with one line, too.

python -m infra.local.ring tests/rules
"""

import os
import signal
import sys
from types import FrameType


def _end(number: int, _frame: FrameType | None) -> None:
    """Nothing runs yet that would have to be ended; from the first test on pytest sees to that (tests/conftest.py)."""
    os.write(2, b"\nInterrupted before the first test.\n")
    os._exit(128 + number)


def main() -> int:
    """Run pytest with the arguments that were given."""
    signal.signal(signal.SIGINT, _end)
    import pytest  # noqa: PLC0415 - takes long

    return int(pytest.main(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
