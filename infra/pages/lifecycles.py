"""Draws README's state diagrams from `rules/lifecycle.py`, the one place where the states are written.

`python -m infra.pages.lifecycles` rewrites what stands between the markers; a test insists that there was nothing to
rewrite.
"""

from pathlib import Path

from voucher.rules.lifecycle import FORMER, LIFECYCLES, SAME, Steps

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- lifecycles -->", "<!-- /lifecycles -->"


def diagram(steps: Steps) -> str:
    """One state machine as Mermaid: steps between the same two states share an arrow; staying put is one line."""
    expanded = [(before, action, after) for action in steps for before, after in moves(steps, action)]
    arrows: dict[tuple[str, str], list[str]] = {}
    for before, action, after in expanded:
        arrows.setdefault((before, after), []).append(action)
    first = next(before for before, _, _ in expanded)
    drawn = [f"    {before} --> {after} : {', '.join(actions)}" for (before, after), actions in arrows.items()]
    left = {before for before, after in arrows if before != after}
    ends = [f"    {state} --> [*]" for state in dict.fromkeys(after for _, after in arrows) if state not in left]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *drawn, *ends, "```"])


def moves(steps: Steps, action: str) -> list[tuple[str, str]]:
    """The states an action starts from, each with the one it leads to; back to any that a removal is proposed from."""
    before, after = steps[action]
    if after == FORMER:
        return [(before, former) for former in steps["propose_removal"][0].split()]
    return [(state, state if after == SAME else after) for state in before.split()]


def drawing() -> str:
    """Every state machine under its name."""
    return "\n\n".join(f"**{thing}**\n\n{diagram(steps)}" for thing, steps in LIFECYCLES.items())


def rewritten(text: str) -> str:
    """The text with the drawing between its markers. Raises ValueError when a marker is missing."""
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"the markers {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n\n{drawing()}\n\n{END}{after}"


def main() -> None:
    """Rewrite the README in place."""
    README.write_text(rewritten(README.read_text()))


if __name__ == "__main__":
    main()
