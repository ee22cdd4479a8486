"""Who may not follow whom, printed from `voucher/hands.py`, the one place where it is written."""

from infra.pages.markers import table
from voucher.hands import BOTH, PARTIES, PARTIES_OF_ORDER, STEPS, Step

HEAD = "step | its calls | not by whoever took | nor by members of | §"
# many earlier steps in few words; the longer list first
GROUPS = ((PARTIES, "any step of the two parties"), (PARTIES_OF_ORDER, "any step of the two parties on the order"))


def matrix() -> str:
    """A row for each step that rules somebody out; then the steps that the words stand for, and those that rule out
    nobody."""
    rows = [_row(name, step) for name, step in STEPS.items() if step.not_by or step.no_member]
    free = [name for name, step in STEPS.items() if not (step.not_by or step.no_member)]
    on_order, others = PARTIES_OF_ORDER, PARTIES[len(PARTIES_OF_ORDER) :]
    return "\n\n".join(
        [
            table(HEAD, rows),
            f"Steps of the two parties on the order: {_words(on_order)}; the others: {_words(others)}.",
            f"Steps that anybody who has the role, or is a member, may take: {_words(free)}.",
        ]
    )


def _row(name: str, step: Step) -> tuple[str, ...]:
    calls = "<br>".join(f"`{call}`" for call in step.calls)
    members = "either party" if step.no_member == BOTH else " ".join(f"the {kind}" for kind in step.no_member)
    return f"`{name}`", calls, _earlier(step.not_by), members, step.clause or "of its kind"


def _earlier(steps: tuple[str, ...]) -> str:
    left, words = list(steps), []
    for group, word in GROUPS:
        if set(group) <= set(left):
            words.append(word)
            left = [step for step in left if step not in group]
    return ", ".join([*words, *(f"`{step}`" for step in left)])


def _words(steps: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{step}`" for step in steps)
