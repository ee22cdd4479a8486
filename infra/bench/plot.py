"""The simulation as one picture: grants per second, waiting time and fairness by number of shards and load."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infra.bench import scale
from infra.bench.scale import RushResult

PICTURE = Path(__file__).with_name("scale.png")
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
