"""`make bench`: speed and cost on DynamoDB Local, the sweep, reports, a large list on the local stack, scale and rushes
by simulation, cold starts; one table of all results.

python -m infra.bench [likeness] [speed] [sweep] [reports] [imports] [starts] [cost] [scale] [rush]
python -m infra.bench rush --claimants … --seconds … [--quotas …] [--warm …]
"""

import sys
from time import perf_counter

from infra.bench import cold_starts, cost, engine, imports, likeness, plot, reports, rush, scale, speed, sweep
from infra.bench.rush import Case
from infra.bench.scale import RushResult
from infra.bench.speed import ResultLine
from tests.races import seed_data
from voucher.policy import EDITIONS
from voucher.rules.batches import shards_for

ON_THE_ENGINE = ("likeness", "speed", "sweep", "reports")
PARTS = (*ON_THE_ENGINE, "imports", "starts", "cost", "scale", "rush")


def main(part_names: list[str]) -> int:
    """Run the named parts, or all of them; or answer what one rush needs."""
    if part_names[:1] == ["rush"] and part_names[1:]:
        print("\n".join(rush.answer(part_names[1:])))
        return 0
    if unknown := [each for each in part_names if each not in PARTS]:
        print(f"no such part: {' '.join(unknown)}; there are {' '.join(PARTS)}", file=sys.stderr)
        return 2
    began, parts = perf_counter(), part_names or list(PARTS)
    _print_lines(_measured(parts))
    if "scale" in parts:
        results = scale.run_all(scale.grid())
        plot.draw(results)
        _print_scale(results)
    if "rush" in parts:
        cases = rush.report()
        plot.draw_rushes([each.outcome for each in cases])
        _print_rushes(cases)
    print(f"\n{perf_counter() - began:.0f} s in all")
    return 0


def _measured(parts: list[str]) -> list[ResultLine]:
    result_lines: list[ResultLine] = []
    if {*ON_THE_ENGINE} & {*parts}:
        with engine.running_backend() as world:
            if "likeness" in parts:
                result_lines += likeness.measure(world)
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
    return result_lines


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


def _print_rushes(cases: list[Case]) -> None:
    for each in cases:
        opening = each.outcome.opening
        print(
            f"\n{opening.claimants:,} claimants within {opening.seconds:g} s, {opening.quotas:,} quotas,"
            f" {opening.warm} warm environments, {'smallest parameters' if each.advised else 'as deployed'}:"
        )
        print("\n".join(rush.lines(each.outcome)))


def _ruled(quotas: int) -> int:
    """The shards that a batch of so many quotas gets."""
    policy = EDITIONS[-1]
    return shards_for(quotas * policy.quota_default_fen, policy)


def _nearest(shards: int) -> int:
    """The number of shards on the grid that is closest to the rule's."""
    return min(scale.SHARDS, key=lambda each: abs(each - shards))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
