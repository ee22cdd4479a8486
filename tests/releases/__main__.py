"""Keeps the code as it is now as a release, so that later code is held to it.

python -m tests.releases <version>
"""

import logging
import sys

import pytest

from tests.conftest import NOW
from tests.releases import kept
from tests.support.moto_world import moto_world
from tests.support.vault import Vault
from voucher.edge import clock
from voucher.store.engine import sealing


def main() -> None:
    """Write the folder of that version."""
    logging.disable(logging.ERROR)
    with pytest.MonkeyPatch.context() as patch, moto_world(patch) as world:
        for name in ("BANK_ACCOUNTS_KEY", "MAILBOX_KEY"):
            patch.setenv(name, "key-1")
        patch.setenv("ACCOUNT_MATCHING_KEY", "key-2")
        patch.setattr(sealing, "client", Vault)
        patch.setattr(clock, "now", lambda: NOW)
        kept.keep(world, patch, sys.argv[1])


if __name__ == "__main__":
    main()
