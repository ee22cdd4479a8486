"""Rules that every resource keeps, whoever adds it: over the template as CloudFormation gets it from SAM."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.templates import API, FUNCTIONS, MAIN, STATE, as_list, events, statements, transformed
from tests.support.backend import ROOT, template

Resource = dict[str, Any]
ALARMS: dict[str, Resource] = template("infra/alarms.yaml")["Resources"]
PARAMETERS: dict[str, Resource] = template("template.yaml")["Parameters"]
QUEUES = {name for name, each in STATE.items() if each["Type"] == "AWS::SQS::Queue"}
DEAD_LETTERS = {name for name in QUEUES if name.endswith("DeadLetters")}
# what CloudFormation names a thing by; a thing without such a name gets one that begins with its stack's
NAMES = {
    "AlarmName", "BucketName", "FunctionName", "LogGroupName", "Name", "QueueName", "RoleName", "TableName",
    "TopicName", "RepositoryName", "LayerName", "ManagedPolicyName", "DashboardName", "GroupName", "AliasName",
    "BackupVaultName",
}  # fmt: skip


def of_type(kind: str, resources: dict[str, Resource]) -> dict[str, Resource]:
    """The properties of each resource of a type."""
    return {name: each.get("Properties", {}) for name, each in resources.items() if each["Type"] == kind}


def every_resource() -> Iterator[tuple[str, Resource]]:
    """Every resource of the main stack, as it is deployed, and of the stacks within."""
    yield from transformed().items()
    for name in MAIN:
        if name != "template.yaml":
            yield from template(name)["Resources"].items()


def queue_of(reference: str) -> str:
    """`Data.Outputs.NotifyQueueArn` → NotifyQueue."""
    return reference.removeprefix("Data.Outputs.").removesuffix("Arn").removesuffix("Name")


def test_two_stacks_have_room_in_one_account_because_nothing_has_a_fixed_name() -> None:
    named = {
        (name, key)
        for name, each in every_resource()
        for key, value in each.get("Properties", {}).items()
        # the short form of a reference is plain text in templates that SAM does not touch
        if key in NAMES and isinstance(value, str) and "AWS::StackName" not in value and value not in STATE
    }
    layers = {(name, key) for name, key in named if key == "LayerName"}  # each deployment adds a version to it
    assert named - layers == set()


def test_a_stack_stays_within_what_cloudformation_takes() -> None:
    assert len(transformed()) <= 500
    for name in MAIN:
        assert len(template(name)["Resources"]) <= 500


def test_whoever_may_send_to_its_own_queue_may_be_called_again_and_again() -> None:
    """Lambda would stop the chain after 16 calls, and the rest of a list would stay undone."""
    queues_read = {(name, queue_of(each["Queue"])) for name, each in events("SQS")}
    chained = {
        name
        for name, function in FUNCTIONS.items()
        for statement in statements(function)
        if "sqs:SendMessage" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if (name, queue_of(resource)) in queues_read
    }
    deployed = of_type("AWS::Lambda::Function", transformed())
    allowed = {name for name, each in deployed.items() if each.get("RecursiveLoop") == "Allow"}
    assert allowed == chained
    assert {"ImportList", "VoidVouchers", "Retention", "KeepReports"} <= chained


def test_whatever_is_invoked_beside_the_api_keeps_what_failed_every_try() -> None:
    for name, each in of_type("AWS::Lambda::EventSourceMapping", transformed()).items():
        source = each["EventSourceArn"]["Fn::GetAtt"][1]
        if source.endswith("Stream"):
            kept = each["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"]
            assert kept == ["Data", "Outputs.RelayDeadLettersArn"], name
        else:
            assert "RedrivePolicy" in STATE[queue_of(source.removeprefix("Outputs."))]["Properties"], name
    kept = {"Fn::GetAtt": ["Data", "Outputs.NightsDeadLettersArn"]}
    configured = {
        each["FunctionName"]["Ref"]: each for each in of_type("AWS::Lambda::EventInvokeConfig", transformed()).values()
    }
    schedules = of_type("AWS::Scheduler::Schedule", transformed())
    assert schedules
    for name, each in schedules.items():
        target = each["Target"]
        assert target["DeadLetterConfig"]["Arn"] == kept, name  # the event could not be handed over
        night = configured[target["Arn"]["Fn::GetAtt"][0]]
        assert night["DestinationConfig"]["OnFailure"]["Destination"] == kept, name  # the function failed
        assert (night["MaximumRetryAttempts"], night["MaximumEventAgeInSeconds"]) == (2, 21600), name


def test_the_sweep_comes_again_each_hour_until_five_because_a_disturbance_may_last() -> None:
    [sweep] = [each for name, each in events("ScheduleV2") if name == "Sweep"]
    assert sweep["ScheduleExpression"] == "cron(5 0-5 * * ? *)"


def test_public_routes_have_a_ceiling_and_the_rush_a_floor_within_the_quota() -> None:
    shares: dict[str, list[str]] = {"PublicConcurrency": [], "GrabConcurrency": [], "AuthorizeConcurrency": []}
    for name, each in of_type("AWS::Lambda::Function", transformed()).items():
        if share := each.get("ReservedConcurrentExecutions"):
            condition, reference, without = share["Fn::If"]
            assert without == {"Ref": "AWS::NoValue"}
            assert condition == f"Has{reference['Ref'].removesuffix('Concurrency')}Share"
            shares[reference["Ref"]].append(name)
    public = {name for name, each in events("Api") if each.get("Auth") == {"Authorizer": "NONE"}}
    assert set(shares["PublicConcurrency"]) == public
    assert (shares["GrabConcurrency"], shares["AuthorizeConcurrency"]) == (["Grab"], ["Authorize"])
    reserved = sum(PARAMETERS[share]["Default"] * len(names) for share, names in shares.items())
    # of 1000 Lambda wants 100 for those without a share; the workers alone may be so many
    workers = sum(each["ScalingConfig"]["MaximumConcurrency"] for _, each in events("SQS"))
    assert 1000 - reserved >= 100 + workers + 50


def test_every_line_of_a_log_is_kept_for_a_year_and_no_longer() -> None:
    groups = of_type("AWS::Logs::LogGroup", dict(every_resource()))
    assert set(groups) == {"Logs", "AccessLogs"}
    assert {each["RetentionInDays"] for each in groups.values()} == {365}
    for name, each in of_type("AWS::Lambda::Function", transformed()).items():
        assert each["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": "Logs"}}, name


def test_the_access_log_says_who_asked_for_what_and_holds_no_token_or_query() -> None:
    [stage] = of_type("AWS::ApiGateway::Stage", transformed()).values()
    condition, setting, _ = stage["AccessLogSetting"]["Fn::If"]
    assert (condition, PARAMETERS["AccessLog"]["Default"]) == ("HasAccessLog", "ENABLED")
    named = set(re.findall(r"\$context\.([\w.]+)", setting["Format"]))
    assert {"requestId", "httpMethod", "resourcePath", "status", "authorizer.sub", "identity.sourceIp"} <= named
    # `path` would hold ids, and what callers write in their place
    assert named.isdisjoint({"path", "requestOverride.path", "identity.userAgent"})


def tls_only(statement: Resource) -> bool:
    """Denies everybody every call that does not come over TLS."""
    return (statement["Effect"], statement["Principal"], statement.get("Condition")) == (
        "Deny",
        "*",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_queues_and_bucket_are_reached_over_tls_only_and_a_queue_has_one_policy() -> None:
    policies = of_type("AWS::SQS::QueuePolicy", STATE)
    covered = [queue for each in policies.values() for queue in each["Queues"]]
    assert sorted(covered) == sorted(QUEUES)
    for each in policies.values():
        [denied] = [statement for statement in each["PolicyDocument"]["Statement"] if tls_only(statement)]
        assert denied["Action"] == "sqs:*"
    [policy] = of_type("AWS::S3::BucketPolicy", STATE).values()
    [denied] = policy["PolicyDocument"]["Statement"]
    assert tls_only(denied)
    assert (denied["Action"], denied["Resource"]) == ("s3:*", ["Documents.Arn", "${Documents.Arn}/*"])


def test_what_lies_somewhere_lies_there_encrypted() -> None:
    for name in QUEUES:
        assert STATE[name]["Properties"]["SqsManagedSseEnabled"] is True, name
    assert ALARMS["Topic"]["Properties"]["KmsMasterKeyId"] == "TopicKey"
    # CloudWatch may not use the key that SNS has by itself
    [_, watcher] = ALARMS["TopicKey"]["Properties"]["KeyPolicy"]["Statement"]
    assert watcher["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(watcher["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    for name, each in every_resource():
        if each["Type"] == "AWS::KMS::Key" and each["Properties"].get("KeyUsage") != "GENERATE_VERIFY_MAC":
            assert each["Properties"]["EnableKeyRotation"] is True, name


def test_what_keeps_data_outlives_its_stack_but_not_a_first_deployment_that_fails() -> None:
    kept = {
        name
        for name, each in every_resource()
        if each["Type"] in {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Logs::LogGroup"}
    } - {"TopicKey"}
    for name, each in every_resource():
        if name in kept:
            assert (each["DeletionPolicy"], each["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name
    assert PARAMETERS["DeletionProtection"]["Default"] == "true"


def test_every_deployment_tags_its_resources() -> None:
    settings = tomllib.loads((ROOT / "infra/samconfig.toml").read_text())
    for name, each in settings.items():
        if isinstance(each, dict):
            assert "project=service-voucher" in each["deploy"]["parameters"]["tags"].split(), name


def watched(metric: str) -> set[str]:
    """What the alarms on a metric watch: the parameters that name it, or nothing where it is of all there is."""
    alarms = [each for each in of_type("AWS::CloudWatch::Alarm", ALARMS).values() if each["MetricName"] == metric]
    return {
        dimension["Value"]
        for each in alarms
        for dimension in each.get("Dimensions", [{"Value": "all"}])
        if dimension["Value"] not in {"v1", "voucher"}
    }


def test_somebody_hears_of_every_queue_function_and_table_that_fails() -> None:
    assert watched("ApproximateNumberOfMessagesVisible") == DEAD_LETTERS
    assert watched("ApproximateAgeOfOldestMessage") == QUEUES - DEAD_LETTERS
    assert {"all", "Authorize", "Sweep", "Reconcile", "VerifyAudit"} <= watched("Errors")
    assert {"all", "Authorize"} <= watched("Throttles")
    assert watched("ConcurrentExecutions") == {"all"}
    assert watched("WriteThrottleEvents") == {"VouchersTable"}
    assert watched("BooksOutOfBalance") == {"ApiName"}  # its residual, too, is an invariant that is counted
    assert watched("IteratorAge") == {"Relay"}
    assert watched("5XXError") == {"ApiName"}
    for name, each in of_type("AWS::CloudWatch::Alarm", ALARMS).items():
        assert each["AlarmActions"] == ["Topic"], name
        assert each["AlarmDescription"], name


@pytest.mark.parametrize("name", sorted(QUEUES - DEAD_LETTERS))
def test_a_queue_is_late_before_its_messages_are_dead_letters(name: str) -> None:
    [alarm] = [
        each
        for each in of_type("AWS::CloudWatch::Alarm", ALARMS).values()
        if each["MetricName"] == "ApproximateAgeOfOldestMessage" and each["Dimensions"][0]["Value"] == name
    ]
    queue = STATE[name]["Properties"]
    assert queue["VisibilityTimeout"] <= alarm["Threshold"], "one failure is not late yet"
    assert alarm["Threshold"] <= 4 * 24 * 3600  # so long a queue keeps what nobody reads


def test_a_method_is_measured_by_itself_only_where_that_is_worth_its_price() -> None:
    measured = {each["ResourcePath"] for each in API["MethodSettings"] if each.get("MetricsEnabled")}
    assert "/*" not in measured
    assert "/~1batches~1{batch_id}~1vouchers" in measured
    assert len(measured) <= 8


def test_the_table_of_the_rush_can_be_warmed_before_it() -> None:
    made = STATE["VouchersTable"]["Properties"]["WarmThroughput"]
    text = (ROOT / "infra/data.yaml").read_text()
    assert made and "WriteUnitsPerSecond: !Ref WarmWrites, ReadUnitsPerSecond: !Ref WarmReads" in text
    assert PARAMETERS["WarmWrites"]["Default"] == 0


def test_in_a_city_nobody_signs_in_by_a_password_alone() -> None:
    pool = template("infra/identity.yaml")
    text = (ROOT / "infra/identity.yaml").read_text()
    assert pool["Parameters"]["Use"]["Default"] == "city"
    for line in (
        "DeletionProtection: !If [IsLocal, INACTIVE, ACTIVE]",
        'MfaConfiguration: !If [IsLocal, "OFF", "ON"]',
        "[!If [IsLocal, ALLOW_USER_PASSWORD_AUTH, ALLOW_USER_SRP_AUTH], ALLOW_REFRESH_TOKEN_AUTH]",
    ):
        assert line in text
