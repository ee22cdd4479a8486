"""Knows where the emulated tables fall short of AWS, and makes good for it after each deployment.

MiniStack's CloudFormation passes over point-in-time recovery, so it is switched on here for each table whose template
asks for it. Whatever second is asked for, MiniStack restores what a table holds at that moment.
"""

import boto3

TABLE, NESTED = "AWS::DynamoDB::Table", "AWS::CloudFormation::Stack"


def complete(session: boto3.Session, endpoint: str, stack: str) -> None:
    """Let each table of `stack`, and of the stacks in it, be restored."""
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    tables = session.client("dynamodb", endpoint_url=endpoint)
    for each in cloudformation.describe_stack_resources(StackName=stack)["StackResources"]:
        if each["ResourceType"] == NESTED:
            complete(session, endpoint, each["PhysicalResourceId"])
        if each["ResourceType"] == TABLE:
            tables.update_continuous_backups(
                TableName=each["PhysicalResourceId"],
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
