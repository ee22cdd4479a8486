"""A call of a table goes to moto's handler as it was written, without the way over a web server's request and back."""

import json
from functools import partial
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.exceptions import DynamodbException
from moto.dynamodb.responses import DynamoHandler

from tests.support import short_cuts
from tests.support.key_sizes import check_key_sizes


def ask_at_once(client: BaseClient) -> None:
    """From now on this client asks the handler itself. Whoever listens to botocore's events hears nothing of it."""
    client.__dict__["_make_api_call"] = partial(_ask, client)


def _ask(client: BaseClient, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    check_key_sizes(operation, request)
    handler = DynamoHandler()
    handler.region, handler.current_account = client.meta.region_name, DEFAULT_ACCOUNT_ID
    handler.body = json.loads(json.dumps(request))
    try:
        result = getattr(handler, xform_name(operation))().result
    except DynamodbException as refusal:
        raise short_cuts.refusal(client, operation, json.loads(refusal.description)) from None
    return {name: value for name, value in result.items() if value is not None} | {
        "ResponseMetadata": short_cuts.ANSWERED
    }
