"""`make soak`: every condition removed in turn, the model for thousands of runs, the races with many seeds.

python -m infra.soak [mutation [name] | model | races]
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import PIPE, STDOUT

from infra.local.state import ROOT
from infra.soak import mutation

# so many times the runs of `make test`, each time from another seed: 5,000
MODEL_SEEDS = 25
RACE_SEEDS = 20
WORKERS = 2


def main(wanted: list[str]) -> int:
    """Run the part named, or all; 1 if anything was found."""
    parts = wanted[:1] or ["races", "mutation", "model"]
    found = 0
    if "races" in parts:
        found += _tests("races", VOUCHER_RACE_SEEDS=str(RACE_SEEDS))
    if "mutation" in parts:
        found += mutation.run(*wanted[1:2])
    if "model" in parts:
        with ThreadPoolExecutor(WORKERS) as pool:
            found += sum(pool.map(_model, range(1, MODEL_SEEDS + 1)))
    return 1 if found else 0


def _model(seed: int) -> int:
    return _tests("model", VOUCHER_MODEL_SEED=str(seed), VOUCHER_MODEL_SHRINK="no")


def _tests(ring: str, **settings: str) -> int:
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", f"tests/{ring}"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | settings, stdout=PIPE, stderr=STDOUT, text=True, check=False
    )
    print(f"== tests/{ring} with {settings}\n{done.stdout}", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
