"""The regulation map tells the truth: it names rules that exist, and the tests that prove them."""

from infra.pages.regulation_map import LINK, NOT_BUILT, PAGE, in_short, marked, rewritten, rows
from voucher.refusals import Refusal

ROWS = rows(PAGE.read_text())
UNBUILT: set[str] = set()


def test_the_map_shows_the_tests_that_carry_each_clause() -> None:
    assert rewritten(PAGE.read_text()) == PAGE.read_text(), "run: make pages"
    for clause, (_what, _rule, tests) in ROWS.items():
        assert tests.strip() == (NOT_BUILT if clause in UNBUILT else in_short(marked()[clause])), clause


def test_every_rule_named_in_the_map_speaks_of_its_clause() -> None:
    for clause, (_what, rule, _tests) in ROWS.items():
        links = LINK.findall(rule)
        assert bool(links) == (rule != NOT_BUILT), f"{clause} links to no rule"
        for path in links:
            assert clause in (PAGE.parent / path).read_text(), f"{path} does not name {clause}"


def test_every_built_clause_has_a_test_and_no_unbuilt_one_has() -> None:
    assert len(ROWS) > 35
    for clause, (_what, rule, _tests) in ROWS.items():
        assert (clause in marked()) == (rule != NOT_BUILT), clause


def test_the_map_says_what_is_not_built() -> None:
    assert {clause for clause, (_what, rule, _tests) in ROWS.items() if rule == NOT_BUILT} == UNBUILT


def test_every_marker_and_every_refusal_names_a_clause_of_the_map() -> None:
    assert set(marked()) <= set(ROWS)
    assert {refusal.clause for refusal in Refusal} - {None} <= set(ROWS)


def test_a_row_names_its_tests_by_ring_and_a_clause_without_a_test_is_seen() -> None:
    assert in_short(["rules/test_orders.py", "races/test_limits.py", "rules/test_vouchers.py"]) == (
        "rules: orders, vouchers<br>races: limits"
    )
    assert rewritten("| §9.9 | words | [rules/x](x.py) | rules: x |") == (
        "| §9.9 | words | [rules/x](x.py) | **no test** |"
    )
