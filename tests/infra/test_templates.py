"""The templates keep what was decided: queues that lose nothing, narrow policies, the city's time zone, AWS China."""

import re
from typing import Any

import pytest

from infra.local.stack import PLAYED
from tests.infra.templates import DEFAULTS, FUNCTIONS, MAIN, STATE, as_list, events, statements
from tests.support.backend import ROOT, template
from voucher.edge import metrics

# every action that policies contain; tests/journeys/test_permissions.py lists by hand which function has which
ACTIONS = {
    "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem",
    "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
    "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateMac", "s3:DeleteObjectVersion", "s3:GetObject",
    "s3:GetObjectVersion", "s3:ListBucketVersions", "s3:PutObject", "sqs:SendMessage",
    "secretsmanager:GetSecretValue",
}  # fmt: skip


def queues() -> dict[str, dict[str, Any]]:
    """The queues that workers read, by name."""
    queues_and_dead_letters = {
        name: each["Properties"] for name, each in STATE.items() if each["Type"] == "AWS::SQS::Queue"
    }
    return {name: each for name, each in queues_and_dead_letters.items() if not name.endswith("DeadLetters")}


@pytest.mark.parametrize("name", queues())
def test_a_queue_has_its_own_dead_letter_queue_that_keeps_messages_for_two_weeks(name: str) -> None:
    redrive = queues()[name]["RedrivePolicy"]
    dead_letters = redrive["deadLetterTargetArn"].removesuffix(".Arn")
    assert dead_letters == name.removesuffix("Queue") + "DeadLetters"
    assert 3 <= redrive["maxReceiveCount"] <= 10
    assert STATE[dead_letters]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize("name", queues())
def test_a_message_stays_hidden_for_six_times_its_workers_time_out(name: str) -> None:
    workers = [function for function, each in events("SQS") if each["Queue"] == f"Data.Outputs.{name}Arn"]
    assert len(workers) == 1
    assert queues()[name]["VisibilityTimeout"] >= 6 * FUNCTIONS[workers[0]].get("Timeout", DEFAULTS["Timeout"])


