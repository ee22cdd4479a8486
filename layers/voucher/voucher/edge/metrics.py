"""What an alarm listens for (`infra/alarms.yaml`); apart from the log lines, since the import costs a cold start."""

import os

from aws_lambda_powertools.metrics import MetricUnit, single_metric

NAMESPACE = "Voucher"


def count(name: str, value: int) -> None:
    """One data point of a metric of this function, written into its log in the embedded metric format."""
    with single_metric(name=name, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as metric:
        metric.add_dimension("function_name", os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"))
