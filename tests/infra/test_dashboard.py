"""The dashboard names only what is measured: our own metrics, and those that AWS gives of a resource that there is."""

import json
import re
from typing import Any

from tests.functions.test_measures import MEASURED
from tests.infra.templates import STATE, template

# AWS's own: namespace → dimension that names the resource → metrics, as their documentation has them
NATIVE = {
    "AWS/ApiGateway": ("ApiName", {"Count", "4XXError", "5XXError", "Latency"}),
    "AWS/Lambda": ("FunctionName", {"Errors", "Throttles", "ConcurrentExecutions", "IteratorAge"}),
    "AWS/SQS": ("QueueName", {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"}),
    "AWS/DynamoDB": ("TableName", {"WriteThrottleEvents", "TransactionConflict"}),
}
GIVEN = template("template.yaml")["Resources"]["Dashboard"]["Properties"]["Parameters"]
DASHBOARD = template("infra/dashboard.yaml")


def widgets() -> list[dict[str, Any]]:
    """Every widget; a parameter in it is its own name."""
    body = DASHBOARD["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    found: list[dict[str, Any]] = json.loads(re.sub(r"\$\{([\w:]+)\}", r"\1", body))["widgets"]
    return found


def named() -> list[list[Any]]:
    """Every metric that is named by itself."""
    return [each for widget in widgets() for each in widget["properties"]["metrics"] if isinstance(each[0], str)]


def searched() -> list[str]:
    """Every search for metrics."""
    metrics = [each for widget in widgets() for each in widget["properties"]["metrics"]]
    return [each[0]["expression"] for each in metrics if isinstance(each[0], dict)]


def test_each_metric_of_ours_is_measured_with_these_dimensions() -> None:
    ours = {
        (name, (dimension,)) for space, name, dimension, value, *_ in named() if space == "Voucher" for _ in [value]
    }
    for search in searched():
        shape = re.fullmatch(
            r"SEARCH\('\{Voucher,service,(\w+)\} service=\"ApiName\" MetricName=\"(\w+)\"', '\w+', \d+\)", search
        )
        assert shape, search
        ours.add((shape[2], ("service", shape[1])))
    assert ours == MEASURED


def test_each_metric_of_aws_is_one_that_it_has_of_a_resource_that_there_is() -> None:
    for space, name, dimension, resource, *_ in (each for each in named() if each[0] != "Voucher"):
        known_by, names = NATIVE[space]
        assert (dimension, name in names) == (known_by, True), name
        assert resource in GIVEN, resource


def test_the_dashboard_is_given_what_it_names_and_shows_each_queue() -> None:
    assert GIVEN.keys() == DASHBOARD["Parameters"].keys()
    shown = {resource for _, _, _, resource, *_ in named()}
    assert GIVEN.keys() <= shown
    assert {name for name, each in STATE.items() if each["Type"] == "AWS::SQS::Queue"} <= shown
    for name, value in GIVEN.items():
        if name.endswith("Queue"):
            assert value == f"Data.Outputs.{name}Name"
            assert template("infra/data.yaml")["Outputs"][f"{name}Name"]["Value"] == f"{name}.QueueName"


def test_no_two_widgets_lie_over_each_other() -> None:
    places = [(each["x"], each["y"]) for each in widgets()]
    assert len(places) == len(set(places))
    assert {(each["width"], each["height"], each["x"] % 12, each["y"] % 6) for each in widgets()} == {(12, 6, 0, 0)}
