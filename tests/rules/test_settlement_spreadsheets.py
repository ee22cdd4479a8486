"""Spreadsheets: what a reader finds in them, that they are the same bytes for ever, and that nothing in them runs."""

import io
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voucher.models.base import yuan
from voucher.spreadsheets.payout_file import BankTransfer, payout_file, rows_sha256
from voucher.spreadsheets.workbook import Value, inert, workbook


def read(content: bytes) -> list[list[Any]]:
    """The sheet as a spreadsheet reads it; no cell is a formula."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [list(row) for row in sheet.iter_rows(values_only=True)]


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
def test_whatever_the_cells_are_a_spreadsheet_reads_them_back_and_none_is_a_formula(rows: list[list[Value]]) -> None:
    content = workbook("表 & <1>", rows)
    assert content == workbook("表 & <1>", rows)
    width = max((len(row) for row in rows), default=0)
    found = list(read(content))
    for row, back in zip(rows, found, strict=False):
        expected = [inert(cell) or None if isinstance(cell, str) else cell / 100 for cell in row]
        assert [cell if cell != "" else None for cell in back[:width]][: len(row)] == pytest.approx(expected)


def test_characters_that_no_xml_may_have_are_left_out() -> None:
    assert read(workbook("表", [("a\x00b\x0bc\ufffed",)])) == [["abcd"]]


def test_no_clock_and_no_author_is_in_the_file() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook("表", [("x",)]))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any("docProps" in name for name in archive.namelist())


def transfer(**changes: Any) -> BankTransfer:
    """One payout to a bank."""
    facts = {
        "payout_id": "r_1.a.1",
        "account_name": "机构",
        "bank_name": "某行",
        "account_number": "0062001",
        "invoice_number": "FP-1",
    }
    return BankTransfer(**{**facts, "amount_fen": 70_005, **changes})


@pytest.mark.clause("§3.5.4")
def test_the_list_for_the_bank_keeps_leading_zeros_and_adds_up() -> None:
    rows = read(payout_file("PF-1-01", [transfer(), transfer(payout_id="r_1.b.1", amount_fen=1)]))
    assert rows[3][1] == 700.06
    assert rows[5] == ["1", "r_1.a.1", "机构", "某行", "0062001", 700.05, "FP-1"]
    assert rows[6][5] == 0.01


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize(
    "changes",
    [
        {"payout_id": "x"},
        {"account_name": "x"},
        {"bank_name": "x"},
        {"account_number": "1"},
        {"amount_fen": 1},
        {"invoice_number": "x"},
    ],
)
def test_the_hash_printed_on_the_list_changes_with_every_cell_and_with_its_number(changes: Any) -> None:
    told = rows_sha256("PF-1", [transfer()])
    assert told == read(payout_file("PF-1", [transfer()]))[2][1]
    assert rows_sha256("PF-1", [transfer(**changes)]) != told
    assert rows_sha256("PF-2", [transfer()]) != told
