"""Teaches MiniStack's API gateway two things that AWS's does when it refuses a request.

The template of a gateway response may name what the authorizer said of the caller (`$context.authorizer.reason`); and a
function that failed is answered by the gateway response for faults, without the fault's own words.
"""

import importlib
from typing import Any


def teach() -> None:
    """Have the gateway do both. MiniStack must have been imported from its own packages."""
    gateway: Any = importlib.import_module("ministack.services.apigateway_v1")
    authorize, render, invoke = (
        gateway._authorize_request_v1,
        gateway._gateway_error_response,
        gateway._invoke_lambda_proxy_v1,
    )

    async def authorize_and_remember(*request: Any) -> Any:
        error, context = await authorize(*request)
        if error is not None and error.response_type == "ACCESS_DENIED":
            # the authorizer's answer has just been remembered under the token; it is the last part of the key
            token = next((value for name, value in request[6].items() if name.lower() == "authorization"), "")
            known = (said for key, (_, _, said) in gateway._authorizer_cache.items() if key[-1] == (token,))
            error.authorizer = next(known, {})
        return error, context

    def render_with_context(error: Any, request: Any) -> Any:
        status, headers, body = render(error, request)
        for name, value in getattr(error, "authorizer", {}).items():
            body = body.replace(f"$context.authorizer.{name}".encode(), value.encode())
        return status, headers, body

    async def invoke_and_hide(*request: Any, **more: Any) -> Any:
        answer = await invoke(*request, **more)
        failed = isinstance(answer, tuple) and answer[0] == 502
        return gateway._gw_error("DEFAULT_5XX", "Internal server error") if failed else answer

    gateway._authorize_request_v1 = authorize_and_remember
    gateway._gateway_error_response = render_with_context
    gateway._invoke_lambda_proxy_v1 = invoke_and_hide
