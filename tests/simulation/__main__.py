"""Simulate many lives, several at a time, and tell of each that is broken how it went.

make simulate SEEDS=1000 FIRST=0
"""

import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter

from tests.simulation.run import Outcome, run, shrunk

MOST_SHRUNK = 3


def main(first: int, count: int) -> int:
    """Print lives per minute, what was met, and the broken ones; 1 if there are any."""
    begun, met, broken = perf_counter(), Counter[str](), list[Outcome]()
    with ProcessPoolExecutor() as pool:
        for number, outcome in enumerate(pool.map(run, range(first, first + count), chunksize=4), 1):
            met += outcome.met
            if outcome.broken:
                broken.append(outcome)
                print(f"seed {outcome.seed}: {outcome.broken}", flush=True)
            if number % 500 == 0:
                print(f"{number} lives, {number / (perf_counter() - begun) * 60:.0f} a minute", flush=True)
        shorter = list(pool.map(shrunk, [each.seed for each in broken[:MOST_SHRUNK]]))
    print(f"{count} lives, {count / (perf_counter() - begun) * 60:.0f} a minute, {len(broken)} broken")
    print("met: " + ", ".join(f"{number} {name}" for name, number in met.most_common()))
    for outcome, without in shorter:
        print(f"\nseed {outcome.seed} without {without}: {outcome.broken}", *outcome.trace, sep="\n")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
