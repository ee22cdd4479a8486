"""The simulations as pictures: grants per second, waiting time and fairness by number of shards and load; and rushes,
who is answered when, and how long it waited."""

from collections.abc import Callable
from itertools import batched
from math import inf
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infra.bench import rush, scale
from infra.bench.rush import Outcome
from infra.bench.scale import RushResult

PICTURE = Path(__file__).with_name("scale.png")
PICTURE_OF_RUSHES = Path(__file__).with_name("rush.png")
# claimants are put together by their arrival, so many in each group
GROUPS = 40
LEAST_SECONDS = 0.01
DOTS_PER_INCH = 80
CEILING_SECONDS = scale.HORIZON_SECONDS


def draw(results: list[RushResult]) -> None:
    """Write scale.png."""
    figure = Figure(figsize=(13, 9))  # a file is written, no window opened
    axes = figure.subplots(2, 2, sharex=True)
    panels: list[tuple[str, Callable[[RushResult], float], str]] = [
        ("granted per second", lambda result: result.granted_per_second, "log"),
        ("p99 seconds to a definite answer", lambda result: min(result.p99_seconds, CEILING_SECONDS), "log"),
        ("conflicts per grant", lambda result: result.conflicts_per_grant, "linear"),
        ("share of grants out of turn", lambda result: result.out_of_turn, "linear"),
    ]
    for axis, (title, value, kind) in zip(axes.flat, panels, strict=True):
        _panel(axis, results, value)
        axis.set(title=title, xscale="log", yscale=kind, xticks=scale.SHARDS, xticklabels=map(str, scale.SHARDS))
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    for axis in axes[1]:
        axis.set_xlabel("shards")
    axes[0][0].legend(fontsize=8, title="grabs/s offered", loc="lower right")
    figure.suptitle(
        f"One batch of {scale.QUOTAS:,} quotas, {scale.CLAIMANTS:,} claimants (simulated). Solid: ours. Dotted: ours"
        " with serialisable reads.\nAt one shard: x = (a) optimistic version, + = (b) one counter"
    )
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=DOTS_PER_INCH)


def _panel(axis: Axes, results: list[RushResult], value: Callable[[RushResult], float]) -> None:
    for number, load in enumerate(scale.LOADS_PER_SECOND):
        colour = f"C{number}"
        results_of_load = [result for result in results if result.rush.per_second == load]
        for design, style in ((scale.PLAIN, "-o"), (scale.SERIALISABLE, ":")):
            results_of_design = [result for result in results_of_load if result.rush.design == design]
            label = f"{load:,}" if design == scale.PLAIN else None
            shards = [result.rush.shards for result in results_of_design]
            axis.plot(
                shards, [value(result) for result in results_of_design], style, color=colour, markersize=3, label=label
            )
        for design, mark in ((scale.VERSIONED, "x"), (scale.COUNTER, "+")):
            for result in results_of_load:
                if result.rush.design == design:
                    axis.plot([1], [value(result)], mark, color=colour, markersize=9)


def draw_rushes(outcomes: list[Outcome]) -> None:
    """Write rush.png: a column for each length of a rush, a line for each outcome."""
    lengths = sorted({each.opening.seconds for each in outcomes})
    figure = Figure(figsize=(13, 8))
    axes = figure.subplots(2, len(lengths), squeeze=False)
    for column, seconds in enumerate(lengths):
        above, below = axes[0][column], axes[1][column]
        of_length = [each for each in outcomes if each.opening.seconds == seconds]
        arrivals = [at for at, _ in of_length[0].waits]
        above.plot(arrivals, _counted(arrivals), "--", color="black", label="arrived")
        for number, outcome in enumerate(of_length):
            answered = sorted(at + wait for at, wait in outcome.waits if wait != inf)
            above.plot(answered, _counted(answered), color=f"C{number}", label=f"answered: {_named(outcome)}")
            groups = [*batched(outcome.waits, -(-len(outcome.waits) // GROUPS), strict=False)]
            middles = [group[len(group) // 2][0] for group in groups]
            for share, style in ((0.5, "-"), (0.99, ":")):
                waits = [sorted(wait for _, wait in group)[int(share * len(group))] for group in groups]
                below.plot(middles, [max(each, LEAST_SECONDS) for each in waits], style, color=f"C{number}")
        above.set(title=f"{len(arrivals):,} claimants within {seconds:g} s", xlabel="seconds after the opening")
        below.set(yscale="log", xlabel="arrival, seconds after the opening", ylabel="seconds to a definite answer")
        below.axhline(rush.GOAL_P99_SECONDS, color="grey", linewidth=0.8)
        above.legend(fontsize=8, loc="lower right")
        for axis in (above, below):
            axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("claimants")
    figure.suptitle("Rushes (simulated). Below: solid is the median, dotted the 99th of a hundred, grey the goal")
    figure.tight_layout()
    figure.savefig(PICTURE_OF_RUSHES, dpi=DOTS_PER_INCH)


def _counted(values: list[float]) -> range:
    return range(1, len(values) + 1)


def _named(outcome: Outcome) -> str:
    opening, settings = outcome.opening, outcome.settings
    return (
        f"{opening.quotas:,} quotas, {settings.requests_per_second:,}/s, {settings.write_units:,} write units,"
        f" {opening.warm} warm"
    )
