"""`make soak`: every condition removed in turn, decisions turned round, the model for thousands of runs, the races with
many seeds, every fault at every call, thousands of simulated lives, and of calls that are made up from the API's
document.

python -m infra.soak [mutation [name] | lives [name] | decisions [number] | model | races | faults | calls | simulation]
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import PIPE, STDOUT

from infra.local.state import ROOT
from infra.soak import mutation
from infra.soak.decisions import decisions

# the 200 runs of `make test` are repeated with so many seeds: 5,000 runs
MODEL_SEEDS = 25
RACE_SEEDS = 20
# lives in the simulated AWS
LIVES = 10_000
# the 500 calls of `make test` are followed by others, of other seeds: more than 5,000 calls
CALL_ROUNDS = 10
WORKERS = 2
# of some 2,400 decisions of rules and handlers
MOST_DECISIONS = 200


def main(part_names: list[str]) -> int:
    """Run the named part, or all parts; the exit code is 1 if a test failed or a mutant survived."""
    parts = part_names[:1] or ["races", "faults", "calls", "simulation", "mutation", "decisions", "model"]
    failures = 0
    if "races" in parts:
        failures += _tests("races", VOUCHER_RACE_SEEDS=str(RACE_SEEDS))
    if "faults" in parts:
        failures += _tests("faults", VOUCHER_FAULTS="all")
    if "calls" in parts:
        failures += _tests("journeys/test_schemathesis.py", VOUCHER_CALL_ROUNDS=str(CALL_ROUNDS))
    if "simulation" in parts:
        command = [sys.executable, "-m", "tests.simulation", "0", str(LIVES)]
        failures += subprocess.run(command, cwd=ROOT, check=False).returncode
    if "mutation" in parts:
        failures += mutation.run(*part_names[1:2])
    if "lives" in parts:
        failures += mutation.run_by_lives(*part_names[1:2])
    if "decisions" in parts:
        most = int(part_names[1]) if part_names[1:] else MOST_DECISIONS
        failures += mutation.run_decisions(decisions(), most)
    if "model" in parts:
        with ThreadPoolExecutor(WORKERS) as pool:
            failures += sum(pool.map(_model, range(1, MODEL_SEEDS + 1)))
    return 1 if failures else 0


def _model(seed: int) -> int:
    return _tests("model", VOUCHER_MODEL_SEED=str(seed), VOUCHER_MODEL_SHRINK="no")


def _tests(ring: str, **settings: str) -> int:
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", f"tests/{ring}"]
    result = subprocess.run(
        command, cwd=ROOT, env=os.environ | settings, stdout=PIPE, stderr=STDOUT, text=True, check=False
    )
    print(f"== tests/{ring} with {settings}\n{result.stdout}", flush=True)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
