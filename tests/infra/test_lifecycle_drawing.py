"""README's state diagrams are those of the code, and show every step that there is."""

import re

import pytest

from infra.pages.lifecycles import BEGIN, END, README, diagram, drawing, moves, rewritten
from voucher.rules.lifecycle import LIFECYCLES, SAME


def test_the_readme_shows_the_state_machines_of_the_code() -> None:
    assert rewritten(README.read_text()) == README.read_text(), "run: python -m infra.pages.lifecycles"


@pytest.mark.parametrize("thing", LIFECYCLES)
def test_every_step_is_drawn_once_with_its_states_and_no_other_is(thing: str) -> None:
    arrows = re.findall(r"^    (\w+) --> (\w+) : (.+)$", diagram(LIFECYCLES[thing]), re.MULTILINE)
    drawn = [((before, action), after) for before, after, actions in arrows for action in actions.split(", ")]
    steps = LIFECYCLES[thing]
    assert sorted(drawn) == sorted(
        ((before, action), after) for action in steps for before, after in moves(steps, action)
    )


def test_a_machine_begins_at_its_first_state_and_ends_where_no_step_leads_on() -> None:
    lines = diagram({"edit": ("a", SAME), "go": ("a", "b"), "rate": ("b", SAME)}).splitlines()
    assert lines[2:] == [
        "    [*] --> a",
        "    a --> a : edit",
        "    a --> b : go",
        "    b --> b : rate",
        "    b --> [*]",
        "```",
    ]


def test_only_the_text_between_the_markers_is_rewritten() -> None:
    text = f"above\n{BEGIN}\nold\n{END}\nbelow\n"
    assert rewritten(text) == f"above\n{BEGIN}\n\n{drawing()}\n\n{END}\nbelow\n"
    assert rewritten(rewritten(text)) == rewritten(text)
    for broken in ("nothing", f"{BEGIN} only", f"only {END}"):
        with pytest.raises(ValueError, match="markers"):
            rewritten(broken)
