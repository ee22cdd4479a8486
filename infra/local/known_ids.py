"""Gives MiniStack's first user pool, client and REST API the same ids at each start.

So what somebody has noted (an address, a saved environment) is right the next time, too. By itself MiniStack draws
these ids by chance.
"""

import importlib
import os
from collections.abc import Callable
from typing import Any

POOL_ID = f"{os.environ.get('MINISTACK_REGION', 'us-east-1')}_Lishui001"
CLIENT_ID = "lishuivoucherclient0000001"
API_ID = "lishui01"


def keep() -> None:
    """Have the emulator do so. MiniStack must have been imported from its own packages."""
    cognito: Any = importlib.import_module("ministack.services.cognito")
    gateway: Any = importlib.import_module("ministack.services.apigateway_v1")
    cognito._pool_id = _first(POOL_ID, cognito._pool_id)
    cognito._client_id = _first(CLIENT_ID, cognito._client_id)
    resolve = gateway._resolve_custom_rest_api_id

    def resolve_known(tags: Any) -> Any:
        pinned = {} if gateway.find_api_scope(API_ID) else {"ms-custom-id": API_ID}
        return resolve({**pinned, **(tags or {})})

    gateway._resolve_custom_rest_api_id = resolve_known


def _first(known: str, draw: Callable[[], str]) -> Callable[[], str]:
    """`known` at the first call, and whatever `draw` gives at all others."""
    left = [known]
    return lambda: left.pop() if left else draw()
