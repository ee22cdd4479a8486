"""Cold starts: each function as a whole process, its imports and its first client of AWS, beside boto3 and one client.

Each is measured in processes of its own, from the folders that `make build` makes, in turns with boto3, so that what
else the machine does meets both. Processor time, because a busy machine does not lengthen it much; the median of the
ratios. Not in it: what a function builds at its first request (a record's checks), and the reading of the layers.
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import boto3

from infra.bench.speed import ResultLine
from infra.local import deployment
from infra.local.state import ROOT

TURNS = 7
# the goal for the function that everybody waits for, and for all others
GOALS, GOAL = {"grab": 1.30}, 1.45
BOTO3 = "import boto3; boto3.client('dynamodb')"
FUNCTION = """
import sys; sys.path.insert(0, {folder!r}); import app
for name in ("voucher.store.engine.table", "voucher.edge.queues", "voucher.edge.webhook"):
    if name in sys.modules:
        sys.modules[name].client()
        break
"""
# a function of Lambda never comes to its end, where Python takes everything apart
END = "\nimport os; os._exit(0)"


def measure() -> list[ResultLine]:
    """All functions, the slowest first, and how many megabytes the layers have unpacked."""
    built = deployment.build(deployment.fingerprint()).parent
    layers = sorted(built.glob("*/python"))
    names = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
    ratios: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(TURNS):
        boto3_seconds = _seconds(BOTO3, [Path(boto3.__file__).parents[1]])
        for name in names:
            code = FUNCTION.format(folder=str(ROOT / "functions" / name))
            ratios[name].append(_seconds(code, layers) / boto3_seconds)
    slowest_first = sorted(names, key=lambda name: -median(ratios[name]))
    megabytes = sum(path.stat().st_size for layer in layers for path in layer.rglob("*") if path.is_file()) / 2**20
    return [
        *(
            ResultLine(f"cold start: {name} / boto3 and one client", f"{median(ratios[name]):.2f}", f"<= {_goal(name)}")
            for name in slowest_first
        ),
        ResultLine("cold start: both layers, unpacked", f"{megabytes:.0f} MB", "<= 45 MB"),
    ]


def _goal(name: str) -> float:
    return GOALS.get(name, GOAL)


def _seconds(code: str, packages: list[Path]) -> float:
    """Processor seconds of a process that runs `code` with these packages and no others."""
    variables = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(map(str, packages)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    process = subprocess.Popen([sys.executable, "-S", "-c", code + END], env=variables)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"this did not start: {code}")
    return usage.ru_utime + usage.ru_stime
