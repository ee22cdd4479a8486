"""The runbook: each alarm has its section, each command of it is one, and each was run on the deployed stack."""

import ast
import re

import pytest

from infra.operate import __main__ as operate
from infra.operate.keys import SEALING
from infra.pages.markers import ROOT
from tests.infra.templates import template

RUNBOOK = (ROOT / "infra/runbook.md").read_text()
COMMANDS = re.findall(r"python -m infra\.operate ([a-z][^\n`]*)", RUNBOOK)
# MiniStack gives no key new material: tests/functions/test_operate.py runs it on moto
NOT_ON_THE_LOCAL_STACK = {"kms-key"}
STANDS_FOR = {"<year>": "2026", "<instant>": "2026-11-30T02:00:00Z", "<pool>": "surplus.2026", "<request>": "0b1c"}


def sections(chapter: str) -> dict[str, str]:
    """Heading → text of each section of a chapter."""
    text = RUNBOOK.partition(f"\n## {chapter}\n")[2].partition("\n## ")[0]
    heading_and_text = re.split(r"^### (\w+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(heading_and_text[::2], heading_and_text[1::2], strict=True))


def test_each_alarm_has_its_section_and_each_section_its_alarm() -> None:
    resources = template("infra/alarms.yaml")["Resources"]
    alarms = [name for name, each in resources.items() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert list(sections("Alarms")) == alarms


def test_each_section_says_what_it_means_and_what_to_do() -> None:
    short = [name for name, text in sections("Alarms").items() if len(text.split()) < 12]
    assert short == []
    without = [name for name, text in sections("Alarms").items() if "python -m infra.operate" not in text]
    assert without == []


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_each_command_of_the_runbook_is_understood(command: str) -> None:
    words = [STANDS_FOR.get(word, word) for word in command.split()]
    assert operate.arguments(words).command == words[0]


def test_dead_letters_and_keys_that_the_runbook_names_exist() -> None:
    state = template("infra/data.yaml")["Resources"]
    named = {command.split()[1] for command in COMMANDS if command.startswith(("redrive", "kms-key"))}
    assert named <= state.keys()
    assert {name for name in state if name.endswith("DeadLetters")} <= named
    assert set(SEALING) <= set(state)


def test_each_command_of_the_runbook_was_run_on_the_deployed_stack() -> None:
    tree = ast.parse((ROOT / "tests/journeys/test_operate.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    run = [node.args[1] for node in calls if node.func.id == "operate"]  # type: ignore[attr-defined]
    words = {each.value for each in run if isinstance(each, ast.Constant)}
    assert set(operate.ANSWERS) == words | NOT_ON_THE_LOCAL_STACK
    assert {command.split()[0] for command in COMMANDS} == set(operate.ANSWERS)
