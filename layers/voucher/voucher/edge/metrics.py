"""Metrics: for the alarms (infra/alarms.yaml) and the dashboard (infra/dashboard.yaml).

A metric is a line of the log in the embedded metric format, of which CloudWatch makes the metric; it costs no call. It
is written by hand, because the import of Powertools' metrics would slow the cold start of every function.
"""

import json
import os
import time

NAMESPACE = "Voucher"


def count(name: str, value: int, **dimensions: str) -> None:
    """Record one value of a metric of this stack, and of `dimensions`. Each value of a dimension is a metric by itself,
    and costs as one: so there are few of them, and never a person's."""
    known = {"service": os.environ.get("POWERTOOLS_SERVICE_NAME", "voucher"), **dimensions}
    metric = {"Name": name, "Unit": "Count"}
    directive = {"Namespace": NAMESPACE, "Dimensions": [list(known)], "Metrics": [metric]}
    told = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": told, **known, name: value}), flush=True)
