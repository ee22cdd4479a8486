"""`make soak`: every condition removed in turn, the model for thousands of runs, the races with many seeds.

python -m infra.soak [mutation [name]] [model] [races]
"""

import os
import subprocess
import sys

from infra.local.state import ROOT
from infra.soak import mutation

MODEL_RUNS = 5_000
RACE_SEEDS = 20


def main(wanted: list[str]) -> int:
    """Run the parts named, or all; 1 if anything was found."""
    parts = wanted[:1] or ["races", "mutation", "model"]
    found = 0
    if "races" in parts:
        found += _tests("races", VOUCHER_RACE_SEEDS=str(RACE_SEEDS))
    if "mutation" in parts:
        found += mutation.run(*wanted[1:2])
    if "model" in parts:
        seed = os.environ.get("VOUCHER_MODEL_SEED", "1")
        found += _tests("model", VOUCHER_MODEL_RUNS=str(MODEL_RUNS), VOUCHER_MODEL_SEED=seed)
    return 1 if found else 0


def _tests(ring: str, **settings: str) -> int:
    print(f"== tests/{ring} with {settings}", flush=True)
    command = [sys.executable, "-m", "pytest", "--quiet", f"tests/{ring}"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | settings, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
