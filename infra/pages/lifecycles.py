"""The state diagrams, drawn from `lifecycles.py`, the one place where the states are written."""

from voucher.lifecycles import FORMER, LIFECYCLES, SAME, Steps


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
    """The states an action starts from, each with the one it leads to; back to any that a sanction is proposed from."""
    before, after = steps[action]
    if after == FORMER:
        proposal = next(name for name in ("propose_removal", "propose_disqualification") if name in steps)
        return [(before, former) for former in steps[proposal][0].split()]
    return [(state, state if after == SAME else after) for state in before.split()]


def drawing() -> str:
    """Every state machine under its name."""
    return "\n\n".join(f"### {thing}\n\n{diagram(steps)}" for thing, steps in LIFECYCLES.items())
