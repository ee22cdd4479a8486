"""The state diagrams of the pages show every step that there is in the code, and no other."""

import re

import pytest

from infra.pages.lifecycles import diagram, drawing, moves
from voucher.lifecycles import LIFECYCLES, SAME


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


def test_every_state_machine_is_drawn_under_its_name() -> None:
    assert re.findall(r"^### (\w+)$", drawing(), re.MULTILINE) == list(LIFECYCLES)
