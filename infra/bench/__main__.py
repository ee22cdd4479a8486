"""`make bench`: speed and cost on DynamoDB Local, the sweep, reports, a large list on the local stack, scale by
simulation, cold starts; one table of all results.

python -m infra.bench [speed] [sweep] [reports] [imports] [starts] [cost] [scale]
"""

import sys
from time import perf_counter

from infra.bench import cold_starts, cost, engine, imports, plot, reports, scale, speed, sweep
from infra.bench.scale import RushResult
from infra.bench.speed import ResultLine
from tests.races import seed_data
from voucher.policy import EDITIONS
from voucher.rules.batches import shards_for

PARTS = ("speed", "sweep", "reports", "imports", "starts", "cost", "scale")


def main(part_names: list[str]) -> int:
    """Run the named parts, or all of them."""
    began, parts = perf_counter(), part_names or list(PARTS)
    result_lines: list[ResultLine] = []
    if {"speed", "sweep", "reports"} & {*parts}:
        with engine.running_backend() as world:
            enterprises = seed_data.add_enterprises(max(speed.ENTERPRISES_NEEDED, sweep.SIZES[-1]))
            if "speed" in parts:
                result_lines += speed.measure(world, iter(enterprises))
            if "sweep" in parts:
                result_lines += sweep.measure(world, enterprises)
            if "reports" in parts:
                result_lines += reports.measure()
    if "imports" in parts:
        result_lines += imports.measure()
    if "cost" in parts:
        with engine.running_backend():
            result_lines += cost.measure()
    if "starts" in parts:
        result_lines += cold_starts.measure()
    _print_lines(result_lines)
    if "scale" in parts:
        results = scale.run_all(scale.grid())
        plot.draw(results)
        _print_scale(results)
    print(f"\n{perf_counter() - began:.0f} s in all")
    return 0


def _print_lines(lines: list[ResultLine]) -> None:
    for line in lines:
        print(f"{line.label:62} {line.figure:45} {'goal ' + line.goal if line.goal else ''}".rstrip())


def _print_scale(results: list[RushResult]) -> None:
    print(
        f"\nSimulated rush: {scale.CLAIMANTS:,} claimants, {scale.QUOTAS:,} quotas, table warm for"
        f" {scale.WARM_TABLE_WRITE_UNITS:,} write units. * marks the rule's shards.\n"
        f"{'design':26}{'grabs/s':>8}{'shards':>7}{'granted/s':>10}{'p50 ms':>8}{'p99 ms':>8}{'conflicts':>10}"
        f"{'reads':>7}{'busy':>7}{'unfair':>8}{'swapped':>8}{'wrong':>6}{'none':>6}"
    )
    for each in results:
        rush = each.rush
        ruled = rush.design == scale.PLAIN and rush.shards == _nearest(_ruled(rush.quotas))
        mark = "*" if ruled else " "
        print(
            f"{rush.design:26}{rush.per_second:8.0f}{rush.shards:6}{mark}{each.granted_per_second:10.0f}"
            f"{each.p50_seconds * 1e3:8.0f}{each.p99_seconds * 1e3:8.0f}{each.conflicts_per_grant:10.2f}"
            f"{each.reads_per_claim:7.2f}{each.busy_per_claim:7.2f}{each.out_of_turn:8.1%}{each.inversions:8.1%}"
            f"{each.wrongly_refused:6}{each.unanswered:6}"
        )


def _ruled(quotas: int) -> int:
    """The shards that a batch of so many quotas gets."""
    policy = EDITIONS[-1]
    return shards_for(quotas * policy.quota_default_fen, policy)


def _nearest(shards: int) -> int:
    """The number of shards on the grid that is closest to the rule's."""
    return min(scale.SHARDS, key=lambda each: abs(each - shards))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