def test_a_worker_hands_back_only_the_messages_that_failed_and_is_bounded() -> None:
    for _, properties in events("SQS"):
        assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert properties["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_every_stream_of_a_table_is_relayed_and_failed_batches_are_kept() -> None:
    streams = {
        name.removesuffix("Table") for name, each in STATE.items() if "StreamSpecification" in each["Properties"]
    }
    streams_relayed = {
        each["Stream"].removeprefix("Data.Outputs.").removesuffix("Stream") for _, each in events("DynamoDB")
    }
    assert streams_relayed == streams
    for function, properties in events("DynamoDB"):
        assert function == "Relay"
        assert properties["StartingPosition"] == "TRIM_HORIZON"
        assert properties["BisectBatchOnFunctionError"] is True
        assert properties["DestinationConfig"]["OnFailure"]["Destination"] == "Data.Outputs.RelayDeadLettersArn"
        assert "FunctionResponseTypes" not in properties  # relay fails its batch as a whole


def test_a_schedule_has_the_citys_time_zone_can_be_disabled_and_passes_its_instant() -> None:
    schedules = dict(events("ScheduleV2"))
    assert set(schedules) >= {"Sweep", "Reconcile"}
    for properties in schedules.values():
        assert properties["ScheduleExpressionTimezone"] == "Asia/Shanghai"
        assert properties["State"] == "Schedules"
        assert "Input" not in properties  # the scheduler's own event carries the time
        assert properties["RetryPolicy"]["MaximumRetryAttempts"] >= 1
    assert list(events("Schedule")) == []


def test_no_template_lets_a_night_be_swept_before_it_comes() -> None:
    assert PLAYED == {"SWEEP_AHEAD": "allowed"}  # only the local stack's, set beside the template
    assert [name for name in MAIN if re.search(r"(?i)sweep_?ahead", (ROOT / name).read_text())] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_policy_is_written_out_and_allows_known_actions_on_named_resources(name: str) -> None:
    function = FUNCTIONS[name]
    assert [set(policy) for policy in function.get("Policies", [])] in ([], [{"Statement"}])  # no ready-made policies
    for statement in statements(function):
        assert set(statement) <= {"Effect", "Action", "Resource", "Condition"}
        assert statement["Effect"] == "Allow"
        assert set(as_list(statement["Action"])) <= ACTIONS
        for resource in as_list(statement["Resource"]):
            assert re.fullmatch(r"Data\.Outputs\.\w+Arn|\$\{Data\.Outputs\.\w+Arn\}/[\w/-]+/\*", resource)


def test_no_policy_reaches_all_indexes_and_the_table_at_once_or_the_whole_bucket() -> None:
    for function in FUNCTIONS.values():
        for statement in statements(function):
            resources = [each for each in as_list(statement["Resource"]) if "*" in each]
            files = [each for each in resources if "DocumentsArn" in each]
            assert [each for each in resources if each not in files and not each.endswith("Arn}/index/*")] == []
            assert set(as_list(statement["Action"])) == {"dynamodb:Query"} or resources == files


@pytest.mark.parametrize("name", MAIN)
def test_the_main_templates_use_nothing_that_aws_china_lacks(name: str) -> None:
    text = (ROOT / name).read_text()
    assert re.findall(r"(?i)cognito|AWS::SES|\bses:|SnapStart", text) == []


@pytest.mark.parametrize("name", MAIN)
def test_no_partition_region_or_account_is_written_into_a_main_template(name: str) -> None:
    text = (ROOT / name).read_text()
    assert re.findall(r"arn:aws[\w-]*:", text) == []
    assert re.findall(r"\b(?:cn|ap|us|eu)-[a-z]+-\d\b|\b\d{12}\b", text) == []
    hosts = re.findall(r"[\w.-]*amazonaws\.com[\w.]*", text)
    assert [host for host in hosts if not re.fullmatch(r"\w+\.amazonaws\.com", host)] == []  # a service's own name


@pytest.mark.parametrize("name", [name for name, each in STATE.items() if each["Type"] == "AWS::DynamoDB::Table"])
def test_a_table_is_kept_encrypted_and_can_be_restored_to_a_second(name: str) -> None:
    table = STATE[name]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["DeletionProtectionEnabled"] == "DeletionProtection"
    assert table["Properties"]["SSESpecification"]["SSEEnabled"] is True
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"


def test_the_bucket_is_private_encrypted_versioned_and_kept() -> None:
    bucket = STATE["Documents"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketEncryption" in bucket["Properties"]


def test_pages_of_the_allowed_origins_upload_to_the_bucket_and_download_from_it() -> None:
    [rule] = STATE["Documents"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert {"GET", "POST"} <= set(rule["AllowedMethods"])
    assert [getattr(each, "value", each) for each in rule["AllowedOrigins"]] == [",", "AllowedOrigins"]
    nested = template("template.yaml")["Resources"]["Data"]["Properties"]["Parameters"]
    assert nested["AllowedOrigins"] == "AllowedOrigins"
    assert DEFAULTS["Environment"]["Variables"]["ALLOWED_ORIGINS"] == "AllowedOrigins"


def test_origins_are_written_without_a_path_and_several_with_commas() -> None:
    pattern = template("template.yaml")["Parameters"]["AllowedOrigins"]["AllowedPattern"]
    for right in ("*", "https://a.cn", "http://localhost:5173", "https://a.cn,https://b.cn:8443"):
        assert re.fullmatch(pattern, right), right
    for wrong in ("", "a.cn", "https://a.cn/", "https://a.cn, https://b.cn", "https://a.cn,", "*,https://a.cn"):
        assert not re.fullmatch(pattern, wrong), wrong


def test_a_domain_of_its_own_is_regional_and_leads_to_the_stage() -> None:
    resources = template("template.yaml")["Resources"]
    assert resources["Domain"]["Properties"]["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert resources["Domain"]["Properties"]["RegionalCertificateArn"] == "CertificateArn"
    mapping = resources["DomainMapping"]["Properties"]
    assert (mapping["DomainName"], mapping["RestApiId"], mapping["Stage"]) == ("Domain", "Api", "Api.Stage")
    assert {resources[each]["Condition"] for each in ("Domain", "DomainMapping")} == {"HasDomain"}


def test_the_import_queue_lets_the_bucket_in_before_the_bucket_asks() -> None:
    assert STATE["Documents"]["DependsOn"] == "ImportListQueuePolicy"
    statement, _ = STATE["ImportListQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "AWS::AccountId"}


def test_every_alarm_has_a_recipient_and_gets_the_names_it_watches() -> None:
    alarms = template("infra/alarms.yaml")
    resources = alarms["Resources"].values()
    watching = [each["Properties"] for each in resources if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert {tuple(each["AlarmActions"]) for each in watching} == {("Topic",)}
    alarm_parameters = template("template.yaml")["Resources"]["Alarms"]["Properties"]["Parameters"]
    assert alarm_parameters.keys() == alarms["Parameters"].keys()
    watched = {dimension["Value"] for each in watching for dimension in each.get("Dimensions", [])}
    fixed = {"voucher", "v1", "POST", "/batches/{batch_id}/vouchers"}
    assert watched - fixed == alarm_parameters.keys() - {"Email"}
    assert {name for name in STATE if name.endswith("DeadLetters")} <= watched


@pytest.mark.parametrize("name", ["BooksOutOfBalance", "AuditBroken", "DrawsChanged"])
def test_the_alarm_of_a_check_hears_the_metric_of_its_own_stack(name: str) -> None:
    alarm = template("infra/alarms.yaml")["Resources"][name]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (metrics.NAMESPACE, name)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "ApiName"}]
    named = template("template.yaml")["Resources"]["Alarms"]["Properties"]["Parameters"]["ApiName"]
    assert DEFAULTS["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == named == "AWS::StackName"


def test_production_needs_somebody_who_hears_of_a_fault() -> None:
    assert "production" in template("template.yaml")["Parameters"]["Stage"]["AllowedValues"]
    text = (ROOT / "template.yaml").read_text()
    rule_text = text.partition("  ProductionIsWatched:")[2].partition("  ChinaHasNoTracing:")[0]
    assert "RuleCondition: !Equals [!Ref Stage, production]" in rule_text
    assert '{Assert: !Not [!Equals [!Ref AlarmEmail, ""]],' in rule_text


def test_china_is_deployed_without_tracing() -> None:
    rule_text = (ROOT / "template.yaml").read_text().partition("  ChinaHasNoTracing:")[2].partition("\n\n")[0]
    assert 'RuleCondition: !Equals [!Ref "AWS::Partition", aws-cn]' in rule_text
    assert "Assert: !Equals [!Ref Tracing, Disabled]" in rule_text


def test_the_webhooks_address_is_https_or_on_this_machine() -> None:
    pattern = template("template.yaml")["Parameters"]["WebhookUrl"]["AllowedPattern"]
    for right in ("", "https://sms.a.cn/posts?x=1", "https://a.cn:8443", "http://127.0.0.1:8099/", "http://127.0.0.1"):
        assert re.fullmatch(pattern, right), right
    for wrong in (
        "a.cn",
        "http://a.cn",
        "http://127.0.0.1.a.cn/",
        "https://",
        "https://user@a.cn/",
        "http://127.0.0.1@a.cn",
    ):
        assert not re.fullmatch(pattern, wrong), wrong
