"""Knows where the emulated API gateway falls short of AWS, and makes good for it after each deployment.

AWS takes the gateway's own answers (401, 404, 429 as problem+json) and the routes for any method from the API's body;
MiniStack deploys the body but passes over these parts. So they are read from the stack's expanded template and set one
by one. (What the emulator itself must be taught is in gateway_errors.py.)
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import boto3

REST_API = "AWS::ApiGateway::RestApi"
ANY_METHOD = "x-amazon-apigateway-any-method"


def complete(session: boto3.Session, endpoint: str, stack: str) -> str:
    """Set what `stack`'s REST API lacks of its body; the path under which its stage answers."""
    api_id, stage = _find(session, endpoint, stack)
    gateway = session.client("apigateway", endpoint_url=endpoint)
    body = _body(session, endpoint, stack)
    answers: Mapping[Any, dict[str, Any]] = body.get("x-amazon-apigateway-gateway-responses", {})
    for kind, answer in answers.items():
        gateway.put_gateway_response(restApiId=api_id, responseType=kind, **answer)
    resources = {each["path"]: each["id"] for each in gateway.get_resources(restApiId=api_id, limit=500)["items"]}
    for path, methods in body.get("paths", {}).items():
        if ANY_METHOD in methods:
            _route_any(session, endpoint, stack, (api_id, resources[path]), methods[ANY_METHOD])
    gateway.create_deployment(restApiId=api_id, stageName=stage)
    return f"/restapis/{api_id}/{stage}/_user_request_"


def _find(session: boto3.Session, endpoint: str, stack: str) -> tuple[str, str]:
    """The id of the stack's REST API, and its stage."""
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    api_id = next(r["PhysicalResourceId"] for r in resources if r["ResourceType"] == REST_API)
    stages = session.client("apigateway", endpoint_url=endpoint).get_stages(restApiId=api_id)["item"]
    return api_id, stages[0]["stageName"]


def _route_any(session: boto3.Session, endpoint: str, stack: str, place: tuple[str, str], method: Any) -> None:
    """Route every method that a resource lacks to the function which the body names for it."""
    uri = method["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
    name = re.findall(r"\$\{(\w+)\.Arn\}", uri)[0]
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    resource = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=name)["StackResourceDetail"]
    functions = session.client("lambda", endpoint_url=endpoint)
    arn = functions.get_function(FunctionName=resource["PhysicalResourceId"])["Configuration"]["FunctionArn"]
    for parameter, value in {"AWS::Partition": "aws", "AWS::Region": session.region_name, f"{name}.Arn": arn}.items():
        uri = uri.replace(f"${{{parameter}}}", value)
    gateway = session.client("apigateway", endpoint_url=endpoint)
    api_id, resource_id = place
    gateway.put_method(restApiId=api_id, resourceId=resource_id, httpMethod="ANY", authorizationType="NONE")
    gateway.put_integration(
        restApiId=api_id,
        resourceId=resource_id,
        httpMethod="ANY",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=uri,
    )


def _body(session: boto3.Session, endpoint: str, stack: str) -> dict[str, Any]:
    """The API's OpenAPI document."""
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    # A JSON template arrives parsed or as text; the stubs know only the former.
    body: Any = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    expanded = json.loads(body) if isinstance(body, str) else body
    apis = (each for each in expanded["Resources"].values() if each["Type"] == REST_API)
    return dict(next(apis)["Properties"]["Body"])
