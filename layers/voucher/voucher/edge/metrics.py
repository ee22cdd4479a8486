"""Metrics that an alarm listens to (infra/alarms.yaml). A module of its own, because its import slows a cold start."""

import os

from aws_lambda_powertools.metrics import MetricUnit, single_metric

NAMESPACE = "Voucher"


def count(name: str, value: int) -> None:
    """Record one value of a metric of this function, as a line of its log (embedded metric format)."""
    with single_metric(name=name, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as metric:
        metric.add_dimension("function_name", os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"))
