"""Knows where the emulated API gateway falls short of AWS, and makes good for it after each deployment.

AWS takes the gateway's own answers (401, 403, 404 as problem+json) from the API's body; MiniStack deploys the
body but passes over that part. So they are read from the stack's expanded template and set one by one.
"""

import json
from collections.abc import Mapping
from typing import Any

import boto3

REST_API = "AWS::ApiGateway::RestApi"


def complete(session: boto3.Session, endpoint: str, stack: str) -> str:
    """Set the gateway's answers of `stack`'s REST API; the path under which its stage answers."""
    api_id, stage = _find(session, endpoint, stack)
    gateway = session.client("apigateway", endpoint_url=endpoint)
    answers = _answers(session, endpoint, stack)
    for kind, answer in answers.items():
        gateway.put_gateway_response(restApiId=api_id, responseType=kind, **answer)
    if answers:
        gateway.create_deployment(restApiId=api_id, stageName=stage)
    return f"/restapis/{api_id}/{stage}/_user_request_"


def _find(session: boto3.Session, endpoint: str, stack: str) -> tuple[str, str]:
    """The id of the stack's REST API, and its stage."""
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    api_id = next(r["PhysicalResourceId"] for r in resources if r["ResourceType"] == REST_API)
    stages = session.client("apigateway", endpoint_url=endpoint).get_stages(restApiId=api_id)["item"]
    return api_id, stages[0]["stageName"]


def _answers(session: boto3.Session, endpoint: str, stack: str) -> Mapping[Any, dict[str, Any]]:
    """The gateway responses in the API's body, keyed by response type."""
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    # A JSON template arrives parsed or as text; the stubs know only the former.
    body: Any = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    expanded = json.loads(body) if isinstance(body, str) else body
    found: dict[Any, dict[str, Any]] = {}
    for resource in expanded["Resources"].values():
        if resource["Type"] == REST_API:
            api = resource.get("Properties", {}).get("Body", {})
            found |= api.get("x-amazon-apigateway-gateway-responses", {})
    return found
