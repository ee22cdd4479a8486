"""Real calls, recorded: of each operation what was sent and what came back, so that the document's examples are true.

A test holds them to the models. python -m infra.contract.record records them anew.
"""

import json
from functools import cache
from typing import Any

from infra.pages.markers import ROOT

FILE = ROOT / "infra/contract/examples.json"


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """By route ("POST /orders"): `request`, `status` and `reply`."""
    return dict(json.loads(FILE.read_text())) if FILE.exists() else {}
