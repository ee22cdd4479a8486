"""The 300号 table: every bound of every row from both sides, and what holds for all of them."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voucher.policy import SizeClass
from voucher.rules.size_class import classify, find_row
from voucher.size_classes import SIZE_CLASSES_2011

LARGE, MEDIUM, SMALL, MICRO = SizeClass.LARGE, SizeClass.MEDIUM, SizeClass.SMALL, SizeClass.MICRO
ORDER = [MICRO, SMALL, MEDIUM, LARGE]
FEN = 1_000_000  # of 10,000 yuan

# The table once more, written apart from the data it checks: a code of the row, then large, medium, small.
# X persons, Y revenue, Z assets, both in 10,000 yuan.
TABLE = [
    ("01", "农、林、牧、渔业", {"Y": 20000}, {"Y": 500}, {"Y": 50}),
    ("3311", "工业", {"X": 1000, "Y": 40000}, {"X": 300, "Y": 2000}, {"X": 20, "Y": 300}),
    ("47", "建筑业", {"Y": 80000, "Z": 80000}, {"Y": 6000, "Z": 5000}, {"Y": 300, "Z": 300}),
    ("51", "批发业", {"X": 200, "Y": 40000}, {"X": 20, "Y": 5000}, {"X": 5, "Y": 1000}),
    ("52", "零售业", {"X": 300, "Y": 20000}, {"X": 50, "Y": 500}, {"X": 10, "Y": 100}),
    ("54", "交通运输业", {"X": 1000, "Y": 30000}, {"X": 300, "Y": 3000}, {"X": 20, "Y": 200}),
    ("59", "仓储业", {"X": 200, "Y": 30000}, {"X": 100, "Y": 1000}, {"X": 20, "Y": 100}),
    ("60", "邮政业", {"X": 1000, "Y": 30000}, {"X": 300, "Y": 2000}, {"X": 20, "Y": 100}),
    ("61", "住宿业、餐饮业", {"X": 300, "Y": 10000}, {"X": 100, "Y": 2000}, {"X": 10, "Y": 100}),
    ("63", "信息传输业", {"X": 2000, "Y": 100000}, {"X": 100, "Y": 1000}, {"X": 10, "Y": 100}),
    ("65", "软件和信息技术服务业", {"X": 300, "Y": 10000}, {"X": 100, "Y": 1000}, {"X": 10, "Y": 50}),
    ("7010", "房地产开发经营", {"Y": 200000, "Z": 10000}, {"Y": 1000, "Z": 5000}, {"Y": 100, "Z": 2000}),
    ("7020", "物业管理", {"X": 1000, "Y": 5000}, {"X": 300, "Y": 1000}, {"X": 100, "Y": 500}),
    ("71", "租赁和商务服务业", {"X": 300, "Z": 120000}, {"X": 100, "Z": 8000}, {"X": 10, "Z": 100}),
    ("73", "其他未列明行业", {"X": 300}, {"X": 100}, {"X": 10}),
]

BOUNDS = [
    pytest.param(code, bounds, size_class, id=f"{name}-{size_class}")
    for code, name, *classes in TABLE
    for bounds, size_class in zip(classes, (LARGE, MEDIUM, SMALL), strict=True)
]


def classified(code: str, bounds: dict[str, int], less: str = "", unused: int = 0) -> SizeClass | None:
    """The class exactly at the bounds, or one person or one fen below in the column `less`."""
    return classify(
        code,
        bounds.get("X", unused) - (less == "X"),
        bounds.get("Y", unused) * FEN - (less == "Y"),
        bounds.get("Z", unused) * FEN - (less == "Z"),
    )


def test_the_edition_has_the_fifteen_rows_of_the_table() -> None:
    assert [row.name for row in SIZE_CLASSES_2011.rows if row.name not in {name for _, name, *_ in TABLE}] == []
    assert len(SIZE_CLASSES_2011.rows) == len(TABLE) == 15
    assert SIZE_CLASSES_2011.edition == "工信部联企业〔2011〕300号"
    assert SIZE_CLASSES_2011.in_force_from == date(2011, 6, 18)


@pytest.mark.clause("§2.1")
@pytest.mark.parametrize(("code", "bounds", "size_class"), BOUNDS)
def test_an_enterprise_at_all_lower_bounds_of_a_class_is_in_it(
    code: str, bounds: dict[str, int], size_class: SizeClass
) -> None:
    assert classified(code, bounds) == size_class


@pytest.mark.clause("§2.1")
@pytest.mark.parametrize(("code", "bounds", "size_class"), BOUNDS)
def test_an_enterprise_one_below_any_single_bound_is_one_class_down(
    code: str, bounds: dict[str, int], size_class: SizeClass
) -> None:
    down = ORDER[ORDER.index(size_class) - 1]
    assert {classified(code, bounds, less=column) for column in bounds} == {down}


@pytest.mark.parametrize(("code", "bounds", "size_class"), BOUNDS)
def test_what_a_row_does_not_look_at_changes_nothing(code: str, bounds: dict[str, int], size_class: SizeClass) -> None:
    assert classified(code, bounds, unused=10**9) == size_class


@pytest.mark.parametrize(
    ("employees", "revenue", "size_class"),
    [(1500, 39999, MEDIUM), (1200, 100, MICRO), (1000, 40000, LARGE)],
)
def test_industry_needs_persons_and_revenue_both(employees: int, revenue: int, size_class: SizeClass) -> None:
    assert classify("13", employees, revenue * FEN, 0) == size_class


amounts = st.integers(0, 300_000 * FEN) | st.sampled_from(
    [value * FEN + step for _, _, *rows in TABLE for row in rows for value in row.values() for step in (-1, 0)]
)
persons = st.integers(0, 3000)


@given(
    st.sampled_from([code for code, *_ in TABLE]),
    st.tuples(persons, amounts, amounts),
    st.tuples(persons, amounts, amounts),
)
def test_an_enterprise_that_is_nowhere_smaller_is_never_in_a_smaller_class(
    code: str, one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    least = classify(code, *map(min, one, other))
    most = classify(code, *map(max, one, other))
    assert least is not None
    assert most is not None
    assert ORDER.index(least) <= ORDER.index(most)


def test_in_every_row_each_bound_falls_from_class_to_class() -> None:
    for row in SIZE_CLASSES_2011.rows:
        for upper, lower in pairwise((row.large, row.medium, row.small)):
            for column in ("employees", "revenue_fen", "assets_fen"):
                above, below = getattr(upper, column), getattr(lower, column)
                assert (above is None) == (below is None)
                assert above is None or above > below


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("05", "农、林、牧、渔业"),
        ("06", "工业"),
        ("13", "工业"),
        ("3311", "工业"),
        ("43", "工业"),
        ("46", "工业"),
        ("50", "建筑业"),
        ("5171", "批发业"),
        ("5299", "零售业"),
        ("58", "交通运输业"),
        ("5910", "交通运输业"),
        ("592", "仓储业"),
        ("6210", "住宿业、餐饮业"),
        ("6410", "信息传输业"),
        ("6513", "软件和信息技术服务业"),
        ("701", "房地产开发经营"),
        ("702", "物业管理"),
        ("7030", "其他未列明行业"),
        ("709", "其他未列明行业"),
        ("7211", "租赁和商务服务业"),
        ("75", "其他未列明行业"),
        ("84", "其他未列明行业"),
        ("8491", "其他未列明行业"),
        ("8520", "其他未列明行业"),
        ("90", "其他未列明行业"),
    ],
)
def test_a_code_of_two_to_four_digits_finds_its_row(code: str, row: str) -> None:
    found = find_row(code)
    assert found is not None
    assert found.name == row


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("6610", "finance is in no row"),
        ("53", "the table's transport is 不含铁路运输业"),
        ("70", "two digits do not say which kind of real estate"),
        ("7040", "letting one's own property is left out"),
        ("83", "education is in no row"),
        ("91", "public administration is in no row"),
        ("00", "there is no such division"),
        ("7", "a code has two digits at least"),
        ("33111", "and four at most"),
        ("C33", "and no letter"),
        ("３３", "and no full-width digits"),
        ("", "and is not empty"),
    ],
)
def test_an_industry_in_no_row_has_no_class(code: str, why: str) -> None:
    assert classify(code, 1, 1, 1) is None, why


def test_the_divisions_in_no_row_are_those_the_table_leaves_out() -> None:
    missing = {division for division in range(1, 98) if find_row(f"{division:02}") is None}
    assert missing == {53, 66, 67, 68, 69, 70, 83, *range(91, 98)}
