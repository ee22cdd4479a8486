"""Workbooks: a spreadsheet reads every value back, no cell is a formula, and equal rows are equal bytes."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.spreadsheets import rows_of
from voucher.models.base import yuan
from voucher.spreadsheets.workbook import Value, inert, workbook


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_text_that_begins_like_a_formula_is_made_inert(start: str) -> None:
    assert inert(f"{start}1+1") == f"'{start}1+1"
    assert inert(f"一{start}") == f"一{start}"
    assert inert("") == ""


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00"), (5, "0.05"), (123456, "1234.56"), (-105, "-1.05"), (10**13, "100000000000.00")]
)
def test_fen_are_written_as_yuan_to_the_fen(fen: int, text: str) -> None:
    assert yuan(fen) == text


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=["Cc", "Cs"]), max_size=20)


@given(
    rows=st.lists(
        st.lists(TEXTS.filter(lambda text: text == text.strip()) | st.integers(0, 10**11), min_size=1, max_size=30),
        max_size=5,
    )
)
def test_a_spreadsheet_reads_every_cell_back_and_none_is_a_formula(rows: list[list[Value]]) -> None:
    content = workbook("表 & <1>", rows)
    assert content == workbook("表 & <1>", rows)
    width = max((len(row) for row in rows), default=0)
    found = list(rows_of(content))
    for row, back in zip(rows, found, strict=False):
        expected = [inert(cell) or None if isinstance(cell, str) else cell / 100 for cell in row]
        assert [cell if cell != "" else None for cell in back[:width]][: len(row)] == pytest.approx(expected)


def test_characters_that_no_xml_may_have_are_left_out() -> None:
    assert rows_of(workbook("表", [("a\x00b\x0bc\ufffed",)])) == [["abcd"]]


def test_no_clock_and_no_author_is_in_the_file() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook("表", [("x",)]))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any("docProps" in name for name in archive.namelist())
