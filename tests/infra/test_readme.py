"""The README tells the truth: its map names rules that exist and the tests that prove them, its commands exist."""

import re

from infra.pages.regulation_map import README, ROOT, marked, rewritten, rows


def test_the_map_shows_the_tests_that_carry_each_clause() -> None:
    assert rewritten(README.read_text()) == README.read_text(), "run: python -m infra.pages.regulation_map"


def test_every_rule_named_in_the_map_speaks_of_its_clause() -> None:
    for clause, (_what, rule, _tests) in rows(README.read_text()).items():
        for path in re.findall(r"`([^`]+\.py)`", rule):
            assert clause in (ROOT / path).read_text(), f"{path} does not name {clause}"


def test_every_built_clause_has_a_test_and_no_unbuilt_one_has() -> None:
    listed = rows(README.read_text())
    assert len(listed) > 35
    for clause, (_what, rule, _tests) in listed.items():
        assert (clause in marked()) == (rule != "not built"), clause


def test_every_marker_names_a_clause_of_the_map() -> None:
    assert set(marked()) <= set(rows(README.read_text()))


def test_every_command_of_the_readme_is_a_target_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", README.read_text())) <= targets
