"""Records the examples: every call of tests/support/calls, made in this process on moto.

python -m infra.contract.record
"""

import json
import logging
import re
from http import HTTPStatus
from typing import Any

import pytest

from infra.client.http import Reply
from infra.contract.examples import FILE
from tests.conftest import NOW
from tests.support import scenario as towns
from tests.support.backend import routes
from tests.support.calls.call import Call
from tests.support.calls.everything import build_everything
from tests.support.moto_world import moto_world
from tests.support.quick_moto import use_quick_engine
from tests.support.vault import Vault
from voucher.edge import clock
from voucher.store.engine import sealing

# they say all themselves
FILES = ("/openapi.json", "/vocabulary")
# of a long list one entry shows what all are like
MOST_ENTRIES = 1
# what S3 signs tells nobody anything, and is a new one each time: of a link, of the policy of a form, and its signature
SIGNED = re.compile(r"(?<=\?).*(?=X-Amz-Signature=)|(?<=X-Amz-Signature=).+|(?<=^eyJ).{40,}")


def main() -> None:
    """Make each call, and keep what was sent and what came back. Most are accepted one after the other; a call that is
    refused then, because another came before it, is made once more in a town of its own."""
    logging.disable(logging.ERROR)
    recorded = _record()
    refused = [name for name, example in recorded.items() if name.startswith("POST") and "reply" not in example]
    for name in refused:
        recorded |= _record(name)
    kept = {name: each for name, each in sorted(recorded.items()) if each}
    FILE.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")


def _record(only: str | None = None) -> dict[str, dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch, moto_world(patch) as world:
        patch.setattr(clock, "now", lambda: NOW)
        patch.setenv("BANK_ACCOUNTS_KEY", "key-1")
        patch.setenv("MAILBOX_KEY", "key-1")
        patch.setenv("ACCOUNT_MATCHING_KEY", "key-2")
        patch.setattr(sealing, "client", Vault)
        use_quick_engine(patch)
        calls = build_everything(towns.settle(towns.open_year(world))).calls
        methods = {f"{route.method} {route.path}": route.method for route in routes()}
        return {
            name: _example(call, world.call(call.person, methods[name], call.path, call.body, call.key))
            for name, call in calls.items()
            if only in (None, name)
        }


def _example(call: Call, reply: Reply) -> dict[str, Any]:
    request = {} if call.body is None else {"request": call.body}
    if reply.status >= HTTPStatus.BAD_REQUEST or not isinstance(reply.body, dict) or call.path in FILES:
        return request
    return {**request, "status": reply.status, "reply": _short(reply.body)}


def _short(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: "…" if name == "x-amz-signature" else _short(each) for name, each in tree.items()}
    if isinstance(tree, list):
        return [_short(each) for each in tree[:MOST_ENTRIES]]
    return SIGNED.sub("…", tree) if isinstance(tree, str) else tree


if __name__ == "__main__":
    main()
